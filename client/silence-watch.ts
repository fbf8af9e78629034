import { attemptAsync } from './attempt.js';
import type { StatsSource } from './stats.js';

/** Milliseconds between two looks. */
const LOOK_MS = 500;

export interface SilenceEvents {
  /** Once for each silence. */
  readonly onSilence: () => void;
  /** Packets come again after one. */
  readonly onPackets: () => void;
}

/** Tells when a peer connection that has brought packets brings none any more. */
export class SilenceWatch {
  readonly #source: StatsSource;
  readonly #events: SilenceEvents;
  readonly #patience: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #packets = 0;
  #changedAt = performance.now();
  #isTold = false;

  /** @param patience milliseconds without a packet */
  constructor(source: StatsSource, patience: number, events: SilenceEvents) {
    this.#source = source;
    this.#patience = patience;
    this.#events = events;
    this.#timer = setInterval(() => {
      void attemptAsync(() => this.#count()).then((packets) => this.#judge(packets));
    }, LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** @param packets so far; undefined where the browser does not tell */
  #judge(packets: number | undefined): void {
    if (packets === undefined) return;
    const now = performance.now();
    if (packets !== this.#packets) {
      this.#packets = packets;
      this.#changedAt = now;
      if (this.#isTold) this.#events.onPackets();
      this.#isTold = false;
    } else if (packets > 0 && now - this.#changedAt > this.#patience && !this.#isTold) {
      this.#isTold = true;
      this.#events.onSilence();
    }
  }

  async #count(): Promise<number> {
    let packets = 0;
    (await this.#source.getStats()).forEach(({ type, packetsReceived }) => {
      if (type === 'inbound-rtp') packets += Number(packetsReceived ?? 0);
    });
    return packets;
  }
}
