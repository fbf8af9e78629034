import type { FaultProfile } from '../moonlight/datagram.js';
import type { Faults } from './faults.js';

/**
 * A time without UDP in either direction, once, as of a firewall that has forgotten its flows. HTTP
 * and RTSP continue.
 */
export class UdpHole {
  readonly #times: Faults['udpHole'];
  #beganAt: number | null = null;

  constructor(times: Faults['udpHole']) {
    this.#times = times;
  }

  /** The first session is up: the time until the hole runs. */
  begin(): void {
    this.#beganAt ??= performance.now();
  }

  get isOpen(): boolean {
    if (this.#times === null || this.#beganAt === null) return false;
    const since = performance.now() - this.#beganAt - this.#times.after;
    return since >= 0 && since < this.#times.duration;
  }

  /** @returns `profile` outside of the hole; null if every time is without faults */
  over(profile: FaultProfile | null): FaultProfile | null {
    if (this.#times === null) return profile;
    const isOpen = (): boolean => this.isOpen;
    return {
      ...profile,
      get loss() {
        return isOpen() ? 1 : (profile?.loss ?? 0);
      },
    };
  }
}
