/**
 * The data channels of one peer. Signal handlers run while a GStreamer thread waits for them,
 * so they only copy what came and hand over.
 */
import type { Log } from '../log.js';
import { emit, listen } from './binding.js';
import type { GLib, Gst, GstRuntime, GstWebRTC } from './runtime.js';

/** Channels that a browser may open, and the length of their labels. */
const CHANNELS_LIMIT = 32;
const LABEL = /^[\x20-\x7e]{1,64}$/;
/** Bytes of a message from a browser. Input is a few dozen. */
const MESSAGE_LIMIT = 16 * 1024;
/** Messages a second, averaged over {@link FLOOD_WINDOW}, above which it is a flood. */
const FLOOD_RATE = 4000;
const FLOOD_WINDOW = 2000;
/** Bytes that may wait in a channel on their way out. */
const BUFFER_LIMIT = 256 * 1024;

type Channel = GstWebRTC.WebRTCDataChannel;

interface Entry {
  readonly channel: Channel;
  readonly stops: (() => void)[];
  open: boolean;
}

export interface ChannelListener {
  opened(label: string): void;
  closed(label: string): void;
  message(label: string, data: Buffer | string): void;
  /** More messages than any player can cause. */
  flooded(): void;
}

/** What handlers find their peer by: they must not close over elements. */
const owners = new Map<number, PeerChannels>();
let nextOwner = 1;

function withOwner(owner: number, what: (channels: PeerChannels) => void): void {
  const channels = owners.get(owner);
  if (channels) what(channels);
}

export class PeerChannels {
  readonly #runtime: GstRuntime;
  readonly #listener: ChannelListener;
  readonly #log: Log;
  readonly #owner = nextOwner++;
  readonly #entries = new Map<string, Entry>();
  #stopListening: (() => void) | null = null;
  #windowStart = 0;
  #windowCount = 0;

  constructor(runtime: GstRuntime, listener: ChannelListener, log: Log) {
    this.#runtime = runtime;
    this.#listener = listener;
    this.#log = log;
    owners.set(this.#owner, this);
  }

  /** Accepts what the browser makes. */
  listen(element: Gst.Element): void {
    const owner = this.#owner;
    this.#stopListening = listen(element, 'on-data-channel', (channel: Channel) => {
      withOwner(owner, (channels) => channels.#accept(channel));
    });
  }

  /** Makes a channel; the element must be READY at least, and no offer made yet. */
  create(element: Gst.Element, label: string): void {
    const options = this.#runtime.namespaces.Gst.Structure.newEmpty('options');
    const channel = emit(element, 'create-data-channel', label, options) as Channel | null;
    if (channel) this.#keep(label, channel);
  }

  send(label: string, data: Buffer | string): boolean {
    const entry = this.#entries.get(label);
    if (!entry?.open) return false;
    if (Number(entry.channel.bufferedAmount) > BUFFER_LIMIT) return false;
    if (typeof data === 'string') {
      entry.channel.sendString(data);
    } else {
      const { GLib } = this.#runtime.namespaces;
      entry.channel.sendData(GLib.Bytes.new(data as unknown as number[]));
    }
    return true;
  }

  /** Takes every handler off; nothing is heard afterwards. */
  close(): void {
    owners.delete(this.#owner);
    this.#stopListening?.();
    for (const entry of this.#entries.values()) for (const stop of entry.stops) stop();
    this.#entries.clear();
  }

  #accept(channel: Channel): void {
    const { label } = channel;
    if (!LABEL.test(label) || this.#entries.size >= CHANNELS_LIMIT || this.#entries.has(label)) {
      this.#log.warn({ channels: this.#entries.size }, 'data channel refused');
      return;
    }
    this.#keep(label, channel);
  }

  #keep(label: string, channel: Channel): void {
    const owner = this.#owner;
    const tell = (what: (channels: PeerChannels) => void): void => {
      setImmediate(() => withOwner(owner, what));
    };
    const entry: Entry = { channel, open: false, stops: [] };
    this.#entries.set(label, entry);
    entry.stops.push(
      listen(channel, 'on-open', () => tell((channels) => channels.#opened(label))),
      listen(channel, 'on-close', () => tell((channels) => channels.#closed(label))),
      listen(channel, 'on-message-string', (text: string | null) => {
        if (!owners.get(owner)?.admits(text?.length ?? 0)) return;
        tell((channels) => channels.#listener.message(label, text ?? ''));
      }),
      listen(channel, 'on-message-data', (bytes: GLib.Bytes | null) => {
        const size = bytes ? Number(bytes.getSize()) : 0;
        if (!owners.get(owner)?.admits(size)) return;
        const data = Buffer.from((size > 0 ? bytes?.getData() : null) ?? []);
        tell((channels) => channels.#listener.message(label, data));
      }),
    );
  }

  #opened(label: string): void {
    const entry = this.#entries.get(label);
    if (!entry || entry.open) return;
    entry.open = true;
    this.#listener.opened(label);
  }

  #closed(label: string): void {
    const entry = this.#entries.get(label);
    if (!entry) return;
    for (const stop of entry.stops) stop();
    this.#entries.delete(label);
    this.#listener.closed(label);
  }

  /** Whether a message of this size may pass; counts it. */
  admits(size: number): boolean {
    if (size > MESSAGE_LIMIT) return false;
    const now = performance.now();
    if (now - this.#windowStart > FLOOD_WINDOW) {
      this.#windowStart = now;
      this.#windowCount = 0;
    }
    this.#windowCount += 1;
    const limit = (FLOOD_RATE * FLOOD_WINDOW) / 1000;
    if (this.#windowCount === limit + 1) setImmediate(() => this.#listener.flooded());
    return this.#windowCount <= limit;
  }
}
