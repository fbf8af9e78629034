import type { Bytes } from './encode.js';
import type { InputLabel, InputOutlet } from './input.js';

/** Bytes waiting in a channel beyond which moves are no longer worth sending. */
const STALE = 16 * 1024;

/** Bytes waiting in a channel beyond which the path is taken for dead. */
const FULL = 1024 * 1024;

const LABELS = {
  keyboard: { ordered: true },
  /** Buttons, wheel, and the position that a button applies to. */
  mouseClicks: { ordered: true },
  /** The next position makes a lost one worthless. */
  mouseAbsolute: { ordered: true, maxRetransmits: 0 },
  mouseRelative: { ordered: true },
  touch: { ordered: true },
  controllers: { ordered: true },
} as const satisfies Record<InputLabel, RTCDataChannelInit>;

export interface InputChannelsOptions {
  /** All channels but those of single pads are open. */
  readonly onOpen: () => void;
  /** Takes what the server sends for pads. */
  readonly onFeedback: (data: ArrayBuffer) => void;
}

/** The data channels that a viewer opens (signaling.md b.5). */
export class InputChannels implements InputOutlet {
  readonly #connection: RTCPeerConnection;
  readonly #channels = new Map<string, RTCDataChannel>();

  constructor(connection: RTCPeerConnection, { onOpen, onFeedback }: InputChannelsOptions) {
    this.#connection = connection;
    let closed = 0;
    for (const [label, init] of Object.entries(LABELS)) {
      closed += 1;
      this.#open(label, init).addEventListener('open', () => {
        closed -= 1;
        if (closed === 0) onOpen();
      });
    }
    this.#channels.get('controllers')?.addEventListener('message', ({ data }) => {
      if (data instanceof ArrayBuffer) onFeedback(data);
    });
  }

  /** @returns false if the channel is not open or not draining */
  send(label: InputLabel, data: Bytes, { stale = false } = {}): boolean {
    return this.#send(this.#channels.get(label), data, stale ? STALE : FULL);
  }

  /** States of a pad have a channel of their own, opened when the pad is first used. */
  sendPad(pad: number, data: Bytes): boolean {
    const label = `controller${pad}`;
    const channel = this.#channels.get(label);
    if (channel === undefined) {
      this.#open(label, { ordered: true, maxRetransmits: 0 });
      return false;
    }
    return this.#send(channel, data, STALE);
  }

  #open(label: string, init: RTCDataChannelInit): RTCDataChannel {
    const channel = this.#connection.createDataChannel(label, init);
    channel.binaryType = 'arraybuffer';
    this.#channels.set(label, channel);
    return channel;
  }

  #send(channel: RTCDataChannel | undefined, data: Bytes, limit: number): boolean {
    if (channel?.readyState !== 'open' || channel.bufferedAmount > limit) return false;
    channel.send(data);
    return true;
  }
}
