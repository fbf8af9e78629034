/** Milliseconds without a picture after which the host is asked for one. */
const QUIET_MS = 2_000;

/** The same if the host keeps answering: nothing changes on its screen. */
const STILL_MS = 10_000;

/** Milliseconds without a picture after input, which should have changed something. */
const STIRRED_MS = 1_000;

/** Milliseconds between requests while none is answered. */
const REPEAT = 500;

/** Milliseconds after a request until viewers are notified that it is not answered. */
const NOTIFY_AFTER_MS = 1_500;

/** Milliseconds after a request until the host counts as one that sends no pictures any more. */
const GIVE_UP_MS = 5_000;

/** The same if datagrams come, but do not form a picture. */
const GIVE_UP_ON_LOSS_MS = 10_000;

export interface PictureWatchSink {
  /** Ask the host for a key frame. */
  ask(): void;
  stalled(stalled: boolean): void;
  /** Once. */
  gone(): void;
}

/**
 * Distinguishes a host whose pictures have ceased from one whose screen does not change. The latter
 * answers a request for a key frame. Begins with the first picture. All times are milliseconds of a
 * clock that leaves out the time during which this process was held up.
 */
export class PictureWatch {
  readonly #sink: PictureWatchSink;
  #pictureAt: number | null = null;
  /** Milliseconds without a picture that are put up with now. */
  #patience = QUIET_MS;
  /** First request that is not answered, and the last one. */
  #askedAt: number | null = null;
  #lastAskedAt = -Infinity;
  #stirred = false;
  #stirredAt: number | null = null;
  #datagrams = 0;
  #datagramsWhenAsked = 0;
  #stalled = false;
  #gone = false;

  constructor(sink: PictureWatchSink) {
    this.#sink = sink;
  }

  datagram(): void {
    this.#datagrams += 1;
  }

  /** A player did something that may well change the picture. */
  stir(): void {
    this.#stirred = true;
  }

  /** A picture that can be shown came. */
  picture(now: number): void {
    if (this.#askedAt !== null) this.#patience = Math.min(2 * this.#patience, STILL_MS);
    else if (now - (this.#pictureAt ?? now) < QUIET_MS / 2) this.#patience = QUIET_MS;
    this.#restart(now);
    this.#notify(false);
  }

  /**
   * To be called several times a second.
   *
   * @param heard the host is there: its control stream receives packets
   */
  tick(now: number, heard: boolean): void {
    if (this.#pictureAt === null || this.#gone) return;
    if (!heard) {
      // A gap of the network: pictures cannot be judged until it is over.
      this.#restart(now);
      return;
    }
    if (this.#stirred) this.#stirredAt ??= now;
    this.#stirred = false;
    if (this.#askedAt === null) {
      if (!this.#isOverdue(now, this.#pictureAt)) return;
      this.#askedAt = now;
      this.#datagramsWhenAsked = this.#datagrams;
    }
    if (now - this.#lastAskedAt >= REPEAT) {
      this.#lastAskedAt = now;
      this.#sink.ask();
    }
    const waited = now - this.#askedAt;
    if (waited >= NOTIFY_AFTER_MS) this.#notify(true);
    const limit = this.#datagrams > this.#datagramsWhenAsked ? GIVE_UP_ON_LOSS_MS : GIVE_UP_MS;
    if (waited < limit) return;
    this.#gone = true;
    this.#sink.gone();
  }

  #isOverdue(now: number, pictureAt: number): boolean {
    const quiet = now - pictureAt;
    if (quiet >= this.#patience) return true;
    const stirred = this.#stirredAt !== null && now - this.#stirredAt >= STIRRED_MS;
    return stirred && now - this.#lastAskedAt >= QUIET_MS;
  }

  #restart(now: number): void {
    this.#pictureAt = now;
    this.#askedAt = null;
    this.#stirredAt = null;
    this.#stirred = false;
  }

  #notify(stalled: boolean): void {
    if (this.#stalled === stalled) return;
    this.#stalled = stalled;
    this.#sink.stalled(stalled);
  }
}
