import { performance } from 'node:perf_hooks';
import { InputQueue, type InputVerdict } from '../input/queue.js';
import type { HostInput } from '../types.js';

/** Milliseconds between the pointer's way there and back. */
const WIGGLE_PAUSE_MS = 10;

/** Runs an input queue by the clock: what must wait leaves when its time has come. */
export class InputSender {
  readonly #queue: InputQueue;
  #timer: NodeJS.Timeout | undefined;
  #wiggle: NodeJS.Timeout | undefined;

  constructor(...queue: ConstructorParameters<typeof InputQueue>) {
    this.#queue = new InputQueue(...queue);
  }

  /**
   * Enables haptics and moves the pointer there and back, which wakes a host that sends only
   * what changes.
   */
  start(): void {
    this.#queue.start();
    this.send({ type: 'mouse-move', dx: 1, dy: 1 });
    this.#wiggle = setTimeout(
      () => this.send({ type: 'mouse-move', dx: -1, dy: -1 }),
      WIGGLE_PAUSE_MS,
    );
  }

  /** Sends one event as soon as the batching rules allow. */
  send(input: HostInput): InputVerdict {
    const verdict = this.#queue.push(input, performance.now());
    this.#arm();
    return verdict;
  }

  /** Events that have not left. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Sends all that waits, now. */
  drain(): void {
    this.#queue.drain();
  }

  /** Nothing is sent by the clock any more. Idempotent. */
  stop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#wiggle);
    this.#timer = undefined;
  }

  #arm(): void {
    const wait = this.#queue.wait();
    if (this.#timer !== undefined || wait === Infinity) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#queue.service(performance.now());
      this.#arm();
    }, wait);
  }
}
