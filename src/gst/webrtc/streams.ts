/**
 * The SCTP streams of one viewer. The decoder has no limit for them: each that a packet uses for the
 * first time gets a pad with a thread, and webrtcbin builds a channel with another one behind it. A
 * single packet can use hundreds (RFC 9260 §3.3.1; a FORWARD-TSN chunk, RFC 3758 §3.2, releases as many
 * messages that were waiting), and the thread that takes it apart cannot be stopped.
 */
import { descendants, type Handler, type WebRtcElement } from '../binding.js';
import type { Gst, GstRuntime } from '../runtime.js';
import type { SignalGate } from './signal-gate.js';

/** Streams that the decoder's association takes: its SCTP library's default, which nothing changes. */
const STREAM_COUNT = 2048;
/** The decoder's own type of pads. GObject knows it once there has been one. */
const PAD_TYPE = 'GstSctpDecPad';

/** What handlers find their streams by. */
const owners = new Map<number, SctpStreams>();
let nextOwner = 1;

// Made out here, with nothing but a number in scope: see SignalGate.connect.
function associationHandler(owner: number): Handler {
  return (established: boolean) => {
    if (!established) owners.get(owner)?.shut();
  };
}

export class SctpStreams {
  readonly #runtime: GstRuntime;
  readonly #decoder: Gst.Element | null;
  readonly #owner = nextOwner++;
  #shut = false;

  /**
   * Once an offer or answer with a data section has been made, and before it is set. When the
   * browser shuts the association down no stream begins any more: messages that had to wait may still be
   * released then, and the decoder ends the process if one begins without an association.
   */
  constructor(runtime: GstRuntime, webrtc: WebRtcElement, gate: SignalGate) {
    this.#runtime = runtime;
    const children = [...descendants(webrtc)];
    this.#decoder = children.find(({ name }) => name.startsWith('sctpdec')) ?? null;
    const encoder = children.find(({ name }) => name.startsWith('sctpenc'));
    if (!encoder) return;
    owners.set(this.#owner, this);
    gate.connect(encoder, 'sctp-association-established', associationHandler(this.#owner), false);
  }

  /**
   * No stream begins any more, also none of the packet that is being taken apart: for each that is
   * left the decoder finds a pad that is there already, which has no thread and leads nowhere. Those in
   * use go on. To be called while the decoder's thread waits for a handler of ours. It takes about
   * 100 ms, and no lock that that thread may hold. Idempotent.
   */
  shut(): void {
    if (this.#shut) return;
    this.#shut = true;
    const { Gst, GObject } = this.#runtime.namespaces;
    const decoder = this.#decoder;
    const type = GObject.typeFromName(PAD_TYPE);
    if (!decoder || Number(type) === 0) return;
    this.#keepFromWebrtc(decoder);
    const { SRC } = Gst.PadDirection;
    const { SOMETIMES } = Gst.PadPresence;
    const template = Gst.PadTemplate.newWithGtype(
      'src_%u',
      SRC,
      SOMETIMES,
      Gst.Caps.newAny(),
      type,
    );
    const names = Array.from({ length: STREAM_COUNT }, (_, stream) => `src_${stream}`);
    // All are looked for before one is added: the decoder walks through a list.
    for (const name of names.filter((unused) => !decoder.getStaticPad(unused))) {
      const pad = Gst.Pad.newFromTemplate(template, name);
      pad.setActive(true);
      decoder.addPad(pad);
    }
  }

  /** webrtcbin listens to the decoder's pads, under a lock that the decoder's thread holds. */
  #keepFromWebrtc(decoder: Gst.Element): void {
    const { GObject } = this.#runtime.namespaces;
    const { ID } = GObject.SignalMatchType;
    const signal = GObject.signalLookup('pad-added', GObject.typeFromName('GstElement'));
    const handler = GObject.signalHandlerFind(decoder, ID, signal, 0, null, null, null);
    if (Number(handler) !== 0) GObject.signalHandlerBlock(decoder, handler);
  }

  /** Nothing is heard afterwards; the gate takes the handler off. */
  close(): void {
    owners.delete(this.#owner);
  }
}
