import { XMLParser } from 'fast-xml-parser';
import { MoonteeError } from '../../errors.js';

const PARSER = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  // Leading zeros, signs and huge numbers are ours to judge.
  parseTagValue: false,
  parseAttributeValue: false,
  // Only the five entities of XML itself: documents that declare their own are refused.
  processEntities: { maxTotalExpansions: 10_000, maxExpandedLength: 1_000_000 },
});

/** Host texts reach logs and error messages: they are kept short and printable. */
const MAX_TEXT = 200;

/** The `root` element of a host's answer (gamestream.md §1.3). */
export class HostDocument {
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(fields: Readonly<Record<string, unknown>>) {
    this.#fields = fields;
  }

  /** 200 is success. Hosts send some codes as unsigned 32-bit numbers; -1 is unreadable. */
  get statusCode(): number {
    const text = this.text('@status_code');
    return text !== null && /^-?\d{1,10}$/.test(text) ? Number(text) | 0 : -1;
  }

  get statusMessage(): string {
    return printable(this.text('@status_message') ?? '');
  }

  /** Text of the first element of that name, or null. */
  text(name: string): string | null {
    if (!Object.hasOwn(this.#fields, name)) return null;
    const value = this.#fields[name];
    const first: unknown = Array.isArray(value) ? value[0] : value;
    if (typeof first === 'string') return first;
    // An element with attributes keeps its text aside.
    return isRecord(first) && typeof first['#text'] === 'string' ? first['#text'] : null;
  }

  /** Decimal number of an element within bounds, or null. */
  integer(name: string, min: number, max: number): number | null {
    const text = this.text(name)?.trim() ?? '';
    if (!/^-?\d{1,10}$/.test(text)) return null;
    const value = Number(text);
    return value >= min && value <= max ? value : null;
  }

  /** All elements of that name that have content. */
  elements(name: string): HostDocument[] {
    const value = Object.hasOwn(this.#fields, name) ? this.#fields[name] : [];
    const list: unknown[] = Array.isArray(value) ? value : [value];
    return list.filter(isRecord).map((fields) => new HostDocument(fields));
  }
}

/**
 * Reads a host's XML whatever the HTTP status and content type were. Junk around the `root`
 * element is ignored.
 *
 * @returns null where there is no `root` element
 * @throws MoonteeError HOST_ANSWER_INVALID for what is not XML or declares entities
 */
export function parseHostDocument(body: Buffer): HostDocument | null {
  const text = body.toString('utf8');
  const start = text.search(/<root[\s/>]/);
  if (start < 0) return null;
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) {
    throw new MoonteeError('HOST_ANSWER_INVALID', 'The host answered XML with a document type');
  }
  const end = text.lastIndexOf('</root>');
  const element = end > start ? text.slice(start, end + '</root>'.length) : text.slice(start);
  let tree: unknown;
  try {
    tree = PARSER.parse(element);
  } catch {
    throw new MoonteeError('HOST_ANSWER_INVALID', 'The host answered broken XML');
  }
  const root = isRecord(tree) && Object.hasOwn(tree, 'root') ? tree['root'] : undefined;
  if (isRecord(root)) return new HostDocument(root);
  // A root without attributes and children is read as its text.
  return root === undefined ? null : new HostDocument({});
}

/** A host's text as it may stand in a log line. */
export function printable(text: string): string {
  return text.replace(/[^\P{C}]/gu, ' ').slice(0, MAX_TEXT);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
