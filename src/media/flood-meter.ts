/** Distinguishes what a viewer can send from a flood that is meant to hurt. Pure. */

/** What has come from a viewer so far; every figure only grows, but for `sources`. */
export interface InboundFigures {
  /** Of any kind, also what cannot be decrypted. */
  readonly packets: number;
  readonly bytes: number;
  /** SCTP. */
  readonly channelPackets: number;
  readonly channelBytes: number;
  readonly rtcpPackets: number;
  readonly rtcpBytes: number;
  /** RTP sources that its session knows, ours among them. */
  readonly sources: number;
  /** Packets that it asked for once more, and how many it got. */
  readonly repeatsAsked: number;
  readonly repeatsSent: number;
  /** Packets of video that there were to send. */
  readonly videoPackets: number;
}

/** What to do about a viewer. */
export type FloodVerdict =
  | { readonly kind: 'fine' }
  /** Nothing is sent to it again for a while. */
  | { readonly kind: 'no-repeats' }
  | { readonly kind: 'end'; readonly reason: string };

/**
 * A bucket that leaks at a rate: what comes faster fills it.
 *
 * `rate` is per second; `burst` is how much may come at once, on top of the rate.
 */
interface Budget {
  readonly rate: number;
  readonly burst: number;
}

const PACKETS: Budget = { rate: 4000, burst: 8000 };
const BYTES: Budget = { rate: 512 * 1024, burst: 1024 * 1024 };
/** A player with a mouse of 1000 Hz sends 1000 messages of a hundred bytes a second, SCTP included. */
const CHANNEL_PACKETS: Budget = { rate: 3000, burst: 6000 };
const CHANNEL_BYTES: Budget = { rate: 256 * 1024, burst: 512 * 1024 };
/** A browser reports once a second and complains of losses fifty times a second. */
const RTCP_PACKETS: Budget = { rate: 250, burst: 500 };
const RTCP_BYTES: Budget = { rate: 32 * 1024, burst: 64 * 1024 };
/** Ours are three, a browser's one for each medium. */
const SOURCES_LIMIT = 24;
/**
 * A lost packet is asked for until it comes or has grown old. On a link that loses half, what is
 * sent again is as much as what is sent.
 */
const REPEATS_SENT: Budget = { rate: 100, burst: 600 };
const REPEATS_ASKED: Budget = { rate: 2000, burst: 8000 };
/** Requests for each packet there is, on top of the rate. */
const ASKED_PER_PACKET = 4;

class Level {
  readonly #budget: Budget;
  #last = 0;
  level = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** @param extra what is allowed on top of the rate @returns whether it is more than the budget has */
  add(total: number, seconds: number, extra = 0): boolean {
    const leaked = this.#budget.rate * seconds + extra;
    this.level = Math.max(0, this.level + (total - this.#last) - leaked);
    this.#last = total;
    return this.level > this.#budget.burst;
  }
}

export class FloodMeter {
  readonly #packets = new Level(PACKETS);
  readonly #bytes = new Level(BYTES);
  readonly #channelPackets = new Level(CHANNEL_PACKETS);
  readonly #channelBytes = new Level(CHANNEL_BYTES);
  readonly #rtcpPackets = new Level(RTCP_PACKETS);
  readonly #rtcpBytes = new Level(RTCP_BYTES);
  readonly #repeatsAsked = new Level(REPEATS_ASKED);
  readonly #repeatsSent = new Level(REPEATS_SENT);
  #videoPackets: number | null = null;
  #at: number | null = null;
  #refusing = false;

  /**
   * To be asked several times a second.
   *
   * @param now milliseconds of a clock that only goes forward
   */
  judge(figures: InboundFigures, now: number): FloodVerdict {
    const seconds = this.#at === null ? 0 : (now - this.#at) / 1000;
    const packets = figures.videoPackets - (this.#videoPackets ?? figures.videoPackets);
    this.#at = now;
    this.#videoPackets = figures.videoPackets;
    const over: readonly (readonly [boolean, string])[] = [
      [
        this.#channelPackets.add(figures.channelPackets, seconds),
        'it sends too much on its data channels',
      ],
      [
        this.#channelBytes.add(figures.channelBytes, seconds),
        'it sends too much on its data channels',
      ],
      [this.#rtcpPackets.add(figures.rtcpPackets, seconds), 'it sends too much RTCP'],
      [this.#rtcpBytes.add(figures.rtcpBytes, seconds), 'it sends too much RTCP'],
      [figures.sources > SOURCES_LIMIT, 'it reports from too many RTP sources'],
      [
        this.#repeatsAsked.add(figures.repeatsAsked, seconds, ASKED_PER_PACKET * packets),
        'it asks for too many packets once more',
      ],
      [this.#packets.add(figures.packets, seconds), 'it sends too many packets'],
      [this.#bytes.add(figures.bytes, seconds), 'it sends too many packets'],
    ];
    const tooManyRepeats = this.#repeatsSent.add(figures.repeatsSent, seconds, packets);
    const [, reason] = over.find(([exceeded]) => exceeded) ?? [];
    if (reason !== undefined) return { kind: 'end', reason };
    // On again only when the bucket is empty.
    this.#refusing = tooManyRepeats || (this.#refusing && this.#repeatsSent.level > 0);
    return this.#refusing ? { kind: 'no-repeats' } : { kind: 'fine' };
  }
}
