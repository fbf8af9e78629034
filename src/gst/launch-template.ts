/**
 * Reads the files under pipelines/: gst-launch text with named elements and {placeholders}. The
 * comment lines above the text declare every placeholder with its type, range and default. They
 * also name what takes the place of source and sink if the text is run by hand.
 *
 * Only a declared number, list of numbers or enumerated word gets into a pipeline. A `reals` is a
 * list of fractions, e.g. gains.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MoonteeError } from '../core/errors.js';
import { factoriesOf } from './launch-text.js';

export type PlaceholderValue = number | string | readonly number[];
export type PlaceholderValues = Readonly<Record<string, PlaceholderValue>>;

interface Range {
  readonly min: number;
  readonly max: number;
}

export type PlaceholderType =
  | ({ readonly kind: 'int' } & Range)
  | ({ readonly kind: 'ints' } & Range)
  | ({ readonly kind: 'reals' } & Range)
  | { readonly kind: 'enum'; readonly words: readonly string[] };

export interface Placeholder {
  readonly name: string;
  readonly type: PlaceholderType;
  /** As it stands in the file. */
  readonly default: string;
  readonly about: string;
}

export interface LaunchTemplate {
  readonly name: string;
  readonly about: string;
  readonly placeholders: ReadonlyMap<string, Placeholder>;
  /** gst-launch text with placeholders. */
  readonly text: string;
  /** What takes the place of the first element if it is run by hand; null if nothing does. */
  readonly standIn: string | null;
  /** The same for each source after the first. */
  readonly moreStandIns: readonly string[];
  /** What takes the tee's packets when it is run by hand. */
  readonly sink: string | null;
  /** Elements of the live pipeline that the text does not name. */
  readonly needs: readonly string[];
  /** Types of elements that are added while it runs, and why. */
  readonly added: ReadonlyMap<string, string>;
  /** What is impossible without its elements; null if nothing works without them. */
  readonly use: string | null;
}

const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const DECLARATION = /^\{([a-z-]+)\}\s+(int|ints|reals|enum)\s+(\S+)\s+(\S+)\s+(.+)$/;
const WORD = /^[A-Za-z0-9_-]{1,32}$/;
const APPSINK = /\bappsink name=([a-z-]+)[^!]*$/;
/** Most numbers in a list. */
const LIST_LIMIT = 16;

/** The folder of the files: next to package.json, both in the tree and in a build. */
function directory(): string {
  for (let at = import.meta.dirname; at !== dirname(at); at = dirname(at)) {
    if (existsSync(join(at, 'pipelines', 'peer.launch'))) return join(at, 'pipelines');
  }
  throw new MoonteeError('PIPELINE_FAILED', 'The folder pipelines is missing');
}

function invalid(message: string, details: Readonly<Record<string, unknown>> = {}): MoonteeError {
  return new MoonteeError('PIPELINE_FAILED', message, { details });
}

/** Names of all pipelines, sorted. */
export function listPipelines(): string[] {
  return readdirSync(directory())
    .filter((file) => file.endsWith('.launch'))
    .map((file) => file.slice(0, -'.launch'.length))
    .sort();
}

/** Of the operator, by name. */
let preferred: ReadonlyMap<string, LaunchTemplate> = new Map();

/** This process uses these templates from now on, and the shipped ones for all other names. */
export function useTemplates(templates: ReadonlyMap<string, LaunchTemplate>): void {
  preferred = templates;
}

/** @throws NOT_FOUND for an unknown name */
export function loadTemplate(name: string): LaunchTemplate {
  return preferred.get(name) ?? shippedTemplate(name);
}

/** @throws NOT_FOUND for an unknown name */
export function shippedTemplate(name: string): LaunchTemplate {
  if (!NAME.test(name) || !listPipelines().includes(name)) {
    throw new MoonteeError('NOT_FOUND', 'Unknown pipeline template', {
      details: { known: listPipelines() },
    });
  }
  return parseTemplate(name, readFileSync(join(directory(), `${name}.launch`), 'utf8'));
}

export function parseTemplate(name: string, source: string): LaunchTemplate {
  const lines = source.split('\n');
  const comments = lines.filter((line) => line.startsWith('#')).map((line) => line.slice(1).trim());
  const placeholders = new Map<string, Placeholder>();
  const about: string[] = [];
  const standIns: string[] = [];
  let sink: string | null = null;
  let use: string | null = null;
  const needs: string[] = [];
  const added = new Map<string, string>();
  for (const line of comments) {
    if (line.startsWith('stand-in:')) standIns.push(line.slice('stand-in:'.length).trim());
    else if (line.startsWith('sink:')) sink = line.slice('sink:'.length).trim();
    else if (line.startsWith('use:')) use = line.slice('use:'.length).trim();
    else if (line.startsWith('added:')) {
      const [, type = '', why = ''] = /^added:\s*(\S+)\s+(.*)$/.exec(line) ?? [];
      added.set(type, why);
    } else if (line.startsWith('needs:')) needs.push(...line.split(/\s+/).slice(1));
    else if (line.startsWith('{')) {
      const placeholder = parseDeclaration(name, line);
      placeholders.set(placeholder.name, placeholder);
    } else if (line !== '') about.push(line);
  }
  const text = lines
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .trim();
  for (const match of text.matchAll(/\{([^}]*)\}/g)) {
    const used = match[1] ?? '';
    if (!placeholders.has(used)) throw invalid(`${name} does not declare {${used}}`);
  }
  const [standIn = null, ...moreStandIns] = standIns;
  const sources = { standIn, moreStandIns };
  return { name, about: about.join(' '), placeholders, text, ...sources, sink, needs, added, use };
}

function parseDeclaration(template: string, line: string): Placeholder {
  const [, name, kind, range, fallback, about] = DECLARATION.exec(line) ?? [];
  if (!name || !kind || !range || !fallback || !about) {
    throw invalid(`${template} has a bad declaration: ${line}`);
  }
  let type: PlaceholderType;
  if (kind === 'enum') {
    type = { kind, words: range.split('|') };
  } else {
    const [min, max] = range.split('..').map(Number);
    if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max)) {
      throw invalid(`${template} has a bad range: ${line}`);
    }
    type = { kind: kind as 'int' | 'ints' | 'reals', min: min ?? 0, max: max ?? 0 };
  }
  const placeholder: Placeholder = { name, type, default: fallback, about };
  render(placeholder, fallback);
  return placeholder;
}

function number(placeholder: Placeholder, value: unknown, range: Range): string {
  const read = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  if (
    typeof read !== 'number' ||
    !Number.isSafeInteger(read) ||
    read < range.min ||
    read > range.max
  ) {
    throw invalid(`{${placeholder.name}} must be a whole number ${range.min}..${range.max}`, {
      placeholder: placeholder.name,
    });
  }
  return String(read);
}

/** Typed: GStreamer takes a bare number in an array for one of another type. */
function real(placeholder: Placeholder, value: unknown, range: Range): string {
  const read = typeof value === 'string' && /^\d{1,6}(\.\d{1,6})?$/.test(value) ? +value : value;
  if (typeof read !== 'number' || !(read >= range.min && read <= range.max)) {
    throw invalid(`{${placeholder.name}} must be a number ${range.min}..${range.max}`, {
      placeholder: placeholder.name,
    });
  }
  return `(float)${read.toFixed(4)}`;
}

/** @throws PIPELINE_FAILED if the value is not of the declared type */
function render(placeholder: Placeholder, value: PlaceholderValue): string {
  const { type } = placeholder;
  if (type.kind === 'int') return number(placeholder, value, type);
  if (type.kind === 'ints' || type.kind === 'reals') {
    const one = type.kind === 'ints' ? number : real;
    const list: readonly unknown[] = typeof value === 'string' ? value.split(',') : [value].flat();
    if (list.length === 0 || list.length > LIST_LIMIT) {
      throw invalid(`{${placeholder.name}} must be a list of 1 to ${LIST_LIMIT} numbers`);
    }
    return list.map((entry) => one(placeholder, entry, type)).join(',');
  }
  if (typeof value !== 'string' || !type.words.includes(value) || !WORD.test(value)) {
    throw invalid(`{${placeholder.name}} must be one of ${type.words.join(', ')}`);
  }
  return value;
}

/**
 * The text with every placeholder filled in, the ones that are not given with their defaults.
 *
 * @throws PIPELINE_FAILED if a value is unknown or not of its placeholder's type
 */
export function fillTemplate(template: LaunchTemplate, values: PlaceholderValues = {}): string {
  for (const name of Object.keys(values)) {
    if (!template.placeholders.has(name)) throw invalid(`${template.name} has no {${name}}`);
  }
  return template.text.replace(/\{([^}]*)\}/g, (_, name: string) => {
    const placeholder = template.placeholders.get(name);
    if (!placeholder) throw invalid(`${template.name} does not declare {${name}}`);
    const given = Object.hasOwn(values, name) ? values[name] : undefined;
    return render(placeholder, given === undefined ? placeholder.default : given);
  });
}

export interface ShowOptions {
  /** With a stand-in source and sink, so that gst-launch-1.0 runs it as it is. */
  readonly runnable?: boolean;
  /** Buffers of the stand-in source; -1, the default, never ends. */
  readonly buffers?: number;
  readonly values?: PlaceholderValues;
}

/**
 * A pipeline's text, ready to be pasted into `gst-launch-1.0` if it is `runnable`.
 *
 * @throws NOT_FOUND, or PIPELINE_FAILED for a value that does not fit
 */
export function showPipeline(name: string, options: ShowOptions = {}): string {
  const template = loadTemplate(name);
  const filled = fillTemplate(template, options.values);
  if (!options.runnable) return filled;
  const buffers = options.buffers ?? -1;
  if (!Number.isSafeInteger(buffers) || buffers < -1) {
    throw invalid('The number of buffers must be -1 or more');
  }
  const [standIn = '', ...more] = [template.standIn ?? '', ...template.moreStandIns].map((text) =>
    text.replaceAll('{buffers}', String(buffers)),
  );
  const sink = template.sink ?? '';
  // Packets that nothing fetches would fill an appsink, and the pipeline would stand still.
  const drained = filled.replace(APPSINK, 'fakesink name=$1 sync=false async=false');
  if (drained.startsWith('appsrc ')) {
    const [first = '', ...others] = drained.split(/^(?=appsrc )/m);
    const chains = others.map((chain, index) => withSource(chain, more[index] ?? ''));
    return [withSource(first.trim(), standIn), ...chains, sink].filter(Boolean).join('\n');
  }
  return template.standIn?.endsWith('!')
    ? [standIn, drained, sink].join('\n')
    : [drained, standIn, sink].filter(Boolean).join('\n');
}

/** A text with another source, one or more elements, in the place of its appsrc. */
export function withSource(text: string, source: string): string {
  return `${source}\n  ${text.slice(text.search(/^\s*!/m)).trim()}`;
}

/** Elements that the live pipeline is made of; those of a stand-in come on top. */
export function elementsOf(template: LaunchTemplate): string[] {
  return [...new Set([...factoriesOf(fillTemplate(template)), ...template.needs])];
}
