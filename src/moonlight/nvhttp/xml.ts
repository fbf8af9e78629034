import { SaxesParser, type SaxesAttributePlain, type SaxesTagPlain } from 'saxes';
import { MoonteeError } from '../../core/errors.js';
import { cleanText } from '../../core/text.js';

/** Most bytes of an answer by what it is; a list of a thousand apps takes 200 kB. */
export const DOCUMENT_BYTES = { ordinary: 64 << 10, list: 512 << 10 } as const;

/** More than any host sends: a thousand apps have four elements each, and a root has three attributes. */
const MAX_ELEMENTS = 16_384;
const MAX_ATTRIBUTES = 256;
/** A display mode's width is the fourth level. */
const MAX_DEPTH = 16;

/** Host texts reach logs and error messages: they are kept short and printable. */
const MAX_TEXT = 200;

interface XmlElement {
  readonly name: string;
  /** Character data that is directly in it, sections of CDATA included. */
  text: string;
  readonly children: XmlElement[];
}

/** The `root` element of a host's answer (gamestream.md §1.3). */
export class HostDocument {
  readonly #element: XmlElement;
  readonly #attributes: ReadonlyMap<string, string>;

  constructor(element: XmlElement, attributes: ReadonlyMap<string, string> = new Map()) {
    this.#element = element;
    this.#attributes = attributes;
  }

  /** 200 is success. Hosts send some codes as unsigned 32-bit numbers; -1 is unreadable. */
  get statusCode(): number {
    const text = this.#attributes.get('status_code')?.trim() ?? '';
    return /^-?\d{1,10}$/.test(text) ? Number(text) | 0 : -1;
  }

  get statusMessage(): string {
    return printable(this.#attributes.get('status_message') ?? '');
  }

  /** Text of the first element of that name, as it is: white space counts; or null. */
  text(name: string): string | null {
    return this.#element.children.find((child) => child.name === name)?.text ?? null;
  }

  /** Decimal number of an element within bounds, or null. */
  integer(name: string, min: number, max: number): number | null {
    const text = this.text(name)?.trim() ?? '';
    if (!/^-?\d{1,10}$/.test(text)) return null;
    const value = Number(text);
    return value >= min && value <= max ? value : null;
  }

  /** All elements of that name that have elements in them. */
  elements(name: string): HostDocument[] {
    return this.#element.children
      .filter((child) => child.name === name && child.children.length > 0)
      .map((child) => new HostDocument(child));
  }
}

/**
 * Reads a host's XML whatever the HTTP status and content type were. Junk around the `root` element
 * is ignored. Takes time in proportion to the size, which is bounded before anything is read.
 *
 * @param maxBytes largest document, see {@link DOCUMENT_BYTES}
 * @returns null without a `root` element
 * @throws MoonteeError HOST_ANSWER_INVALID for what is not XML, declares entities or is more than
 * hosts send
 */
export function parseHostDocument(
  body: Buffer,
  maxBytes: number = DOCUMENT_BYTES.list,
): HostDocument | null {
  if (body.length > maxBytes) throw invalid(`XML of more than ${maxBytes} bytes`);
  const text = body.toString('utf8');
  const start = rootAt(text);
  return start === null ? null : new RootReader().read(legalCharacters(text.slice(start)));
}

/** Builds the tree below `root`, and stops at its end. */
class RootReader {
  readonly #parser = new SaxesParser({ position: false });
  readonly #attributes = new Map<string, string>();
  readonly #open: XmlElement[] = [];
  #root: XmlElement | null = null;
  #complete = false;
  #elementCount = 0;
  #attributeCount = 0;

  constructor() {
    this.#parser.on('opentagstart', (tag) => this.#begin(tag));
    this.#parser.on('attribute', (attribute) => this.#attribute(attribute));
    this.#parser.on('closetag', () => this.#end());
    const append = (data: string): void => {
      const element = this.#open.at(-1);
      if (element !== undefined) element.text += data;
    };
    this.#parser.on('text', append);
    this.#parser.on('cdata', append);
  }

  read(text: string): HostDocument {
    try {
      this.#parser.write(text).close();
    } catch (error) {
      // What follows the end of `root` is ignored.
      if (!this.#complete) {
        throw error instanceof MoonteeError ? error : invalid('broken XML');
      }
    }
    if (this.#root === null || !this.#complete) throw invalid('broken XML');
    return new HostDocument(this.#root, this.#attributes);
  }

  #begin({ name }: Pick<SaxesTagPlain, 'name'>): void {
    this.#elementCount += 1;
    if (this.#elementCount > MAX_ELEMENTS) throw invalid('XML with too many elements');
    if (this.#open.length >= MAX_DEPTH) throw invalid('XML that is nested too deeply');
    const element: XmlElement = { name, text: '', children: [] };
    this.#open.at(-1)?.children.push(element);
    this.#root ??= element;
    this.#open.push(element);
  }

  #attribute({ name, value }: SaxesAttributePlain): void {
    this.#attributeCount += 1;
    if (this.#attributeCount > MAX_ATTRIBUTES) throw invalid('XML with too many attributes');
    if (this.#open.length === 1) this.#attributes.set(name, value);
  }

  #end(): void {
    this.#open.pop();
    if (this.#open.length > 0) return;
    this.#complete = true;
    throw new EndOfRoot();
  }
}

/** Ends the parser at the end of the root. */
class EndOfRoot extends Error {
  override readonly name = 'EndOfRoot';
}

/**
 * The place at which `<root` begins, past comments and processing instructions that may contain
 * such a text too.
 *
 * @throws MoonteeError HOST_ANSWER_INVALID for a document type
 */
function rootAt(text: string): number | null {
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at)) {
    if (text.startsWith('<!--', at)) at = endOf(text, '-->', at + 4);
    else if (text.startsWith('<?', at)) at = endOf(text, '?>', at + 2);
    else if (/^<!doctype/i.test(text.slice(at, at + 9))) throw invalid('XML with a document type');
    else if (/^<root[\s/>]/.test(text.slice(at, at + 6))) return at;
    else at += 1;
  }
  return null;
}

function endOf(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at < 0 ? text.length : at + mark.length;
}

/**
 * One bad title must not spoil a list. A character that XML does not allow, as it is or by its
 * number, becomes a replacement character.
 */
function legalCharacters(text: string): string {
  return text
    .replace(/&#(?:x([\da-f]{1,8})|(\d{1,10}));/gi, (reference, hex?: string, decimal?: string) =>
      isLegal(hex === undefined ? Number(decimal) : parseInt(hex, 16)) ? reference : '\ufffd',
    )
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd');
}

/** Char of XML 1.0, section 2.2. */
function isLegal(code: number): boolean {
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
  return (
    code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code > 0xffff && code <= 0x10ffff)
  );
}

/** A host's text as it may stand in a log line or a list. */
export function printable(text: string): string {
  return cleanText(text, MAX_TEXT);
}

function invalid(what: string): MoonteeError {
  return new MoonteeError('HOST_ANSWER_INVALID', `The host answered ${what}`);
}
