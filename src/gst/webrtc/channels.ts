/**
 * The data channels of one peer. Their signals come while a GStreamer thread waits and holds
 * webrtcbin's lock, so handlers copy the data and hand it over. See {@link SignalGate} for what may
 * not be called meanwhile. A channel's properties have a lock of their own with the same trap. What
 * comes on the channels that a browser makes comes through {@link MessageLanes}.
 */
import { MoonteeError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import { emit, type Handler } from '../binding.js';
import type { PeerBranch } from './branch.js';
import { MESSAGE_LIMIT } from '../../media/sdp.js';
import type { GLib, GstRuntime, GstWebRTC } from '../runtime.js';

/**
 * Threads that a browser's channels may cost. An open one has two, in webrtcbin's source for it and
 * in the SCTP decoder. Until 1.24 a closed one keeps the first for as long as the viewer stays.
 */
const THREADS_LIMIT = 40;
const THREADS_OF = { open: 2, closed: 1 } as const;
/** The form of a channel's label. */
const LABEL = /^[\x20-\x7e]{1,64}$/;
/** Messages and bytes a second, averaged over {@link FLOOD_WINDOW_MS} ms, above which it is a flood. */
const FLOOD_RATE = 4000;
const FLOOD_BYTES = 128 * 1024;
const FLOOD_WINDOW_MS = 2000;
/** Bytes that may wait in a channel on their way out. */
const BUFFER_LIMIT = 256 * 1024;
/** Milliseconds for the acknowledgement of a browser's channel to leave us. */
const ACKNOWLEDGED_DEADLINE_MS = 500;
/**
 * More than a channel ever holds. Below it webrtcbin reports a drained channel, and takes its own
 * lock under the channel's to do so. Sending could then wait for a thread that waits for us.
 */
const NEVER_LOW = 2n ** 62n;

type Channel = GstWebRTC.WebRTCDataChannel;
type Message = Buffer | string;

interface Entry {
  readonly channel: Channel;
  /** Made by us, not by the browser. */
  readonly ours: boolean;
  /** Null until it could be read. */
  label: string | null;
  /** Ends its lane, once there is one. */
  shutLane: (() => void) | null;
  open: boolean;
  /** Until its acknowledgement has left. */
  waiting: NodeJS.Timeout | null;
}

export interface ChannelListener {
  opened(label: string): void;
  closed(label: string): void;
  message(label: string, data: Message): void;
  /** More than any player can cause. Called at most once. */
  flooded(reason: string): void;
}

/** What handlers find their channels by. */
const owners = new Map<number, PeerChannels>();
let nextOwner = 1;

// The handlers are made out here, with nothing but numbers in scope: see SignalGate.connect.
function acceptHandler(owner: number): Handler {
  return (channel: Channel) => owners.get(owner)?.accept(channel);
}

/** Called before webrtcbin builds anything for a channel, also for those that we make. */
function prepareHandler(owner: number): Handler {
  return (_channel: Channel, local: boolean) => {
    if (!local) owners.get(owner)?.prepare();
  };
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
  return (text: string | null) => {
    const said = text ?? '';
    if (owners.get(owner)?.admits(Buffer.byteLength(said)) === true) {
      owners.get(owner)?.onMessage(key, said);
    }
  };
}

function bytesHandler(owner: number, key: number): Handler {
  return (bytes: GLib.Bytes | null) => {
    const size = bytes ? Number(bytes.getSize()) : 0;
    if (owners.get(owner)?.admits(size) !== true) return;
    // Byte by byte, in node-gtk: what is too large must not get here.
    owners.get(owner)?.onMessage(key, Buffer.from((size > 0 ? bytes?.getData() : null) ?? []));
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
  #windowBytes = 0;
  /** Streams that the browser began, and those of them whose channel has been closed. */
  #begun = 0;
  #ended = 0;
  #flooded = false;

  constructor(runtime: GstRuntime, branch: PeerBranch, listener: ChannelListener, log: Log) {
    this.#runtime = runtime;
    this.#branch = branch;
    this.#listener = listener;
    this.#log = log;
    owners.set(this.#owner, this);
    branch.on('on-data-channel', acceptHandler(this.#owner), true);
    branch.on('prepare-data-channel', prepareHandler(this.#owner), true);
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
    const entry = this.#keep(channel, true);
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

  /** No channel emits anything afterwards, not even what is on its way. Idempotent. */
  deafen(): void {
    this.#flooded = true;
    for (const [key, entry] of this.#entries) this.#forget(key, entry);
  }

  /** Nothing is emitted afterwards; the branch takes the handlers off. */
  close(): void {
    owners.delete(this.#owner);
    for (const { waiting, shutLane } of this.#entries.values()) {
      if (waiting) clearTimeout(waiting);
      shutLane?.();
    }
    this.#entries.clear();
  }

  /**
   * @private The browser uses a stream for the first time, and webrtcbin is about to build a
   * channel for it. The thread that waits for the return is the one that parses SCTP packets, so
   * nothing else begins meanwhile.
   */
  prepare(): void {
    this.#branch.gate.noteEmission();
    this.#begun += 1;
    const open = this.#begun - this.#ended;
    const threads = open * THREADS_OF.open + this.#ended * THREADS_OF.closed;
    if (threads <= THREADS_LIMIT) return;
    this.#branch.streams?.limit();
    this.#flood('it opens too many data channels');
  }

  /** @private a channel that the browser made; a thread waits for the return */
  accept(channel: Channel): void {
    this.#branch.gate.noteEmission();
    if (this.#flooded) return;
    const entry = this.#keep(channel, false);
    const key = this.#nextKey - 1;
    const { gate } = this.#branch;
    gate.connect(channel, 'on-buffered-amount-low', acknowledgedHandler(this.#owner, key), true);
    entry.waiting = setTimeout(() => {
      entry.waiting = null;
      // It is not known who holds the channel's lock.
      gate
        .withoutEmissions(() => this.#introduce(key, entry))
        .catch((error: unknown) => {
          this.#log.error({ err: error }, 'data channel could not be read');
        });
    }, ACKNOWLEDGED_DEADLINE_MS);
  }

  /**
   * @private The acknowledgement of a browser's channel has left. It is the only drain before the
   * threshold is {@link NEVER_LOW}. From now on no thread waits for webrtcbin's lock while it holds
   * the channel's.
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
    this.#branch.gate.noteEmission();
    const entry = this.#entries.get(key);
    if (!entry) return;
    if (open) {
      entry.open = true;
      // Few messages come on a channel of ours. Its lock is nobody's who waits for us.
      if (entry.ours) this.#branch.streams?.lanes?.leave(entry.channel.id);
      if (entry.label !== null) this.#listener.opened(entry.label);
      return;
    }
    this.#forget(key, entry);
    if (!entry.ours) this.#ended += 1;
    if (entry.open && entry.label !== null) this.#listener.closed(entry.label);
  }

  /** @private a message that has no lane; a thread waits for the return */
  onMessage(key: number, data: Message): void {
    setImmediate(() => {
      const entry = this.#entries.get(key);
      const label = entry?.label ?? null;
      if (!entry || label === null) return;
      if (entry.ours || this.#admits(data.length)) this.#listener.message(label, data);
    });
  }

  /** Reads a fresh channel's label. Its lock must not be held by a thread that waits for us. */
  #introduce(key: number, entry: Entry): void {
    if (this.#entries.get(key) !== entry) return;
    entry.channel.bufferedAmountLowThreshold = NEVER_LOW;
    const { label } = entry.channel;
    if (!LABEL.test(label) || this.#find(label)) {
      this.#log.warn('data channel with an unusable label refused');
      this.#branch.streams?.lanes?.leave(entry.channel.id);
      this.#forget(key, entry);
      return;
    }
    entry.label = label;
    if (entry.open) this.#listener.opened(label);
    const reader = {
      admits: (size: number) => this.#admits(size),
      take: (data: Buffer) => this.#listener.message(label, data),
    };
    entry.shutLane = this.#branch.streams?.lanes?.open(entry.channel.id, reader) ?? null;
    if (!entry.shutLane) this.#hear(key, entry.channel);
  }

  #find(label: string): Entry | undefined {
    for (const entry of this.#entries.values()) if (entry.label === label) return entry;
    return undefined;
  }

  #keep(channel: Channel, ours: boolean): Entry {
    const key = this.#nextKey;
    this.#nextKey += 1;
    const entry: Entry = { channel, ours, label: null, shutLane: null, open: false, waiting: null };
    this.#entries.set(key, entry);
    const { gate } = this.#branch;
    gate.connect(channel, 'on-open', stateHandler(this.#owner, key, true), true);
    gate.connect(channel, 'on-close', stateHandler(this.#owner, key, false), true);
    if (ours) this.#hear(key, channel);
    return entry;
  }

  /** Messages come by webrtcbin's signals. */
  #hear(key: number, channel: Channel): void {
    const { gate } = this.#branch;
    gate.connect(channel, 'on-message-string', textHandler(this.#owner, key), true);
    gate.connect(channel, 'on-message-data', bytesHandler(this.#owner, key), true);
  }

  #forget(key: number, entry: Entry): void {
    if (entry.waiting) clearTimeout(entry.waiting);
    this.#entries.delete(key);
    entry.shutLane?.();
    this.#branch.gate.release(entry.channel);
  }

  /** @private A message's signal; false if its data is not wanted. */
  admits(size: number): boolean {
    this.#branch.gate.noteEmission();
    return this.#admits(size);
  }

  /** Counts a message of so many bytes; false if it is one too many, or too large. */
  #admits(size: number): boolean {
    if (this.#flooded) return false;
    const now = performance.now();
    if (now - this.#windowStart > FLOOD_WINDOW_MS) {
      this.#windowStart = now;
      this.#windowCount = 0;
      this.#windowBytes = 0;
    }
    this.#windowCount += 1;
    this.#windowBytes += size;
    const seconds = FLOOD_WINDOW_MS / 1000;
    if (this.#windowCount > FLOOD_RATE * seconds || this.#windowBytes > FLOOD_BYTES * seconds) {
      this.#flood('it floods its data channels');
      return false;
    }
    return size <= MESSAGE_LIMIT;
  }

  #flood(reason: string): void {
    if (this.#flooded) return;
    this.#flooded = true;
    setImmediate(() => this.#listener.flooded(reason));
  }
}
