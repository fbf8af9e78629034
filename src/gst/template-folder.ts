/**
 * The operator's own templates: files of `pipelines_path` that take the place of the shipped ones.
 * A file is compared with the shipped template of its name. It can change how media is treated, but
 * not what Moontee relies on. It cannot extend what a pipeline can reach: files, sockets and
 * programs stay out.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MoonteeError } from '../core/errors.js';
import {
  fillTemplate,
  listPipelines,
  parseTemplate,
  shippedTemplate,
  useTemplates,
  type LaunchTemplate,
} from './launch-template.js';
import { parseLaunchText, type LaunchElement, type LaunchGraph } from './launch-text.js';

const EXTENSION = '.launch';
const MAX_BYTES = 65_536;

/** Elements that only touch what passes them, beside those of the shipped template. */
const HARMLESS = new Set(
  `queue tee identity capsfilter clocksync valve
   h264parse h265parse av1parse opusparse rtph264pay rtph265pay rtpav1pay rtpopuspay
   opusenc opusdec audioconvert audioresample audiorate volume audiodynamic level
   videoconvert videoconvertscale videoscale videorate videobalance
   openh264enc x264enc x265enc av1enc svtav1enc vah264enc vah264lpenc vah265enc vah265lpenc vaav1enc
   nvh264enc nvh265enc nvav1enc cudaupload cudadownload`.split(/\s+/),
);

/** Properties that name files, sockets, programs, or options of a library that may name them. */
const REACHES_OUT =
  /(^|-)(location|uri|url|file|filename|path|dir|directory|device|display|fd|host|address|port|socket|server|proxy|command|cmd|exec|module|library|plugin|option|options|option-string|cache|agent|dump|stats)(-|$)/;

/**
 * Reads and validates a folder. Other files than `*.launch` are left alone.
 *
 * @throws CONFIG_INVALID naming file and line
 */
export function readTemplateFolder(folder: string): Map<string, LaunchTemplate> {
  const found = new Map<string, LaunchTemplate>();
  for (const file of launchFiles(folder)) {
    const path = join(folder, file);
    const name = file.slice(0, -EXTENSION.length);
    if (!listPipelines().includes(name)) {
      throw invalid(
        path,
        1,
        `no pipeline has this name; those that do: ${listPipelines().join(', ')}`,
      );
    }
    found.set(name, validateTemplate(shippedTemplate(name), readSmallFile(path), path));
  }
  return found;
}

/**
 * This process uses the templates of a folder from now on.
 *
 * @param folder null: the shipped ones alone
 * @throws CONFIG_INVALID naming file and line
 */
export function useTemplateFolder(folder: string | null): void {
  useTemplates(folder === null ? new Map() : readTemplateFolder(folder));
}

function launchFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith(EXTENSION) && !file.startsWith('.'))
      .sort();
  } catch (cause) {
    throw new MoonteeError('CONFIG_INVALID', `pipelines_path: ${folder} cannot be read`, { cause });
  }
}

function readSmallFile(path: string): string {
  let size: number;
  try {
    const stats = statSync(path);
    // A pipe would be waited for.
    size = stats.isFile() ? stats.size : Infinity;
    if (size <= MAX_BYTES) return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new MoonteeError('CONFIG_INVALID', `pipelines_path: ${path} cannot be read`, { cause });
  }
  throw invalid(path, 1, `not a file of at most ${MAX_BYTES} bytes`);
}

/**
 * @param shipped of the same name
 * @param path for messages
 * @throws CONFIG_INVALID naming file and line
 */
export function validateTemplate(
  shipped: LaunchTemplate,
  source: string,
  path: string,
): LaunchTemplate {
  // Comments become empty lines, so that lines are counted as in the file.
  const text = source.replace(/^#.*$/gm, '');
  checkPlaceholders(shipped, source, text, path);
  // Types, ranges, defaults and stand-ins are the shipped template's.
  const own: LaunchTemplate = { ...shipped, text };
  let graph: LaunchGraph;
  try {
    graph = parseLaunchText(fillTemplate(own));
  } catch (thrown) {
    const error = MoonteeError.from(thrown);
    const { line } = error.details;
    throw invalid(path, typeof line === 'number' ? line : 1, error.message);
  }
  const model = parseLaunchText(fillTemplate(shipped));
  for (const element of graph.elements) checkElement(element, model, path);
  checkNames(graph, model, path);
  return { ...own, text: text.trim() };
}

function checkPlaceholders(
  shipped: LaunchTemplate,
  source: string,
  text: string,
  path: string,
): void {
  const lineOf = (part: string, index: number): number => part.slice(0, index).split('\n').length;
  const used = new Set<string>();
  for (const match of text.matchAll(/\{([^}]*)\}/g)) {
    const [, name = ''] = match;
    if (!shipped.placeholders.has(name)) {
      throw invalid(path, lineOf(text, match.index), `{${name.slice(0, 40)}} is unknown`);
    }
    used.add(name);
  }
  for (const name of shipped.placeholders.keys()) {
    if (!used.has(name)) throw invalid(path, 1, `the placeholder {${name}} is missing`);
  }
  for (const match of source.matchAll(/^#\s*(\{.*)$/gm)) {
    const line = lineOf(source, match.index);
    const [, declaration = ''] = match;
    const name = /^\{([^}]*)\}/.exec(declaration)?.[1] ?? '';
    const known = shipped.placeholders.get(name);
    if (!known) throw invalid(path, line, `{${name.slice(0, 40)}} is unknown`);
    let declared;
    try {
      declared = parseTemplate(shipped.name, `# ${declaration}`).placeholders.get(name);
    } catch (thrown) {
      throw invalid(path, line, MoonteeError.from(thrown).message);
    }
    if (JSON.stringify(declared?.type) !== JSON.stringify(known.type)) {
      throw invalid(path, line, `{${name}} must keep the type and range of the shipped template`);
    }
    if (declared?.default !== known.default) {
      throw invalid(path, line, `{${name}} must keep the default of the shipped template`);
    }
  }
}

function checkElement(element: LaunchElement, model: LaunchGraph, path: string): void {
  const { factory, properties, line } = element;
  const models = model.elements.filter((each) => each.factory === factory);
  if (models.length === 0 && !HARMLESS.has(factory)) {
    throw invalid(path, line, `the element ${factory} is not allowed here`);
  }
  for (const [property, value] of properties) {
    if (!REACHES_OUT.test(property)) continue;
    if (models.some((each) => each.properties.get(property) === value)) continue;
    throw invalid(path, line, `the property ${property} of ${factory} is not allowed here`);
  }
}

/** Code finds elements by their names, and each can do what the shipped one can. */
function checkNames(graph: LaunchGraph, model: LaunchGraph, path: string): void {
  const names = new Set<string>();
  for (const { name, line } of graph.elements) {
    if (name === null) continue;
    if (names.has(name)) throw invalid(path, line, `the name ${name} is given twice`);
    names.add(name);
  }
  for (const { name, factory } of model.elements) {
    if (name === null) continue;
    const own = graph.elements.find((each) => each.name === name);
    if (!own) throw invalid(path, 1, `the element named ${name} is missing`);
    const bothEncode = factory.endsWith('enc') && own.factory.endsWith('enc');
    if (own.factory !== factory && !bothEncode) {
      throw invalid(path, own.line, `${name} must be a ${factory}`);
    }
  }
  for (const { from, to } of graph.links) {
    for (const end of [from, to]) {
      if (end.kind !== 'reference' || names.has(end.name)) continue;
      throw invalid(path, 1, `no element has the name ${end.name}`);
    }
  }
}

function invalid(path: string, line: number, what: string): MoonteeError {
  return new MoonteeError('CONFIG_INVALID', `pipelines_path: ${path}:${line}: ${what}`, {
    details: { file: path, line },
  });
}
