import type { Bytes } from './encode.js';
import {
  encodeAcknowledgement,
  readConfiguration,
  readMediaMessage,
  type MediaConfiguration,
} from './media-messages.js';

/** A picture or a packet of sound, in the order in which it goes to its decoder. */
export interface MediaUnit {
  readonly isKey: boolean;
  /** More pictures follow at once, so that decoders fall behind for a moment. */
  readonly isReplayed: boolean;
  readonly sequence: number;
  /** Microseconds. */
  readonly time: number;
  readonly payload: Bytes;
}

/** What the messages of a media socket mean. */
export interface MediaTaker {
  /** Comes before the first unit, and whenever decoders are to be set up anew. */
  configure(configuration: MediaConfiguration): void;
  video(unit: MediaUnit): void;
  audio(unit: MediaUnit): void;
  pong(token: number): void;
  /** Pictures are missing and the server did not say so: only a key frame helps. */
  broken(): void;
}

/** What is known of the decoder when an acknowledgement is made. */
export interface DecoderState {
  readonly isBehind: boolean;
  readonly isHidden: boolean;
  readonly decodeQueue: number;
  readonly dropped: number;
}

/** Milliseconds within which a picture is acknowledged. */
export const ACKNOWLEDGE_MS = 100;

/** Reads one media socket and knows what there is to acknowledge. It neither sends nor waits. */
export class MediaReader {
  readonly #taker: MediaTaker;
  #configuration: number | undefined;
  #received: number | undefined;
  #painted = 0;
  #hasNews = false;

  constructor(taker: MediaTaker) {
    this.#taker = taker;
  }

  /** Of the newest picture that has arrived. */
  get received(): number | undefined {
    return this.#received;
  }

  /**
   * @param data one message; what cannot be read is left out
   * @returns whether an acknowledgement is due at once
   */
  read(data: ArrayBuffer): boolean {
    const message = readMediaMessage(data);
    switch (message?.kind) {
      case 'configuration':
        this.#configure(message.payload);
        return false;
      case 'pong':
        this.#taker.pong(message.time);
        return false;
      case 'audio':
        if (message.configuration === this.#configuration) this.#taker.audio(message);
        return false;
      case 'video': {
        const before = this.#received;
        this.#received = message.sequence;
        this.#hasNews = true;
        if (message.configuration !== this.#configuration) return false;
        const isNext = before === undefined || message.sequence === (before + 1) >>> 0;
        if (!isNext && !message.isAfterGap) this.#taker.broken();
        this.#taker.video(message);
        return before === undefined;
      }
      default:
        return false;
    }
  }

  /** The newest picture that the viewer can see. */
  painted(sequence: number): void {
    this.#painted = sequence;
  }

  /** The viewer's state has changed: the next acknowledgement comes without another picture. */
  renew(): void {
    this.#hasNews = true;
  }

  /** @returns undefined if no picture has come since the last one, and nothing else is to be told */
  acknowledgement(state: DecoderState): Bytes | undefined {
    if (!this.#hasNews || this.#received === undefined) return undefined;
    this.#hasNews = false;
    return encodeAcknowledgement({ ...state, received: this.#received, painted: this.#painted });
  }

  #configure(payload: Bytes): void {
    const configuration = readConfiguration(payload);
    this.#configuration = configuration?.id;
    if (configuration !== undefined) this.#taker.configure(configuration);
  }
}
