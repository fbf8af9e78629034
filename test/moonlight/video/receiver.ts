import { Depacketizer } from '../../../src/moonlight/video/depacketizer.js';
import { LossRecovery } from '../../../src/moonlight/video/loss-recovery.js';
import { RTP_HEADER_BYTES } from '../../../src/moonlight/video/packet.js';
import { Reassembler } from '../../../src/moonlight/video/reassembler.js';
import type { FecStatus, FrameRange, VideoStats } from '../../../src/moonlight/video/types.js';
import { emptyVideoStats } from '../../../src/moonlight/video/video-stream.js';
import type { AccessUnit, VideoCodec } from '../../../src/moonlight/types.js';

/** The receive path without a socket: what VideoStream is made of, with a clock to turn. */
export class Receiver {
  readonly stats: VideoStats = emptyVideoStats();
  /** Whole frames, handed out or not. */
  readonly complete: AccessUnit[] = [];
  /** What a decoder would see. */
  readonly units: AccessUnit[] = [];
  readonly lost: FrameRange[] = [];
  readonly fec: FecStatus[] = [];
  readonly requests: ('idr' | FrameRange)[] = [];
  /** Frames whose contents were refused. */
  readonly refused: number[] = [];
  readonly reassembler: Reassembler;
  readonly recovery: LossRecovery;
  #now = 0;

  constructor(codec: VideoCodec, packetSize: number, invalidation = false) {
    const depacketizer = new Depacketizer(codec);
    const recovery = (this.recovery = new LossRecovery(
      {
        requestIdr: () => this.requests.push('idr'),
        requestInvalidation: (range) => this.requests.push(range),
      },
      invalidation,
    ));
    this.reassembler = new Reassembler(
      {
        frame: (frame) => {
          const result = depacketizer.depacketize(frame);
          if (result === null) {
            this.refused.push(frame.index);
            recovery.lost({ first: frame.index, last: frame.index }, this.#now);
            return;
          }
          this.complete.push(result.unit);
          const { frameNumber, idr } = result.unit;
          if (recovery.frame(frameNumber, result.frameType, idr, this.#now)) {
            this.units.push(result.unit);
          }
        },
        lost: (range) => {
          this.lost.push(range);
          recovery.lost(range, this.#now);
        },
        restarted: () => recovery.restart(this.#now),
        fecStatus: (status) => this.fec.push(status),
        supersedes: (frameType) => recovery.isAnswer(frameType),
      },
      this.stats,
      packetSize + RTP_HEADER_BYTES,
    );
  }

  push(packet: Buffer, now = this.#now): void {
    this.#now = now;
    this.reassembler.push(packet, now);
  }

  tick(now: number): void {
    this.expire(now);
    this.recovery.tick(now);
  }

  expire(now: number): void {
    this.#now = now;
    this.reassembler.expire(now);
  }
}
