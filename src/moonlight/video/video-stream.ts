import { EventEmitter } from 'node:events';
import type { Log } from '../../core/log.js';
import { MediaReceiver } from '../media-receiver.js';
import { CIPHER_PREFIX_BYTES, claimedFrame, decryptPacket } from './cipher.js';
import { Depacketizer } from './depacketizer.js';
import type { FrameAssembly } from './frame-assembly.js';
import { LossRecovery } from './loss-recovery.js';
import { RTP_HEADER_BYTES } from './packet.js';
import { PictureWatch } from './picture-watch.js';
import { QualityWindow } from './quality-window.js';
import { Reassembler } from './reassembler.js';
import type {
  FecStatus,
  FrameRange,
  VideoStats,
  VideoStreamEvents,
  VideoStreamOptions,
} from './types.js';

/** Milliseconds (gamestream.md §5.10). */
const START_DEADLINE_MS = 10_000;

const NO_DATAGRAM = -100;
const NO_IDR = -101;

/** The receiving end of a host's video: datagrams in, access units out (gamestream.md §5). */
export class VideoStream extends EventEmitter<VideoStreamEvents> {
  readonly #options: VideoStreamOptions;
  readonly #log: Log;
  readonly #receiver: MediaReceiver;
  readonly #reassembler: Reassembler;
  readonly #depacketizer: Depacketizer;
  readonly #recovery: LossRecovery;
  readonly #quality: QualityWindow;
  readonly #watch: PictureWatch;
  readonly #stats: VideoStats = emptyVideoStats();
  readonly #startDeadline: number;
  #startedAt = 0;
  #firstDatagramAt: number | null = null;
  #sawIdr = false;
  #failed = false;

  constructor(options: VideoStreamOptions) {
    super();
    this.#options = options;
    this.#log = options.log;
    this.#startDeadline = options.startDeadline ?? START_DEADLINE_MS;
    this.#receiver = new MediaReceiver({
      ...options,
      receive: (datagram, now) => this.#receive(datagram, now),
      tick: (now) => this.#tick(now),
    });
    this.#depacketizer = new Depacketizer(options.codec);
    this.#quality = new QualityWindow((status) => this.#announce('quality', { status }));
    this.#recovery = new LossRecovery(
      {
        requestIdr: () => this.#requestIdr(),
        requestInvalidation: (range) => this.#requestInvalidation(range),
      },
      options.referenceFrameInvalidation,
    );
    this.#watch = new PictureWatch({
      ask: () => this.#requestIdr(),
      stalled: (stalled) => this.#announce('stalled', { stalled }),
      gone: () => this.#fail(NO_DATAGRAM),
    });
    this.#reassembler = new Reassembler(
      {
        frame: (frame) => this.#onFrame(frame),
        lost: (range) => this.#onLost(range),
        restarted: () => this.#recovery.restart(performance.now()),
        fecStatus: (status: FecStatus) => this.#announce('fec-status', status),
        supersedes: (frameType) => this.#recovery.isAnswer(frameType),
      },
      this.#stats,
      options.packetSize + RTP_HEADER_BYTES,
    );
  }

  get closed(): boolean {
    return this.#receiver.closed;
  }

  get stats(): Readonly<VideoStats> {
    return this.#stats;
  }

  /** The UDP port that receives; 0 while there is none. */
  get localPort(): number {
    return this.#receiver.localPort;
  }

  /**
   * Opens the socket and starts to ping the host.
   *
   * @throws MoonteeError `HOST_UNREACHABLE`, `CLOSED`
   */
  async start(): Promise<void> {
    await this.#receiver.start();
    this.#startedAt = performance.now();
  }

  /** Idempotent; nothing is emitted afterwards. */
  close(): void {
    this.#receiver.close();
    this.removeAllListeners();
  }

  /** Input went out: the picture should change. */
  stir(): void {
    this.#watch.stir();
  }

  #receive(datagram: Buffer, now: number): void {
    this.#watch.datagram();
    this.#firstDatagramAt ??= performance.now();
    this.#stats.packets++;
    this.#stats.bytes += datagram.length;
    const packet = this.#options.encrypted ? this.#decrypt(datagram) : datagram;
    if (packet !== null) this.#reassembler.push(packet, now);
  }

  #decrypt(datagram: Buffer): Buffer | null {
    const longest = this.#options.packetSize + RTP_HEADER_BYTES + CIPHER_PREFIX_BYTES;
    if (datagram.length <= CIPHER_PREFIX_BYTES || datagram.length > longest) {
      this.#stats.packetsInvalid++;
      return null;
    }
    const frame = claimedFrame(datagram);
    // Mostly parity of frames that needed none: not worth the work.
    if (frame !== 0 && this.#reassembler.isSettled(frame)) {
      this.#reassembler.skip();
      return null;
    }
    const packet = decryptPacket(this.#options.key, datagram);
    if (packet === null) this.#stats.packetsForged++;
    return packet;
  }

  #onFrame(frame: FrameAssembly): void {
    const now = performance.now();
    const depacketized = this.#depacketizer.depacketize(frame);
    if (depacketized === null) {
      this.#refuse(frame, now);
      return;
    }
    const { unit, frameType, longTermReference } = depacketized;
    this.#stats.framesComplete++;
    this.#quality.frame();
    if (!this.#recovery.frame(unit.frameNumber, frameType, unit.idr, now)) {
      this.#stats.framesHeldBack++;
      return;
    }
    if (unit.idr && !this.#sawIdr) {
      this.#sawIdr = true;
      this.#log.info({ frame: unit.frameNumber, bytes: unit.data.length }, 'first video IDR');
    }
    this.#stats.framesDelivered++;
    const { heldUp } = this.#receiver;
    this.#watch.picture(now - heldUp);
    const receivedAt = unit.receivedAt + heldUp;
    this.#announce('access-unit', { ...unit, receivedAt });
    if (longTermReference && this.#options.referenceFrameInvalidation) {
      this.#announce('long-term-reference', unit.frameNumber);
    }
  }

  /** The network brought it whole: what is wrong with it is the host's doing. */
  #refuse(frame: FrameAssembly, now: number): void {
    this.#stats.framesRefused++;
    if (this.#stats.framesRefused === 1) {
      this.#log.warn({ frame: frame.index }, 'video frame of another format refused');
    }
    this.#recovery.lost({ first: frame.index, last: frame.index }, now);
  }

  #onLost(range: FrameRange): void {
    this.#quality.lost(((range.last - range.first) >>> 0) + 1);
    this.#recovery.lost(range, performance.now());
  }

  #requestIdr(): void {
    this.#stats.idrRequests++;
    this.#announce('idr-needed');
  }

  #requestInvalidation(range: FrameRange): void {
    this.#stats.invalidations++;
    this.#announce('invalidate', range);
  }

  #tick(clock: number): void {
    this.#reassembler.expire(clock);
    const now = performance.now();
    this.#recovery.tick(now);
    this.#quality.tick(now);
    if (this.#failed) return;
    this.#watch.tick(clock, this.#options.hostHeard?.() ?? true);
    if (this.#sawIdr) return;
    if (now - (this.#firstDatagramAt ?? this.#startedAt) >= this.#startDeadline) {
      this.#fail(this.#firstDatagramAt === null ? NO_DATAGRAM : NO_IDR);
    }
  }

  #fail(code: -100 | -101): void {
    this.#failed = true;
    const ceased = this.#sawIdr;
    this.#log.warn({ code, ceased, packets: this.#stats.packets }, 'no video from the host');
    this.#announce('failed', { code, ceased });
  }

  /** A listener's mistake must not cost the stream, nor pass through the socket's callback. */
  #announce<Name extends keyof VideoStreamEvents>(
    name: Name,
    ...values: VideoStreamEvents[Name]
  ): void {
    if (this.closed) return;
    try {
      // The generic emit() cannot see that name and values belong together.
      (this.emit as (event: string, ...values: unknown[]) => boolean).call(this, name, ...values);
    } catch (error) {
      this.#log.error({ err: error, event: name }, 'a video listener failed');
    }
  }
}

/** All zero. */
export function emptyVideoStats(): VideoStats {
  return {
    packets: 0,
    bytes: 0,
    framesDelivered: 0,
    framesComplete: 0,
    framesLost: 0,
    framesRefused: 0,
    framesHeldBack: 0,
    packetsRecovered: 0,
    packetsLost: 0,
    packetsDuplicate: 0,
    packetsLate: 0,
    packetsInvalid: 0,
    packetsForged: 0,
    idrRequests: 0,
    invalidations: 0,
  };
}
