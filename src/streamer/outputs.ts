import { MoonteeError } from '../core/errors.js';
import type { ParentMessage } from '../protocol/ipc.js';
import type { OutputOrder, OutputSpec, OutputStatus } from '../protocol/output-spec.js';

export interface OutputView extends OutputStatus {
  readonly spec: OutputSpec;
  /** When its state changed. */
  readonly changedAt: Date;
}

/** `removed` is the last word about an output. */
export interface OutputChange extends Omit<OutputStatus, 'state'> {
  readonly state: OutputStatus['state'] | 'removed';
}

export interface StreamerOutputsOptions {
  /** To begin with. */
  readonly orders: readonly OutputOrder[];
  readonly maxOutputs: number;
  /** Hands a message to the child; false if there is no child. */
  readonly send: (message: ParentMessage) => boolean;
  readonly onChange: (change: OutputChange) => void;
}

/** The outputs that one streamer is to have, and what its child reports of them. */
export class StreamerOutputs {
  readonly #options: StreamerOutputsOptions;
  readonly #outputs = new Map<string, OutputView>();

  constructor(options: StreamerOutputsOptions) {
    this.#options = options;
    for (const { name, spec } of options.orders) this.#outputs.set(name, fresh(name, spec));
  }

  list(): OutputView[] {
    return [...this.#outputs.values()];
  }

  orders(): OutputOrder[] {
    return this.list().map(({ name, spec }) => ({ name, spec }));
  }

  /** @throws OUTPUT_NOT_FOUND */
  require(name: string): OutputView {
    const output = this.#outputs.get(name);
    if (output === undefined) throw new MoonteeError('OUTPUT_NOT_FOUND');
    return output;
  }

  /**
   * Makes an output, or takes the place of the one of that name. What is the same goes on as it is.
   *
   * @returns whether there was none
   * @throws LIMIT_REACHED
   */
  put(name: string, spec: OutputSpec): boolean {
    const before = this.#outputs.get(name);
    if (before !== undefined && isSame(before.spec, spec) && before.state !== 'failed')
      return false;
    if (before === undefined && this.#outputs.size >= this.#options.maxOutputs) {
      throw new MoonteeError('LIMIT_REACHED', 'The streamer has reached max_outputs');
    }
    this.#take(fresh(name, spec));
    this.#options.send({ PutOutput: { name, spec } });
    return before === undefined;
  }

  /** @throws OUTPUT_NOT_FOUND */
  remove(name: string): void {
    this.require(name);
    this.#outputs.delete(name);
    this.#options.onChange({ name, state: 'removed', code: null, reason: null });
  }

  /** The child's word. */
  onStatus(status: OutputStatus): void {
    const output = this.#outputs.get(status.name);
    if (output === undefined) return;
    if (output.state === status.state && output.reason === status.reason) return;
    this.#take({ ...output, ...status, changedAt: new Date() });
  }

  /** The child is gone: the next one begins again. */
  onProcessEnded(): void {
    for (const { name, spec, state } of this.list()) {
      if (state !== 'connecting') this.#take(fresh(name, spec));
    }
  }

  #take(output: OutputView): void {
    const { name, state, code, reason } = output;
    this.#outputs.set(name, output);
    this.#options.onChange({ name, state, code, reason });
  }
}

function fresh(name: string, spec: OutputSpec): OutputView {
  return { name, spec, state: 'connecting', code: null, reason: null, changedAt: new Date() };
}

/** Both have the keys of one codec, in its order or that of a file. */
function isSame(one: OutputSpec, other: OutputSpec): boolean {
  const text = (spec: OutputSpec): string => JSON.stringify(Object.entries(spec).sort());
  return text(one) === text(other);
}
