import { Assembly, type AssemblyLimits } from './assembly.js';
import { distance, isAhead, isInWindow, next } from './sequence.js';
import type { Fragment } from './wire.js';

/** What all channels of a peer may keep together while earlier messages are missing. */
export class BufferBudget {
  /** What an entry costs besides its bytes, so that empty messages are not free. */
  static readonly ENTRY = 64;
  readonly #limit: number;
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  take(bytes: number): boolean {
    const cost = bytes + BufferBudget.ENTRY;
    if (this.#used + cost > this.#limit) return false;
    this.#used += cost;
    return true;
  }

  give(bytes: number): void {
    this.#used -= bytes + BufferBudget.ENTRY;
  }
}

/** Unreliable messages in pieces that are put together at a time; an older one gives way. */
const UNRELIABLE_ASSEMBLIES = 4;

interface Held {
  readonly reliable: number;
  readonly unreliable: number;
  readonly data: Buffer;
}

/**
 * The receiving side of one channel (gamestream.md §7.2, "Sequence numbers and delivery"). The
 * methods for reliable commands return whether a command may be acknowledged. Duplicates may;
 * commands that cannot be kept may not, so that they are sent again.
 */
export class IncomingChannel {
  readonly #budget: BufferBudget;
  readonly #limits: AssemblyLimits;
  readonly #deliver: (data: Buffer) => void;
  readonly #waiting = new Map<number, Buffer | Assembly>();
  readonly #held = new Map<number, Held>();
  readonly #assemblies = new Map<number, Assembly>();
  #reliable = 0;
  #unreliable = 0;

  constructor(budget: BufferBudget, limits: AssemblyLimits, deliver: (data: Buffer) => void) {
    this.#budget = budget;
    this.#limits = limits;
    this.#deliver = deliver;
  }

  reliable(sequence: number, data: Buffer): boolean {
    if (!isAhead(sequence, this.#reliable)) return true;
    if (!isInWindow(sequence, this.#reliable)) return false;
    if (this.#waiting.has(sequence)) return true;
    if (sequence === next(this.#reliable)) {
      this.#advance(data, 1);
      this.#drain();
      return true;
    }
    if (!this.#budget.take(data.length)) return false;
    this.#waiting.set(sequence, data);
    return true;
  }

  fragment(sequence: number, fragment: Fragment): boolean {
    if (!Assembly.isPlausible(fragment, this.#limits)) return false;
    if (sequence !== next(fragment.start, fragment.number)) return false;
    if (!isAhead(fragment.start, this.#reliable)) return true;
    if (!isInWindow(fragment.start, this.#reliable)) return false;
    let assembly = this.#waiting.get(fragment.start);
    if (assembly === undefined) {
      if (!this.#budget.take(fragment.total)) return false;
      assembly = new Assembly(fragment);
      this.#waiting.set(fragment.start, assembly);
    }
    if (Buffer.isBuffer(assembly) || !assembly.add(fragment)) return false;
    if (assembly.complete) this.#drain();
    return true;
  }

  unreliable(reliable: number, unreliable: number, data: Buffer): void {
    if (reliable === this.#reliable) {
      if (!isAhead(unreliable, this.#unreliable)) return;
      this.#unreliable = unreliable;
      this.#deliver(data);
      return;
    }
    if (!isAhead(reliable, this.#reliable) || !isInWindow(reliable, this.#reliable)) return;
    const key = reliable * 0x10000 + unreliable;
    if (this.#held.has(key) || !this.#budget.take(data.length)) return;
    this.#held.set(key, { reliable, unreliable, data });
  }

  unreliableFragment(reliable: number, fragment: Fragment): void {
    if (!Assembly.isPlausible(fragment, this.#limits)) return;
    if (reliable !== this.#reliable && !isAhead(reliable, this.#reliable)) return;
    const key = reliable * 0x10000 + fragment.start;
    let assembly = this.#assemblies.get(key);
    if (assembly === undefined) {
      if (this.#assemblies.size === UNRELIABLE_ASSEMBLIES) this.#dropOldestAssembly();
      if (!this.#budget.take(fragment.total)) return;
      assembly = new Assembly(fragment);
      this.#assemblies.set(key, assembly);
    }
    if (!assembly.add(fragment) || !assembly.complete) return;
    this.#assemblies.delete(key);
    this.#budget.give(assembly.total);
    this.unreliable(reliable, fragment.start, assembly.data);
  }

  #dropOldestAssembly(): void {
    const oldest = this.#assemblies.entries().next().value;
    if (oldest === undefined) return;
    this.#assemblies.delete(oldest[0]);
    this.#budget.give(oldest[1].total);
  }

  /** Delivers what has become next in line. */
  #drain(): void {
    for (;;) {
      const first = next(this.#reliable);
      const entry = this.#waiting.get(first);
      if (entry === undefined) return;
      if (Buffer.isBuffer(entry)) {
        this.#waiting.delete(first);
        this.#budget.give(entry.length);
        this.#advance(entry, 1);
        continue;
      }
      if (!entry.complete) return;
      this.#waiting.delete(first);
      this.#budget.give(entry.total);
      this.#advance(entry.data, entry.count);
      if (entry.count > 1) this.#forgetPassed();
    }
  }

  #advance(data: Buffer, by: number): void {
    this.#reliable = next(this.#reliable, by);
    this.#unreliable = 0;
    this.#deliver(data);
    if (this.#held.size > 0) this.#releaseHeld();
  }

  /** Delivers the unreliable messages that waited for this reliable one, drops those it passed. */
  #releaseHeld(): void {
    const due: Held[] = [];
    for (const [key, held] of this.#held) {
      if (isAhead(held.reliable, this.#reliable)) continue;
      this.#held.delete(key);
      this.#budget.give(held.data.length);
      if (held.reliable === this.#reliable) due.push(held);
    }
    due.sort((a, b) => distance(a.unreliable, 0) - distance(b.unreliable, 0));
    for (const held of due) this.unreliable(held.reliable, held.unreliable, held.data);
  }

  /** Numbers inside a delivered fragmented message belong to it; nothing else may stay there. */
  #forgetPassed(): void {
    for (const [sequence, entry] of this.#waiting) {
      if (isAhead(sequence, this.#reliable)) continue;
      this.#waiting.delete(sequence);
      this.#budget.give(Buffer.isBuffer(entry) ? entry.length : entry.total);
    }
  }
}
