import type { Log } from '../../core/log.js';
import { FRAME_TYPE } from '../../moonlight/video/packet.js';
import type { Faults } from '../faults.js';
import type { HostStyle } from '../options.js';
import type { FrameSource, SourceFrame } from './frame-source.js';
import type { VideoPacketizer } from './video-packetizer.js';

export interface VideoSenderOptions {
  readonly source: FrameSource;
  readonly packetizer: VideoPacketizer;
  readonly style: HostStyle;
  readonly faults: Faults;
  readonly send: (datagram: Buffer) => void;
  /** The source broke. */
  readonly failed: (error: unknown) => void;
  readonly log: Log;
}

export interface VideoCounters {
  frames: number;
  keyFrames: number;
  /** Losses that were answered without a key frame. */
  invalidations: number;
  packets: number;
  bytes: number;
  /** Frames that the queue had no room for. */
  framesDropped: number;
}

/** Milliseconds between two looks at the source and the queue. */
const TICK = 2;
/** Datagrams a tick: bursts must not overflow the receiver's socket (gamestream.md §5.10). */
const BATCH = 48;
const MAX_QUEUE = 4096;
/** Of RTP's 90 kHz in a millisecond. */
const RTP_TICKS = 90;
/** Milliseconds after which a requested key frame that did not come is asked for again. */
const KEYFRAME_PATIENCE_MS = 500;

/** Numbers frames, cuts them into datagrams and lets these out at a bearable pace. */
export class VideoSender {
  readonly counters: VideoCounters = {
    frames: 0,
    keyFrames: 0,
    invalidations: 0,
    packets: 0,
    bytes: 0,
    framesDropped: 0,
  };
  readonly #options: VideoSenderOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #startedAt = performance.now();
  #frameNumber: number;
  /** Of the latest frame, in ticks of RTP's clock: no two frames share one. */
  #time = -Infinity;
  #queue: Buffer[] = [];
  /** Datagrams that are to be lost on order. */
  #toDrop = 0;
  #stalledUntil = 0;
  #stallPending: Faults['stallVideo'];
  /** Frames were left out: only a key frame may follow. */
  #needsKey = true;
  #keyRequestedAt = -Infinity;
  /** The next frame is the first after an invalidation. */
  #invalidated = false;
  /** Number of the latest frame that a client could go on from after losses before it. */
  #soundSince = 0;
  #closed = false;

  constructor(options: VideoSenderOptions) {
    this.#options = options;
    // Sunshine counts from 1, Wolf from 0 (§5.2).
    this.#frameNumber = options.style === 'wolf' ? 0 : 1;
    this.#stallPending = options.faults.stallVideo;
    this.#timer = setInterval(() => this.#tick(), TICK);
  }

  requestKeyframe(): void {
    // The very first frame is one; a request that came with the start asks for nothing more.
    if (this.#options.faults.noIdr || this.counters.frames === 0) return;
    const now = performance.now();
    if (now - this.#keyRequestedAt < KEYFRAME_PATIENCE_MS) return;
    this.#keyRequestedAt = now;
    this.#options.source.requestKeyframe();
  }

  /**
   * The client lacks these frames. Later frames may refer neither to them, nor to those after the
   * first of them.
   */
  invalidate(first: number, last: number): void {
    if (this.#options.faults.noIdr || last < first) return;
    const frames = this.#frameNumber - first;
    // A client that asks again about repaired frames may have the repair, or may have lost it. Only
    // a key frame is right for both.
    const repaired = last < this.#soundSince;
    if (repaired || this.#needsKey || frames <= 0) {
      this.requestKeyframe();
      return;
    }
    if (this.#options.source.rewind?.(frames) === true) {
      this.#invalidated = true;
      this.counters.invalidations += 1;
      return;
    }
    this.requestKeyframe();
  }

  /** The next datagrams are lost. */
  dropNext(packets: number): void {
    this.#toDrop = packets;
  }

  /** No frame leaves for so many milliseconds. */
  stall(duration: number): void {
    this.#stalledUntil = performance.now() + duration;
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#queue = [];
    this.#options.source.close();
  }

  #tick(): void {
    const now = performance.now();
    if (this.#stallPending !== null && now - this.#startedAt >= this.#stallPending.after) {
      this.#options.log.info(this.#stallPending, 'video stalls on order');
      this.stall(this.#stallPending.duration);
      this.#stallPending = null;
    }
    try {
      for (const frame of this.#options.source.poll(now)) this.#take(frame, now);
    } catch (error) {
      this.close();
      this.#options.failed(error);
      return;
    }
    this.#flush();
  }

  #take(frame: SourceFrame, now: number): void {
    if (now < this.#stalledUntil) {
      this.#needsKey = true;
      return;
    }
    if (this.#needsKey && !frame.key) {
      if (now - this.#keyRequestedAt >= KEYFRAME_PATIENCE_MS) {
        this.#keyRequestedAt = now;
        this.#options.source.requestKeyframe();
      }
      return;
    }
    if (this.#queue.length > MAX_QUEUE) {
      this.counters.framesDropped += 1;
      this.#needsKey = true;
      return;
    }
    if (frame.key) {
      this.#keyRequestedAt = -Infinity;
      this.counters.keyFrames += 1;
    }
    this.#needsKey = false;
    const repaired = this.#invalidated ? FRAME_TYPE.AFTER_INVALIDATION : FRAME_TYPE.P;
    if (frame.key || this.#invalidated) this.#soundSince = this.#frameNumber;
    this.#invalidated = false;
    this.#time = Math.max(this.#time + 1, Math.round(frame.capturedAt * RTP_TICKS));
    const datagrams = this.#options.packetizer.packetize({
      data: frame.data,
      frameNumber: this.#frameNumber,
      frameType: frame.key ? FRAME_TYPE.IDR : repaired,
      rtpTimestamp: this.#time % 2 ** 32,
      hostLatency: Math.max(0, now - frame.capturedAt),
    });
    // Clients that count from 1 throw frame 0 away, and would show nothing until they ask.
    if (this.#frameNumber === 0) this.#options.source.requestKeyframe();
    this.#frameNumber += 1;
    this.counters.frames += 1;
    for (const datagram of datagrams) this.#queue.push(datagram);
  }

  #flush(): void {
    if (this.#queue.length === 0) return;
    for (const datagram of this.#queue.splice(0, BATCH)) {
      this.counters.packets += 1;
      this.counters.bytes += datagram.length;
      if (this.#toDrop > 0) this.#toDrop -= 1;
      else this.#options.send(datagram);
    }
  }
}
