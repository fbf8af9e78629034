import { VERDICT, dataShardsOf, shardIndexOf } from './fec-block.js';
import { FrameAssembly } from './frame-assembly.js';
import { OFFSET, PACKET_HEADER_BYTES, RTP_FLAGS } from './packet.js';
import { Patience } from './patience.js';
import { Seam } from './seam.js';
import { SequenceBook } from './sequence-book.js';
import { StrayPackets } from './stray-packets.js';
import type { FecStatus, FrameRange, VideoStats } from './types.js';

/** Frames in the making at most; a power of two. */
const WINDOW = 32;

/** Packets kept for frames in the making at most. */
const PACKET_LIMIT = 8192;

/** Milliseconds without any packet after which a frame that nothing follows is given up. */
const STALE_AFTER_MS = 250;

/** Milliseconds to wait for earlier frames if the first one seen does not begin the stream. */
const START_HOLD_MS = 50;

/** Packets that must agree on a frame far ahead, or long past, before the window moves there. */
const LEAP_AHEAD = 2;
const LEAP_BACK = 64;

export interface ReassemblerSink {
  /** A frame is whole, and all before it were delivered or lost. Valid during the call only. */
  frame(frame: FrameAssembly): void;
  lost(range: FrameRange): void;
  /** Numbers went back: nothing delivered so far has to do with what follows. */
  restarted(): void;
  fecStatus(status: FecStatus): void;
  /** Whether nothing before a frame of this type can be shown any more. */
  supersedes(frameType: number): boolean;
}

/**
 * Packets in any order → whole frames in order, and the gaps between them (gamestream.md §5.6). A
 * frame is handed on with the packet that completes it. If one stays incomplete while later ones
 * arrive, it is waited for as long as the network's habits suggest.
 */
export class Reassembler {
  readonly #sink: ReassemblerSink;
  readonly #stats: VideoStats;
  readonly #maxPacketBytes: number;
  readonly #frames: readonly FrameAssembly[] = Array.from(
    { length: WINDOW },
    () => new FrameAssembly(),
  );
  readonly #book = new SequenceBook();
  readonly #seam = new Seam();
  readonly #patience = new Patience();
  readonly #strays = new StrayPackets(WINDOW);
  #started = false;
  #startedAt = 0;
  /** No frame before `#next` can come any more. */
  #anchored = false;
  #next = 0;
  #newest = 0;
  #held = 0;
  #lastAt = 0;

  /** When the first packet of a later frame than the one waited for came. */
  #passedAt = Infinity;

  #lost: FrameRange | null = null;

  /** @param maxPacketBytes longer packets are not of this stream */
  constructor(sink: ReassemblerSink, stats: VideoStats, maxPacketBytes: number) {
    this.#sink = sink;
    this.#stats = stats;
    this.#maxPacketBytes = maxPacketBytes;
  }

  /** Packets kept for frames in the making. */
  get heldPackets(): number {
    return this.#held;
  }

  /** True for a frame whose packets are of no use any more: they are only counted, by `skip`. */
  isSettled(frameIndex: number): boolean {
    if (!this.#started || !this.#anchored) return false;
    const ahead = (frameIndex - this.#next) | 0;
    return ahead < 0 && ahead > -WINDOW;
  }

  skip(): void {
    this.#book.credit();
    this.#stats.packetsLost = this.#book.lost;
  }

  /**
   * @param packet clear packet; kept until its frame is settled
   * @param now milliseconds, monotonic
   */
  push(packet: Buffer, now: number): void {
    if (
      packet.length <= PACKET_HEADER_BYTES ||
      packet.length > this.#maxPacketBytes ||
      packet.readUInt8(OFFSET.RTP_FLAGS) !== RTP_FLAGS
    ) {
      this.#stats.packetsInvalid++;
      return;
    }
    const frameIndex = packet.readUInt32LE(OFFSET.FRAME_INDEX);
    if (!this.#started || (!this.#anchored && this.#held === 0)) this.#start(frameIndex, now);
    const ahead = (frameIndex - this.#next) | 0;
    if (ahead < 0 && !this.#mayMoveBackTo(frameIndex)) this.#late(packet, frameIndex, ahead, now);
    else if (ahead >= WINDOW) this.#stray(packet, frameIndex, LEAP_AHEAD, now);
    else this.#store(packet, frameIndex, now);
  }

  /** Gives up what has been waited for long enough. To be called from time to time. */
  expire(now: number): void {
    if (!this.#started) return;
    this.#drain(now);
    while (this.#overdue(now)) {
      this.#patience.disappoint();
      this.#giveUp();
      this.#drain(now);
    }
    this.#flushLost();
  }

  #start(frameIndex: number, now: number): void {
    this.#started = true;
    this.#startedAt = now;
    this.#next = this.#newest = frameIndex;
  }

  /** Before anything was delivered, packets of earlier frames may still come. */
  #mayMoveBackTo(frameIndex: number): boolean {
    if (this.#anchored) return false;
    const span = (this.#newest - frameIndex) | 0;
    if (span < 0 || span >= WINDOW) return false;
    this.#next = frameIndex;
    this.#findPassing();
    return true;
  }

  #store(packet: Buffer, frameIndex: number, now: number): void {
    const frame = this.#slot(frameIndex);
    if (!frame.active) frame.begin(frameIndex, now);
    const before = frame.packets;
    const verdict = frame.accept(packet, packet.readUInt32LE(OFFSET.FEC_INFO));
    this.#held += frame.packets - before;
    if (verdict !== VERDICT.STORED) {
      if (verdict === VERDICT.DUPLICATE) this.#stats.packetsDuplicate++;
      else if (verdict === VERDICT.INVALID) this.#stats.packetsInvalid++;
      else this.#enter(packet, now);
      if (frame.packets === 0) frame.release();
      return;
    }
    if (((frameIndex - this.#newest) | 0) > 0) this.#newest = frameIndex;
    this.#strays.clear();
    this.#lastAt = now;
    this.#enter(packet, now);

    if (frameIndex !== this.#next) {
      if (this.#passedAt === Infinity) this.#passedAt = now;
      if (frame.complete && this.#anchored && this.#sink.supersedes(frame.type)) {
        this.#settleUntil(frameIndex);
      } else if (this.#anchored && !this.#overdue(now)) return;
    } else if (!frame.complete && !this.#overdue(now)) return;
    this.expire(now);
  }

  /** A packet of a frame that is settled. */
  #late(packet: Buffer, frameIndex: number, ahead: number, now: number): void {
    if (ahead <= -WINDOW) {
      this.#stray(packet, frameIndex, this.#anchored ? LEAP_BACK : LEAP_AHEAD, now);
      return;
    }
    const fecInfo = packet.readUInt32LE(OFFSET.FEC_INFO);
    this.#enter(packet, now);
    // Parity behind a frame that needed none is the rule, not an event.
    if (shardIndexOf(fecInfo) < dataShardsOf(fecInfo)) this.#stats.packetsLate++;
  }

  /** A packet far from the expected one: a gap, a host that started again, or damage. */
  #stray(packet: Buffer, frameIndex: number, needed: number, now: number): void {
    const agreeing = this.#strays.add(packet, frameIndex);
    const before = this.#strays.keep(packet);
    if (agreeing < needed) {
      if (needed === LEAP_BACK) this.#stats.packetsLate++;
      return;
    }
    const target = this.#strays.frame;
    this.#strays.clear();
    this.#leapTo(target, ((target - this.#next) | 0) < 0);
    if (before !== null && needed === LEAP_AHEAD) this.push(before, now);
    this.push(packet, now);
  }

  #leapTo(frameIndex: number, back: boolean): void {
    if (back) {
      for (const frame of this.#frames) frame.release();
      this.#held = 0;
      this.#sink.restarted();
    } else {
      // Whole frames within the window are handed on, the rest of the way is lost.
      this.#settleUntil(frameIndex);
      if (((frameIndex - this.#next) | 0) > 0) {
        this.#lose(this.#next, (frameIndex - 1) >>> 0);
        this.#next = frameIndex;
      }
      this.#flushLost();
    }
    this.#seam.forget();
    this.#next = this.#newest = frameIndex;
    this.#anchored = true;
    this.#findPassing();
  }

  /** Hands on what is whole and gives up what is not, for a window's length at most. */
  #settleUntil(frameIndex: number): void {
    for (let step = 0; step < WINDOW && this.#next !== frameIndex; step++) {
      if (!this.#deliverNext()) this.#giveUp();
    }
  }

  /** Hands on every whole frame up to the first gap. */
  #drain(now: number): void {
    if (!this.#anchored) {
      const frame = this.#slot(this.#next);
      const begins = frame.active && frame.complete && frame.base === 0 && this.#next <= 1;
      const waited = now - this.#startedAt >= START_HOLD_MS;
      const crowded = ((this.#newest - this.#next) | 0) >= WINDOW / 2;
      if (!begins && !waited && !crowded) return;
      this.#anchored = true;
    }
    while (this.#deliverNext());
  }

  #deliverNext(): boolean {
    const frame = this.#slot(this.#next);
    if (!frame.active || !frame.complete) return false;
    if (!frame.consistent || !this.#seam.holds(frame.base)) {
      this.#giveUp();
      return true;
    }
    this.#flushLost();
    if (frame.recovered > 0) {
      this.#stats.packetsRecovered += frame.recovered;
      this.#report(frame, true);
    }
    this.#seam.set(frame.end);
    this.#sink.frame(frame);
    this.#settle(frame);
    return true;
  }

  #giveUp(): void {
    const frame = this.#slot(this.#next);
    this.#anchored = true;
    this.#seam.open();
    this.#lose(this.#next, this.#next);
    if (frame.active) this.#report(frame, false);
    this.#settle(frame);
  }

  #settle(frame: FrameAssembly): void {
    this.#held -= frame.packets;
    frame.release();
    this.#patience.fade();
    const passed = this.#newest !== this.#next;
    this.#next = (this.#next + 1) >>> 0;
    if (passed) this.#findPassing();
    else this.#newest = this.#next;
  }

  /** Finds out since when the frame that is waited for now has been passed over. */
  #findPassing(): void {
    this.#passedAt = Infinity;
    for (const frame of this.#frames) {
      if (!frame.active || frame.index === this.#next) continue;
      this.#passedAt = Math.min(this.#passedAt, frame.firstAt);
    }
  }

  #overdue(now: number): boolean {
    if (this.#held > PACKET_LIMIT) return true;
    const frame = this.#slot(this.#next);
    const since = now - this.#patience.hold;
    if (this.#passedAt <= since) return true;
    if (!frame.active) return false;
    if (this.#passedAt === Infinity && now - this.#lastAt >= STALE_AFTER_MS) return true;
    return (
      frame.firstAt <= since && frame.isHopeless((seq) => this.#book.isMissingSince(seq, since))
    );
  }

  #lose(first: number, last: number): void {
    this.#stats.framesLost += ((last - first) >>> 0) + 1;
    this.#lost = { first: this.#lost?.first ?? first, last };
  }

  #flushLost(): void {
    const lost = this.#lost;
    if (lost === null) return;
    this.#lost = null;
    this.#sink.lost(lost);
  }

  #report(frame: FrameAssembly, whole: boolean): void {
    frame.blocks.forEach((block, index) => {
      if (index > frame.lastBlock || block.received === 0) return;
      if (whole ? block.recovered === 0 : block.complete && !block.corrupt) return;
      this.#sink.fecStatus(block.status(frame.index, index, frame.lastBlock + 1));
    });
  }

  #enter(packet: Buffer, now: number): void {
    this.#patience.observe(this.#book.enter(packet, now));
    this.#stats.packetsLost = this.#book.lost;
  }

  #slot(frameIndex: number): FrameAssembly {
    // The array has a frame for every value of the masked index.
    return this.#frames[frameIndex & (WINDOW - 1)] as FrameAssembly;
  }
}
