import { AllowedTargets } from '../../core/allowed-targets.js';
import { Deadline } from '../../core/deadline.js';
import type { Log } from '../../core/log.js';
import { settlesWithin } from '../../core/settles-within.js';
import type { MediaBus } from '../../media/bus.js';
import type { StreamPipeline } from '../../media/types.js';
import type { OutputOrder, OutputStatus } from '../../protocol/output-spec.js';
import { Output, type OutputFigures } from './output.js';

/** Milliseconds for an output that was removed to end. */
const REMOVE_TIMEOUT_MS = 2_500;

export interface OutputsOptions {
  readonly orders: readonly OutputOrder[];
  /** Of the configuration. */
  readonly allowed: readonly string[];
  readonly bus: MediaBus;
  /** Milliseconds to wait for candidates. */
  readonly gatherTimeout: number;
  readonly onStatus: (status: OutputStatus) => void;
  readonly log: Log;
}

interface Totals {
  bytes: number;
  keyframeRequests: number;
  attempts: number;
}

/** The outputs of one streamer. They begin with the pipeline, and end with it. */
export class Outputs {
  readonly #options: OutputsOptions;
  readonly #targets: AllowedTargets;
  readonly #orders = new Map<string, OutputOrder>();
  readonly #running = new Map<string, Output>();
  readonly #closing = new Set<Promise<void>>();
  /** Of those that were removed. */
  readonly #past: Totals = { bytes: 0, keyframeRequests: 0, attempts: 0 };
  #pipeline: StreamPipeline | null = null;
  #closed = false;

  constructor(options: OutputsOptions) {
    this.#options = options;
    this.#targets = new AllowedTargets(options.allowed);
    for (const order of options.orders) this.#orders.set(order.name, order);
  }

  /** There is something to send. */
  open(pipeline: StreamPipeline): void {
    this.#pipeline = pipeline;
    for (const order of this.#orders.values()) this.#start(order);
  }

  /** Takes the place of an output of that name. Never rejects. */
  async put(order: OutputOrder): Promise<void> {
    const { name } = order;
    this.#orders.set(name, order);
    await this.#stop(name, Deadline.in(REMOVE_TIMEOUT_MS));
    // Another order may have come meanwhile.
    if (this.#orders.get(name) === order) this.#start(order);
  }

  /** Resolves when nothing of it is left. Idempotent, never rejects. */
  async remove(name: string): Promise<void> {
    this.#orders.delete(name);
    await this.#stop(name, Deadline.in(REMOVE_TIMEOUT_MS));
  }

  figures(): OutputFigures[] {
    return [...this.#running.values()].map((output) => output.figures());
  }

  /** Of all outputs so far. */
  totals(): Readonly<Totals> {
    const totals = { ...this.#past };
    for (const figures of this.figures()) addTo(totals, figures);
    return totals;
  }

  /** Idempotent, never rejects. */
  async close(deadline: Deadline): Promise<void> {
    this.#closed = true;
    for (const name of [...this.#running.keys()]) void this.#stop(name, deadline);
    await settlesWithin(deadline.left, Promise.all(this.#closing));
  }

  #start(order: OutputOrder): void {
    const pipeline = this.#pipeline;
    if (!pipeline || this.#closed || this.#running.has(order.name)) return;
    const { bus, gatherTimeout, onStatus, log } = this.#options;
    const targets = this.#targets;
    const output = new Output({ order, bus, pipeline, targets, gatherTimeout, onStatus, log });
    this.#running.set(order.name, output);
  }

  async #stop(name: string, deadline: Deadline): Promise<void> {
    const output = this.#running.get(name);
    if (output) {
      this.#running.delete(name);
      const closed = output.close(deadline).then(() => {
        addTo(this.#past, output.figures());
        this.#closing.delete(closed);
      });
      this.#closing.add(closed);
      await closed;
    }
  }
}

function addTo(totals: Totals, { bytes, keyframeRequests, attempts }: Readonly<Totals>): void {
  totals.bytes += bytes;
  totals.keyframeRequests += keyframeRequests;
  totals.attempts += attempts;
}
