/** Raw requests of strangers, each on a connection of its own. */
import { connect } from 'node:net';
import type { SeededRandom } from '../../src/moonlight/random.js';

/** Milliseconds that an answer may take; a connection that the server keeps is closed then. */
const ANSWER_TIMEOUT_MS = 10_000;
/** Bytes of an answer that are looked at. */
const MAX_ANSWER = 64 * 1024;

export interface RawAnswer {
  /** 0: none came. */
  readonly status: number;
  /** Without `Date` and `Keep-Alive`, which differ for other reasons. */
  readonly head: string;
  readonly body: string;
}

/** How often which status came. */
export class StatusCounts {
  readonly #counts = new Map<number, number>();

  add(status: number): void {
    this.#counts.set(status, (this.#counts.get(status) ?? 0) + 1);
  }

  toString(): string {
    return [...this.#counts]
      .sort(([a], [b]) => a - b)
      .map(([status, count]) => `${status === 0 ? 'no answer' : status}: ${count}`)
      .join(', ');
  }
}

/** Attackers are many: no limit per address takes an attack off the server's hands. */
export function someAddress(random: SeededRandom): string {
  return `127.${1 + below(random, 200)}.${below(random, 250)}.${1 + below(random, 250)}`;
}

export function below(random: SeededRandom, bound: number): number {
  return Math.floor(random.next() * bound);
}

export function pick<T>(random: SeededRandom, choices: readonly T[]): T {
  const chosen = choices[below(random, choices.length)];
  if (chosen === undefined) throw new Error('nothing to choose from');
  return chosen;
}

/** Sends latin1 text and resolves with the first final answer, whatever becomes of it. */
export function sendRaw(port: number, from: string, text: string): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: from });
    let received = '';
    const timer = setTimeout(() => socket.destroy(), ANSWER_TIMEOUT_MS);
    socket.on('connect', () => socket.write(Buffer.from(text, 'latin1')));
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      if (received.length > MAX_ANSWER || isWhole(received, text)) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(parse(received));
    });
  });
}

/** Runs `work` on all items, so many at a time. */
export async function inParallel<T>(
  items: Iterable<T>,
  workers: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const run = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      await work(next.value);
    }
  };
  await Promise.all(Array.from({ length: workers }, run));
}

function isWhole(received: string, request: string): boolean {
  const text = withoutContinue(received);
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const head = text.slice(0, end);
  if (/^HTTP\/1\.1 (?:101|204|304)/.test(head) || request.startsWith('HEAD ')) return true;
  const length = lengthOf(head);
  return length !== null && text.length - end - 4 >= length;
}

function parse(received: string): RawAnswer {
  const text = withoutContinue(received);
  const end = text.indexOf('\r\n\r\n');
  const head = end === -1 ? text : text.slice(0, end);
  // What follows it is the answer to what was sent as another request.
  const length = lengthOf(head) ?? Infinity;
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0),
    head: head.replaceAll(/^(?:date|keep-alive|sec-websocket-accept):.*\r?\n?/gim, ''),
    body: end === -1 ? '' : text.slice(end + 4, end + 4 + length),
  };
}

function lengthOf(head: string): number | null {
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  return length === undefined ? null : Number(length);
}

function withoutContinue(text: string): string {
  return text.replace(/^HTTP\/1\.1 100 [^\r]*\r\n\r\n/, '');
}
