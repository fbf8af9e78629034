/** `moontee pipeline diff`: a live streamer beside its templates. */
import { describeGraph } from '../gst/graph-properties.js';
import { diffGraphs, parseDot, withinBin, type Difference, type Graph } from '../gst/graph.js';
import { fillTemplate, listPipelines, loadTemplate } from '../gst/launch-template.js';
import { parseLaunchText } from '../gst/launch-text.js';
import { gstRuntime } from '../gst/runtime.js';

interface Part {
  /** Path of the bin; empty for the pipeline itself. */
  readonly bin: string;
  readonly template: string;
  readonly differences: readonly Difference[];
}

/** @returns 1 if there is a difference that no template describes */
export function printDifferences(dot: string): number {
  const graph = parseDot(dot);
  let unexplained = 0;
  for (const { bin, template, differences } of compareParts(graph)) {
    process.stdout.write(`${bin === '' ? 'pipeline' : bin}: ${template}\n`);
    const { added } = loadTemplate(template);
    const explained = differences.some(({ type }) => added.has(type ?? ''));
    for (const { kind, type, text } of differences) {
      const why = added.get(type ?? '');
      const linked = explained && kind.endsWith('link');
      if (why === undefined && !linked) unexplained += 1;
      process.stdout.write(`  ${kind}: ${text}${why === undefined ? '' : ` (${why})`}\n`);
    }
    if (differences.length === 0) process.stdout.write('  as its template\n');
  }
  return unexplained === 0 ? 0 : 1;
}

function compareParts(graph: Graph): Part[] {
  const bins = new Set(graph.elements.map(({ parent }) => parent));
  const opaque = graph.elements.filter(({ type }) => type === 'GstWebRTCBin');
  const inside = (path: string): boolean =>
    opaque.some((each) => path === each.path || path.startsWith(`${each.path}/`));
  return [...bins]
    .filter((bin) => !inside(bin))
    .flatMap((bin) => compareBin(bin, withinBin(graph, bin)));
}

/** The templates that a bin is made of: those with most of their named elements in it. */
function compareBin(bin: string, actual: Graph): Part[] {
  const candidates = listPipelines()
    .filter((name) => !name.startsWith('demo-'))
    .flatMap((template) => {
      const expected = expectedGraph(template);
      const named = namesOf(template);
      const share = actual.elements.filter((element) =>
        expected.elements.some(
          ({ name, type }) => named.has(name) && name === element.name && type === element.type,
        ),
      );
      if (share.length * 2 <= named.size) return [];
      // Another template may own the rest of the bin.
      const own = restrict(actual, template);
      const compared = expected.elements.flatMap(({ properties }) =>
        Object.keys(properties),
      ).length;
      return [{ bin, template, differences: diffGraphs(expected, own), named, compared }];
    })
    // Of two that fit alike, the one with more detail.
    .sort((a, b) => a.differences.length - b.differences.length || b.compared - a.compared);
  const taken = new Set<string>();
  const parts: Part[] = [];
  for (const { named, template, differences } of candidates) {
    if ([...named].some((name) => taken.has(name))) continue;
    for (const name of named) taken.add(name);
    parts.push({ bin, template, differences });
  }
  return parts;
}

const namesOf = (template: string): Set<string> =>
  new Set(
    parseLaunchText(fillTemplate(loadTemplate(template))).elements.flatMap(({ name }) =>
      name === null ? [] : [name],
    ),
  );

/** Without the elements that other templates name. */
function restrict(actual: Graph, template: string): Graph {
  const own = namesOf(template);
  const others = new Set(listPipelines().flatMap((name) => [...namesOf(name)]));
  const elements = actual.elements.filter(
    ({ name, type }) => own.has(name) || (!others.has(name) && type !== 'GstBin'),
  );
  const paths = new Set(elements.map(({ path }) => path));
  return { elements, links: actual.links.filter(([a, b]) => paths.has(a) && paths.has(b)) };
}

/** Stands for a placeholder, also for a part of a factory's name. */
const FILLED = 'filled0in';

/** A template as GStreamer builds it, without what the code fills in. */
export function expectedGraph(name: string): Graph {
  const runtime = gstRuntime();
  const template = loadTemplate(name);
  const text = fillTemplate(template);
  const missing = parseLaunchText(text).elements.some(
    ({ factory }) => !runtime.hasElement(factory),
  );
  // What cannot be built here does not run here.
  if (missing) return { elements: [], links: [] };
  const graph = withinBin(parseDot(describeGraph(runtime, runtime.parseBin(text))), '');
  const filled = new Map(
    parseLaunchText(template.text.replace(/\{[^}]*\}/g, FILLED)).elements.map((element) => [
      element.name,
      new Set([...element.properties].filter(([, value]) => value.includes(FILLED)).map(first)),
    ]),
  );
  const given = new Map(parseLaunchText(text).elements.map((each) => [each.name, each.properties]));
  return {
    ...graph,
    elements: graph.elements.map((element) => ({
      ...element,
      properties: Object.fromEntries(
        Object.entries(element.properties).filter(
          ([property]) =>
            given.get(element.name)?.has(property) === true &&
            filled.get(element.name)?.has(property) !== true,
        ),
      ),
    })),
  };
}

const first = ([name]: readonly [string, string]): string => name;
