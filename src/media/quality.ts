/** How well a peer's link does, from figures that jump about. Pure. */
import type { PeerQuality } from './types.js';

/** One look at a peer. */
export interface QualitySample {
  /** 0…1. */
  readonly fractionLost: number;
  /** Packets dropped for this peer since the last sample. */
  readonly dropped: number;
  /** Milliseconds since the receiver's last sign of life. */
  readonly silence: number;
  /** By the receiver's own estimate its link cannot carry what is sent. */
  readonly narrow: boolean;
}

/** Samples that must agree before it gets worse, and before it gets better. */
const WORSE_AFTER = 2;
const BETTER_AFTER = 5;
/** Loss at which a link is constrained, and below which it is good again. */
const LOSS_BAD = 0.05;
const LOSS_FINE = 0.02;
/** A receiver sends reports every second or so: after this many milliseconds it is gone. */
const SILENCE_MS = 6000;
const LOSS_DEAD = 0.5;

const ORDER: readonly PeerQuality[] = ['good', 'constrained', 'stalled'];

export class QualityMeter {
  #quality: PeerQuality = 'good';
  #candidate: PeerQuality = 'good';
  #agreed = 0;

  get quality(): PeerQuality {
    return this.#quality;
  }

  /** @returns the new quality if it changed */
  add(sample: QualitySample): PeerQuality | null {
    const seen = this.#judge(sample);
    if (seen === this.#quality) {
      this.#agreed = 0;
      this.#candidate = seen;
      return null;
    }
    this.#agreed = seen === this.#candidate ? this.#agreed + 1 : 1;
    this.#candidate = seen;
    const worse = ORDER.indexOf(seen) > ORDER.indexOf(this.#quality);
    if (this.#agreed < (worse ? WORSE_AFTER : BETTER_AFTER)) return null;
    this.#quality = seen;
    this.#agreed = 0;
    return seen;
  }

  #judge(sample: QualitySample): PeerQuality {
    if (sample.silence > SILENCE_MS || sample.fractionLost >= LOSS_DEAD) return 'stalled';
    // Between both thresholds everything stays as it is.
    const limit = this.#quality === 'good' ? LOSS_BAD : LOSS_FINE;
    const constrained = sample.narrow || sample.dropped > 0 || sample.fractionLost > limit;
    return constrained ? 'constrained' : 'good';
  }
}
