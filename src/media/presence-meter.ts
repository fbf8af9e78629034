/** Whether a viewer is still there, judged by its RTCP. Pure: the time is passed in (milliseconds). */

/** Browsers send RTCP every second or two, and RFC 3550 §6.2 asks for no less than one in five. */
const ABSENCE_MS = 30_000;

export class PresenceMeter {
  #packets = -1;
  #heardAt = 0;

  /**
   * @param packets of RTCP that came so far
   * @returns false once none has come for half a minute
   */
  poll(packets: number, now: number): boolean {
    if (packets !== this.#packets) {
      this.#packets = packets;
      this.#heardAt = now;
    }
    return now - this.#heardAt < ABSENCE_MS;
  }
}
