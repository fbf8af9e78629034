import type { InputAggregator } from '../input/aggregator.js';
import type { HostInput } from '../moonlight/types.js';

/** Milliseconds between two looks at who has become silent. */
const LOOK_MS = 50;
/** Milliseconds of delay of a look from which on the process itself was held up. */
const HELD_UP_MS = 100;

/** Lets go of what silent viewers hold; it looks only while somebody holds something. */
export class InputSilence {
  readonly #aggregator: InputAggregator;
  readonly #send: (inputs: readonly HostInput[]) => void;
  #timer: NodeJS.Timeout | undefined;
  #due = 0;

  constructor(aggregator: InputAggregator, send: (inputs: readonly HostInput[]) => void) {
    this.#aggregator = aggregator;
    this.#send = send;
  }

  /** To be called after input of a viewer. */
  watch(): void {
    if (this.#timer === undefined && this.#aggregator.isWatching) this.#arm();
  }

  /** Idempotent. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    this.#due = performance.now() + LOOK_MS;
    this.#timer = setTimeout(() => this.#look(), LOOK_MS);
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    // What viewers have said meanwhile lies unread, and is read before the next look.
    if (now - this.#due < HELD_UP_MS) this.#send(this.#aggregator.letGoOfSilent(now));
    this.watch();
  }
}
