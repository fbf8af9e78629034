import { BufferBudget, IncomingChannel } from './incoming-channel.js';
import { UnsequencedWindow } from './unsequenced-window.js';
import type { Command } from './wire.js';

export interface InboxLimits {
  /** Bytes of the largest message. */
  readonly maxMessageSize: number;
  /** Bytes of received messages that wait for earlier ones. */
  readonly maxBufferedBytes: number;
}

/** Everything that was received from a peer and cannot be delivered yet. */
export class Inbox {
  readonly #limits: InboxLimits;
  readonly #deliver: (channel: number, data: Buffer) => void;
  readonly #budget: BufferBudget;
  readonly #channels = new Map<number, IncomingChannel>();
  readonly #unsequenced = new UnsequencedWindow();

  constructor(limits: InboxLimits, deliver: (channel: number, data: Buffer) => void) {
    this.#limits = limits;
    this.#deliver = deliver;
    this.#budget = new BufferBudget(limits.maxBufferedBytes);
  }

  /** Bytes that wait. */
  get bufferedBytes(): number {
    return this.#budget.used;
  }

  clear(): void {
    this.#channels.clear();
  }

  /** Takes a command that carries data; returns whether it may be acknowledged. */
  take(command: Command, channelCount: number): boolean {
    if (command.channel >= channelCount) return false;
    const channel = this.#channel(command.channel);
    switch (command.kind) {
      case 'reliable':
        if (!command.acknowledge || this.#isTooLarge(command.data)) return false;
        return channel.reliable(command.sequence, command.data);
      case 'fragment':
        return command.acknowledge && channel.fragment(command.sequence, command);
      case 'unreliable':
        if (this.#isTooLarge(command.data)) return false;
        channel.unreliable(command.sequence, command.unreliableSequence, command.data);
        return true;
      case 'unreliable-fragment':
        channel.unreliableFragment(command.sequence, command);
        return true;
      case 'unsequenced':
        if (this.#isTooLarge(command.data)) return false;
        if (this.#unsequenced.accept(command.group)) this.#deliver(command.channel, command.data);
        return true;
      default:
        return false;
    }
  }

  #isTooLarge(data: Buffer): boolean {
    return data.length > this.#limits.maxMessageSize;
  }

  #channel(number: number): IncomingChannel {
    let channel = this.#channels.get(number);
    if (channel === undefined) {
      channel = new IncomingChannel(this.#budget, this.#limits, (data) =>
        this.#deliver(number, data),
      );
      this.#channels.set(number, channel);
    }
    return channel;
  }
}
