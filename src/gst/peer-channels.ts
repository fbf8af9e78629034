/**
 * The data channels of one peer. Their signals come while a GStreamer thread waits and holds
 * webrtcbin's lock: handlers copy what came, and hand over. See {@link SignalGate} for what may
 * not be called meanwhile; a channel's properties have a lock of their own with the same trap.
 */
import { MoonteeError } from '../errors.js';
import type { Log } from '../log.js';
import { emit, type Handler } from './binding.js';
import type { PeerBranch } from './branch.js';
import type { GLib, GstRuntime, GstWebRTC } from './runtime.js';

/** Channels that a browser may open, and the form of their labels. */
const CHANNELS_LIMIT = 32;
const LABEL = /^[\x20-\x7e]{1,64}$/;
/** Bytes of a message from a browser. Input is a few dozen. */
const MESSAGE_LIMIT = 16 * 1024;
/** Messages a second, averaged over {@link FLOOD_WINDOW} ms, above which it is a flood. */
const FLOOD_RATE = 4000;
const FLOOD_WINDOW = 2000;
/** Bytes that may wait in a channel on their way out. */
const BUFFER_LIMIT = 256 * 1024;
/** Milliseconds for the acknowledgement of a browser's channel to leave us. */
const ACKNOWLEDGED_DEADLINE = 500;
/**
 * More than a channel ever holds. Below it webrtcbin tells of a drained channel, and takes its
 * own lock under the channel's to do so: sending could then wait for a thread that waits for us.
 */
const NEVER_LOW = 2n ** 62n;

type Channel = GstWebRTC.WebRTCDataChannel;
type Message = Buffer | string;

interface Entry {
  readonly channel: Channel;
  /** Null until it could be read. */
  label: string | null;
  open: boolean;
  /** What came before the label was known. */
  readonly early: Message[];
  /** Until its acknowledgement has left. */
  waiting: NodeJS.Timeout | null;
}

export interface ChannelListener {
  opened(label: string): void;
  closed(label: string): void;
  message(label: string, data: Message): void;
  /** More messages than any player can cause. */
  flooded(): void;
}

/** What handlers find their channels by. */
const owners = new Map<number, PeerChannels>();
let nextOwner = 1;

// The handlers are made out here, with nothing but numbers in scope: see SignalGate.connect.
function acceptHandler(owner: number): Handler {
  return (channel: Channel) => owners.get(owner)?.accept(channel);
}

function stateHandler(owner: number, key: number, open: boolean): Handler {
  return () => {
    setImmediate(() => owners.get(owner)?.changed(key, open));
  };
}

function acknowledgedHandler(owner: number, key: number): Handler {
  return () => {
    setImmediate(() => owners.get(owner)?.acknowledged(key));
  };
}

function textHandler(owner: number, key: number): Handler {
  return (text: string | null) => owners.get(owner)?.heard(key, text ?? '');
}

function bytesHandler(owner: number, key: number): Handler {
  return (bytes: GLib.Bytes | null) => {
    const size = bytes ? Number(bytes.getSize()) : 0;
    if (size > MESSAGE_LIMIT) return;
    owners.get(owner)?.heard(key, Buffer.from((size > 0 ? bytes?.getData() : null) ?? []));
  };
}

export class PeerChannels {
  readonly #runtime: GstRuntime;
  readonly #branch: PeerBranch;
  readonly #listener: ChannelListener;
  readonly #log: Log;
  readonly #owner = nextOwner++;
  readonly #entries = new Map<number, Entry>();
  #nextKey = 1;
  #windowStart = 0;
  #windowCount = 0;

  constructor(runtime: GstRuntime, branch: PeerBranch, listener: ChannelListener, log: Log) {
    this.#runtime = runtime;
    this.#branch = branch;
    this.#listener = listener;
    this.#log = log;
    owners.set(this.#owner, this);
    branch.on('on-data-channel', acceptHandler(this.#owner), true);
  }

  /** Makes a channel; no offer may have been made yet. */
  create(label: string): void {
    const options = this.#runtime.namespaces.Gst.Structure.newEmpty('options');
    const channel = emit(
      this.#branch.webrtc,
      'create-data-channel',
      label,
      options,
    ) as Channel | null;
    if (!channel) throw new MoonteeError('PIPELINE_FAILED', 'No data channel could be made');
    const entry = this.#keep(channel);
    entry.label = label;
    entry.channel.bufferedAmountLowThreshold = NEVER_LOW;
  }

  send(label: string, data: Message): boolean {
    const entry = this.#find(label);
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

  /** Nothing is heard afterwards; the branch takes the handlers off. */
  close(): void {
    owners.delete(this.#owner);
    for (const { waiting } of this.#entries.values()) if (waiting) clearTimeout(waiting);
    this.#entries.clear();
  }

  /** @private a channel that the browser made; a thread waits for the return */
  accept(channel: Channel): void {
    this.#branch.gate.heard();
    if (this.#entries.size >= CHANNELS_LIMIT) {
      this.#log.warn({ channels: this.#entries.size }, 'data channel refused');
      return;
    }
    const entry = this.#keep(channel);
    const key = this.#nextKey - 1;
    const { gate } = this.#branch;
    gate.connect(channel, 'on-buffered-amount-low', acknowledgedHandler(this.#owner, key), true);
    entry.waiting = setTimeout(() => {
      entry.waiting = null;
      // It is not known who holds the channel's lock.
      gate
        .exclusive(() => this.#introduce(key, entry))
        .catch((error: unknown) => {
          this.#log.error({ err: error }, 'data channel could not be read');
        });
    }, ACKNOWLEDGED_DEADLINE);
  }

  /**
   * @private The acknowledgement of a browser's channel has left. It is the only thing that
   * drains before the threshold is {@link NEVER_LOW}, so that from now on nobody waits for
   * webrtcbin's lock while they hold the channel's.
   */
  acknowledged(key: number): void {
    const entry = this.#entries.get(key);
    if (!entry?.waiting) return;
    clearTimeout(entry.waiting);
    entry.waiting = null;
    this.#introduce(key, entry);
  }

  /** @private */
  changed(key: number, open: boolean): void {
    this.#branch.gate.heard();
    const entry = this.#entries.get(key);
    if (!entry) return;
    if (open) {
      entry.open = true;
      if (entry.label !== null) this.#listener.opened(entry.label);
      return;
    }
    this.#forget(key, entry);
    if (entry.open && entry.label !== null) this.#listener.closed(entry.label);
  }

  /** @private a message; a thread waits for the return */
  heard(key: number, data: Message): void {
    this.#branch.gate.heard();
    if (data.length > MESSAGE_LIMIT || !this.#admit()) return;
    setImmediate(() => {
      const entry = this.#entries.get(key);
      if (!entry) return;
      if (entry.label === null) entry.early.push(data);
      else this.#listener.message(entry.label, data);
    });
  }

  /** Reads a fresh channel's label; its lock must not be held by somebody who waits for us. */
  #introduce(key: number, entry: Entry): void {
    if (this.#entries.get(key) !== entry) return;
    entry.channel.bufferedAmountLowThreshold = NEVER_LOW;
    const { label } = entry.channel;
    if (!LABEL.test(label) || this.#find(label)) {
      this.#log.warn('data channel with an unusable label refused');
      this.#forget(key, entry);
      return;
    }
    entry.label = label;
    if (entry.open) this.#listener.opened(label);
    for (const data of entry.early.splice(0)) this.#listener.message(label, data);
  }

  #find(label: string): Entry | undefined {
    for (const entry of this.#entries.values()) if (entry.label === label) return entry;
    return undefined;
  }

  #keep(channel: Channel): Entry {
    const key = this.#nextKey;
    this.#nextKey += 1;
    const entry: Entry = { channel, label: null, open: false, early: [], waiting: null };
    this.#entries.set(key, entry);
    const { gate } = this.#branch;
    gate.connect(channel, 'on-open', stateHandler(this.#owner, key, true), true);
    gate.connect(channel, 'on-close', stateHandler(this.#owner, key, false), true);
    gate.connect(channel, 'on-message-string', textHandler(this.#owner, key), true);
    gate.connect(channel, 'on-message-data', bytesHandler(this.#owner, key), true);
    return entry;
  }

  #forget(key: number, entry: Entry): void {
    if (entry.waiting) clearTimeout(entry.waiting);
    this.#entries.delete(key);
    this.#branch.gate.release(entry.channel);
  }

  /** Counts a message; false where it is one of a flood. */
  #admit(): boolean {
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
