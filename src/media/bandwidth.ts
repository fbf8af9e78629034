/**
 * The capacity of a viewer's link, as its browser estimates it (REMB,
 * draft-alvestrand-rmcat-remb-03). A link that is too narrow fills its buffers for a while before
 * it loses anything.
 */

/** Bytes of the feedback's own part that are looked at: one estimate for up to 62 SSRCs. */
export const REMB_LIMIT = 256;

/** An estimate is short below this share of what is sent: browsers fall to 85 % of what arrives. */
const SHORT = 0.75;
/** By how much an estimate must have risen again for a link that is not full any more. */
const RISEN = 1.1;
/** Milliseconds after which an estimate is stale: browsers repeat it every second. */
const STALE_AFTER_MS = 6000;

/**
 * Section 2.2 of the draft.
 *
 * @param fci the part of an application layer feedback message (RFC 4585, 6.4) after both SSRCs
 * @returns bit/s; null for another message
 */
export function parseRemb(fci: Uint8Array): number | null {
  const bytes = Buffer.from(fci.buffer, fci.byteOffset, fci.byteLength);
  if (bytes.length < 8 || bytes.toString('latin1', 0, 4) !== 'REMB') return null;
  if (bytes.length < 8 + 4 * bytes.readUInt8(4)) return null;
  const exponent = bytes.readUInt8(5) >> 2;
  const mantissa = bytes.readUIntBE(5, 3) & 0x3ffff;
  return mantissa * 2 ** exponent;
}

/**
 * Distinguishes a link that is too narrow from an estimate that merely lags behind. A browser
 * raises its estimate slowly, even if a still picture begins to move. It lowers it only when
 * packets arrive later and later.
 */
export class BandwidthMeter {
  #estimate: number | null = null;
  #heardAt = 0;
  /** It has fallen since the last judgement. */
  #fell = false;
  /** The lowest estimate of a link that is too narrow. */
  #low: number | null = null;

  /** bit/s; null before the browser's first estimate. */
  get estimate(): number | null {
    return this.#estimate;
  }

  /** @param now milliseconds of a clock that only goes forward */
  onEstimate(estimate: number, now: number): void {
    if (this.#estimate !== null && estimate < this.#estimate) this.#fell = true;
    this.#estimate = estimate;
    this.#heardAt = now;
  }

  /**
   * To be asked about once a second.
   *
   * @param rate bit/s that are sent at the moment
   * @returns whether the link is too narrow for it
   */
  narrow(rate: number, now: number): boolean {
    const fell = this.#fell;
    this.#fell = false;
    const estimate = this.#estimate;
    if (estimate === null || now - this.#heardAt > STALE_AFTER_MS || estimate >= SHORT * rate) {
      this.#low = null;
    } else if (fell) {
      this.#low = estimate;
    } else if (this.#low !== null && estimate > RISEN * this.#low) {
      this.#low = null;
    }
    return this.#low !== null;
  }
}
