import { SeededRandom } from './random.js';

/** What a bad network does to one direction; probabilities are 0…1 a datagram. */
export interface FaultProfile {
  /** Lost, each on its own. */
  readonly loss?: number;
  /** Chance that a run of `length` datagrams is lost from here on. */
  readonly burst?: { readonly probability: number; readonly length: number };
  /** Milliseconds every datagram is late. */
  readonly delay?: number;
  /** Milliseconds, uniform, on top of the delay: datagrams overtake one another. */
  readonly jitter?: number;
  /** Chance to be held back until `reorderDepth` later datagrams have passed. */
  readonly reorder?: number;
  /** Default 3. */
  readonly reorderDepth?: number;
  readonly duplicate?: number;
  /** Chance that one byte is changed. */
  readonly corrupt?: number;
}

/** Faults on both directions of one socket, reproducible by seed. */
export interface DatagramFaults {
  readonly seed: number;
  readonly incoming?: FaultProfile;
  readonly outgoing?: FaultProfile;
}

/** Datagrams under way at most; what comes on top is lost, as in a full router queue. */
const QUEUE_LIMIT = 8192;

/** Milliseconds after which a held-back datagram is sent even if none follows. */
const HOLD_LIMIT = 50;

type Deliver<Tag> = (datagram: Buffer, tag: Tag) => void;

/** One direction of a bad network: datagrams go in, what survives comes out of `deliver`. */
export class FaultInjector<Tag> {
  readonly #profile: FaultProfile;
  readonly #random: SeededRandom;
  readonly #deliver: Deliver<Tag>;
  readonly #timers = new Set<NodeJS.Timeout>();
  #held: { datagram: Buffer; tag: Tag; left: number; timer: NodeJS.Timeout } | null = null;
  #burstLeft = 0;
  #closed = false;

  constructor(profile: FaultProfile, seed: number, deliver: Deliver<Tag>) {
    this.#profile = profile;
    this.#random = new SeededRandom(seed);
    this.#deliver = deliver;
  }

  push(datagram: Buffer, tag: Tag): void {
    if (this.#closed) return;
    const profile = this.#profile;
    if (this.#burstLeft === 0 && profile.burst && this.#random.chance(profile.burst.probability)) {
      this.#burstLeft = profile.burst.length;
    }
    if (this.#burstLeft > 0) {
      this.#burstLeft--;
      return;
    }
    if (this.#random.chance(profile.loss ?? 0)) return;

    const survivor = this.#random.chance(profile.corrupt ?? 0)
      ? this.#corrupted(datagram)
      : datagram;
    const copies = this.#random.chance(profile.duplicate ?? 0) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) this.#travel(survivor, tag);
  }

  /** Drops all that is under way. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#held = null;
  }

  #corrupted(datagram: Buffer): Buffer {
    const copy = Buffer.from(datagram);
    if (copy.length > 0) {
      const at = this.#random.below(copy.length);
      copy.writeUInt8(copy.readUInt8(at) ^ (1 + this.#random.below(255)), at);
    }
    return copy;
  }

  #travel(datagram: Buffer, tag: Tag): void {
    const { delay = 0, jitter = 0 } = this.#profile;
    const late = delay + (jitter > 0 ? this.#random.next() * jitter : 0);
    if (late > 0) this.#later(late, () => this.#arrive(datagram, tag));
    else this.#arrive(datagram, tag);
  }

  #arrive(datagram: Buffer, tag: Tag): void {
    if (this.#held === null && this.#random.chance(this.#profile.reorder ?? 0)) {
      const timer = this.#later(HOLD_LIMIT, () => this.#release());
      if (timer !== null) {
        this.#held = { datagram, tag, left: this.#profile.reorderDepth ?? 3, timer };
        return;
      }
    }
    this.#deliver(datagram, tag);
    if (this.#held !== null && --this.#held.left <= 0) this.#release();
  }

  #release(): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    clearTimeout(held.timer);
    this.#timers.delete(held.timer);
    this.#deliver(held.datagram, held.tag);
  }

  #later(milliseconds: number, action: () => void): NodeJS.Timeout | null {
    if (this.#timers.size >= QUEUE_LIMIT) return null;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#closed) action();
    }, milliseconds);
    this.#timers.add(timer);
    return timer;
  }
}
