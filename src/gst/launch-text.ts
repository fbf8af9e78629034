/**
 * Reads gst-launch text, in the part of the language that templates use: elements with properties,
 * caps, `!`, and references to named elements. Everything else of the language is an error: bins,
 * presets, URIs, escapes and properties of children.
 */
import { MoonteeError } from '../core/errors.js';

export interface LaunchElement {
  readonly factory: string;
  /** Null for an element that GStreamer names. */
  readonly name: string | null;
  /** In the order of the text, without `name`; quotes are taken off. */
  readonly properties: ReadonlyMap<string, string>;
  /** Of the text, from 1. */
  readonly line: number;
}

/** The element at which a link begins or ends. */
export type LaunchEnd =
  | { readonly kind: 'element'; readonly element: LaunchElement }
  /** `name.` or `name.pad` */
  | { readonly kind: 'reference'; readonly name: string };

export interface LaunchLink {
  readonly from: LaunchEnd;
  readonly to: LaunchEnd;
}

export interface LaunchGraph {
  readonly elements: readonly LaunchElement[];
  readonly links: readonly LaunchLink[];
}

const FACTORY = /^[a-z][a-z0-9_]*$/;
const PROPERTY = /^([a-z][a-z0-9-]*)=(.*)$/s;
const REFERENCE = /^([A-Za-z][A-Za-z0-9_-]*)\.([A-Za-z0-9_%]*)$/;
const CAPS = /^(?:audio|video|application)\/x-[a-z0-9-]+(?:,.*[^,])?$/s;
const TOKEN = /(?:"[^"]*"|[^\s"])+/g;

interface Token {
  readonly word: string;
  readonly line: number;
}

/** Of gst-launch text, at white space outside of quotes. */
function tokens(text: string): Token[] {
  const found: Token[] = [];
  let line = 1;
  let from = 0;
  for (const match of text.matchAll(TOKEN)) {
    line += newlines(text.slice(from, match.index));
    found.push({ word: match[0], line });
    line += newlines(match[0]);
    from = match.index + match[0].length;
  }
  return found;
}

function newlines(text: string): number {
  return text.split('\n').length - 1;
}

/** A pipeline's text as arguments for `gst-launch-1.0`, so that no shell has to quote it. */
export function launchArguments(text: string): string[] {
  return tokens(text).map(({ word }) => word.replaceAll('"', ''));
}

interface OpenElement {
  readonly factory: string;
  readonly properties: Map<string, string>;
  name: string | null;
  readonly line: number;
}

class LaunchReader {
  readonly elements: OpenElement[] = [];
  readonly links: LaunchLink[] = [];
  /** What came last, null at the beginning and behind `!`. */
  #last: LaunchEnd | null = null;
  /** Gets the properties that follow. */
  #open: OpenElement | null = null;
  /** Stands before a `!` that has not been answered yet. */
  #waiting: LaunchEnd | null = null;

  read({ word, line }: Token): void {
    const plain = word.replaceAll('"', '');
    const [, property = '', value = ''] = PROPERTY.exec(plain) ?? [];
    const [, reference] = REFERENCE.exec(word) ?? [];
    if (word.includes('\\')) throw syntax('Escapes are not allowed', line);
    if (word === '!') {
      this.#link(line);
    } else if (property !== '') {
      if (!this.#open) throw syntax(`The property ${property} belongs to no element`, line);
      setProperty(this.#open, property, value, line);
    } else if (reference !== undefined) {
      this.#open = null;
      this.#add({ kind: 'reference', name: reference });
    } else if (CAPS.test(plain)) {
      this.#begin('capsfilter', line).properties.set('caps', plain);
      this.#open = null;
    } else if (FACTORY.test(word)) {
      this.#begin(word, line);
    } else {
      throw syntax(`${plain.slice(0, 60)} is not an element, a property, caps or a link`, line);
    }
  }

  end(line: number): void {
    if (this.#waiting) throw syntax('A link ends nowhere', line);
  }

  #link(line: number): void {
    if (!this.#last) throw syntax('A link begins nowhere', line);
    this.#waiting = this.#last;
    this.#last = null;
    this.#open = null;
  }

  #add(end: LaunchEnd): void {
    if (this.#waiting) this.links.push({ from: this.#waiting, to: end });
    this.#waiting = null;
    this.#last = end;
  }

  #begin(factory: string, line: number): OpenElement {
    const element: OpenElement = { factory, properties: new Map(), name: null, line };
    this.elements.push(element);
    this.#open = element;
    this.#add({ kind: 'element', element });
    return element;
  }
}

/** @throws PIPELINE_FAILED for what is not part of the language; `details.line` is its line */
export function parseLaunchText(text: string): LaunchGraph {
  if ((text.split('"').length - 1) % 2 !== 0) {
    throw syntax('A quotation mark is missing', newlines(text.slice(0, text.lastIndexOf('"'))) + 1);
  }
  const reader = new LaunchReader();
  for (const token of tokens(text)) reader.read(token);
  reader.end(newlines(text) + 1);
  return { elements: reader.elements, links: reader.links };
}

function setProperty(element: OpenElement, property: string, value: string, line: number): void {
  if (property === 'name') {
    if (!/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(value)) throw syntax('Invalid name', line);
    element.name = value;
    return;
  }
  if (element.properties.has(property)) throw syntax(`${property} is given twice`, line);
  element.properties.set(property, value);
}

function syntax(message: string, line: number): MoonteeError {
  return new MoonteeError('PIPELINE_FAILED', message, { details: { line } });
}

/** Names of the elements that a text is made of, each once. */
export function factoriesOf(text: string): string[] {
  return [...new Set(parseLaunchText(text).elements.map(({ factory }) => factory))];
}
