import { ReedSolomon } from '../fec/reed-solomon.js';
import {
  AUDIO_OFFSET,
  AUDIO_RTP_FLAGS,
  BLOCK_DATA,
  BLOCK_PARITY,
  MAX_AUDIO_DATAGRAM,
  PAYLOAD_TYPE_FEC,
  PAYLOAD_TYPE_OPUS,
} from './packet.js';
import type { AudioStats } from './types.js';

const BLOCK_SHARDS = BLOCK_DATA + BLOCK_PARITY;

/** Blocks in the making at most; a power of two. */
const WINDOW_BLOCKS = 16;
const WINDOW = WINDOW_BLOCKS * BLOCK_DATA;

/** Packets in order after which the network is trusted to keep it. */
const ORDERLY_PACKETS = 1000;

/** Milliseconds a hole may block what came after it, on a network that mixes packets. */
const DISORDERLY_HOLD_MS = 30;

/** Milliseconds after which a hole is given up even if nothing follows its block. */
const STALE_AFTER_MS = 100;

/** Milliseconds of silence at the start that show that nothing had piled up. */
const START_GAP = 100;

/** Packets far from what is expected that must agree before the window moves there. */
const LEAP_AHEAD = 2;
const LEAP_BACK = 32;

class AudioBlock {
  /** Extended sequence number of shard 0; negative while the object is not in use. */
  base = -1;
  firstAt = 0;
  /** Payloads: four of data, two of parity. */
  readonly shards: (Buffer | undefined)[] = new Array<undefined>(BLOCK_SHARDS).fill(undefined);
  received = 0;

  begin(base: number, now: number): void {
    this.base = base;
    this.firstAt = now;
    this.received = 0;
    this.shards.fill(undefined);
  }

  /** @returns data packets restored */
  recover(): number {
    if (this.received < BLOCK_DATA) return 0;
    // Missing if lengths differ, since parity cannot be computed then (gamestream.md §6.2).
    let length = -1;
    for (const shard of this.shards) {
      if (shard === undefined) continue;
      if (length >= 0 && shard.length !== length) return 0;
      length = shard.length;
    }
    let missing = 0;
    for (let at = 0; at < BLOCK_DATA; at++) if (this.shards[at] === undefined) missing++;
    return missing > 0 && ReedSolomon.audio().recover(this.shards, length) ? missing : 0;
  }
}

export interface AudioReassemblerOptions {
  /** Data packets to throw away at the start. */
  readonly startupDiscard: number;
  /**
   * Called in order, with the payload as it was sent and its extended sequence number. The low 16
   * bits of that are those of the wire.
   */
  readonly deliver: (payload: Buffer, sequence: number) => void;
}

/**
 * Audio packets in any order → payloads in order (gamestream.md §6.4). Packets in order are handed
 * on at once. FEC fills holes; the others are waited for briefly, then skipped.
 */
export class AudioReassembler {
  readonly #options: AudioReassemblerOptions;
  readonly #stats: AudioStats;
  readonly #blocks: readonly AudioBlock[] = Array.from(
    { length: WINDOW_BLOCKS },
    () => new AudioBlock(),
  );
  #started = false;
  #toDiscard: number;
  #lastAt: number | null = null;
  /** Extended sequence number of the next packet to hand on. */
  #next = 0;
  #highest = 0;
  #ordered = 0;
  #straySequence = 0;
  #strays = 0;

  constructor(options: AudioReassemblerOptions, stats: AudioStats) {
    this.#options = options;
    this.#stats = stats;
    this.#toDiscard = options.startupDiscard;
  }

  /**
   * @param datagram kept until its block is settled
   * @param now milliseconds, monotonic
   */
  push(datagram: Buffer, now: number): void {
    const type = payloadTypeOf(datagram);
    if (type === PAYLOAD_TYPE_OPUS) this.#pushData(datagram, now);
    else if (type === PAYLOAD_TYPE_FEC) this.#pushParity(datagram, now);
    else this.#stats.invalid++;
  }

  /** Gives up holes that were waited for long enough. To be called from time to time. */
  expire(now: number): void {
    if (!this.#started) return;
    for (let step = 0; step < WINDOW && this.#overdue(now); step++) {
      this.#skipHoles();
      this.#drain();
    }
  }

  #pushData(datagram: Buffer, now: number): void {
    const sequence = datagram.readUInt16BE(AUDIO_OFFSET.SEQUENCE);
    if (!this.#started && !this.#start(sequence, now)) return;
    const ahead = signedDistance(this.#next, sequence);
    if (ahead < 0 || ahead >= WINDOW) {
      this.#stray(datagram, sequence, ahead, now);
      return;
    }
    const extended = this.#next + ahead;
    const shard = extended % BLOCK_DATA;
    if (!this.#store(extended - shard, shard, datagram.subarray(AUDIO_OFFSET.PAYLOAD), now)) return;
    if (extended > this.#highest) {
      this.#highest = extended;
      this.#ordered++;
    } else {
      this.#ordered = 0;
    }
    this.#advance(now);
  }

  #pushParity(datagram: Buffer, now: number): void {
    const index = datagram.readUInt8(AUDIO_OFFSET.FEC_SHARD_INDEX);
    const base = datagram.readUInt16BE(AUDIO_OFFSET.FEC_BASE_SEQUENCE);
    if (index >= BLOCK_PARITY || base % BLOCK_DATA !== 0) {
      this.#stats.invalid++;
      return;
    }
    if (!this.#started) return;
    const current = this.#next - (this.#next % BLOCK_DATA);
    const ahead = signedDistance(current, base);
    // Parity of a block that is through is the rule; parity far ahead proves nothing.
    if (ahead < 0 || ahead >= WINDOW - BLOCK_DATA) return;
    const payload = datagram.subarray(AUDIO_OFFSET.FEC_PAYLOAD);
    if (this.#store(current + ahead, BLOCK_DATA + index, payload, now)) this.#advance(now);
  }

  /** @returns false while the start is thrown away */
  #start(sequence: number, now: number): boolean {
    const gap = this.#lastAt !== null && now - this.#lastAt >= START_GAP;
    this.#lastAt = now;
    if (gap) this.#toDiscard = 0;
    if (this.#toDiscard > 0) {
      this.#toDiscard--;
      this.#stats.discarded++;
      return false;
    }
    // A stream begins with 0: its first packets may have overtaken each other. Later on, the
    // block that is under way cannot be repaired and is left out.
    const offset = sequence % BLOCK_DATA;
    const begins = sequence < BLOCK_DATA && this.#options.startupDiscard === 0;
    if (begins) this.#next = 0;
    else this.#next = offset === 0 ? sequence : sequence - offset + BLOCK_DATA;
    this.#highest = this.#next - 1;
    this.#started = true;
    return true;
  }

  #store(base: number, shard: number, payload: Buffer, now: number): boolean {
    const block = this.#blockAt(base);
    if (block.base !== base) block.begin(base, now);
    if (block.shards[shard] !== undefined) {
      this.#stats.duplicate++;
      return false;
    }
    block.shards[shard] = payload;
    block.received++;
    this.#lastAt = now;
    this.#strays = 0;
    return true;
  }

  /** A packet behind the play position, or far ahead of it. */
  #stray(datagram: Buffer, sequence: number, ahead: number, now: number): void {
    if (ahead < 0) {
      // The start-up leaves out a part of a block, whose packets are not late.
      this.#stats.late++;
      if (ahead >= -WINDOW) return;
    }
    const near = Math.abs(signedDistance(this.#straySequence, sequence)) < WINDOW;
    if (this.#strays > 0 && near && sequence === this.#straySequence) return;
    this.#strays = this.#strays > 0 && near ? this.#strays + 1 : 1;
    this.#straySequence = sequence;
    if (this.#strays < (ahead < 0 ? LEAP_BACK : LEAP_AHEAD)) return;
    this.#strays = 0;
    this.#leapTo(sequence);
    this.#pushData(datagram, now);
  }

  /** The sequence went elsewhere; extended numbers go on rising. */
  #leapTo(sequence: number): void {
    for (let step = 0; step < WINDOW; step++) this.#skipHoles();
    const target = sequence - (sequence % BLOCK_DATA);
    const gap = (target - this.#next) & 0xffff;
    this.#stats.lost += gap;
    this.#next += gap;
    this.#highest = this.#next - 1;
    for (const block of this.#blocks) block.base = -1;
  }

  #advance(now: number): void {
    this.#drain();
    if (this.#highest >= this.#next) this.expire(now);
  }

  /** Hands on all that is in order, and fills holes by FEC if it can. */
  #drain(): void {
    while (true) {
      const block = this.#blockAt(this.#next - (this.#next % BLOCK_DATA));
      if (block.base !== this.#next - (this.#next % BLOCK_DATA)) return;
      const shard = this.#next % BLOCK_DATA;
      if (block.shards[shard] === undefined) {
        const recovered = block.recover();
        if (recovered === 0) return;
        this.#stats.recovered += recovered;
      }
      this.#handOn(block, shard);
    }
  }

  #handOn(block: AudioBlock, shard: number): void {
    const payload = block.shards[shard];
    const sequence = this.#next++;
    if (payload === undefined) {
      this.#stats.lost++;
      return;
    }
    this.#options.deliver(payload, sequence);
  }

  /** Plays what is left of the current block, and leaves out what is not there. */
  #skipHoles(): void {
    const base = this.#next - (this.#next % BLOCK_DATA);
    const block = this.#blockAt(base);
    if (block.base !== base) block.begin(base, 0);
    while (this.#next < base + BLOCK_DATA && this.#next <= this.#highest) {
      this.#handOn(block, this.#next % BLOCK_DATA);
    }
  }

  #overdue(now: number): boolean {
    if (this.#highest < this.#next) return false;
    if (this.#lastAt !== null && now - this.#lastAt >= STALE_AFTER_MS) return true;
    const end = this.#next - (this.#next % BLOCK_DATA) + BLOCK_DATA;
    if (this.#highest < end) return false;
    if (this.#ordered >= ORDERLY_PACKETS) return true;
    let passedAt = Infinity;
    for (const block of this.#blocks) {
      if (block.base >= end) passedAt = Math.min(passedAt, block.firstAt);
    }
    return now - passedAt >= DISORDERLY_HOLD_MS || this.#highest - end >= WINDOW / 2;
  }

  #blockAt(base: number): AudioBlock {
    // The array has a block for every value of the masked index.
    return this.#blocks[(base / BLOCK_DATA) % WINDOW_BLOCKS] as AudioBlock;
  }
}

/** @returns 0 for what cannot be audio */
function payloadTypeOf(datagram: Buffer): number {
  if (datagram.length <= AUDIO_OFFSET.PAYLOAD || datagram.length > MAX_AUDIO_DATAGRAM) return 0;
  if (datagram.readUInt8(0) !== AUDIO_RTP_FLAGS) return 0;
  const type = datagram.readUInt8(AUDIO_OFFSET.PAYLOAD_TYPE);
  return type === PAYLOAD_TYPE_FEC && datagram.length <= AUDIO_OFFSET.FEC_PAYLOAD ? 0 : type;
}

/** From an extended sequence number to a 16-bit one, the short way round. */
function signedDistance(extended: number, sequence: number): number {
  return ((sequence - (extended & 0xffff)) << 16) >> 16;
}
