/**
 * The way of messages on the channels that a browser makes. webrtcbin emits a signal for each message,
 * from one thread for all channels of a viewer, which waits for JavaScript each time: no more than one
 * message a viewer in a turn of Node's loop. So each stream of the decoder gets a second way beside
 * webrtcbin's, a bounded `appsink`. Its signal only wakes Node's thread, and is off until everything
 * that waits has been fetched, which is done in one turn.
 */
import type { Handler } from '../binding.js';
import type { Gst, GstApp, GstRuntime } from '../runtime.js';
import type { SignalGate } from './signal-gate.js';

/** Messages that may wait. Then the stream does. */
const CAPACITY = 256;
/** Messages that are fetched in a turn of Node's loop. */
const FETCHED_IN_A_TURN = 128;
/** Milliseconds for a stream's channel to be known. Streams without one are read by nobody. */
const UNREAD_DEADLINE_MS = 5_000;
const FLOW_OK = 0;
const PAD_NAME = /^src_(\d+)$/;

/** What handlers find their lanes by. */
const owners = new Map<number, MessageLanes>();
let nextOwner = 1;

// Made out here, with nothing but numbers in scope: see SignalGate.connect.
function padHandler(owner: number): Handler {
  return (pad: Gst.Pad) => owners.get(owner)?.begin(pad);
}

function sampleHandler(owner: number, stream: number): Handler {
  return () => {
    owners.get(owner)?.wake(stream);
    return FLOW_OK;
  };
}

/** Gets every message of a stream behind the one that opened the channel. */
export interface MessageReader {
  /** @returns whether it wants its bytes */
  admits(size: number): boolean;
  take(data: Buffer): void;
}

interface Lane {
  readonly sink: GstApp.AppSink;
  reader: MessageReader | null;
  /** The first message is what opens the channel (RFC 8832 §5), and webrtcbin's. */
  begun: boolean;
  /** Something waits, and the signal is off. */
  woken: boolean;
  /** A turn to fetch it has been asked for. */
  scheduled: boolean;
  /** Until somebody reads it. */
  unread: NodeJS.Timeout;
}

export class MessageLanes {
  readonly #runtime: GstRuntime;
  readonly #gate: SignalGate;
  readonly #owner = nextOwner++;
  readonly #lanes = new Map<number, Lane>();

  /** Once webrtcbin listens to the decoder, and before packets come. */
  constructor(runtime: GstRuntime, decoder: Gst.Element, gate: SignalGate) {
    this.#runtime = runtime;
    this.#gate = gate;
    owners.set(this.#owner, this);
    gate.connect(decoder, 'pad-added', padHandler(this.#owner), false);
  }

  /**
   * What waits on a stream, and what comes later, goes to the reader.
   *
   * @returns reads what still waits, and ends it; idempotent. Null: the stream has no such way
   */
  open(stream: number, reader: MessageReader): (() => void) | null {
    const lane = this.#lanes.get(stream);
    if (!lane) return null;
    lane.reader = reader;
    clearTimeout(lane.unread);
    if (lane.woken) this.#schedule(stream, lane);
    return () => {
      for (let left = CAPACITY; left > 0 && this.#lanes.get(stream) === lane; left -= 1) {
        if (!this.#fetchOne(lane)) break;
      }
      this.#shut(stream, lane);
    };
  }

  /** Nobody is going to read a stream. */
  leave(stream: number): void {
    const lane = this.#lanes.get(stream);
    if (lane) this.#shut(stream, lane);
  }

  #shut(stream: number, lane: Lane): void {
    // The browser may have begun another channel on it.
    if (this.#lanes.get(stream) !== lane) return;
    this.#lanes.delete(stream);
    clearTimeout(lane.unread);
    lane.sink.setEmitSignals(false);
    lane.sink.setDrop(true);
    lane.sink.setMaxBuffers(1);
    // Wakes the stream's thread, if it waits for room.
    lane.sink.tryPullSample(0);
  }

  /** Nothing is read afterwards; the gate takes the handlers off. */
  close(): void {
    owners.delete(this.#owner);
    for (const { unread } of this.#lanes.values()) clearTimeout(unread);
    this.#lanes.clear();
  }

  /**
   * @private A stream has begun: webrtcbin has linked its pad, and nothing has gone through it. The
   * decoder's thread waits for the return. The elements stay for as long as the viewer does.
   */
  begin(pad: Gst.Pad): void {
    const stream = Number(PAD_NAME.exec(pad.name)?.[1]);
    const peer = pad.getPeer();
    const bin = pad.getParentElement()?.getParent() as Gst.Bin | null | undefined;
    // Without a peer it is one of those that webrtcbin does not hear of.
    if (Number.isNaN(stream) || !peer || !bin) return;
    const { Gst } = this.#runtime.namespaces;
    const tee = Gst.ElementFactory.make('tee', null);
    const sink = Gst.ElementFactory.make('appsink', null) as GstApp.AppSink | null;
    const [entry, exit] = [tee?.getStaticPad('sink'), sink?.getStaticPad('sink')];
    const [first, second] = [tee?.requestPadSimple('src_%u'), tee?.requestPadSimple('src_%u')];
    if (!tee || !sink || !entry || !exit || !first || !second) return;
    sink.async = false;
    sink.sync = false;
    sink.enableLastSample = false;
    sink.setMaxBuffers(CAPACITY);
    sink.setEmitSignals(true);
    bin.add(tee);
    bin.add(sink);
    pad.unlink(peer);
    pad.linkFull(entry, Gst.PadLinkCheck.NOTHING);
    first.linkFull(peer, Gst.PadLinkCheck.NOTHING);
    second.linkFull(exit, Gst.PadLinkCheck.NOTHING);
    sink.syncStateWithParent();
    tee.syncStateWithParent();
    const lane: Lane = {
      ...{ sink, reader: null, begun: false, woken: false, scheduled: false },
      unread: setTimeout(() => this.#shut(stream, lane), UNREAD_DEADLINE_MS),
    };
    lane.unread.unref();
    const earlier = this.#lanes.get(stream);
    if (earlier) this.#shut(stream, earlier);
    this.#lanes.set(stream, lane);
    this.#gate.connect(sink, 'new-sample', sampleHandler(this.#owner, stream), false);
  }

  /** @private A message has come, and the stream's thread waits for the return. */
  wake(stream: number): void {
    const lane = this.#lanes.get(stream);
    if (!lane) return;
    lane.sink.setEmitSignals(false);
    lane.woken = true;
    this.#schedule(stream, lane);
  }

  #schedule(stream: number, lane: Lane): void {
    if (!lane.reader || lane.scheduled) return;
    lane.scheduled = true;
    setImmediate(() => this.#fetch(stream, lane));
  }

  #fetch(stream: number, lane: Lane): void {
    lane.scheduled = false;
    for (let left = FETCHED_IN_A_TURN; left > 0; left -= 1) {
      if (this.#lanes.get(stream) !== lane) return;
      if (this.#fetchOne(lane)) continue;
      if (!lane.woken) return;
      lane.woken = false;
      lane.sink.setEmitSignals(true);
      // Something may have come before the signal was on: look once more.
    }
    lane.woken = true;
    lane.sink.setEmitSignals(false);
    this.#schedule(stream, lane);
  }

  /** @returns whether there was one */
  #fetchOne(lane: Lane): boolean {
    const sample = lane.sink.tryPullSample(0);
    if (!sample) return false;
    const opening = !lane.begun;
    lane.begun = true;
    const buffer = sample.getBuffer();
    if (opening || !buffer || !lane.reader) return true;
    const size = Number(buffer.getSize());
    // Byte by byte, in node-gtk: what is not wanted must not be fetched.
    if (lane.reader.admits(size)) lane.reader.take(Buffer.from(buffer.extractDup(0, size)));
    return true;
  }
}
