import { ApiError } from './api-error.js';

/** A message of a stream of server-sent events. */
export interface ServerSentEvent {
  readonly id: string;
  readonly type: string;
  readonly data: string;
}

/** Characters of a message that has not ended yet. */
const MAX_PENDING = 1 << 20;

/** Takes a stream of server-sent events apart, whatever its pieces. */
export class EventStreamParser {
  #pending = '';
  #lastId = '';

  /** @throws ApiError for a message without an end */
  push(text: string): ServerSentEvent[] {
    this.#pending += text;
    const blocks = this.#pending.split(/\r?\n\r?\n/);
    this.#pending = blocks.pop() ?? '';
    if (this.#pending.length > MAX_PENDING) {
      throw new ApiError(0, 'ANSWER_INVALID', 'An event of the server has no end');
    }
    return blocks.flatMap((block) => this.#read(block));
  }

  #read(block: string): ServerSentEvent[] {
    let type = 'message';
    const data: string[] = [];
    for (const line of block.split(/\r?\n/)) {
      const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
      if (name === 'id') this.#lastId = value;
      else if (name === 'event') type = value;
      else if (name === 'data') data.push(value);
    }
    return data.length === 0 ? [] : [{ id: this.#lastId, type, data: data.join('\n') }];
  }
}
