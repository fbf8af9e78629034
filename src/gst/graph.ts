/**
 * A pipeline as elements and links, read from its DOT, and the differences between two of them.
 * The properties that templates set stand in comments of the DOT: see graph-properties.ts.
 */

export interface GraphElement {
  /** Names from below the pipeline down, with `/` between them. */
  readonly path: string;
  readonly name: string;
  /** The GObject type, e.g. GstQueue. */
  readonly type: string;
  /** Path of the bin around it; empty for the pipeline itself. */
  readonly parent: string;
  readonly properties: Readonly<Record<string, string>>;
}

export interface Graph {
  readonly elements: readonly GraphElement[];
  /** Paths of two elements; ghost pads of bins are passed over. */
  readonly links: readonly (readonly [from: string, to: string])[];
}

/** In front of the properties of an element, as JSON. */
export const PROPERTIES_MARK = '// properties ';
/** A template does not describe its inside, nor where its pads lead to. */
const OPAQUE = 'GstWebRTCBin';

const CLUSTER = /^subgraph cluster_\S+ \{$/;
const LABEL = /^label="([A-Za-z0-9_+-]+)\\n([^"\\]+)\\n/;
const NODE = /^(\S+) \[color=/;
const EDGE = /^(\S+) -> (\S+) \[/;

interface Cluster {
  type: string | null;
  path: string;
}

export function parseDot(dot: string): Graph {
  const found = new Map<string, { type: string; name: string; parent: string }>();
  const owners = new Map<string, string>();
  const edges = new Map<string, string[]>();
  const properties = new Map<string, Record<string, string>>();
  const open: Cluster[] = [];
  for (const raw of dot.split('\n')) {
    const line = raw.trim();
    if (line.startsWith(PROPERTIES_MARK)) {
      readProperties(line.slice(PROPERTIES_MARK.length), properties);
    } else if (CLUSTER.test(line)) {
      open.push({ type: null, path: open.at(-1)?.path ?? '' });
    } else if (line === '}') {
      open.pop();
    } else if (line.startsWith('label=')) {
      const top = open.at(-1);
      const [, type, name] = LABEL.exec(line) ?? [];
      if (!top || type === undefined || name === undefined) continue;
      const parent = top.path;
      top.type = type;
      top.path = parent === '' ? name : `${parent}/${name}`;
      found.set(top.path, { type, name, parent });
    } else {
      const [, node] = NODE.exec(line) ?? [];
      if (node !== undefined) owners.set(node, open.at(-1)?.path ?? '');
      const [, from, to] = EDGE.exec(line) ?? [];
      if (from === undefined || to === undefined || line.includes('style="invis"')) continue;
      edges.set(from, [...(edges.get(from) ?? []), to]);
    }
  }
  const elements = [...found].map(([path, element]) => ({
    path,
    ...element,
    properties: properties.get(path) ?? {},
  }));
  return { elements, links: followLinks(elements, owners, edges) };
}

function readProperties(json: string, into: Map<string, Record<string, string>>): void {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return;
  }
  if (!Array.isArray(value)) return;
  const [path, list] = value as unknown[];
  if (typeof path !== 'string' || typeof list !== 'object' || list === null) return;
  const texts = Object.entries(list).map(([name, text]) => [name, String(text)]);
  into.set(path, Object.fromEntries(texts) as Record<string, string>);
}

/** From element to element, through the ghost pads of the bins between them. */
function followLinks(
  elements: readonly GraphElement[],
  owners: ReadonlyMap<string, string>,
  edges: ReadonlyMap<string, readonly string[]>,
): [string, string][] {
  const parents = new Set(elements.map(({ parent }) => parent));
  const isBin = (path: string): boolean =>
    parents.has(path) && elements.find((each) => each.path === path)?.type !== OPAQUE;
  const links = new Map<string, [string, string]>();
  const follow = (from: string, node: string, left: number): void => {
    const owner = owners.get(node) ?? '';
    if (owner !== from && !isBin(owner)) {
      links.set(`${from} ${owner}`, [from, owner]);
      return;
    }
    if (left > 0) for (const next of edges.get(node) ?? []) follow(from, next, left - 1);
  };
  for (const [node, targets] of edges) {
    const from = owners.get(node) ?? '';
    if (isBin(from)) continue;
    for (const target of targets) follow(from, target, 8);
  }
  return [...links.values()];
}

/** The elements directly in a bin, with the links between them; paths are names. */
export function withinBin(graph: Graph, bin: string): Graph {
  const elements = graph.elements
    .filter(({ parent }) => parent === bin)
    .map((element) => ({ ...element, path: element.name, parent: '' }));
  const prefix = bin === '' ? '' : `${bin}/`;
  const names = new Set(elements.map(({ name }) => prefix + name));
  const links = graph.links
    .filter(([from, to]) => names.has(from) && names.has(to))
    .map(([from, to]) => [from.slice(prefix.length), to.slice(prefix.length)] as const);
  return { elements, links };
}

export interface Difference {
  readonly kind: 'missing' | 'added' | 'property' | 'missing link' | 'added link';
  /** The type of a missing or added element. */
  readonly type: string | null;
  readonly text: string;
}

/** What GStreamer names by itself counts by its type alone. */
const keyOf = ({ name, type }: GraphElement): string =>
  /^[a-z0-9_]*?\d+$/.test(name) ? `(${type})` : name;

/** What `actual` has otherwise than `expected`. Both hold one level of elements. */
export function diffGraphs(expected: Graph, actual: Graph): Difference[] {
  const found: Difference[] = [];
  const index = ({ elements }: Graph): Map<string, GraphElement> =>
    new Map(elements.map((element) => [`${keyOf(element)} ${element.type}`, element]));
  const [wanted, present] = [index(expected), index(actual)];
  for (const [key, element] of wanted) {
    const other = present.get(key);
    if (!other) found.push(difference('missing', element));
    else found.push(...propertyDifferences(element, other));
  }
  for (const [key, element] of present) {
    if (!wanted.has(key)) found.push(difference('added', element));
  }
  const [links, others] = [linkTexts(expected), linkTexts(actual)];
  for (const text of links) {
    if (!others.has(text)) found.push({ kind: 'missing link', type: null, text });
  }
  for (const text of others) {
    if (!links.has(text)) found.push({ kind: 'added link', type: null, text });
  }
  return found;
}

function difference(kind: 'missing' | 'added', element: GraphElement): Difference {
  return { kind, type: element.type, text: `${keyOf(element)}, a ${element.type}` };
}

function propertyDifferences(expected: GraphElement, actual: GraphElement): Difference[] {
  return Object.entries(expected.properties).flatMap(([property, value]) => {
    const other = Object.hasOwn(actual.properties, property) ? actual.properties[property] : null;
    if (other === value) return [];
    const text = `${keyOf(expected)} ${property}: ${other ?? 'unknown'} instead of ${value}`;
    return [{ kind: 'property' as const, type: null, text }];
  });
}

function linkTexts({ elements, links }: Graph): Set<string> {
  const keys = new Map(elements.map((element) => [element.path, keyOf(element)]));
  return new Set(links.map(([from, to]) => `${keys.get(from) ?? from} → ${keys.get(to) ?? to}`));
}
