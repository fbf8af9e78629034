import type { Outbox } from './outbox.js';

export type Delivery = 'reliable' | 'unreliable' | 'unsequenced';

/** Turns messages into commands, in fragments if one datagram is too small. */
export class MessageWriter {
  readonly #outbox: Outbox;
  #group = 0;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** @param fragmentSize bytes that fit one command; larger messages are sent reliably */
  write(channel: number, data: Buffer, delivery: Delivery, fragmentSize: number): void {
    if (data.length > fragmentSize) this.#fragments(channel, data, fragmentSize);
    else if (delivery === 'reliable') {
      this.#outbox.pushReliable(channel, { kind: 'reliable', data });
    } else if (delivery === 'unreliable') this.#unreliable(channel, data);
    else this.#unsequenced(channel, data);
  }

  #fragments(channel: number, data: Buffer, size: number): void {
    const count = Math.ceil(data.length / size);
    let start = 0;
    for (let number = 0; number < count; number += 1) {
      const sequence = this.#outbox.nextReliable(channel);
      if (number === 0) start = sequence;
      const offset = number * size;
      const piece = data.subarray(offset, offset + size);
      this.#outbox.push(
        { channel, sequence, acknowledge: true, unsequenced: false },
        { kind: 'fragment', start, count, number, total: data.length, offset, data: piece },
      );
    }
  }

  #unreliable(channel: number, data: Buffer): void {
    const { reliable, unreliable } = this.#outbox.nextUnreliable(channel);
    this.#outbox.push(
      { channel, sequence: reliable, acknowledge: false, unsequenced: false },
      { kind: 'unreliable', unreliableSequence: unreliable, data },
    );
  }

  #unsequenced(channel: number, data: Buffer): void {
    this.#group = (this.#group + 1) & 0xffff;
    this.#outbox.push(
      { channel, sequence: 0, acknowledge: false, unsequenced: true },
      { kind: 'unsequenced', group: this.#group, data },
    );
  }
}
