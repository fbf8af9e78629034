import type { HostInput } from '../types.js';
import { encodeInput, type InputPacket } from './encode.js';
import type { InputLink } from './queue.js';

/** Code points of text that wait at most. */
const MAX_CODE_POINTS = 4096;
/** Milliseconds between the arrival of the last key and the first character (§8.5). */
const SETTLE_MS = 50;
/** Milliseconds after which a slow link is not waited for any more. */
const LONGEST_WAIT_MS = 1000;

type Typed = 'key' | 'text';

interface Entry {
  readonly kind: Typed;
  readonly packets: InputPacket[];
}

/**
 * Keys and text travel on different channels, which do not keep each other's order. So a change
 * from one to the other waits until the former has arrived; before text a moment longer.
 */
export class TypingQueue {
  readonly #link: InputLink;
  readonly #entries: Entry[] = [];
  #codePoints = 0;
  #last: { kind: Typed; channel: number } | undefined;
  #waitingSince: number | undefined;
  #settledSince: number | undefined;

  constructor(link: InputLink) {
    this.#link = link;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** False if the queue is full. */
  push(input: Extract<HostInput, { type: Typed }>, limit: number): boolean {
    if (this.#entries.length >= limit) return false;
    // Cheaper than encoding what would be refused anyway; a code point is one or two units.
    if (input.type === 'text' && input.text.length > 2 * MAX_CODE_POINTS) return false;
    const packets = encodeInput(input);
    if (packets.length === 0) return true;
    if (input.type === 'text') {
      if (this.#codePoints + packets.length > MAX_CODE_POINTS) return false;
      this.#codePoints += packets.length;
    }
    this.#entries.push({ kind: input.type, packets });
    return true;
  }

  service(now: number): void {
    for (let entry = this.#entries[0]; entry !== undefined; entry = this.#entries[0]) {
      if (!this.#mayFollow(entry.kind, now)) return;
      while (entry.packets.length > 0) {
        if (!this.#link.hasRoom(true)) return;
        this.#sendNext(entry);
      }
      this.#entries.shift();
    }
  }

  drain(): void {
    for (const entry of this.#entries) {
      while (entry.packets.length > 0) this.#sendNext(entry);
    }
    this.#entries.length = 0;
  }

  #sendNext(entry: Entry): void {
    const packet = entry.packets.shift();
    if (packet === undefined) return;
    if (entry.kind === 'text') this.#codePoints -= 1;
    this.#link.send(packet);
    this.#last = { kind: entry.kind, channel: packet.channel };
    this.#waitingSince = undefined;
    this.#settledSince = undefined;
  }

  #mayFollow(kind: Typed, now: number): boolean {
    const last = this.#last;
    if (last === undefined || last.kind === kind) return true;
    this.#waitingSince ??= now;
    if (now - this.#waitingSince >= LONGEST_WAIT_MS) return true;
    if (!this.#link.isIdle(last.channel)) {
      this.#settledSince = undefined;
      return false;
    }
    this.#settledSince ??= now;
    return kind === 'key' || now - this.#settledSince >= SETTLE_MS;
  }
}
