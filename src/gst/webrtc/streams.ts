/**
 * The SCTP streams of one viewer. The decoder has no limit for them: each that a packet uses for the
 * first time gets a pad with a thread, and webrtcbin builds a channel with another one behind it. A
 * single packet can use hundreds (RFC 9260 §3.3.1; a FORWARD-TSN chunk, RFC 3758 §3.2, releases as many
 * messages that were waiting), and the thread that takes it apart cannot be stopped.
 */
import { descendants, type Handler, type WebRtcElement } from '../binding.js';
import type { Gst, GstRuntime } from '../runtime.js';
import type { Ingress } from './ingress.js';
import { MessageLanes } from './message-lanes.js';
import type { SignalGate } from './signal-gate.js';

/** Streams that the decoder's association takes: its SCTP library's default, which nothing changes. */
const STREAM_COUNT = 2048;
/** Emitted by the encoder when an association comes up or ends. */
const ASSOCIATION = 'sctp-association-established';
const ENCODER_TYPE = 'GstSctpEnc';
/** The decoder's own type of pads. GObject knows it once there has been one. */
const PAD_TYPE = 'GstSctpDecPad';

/** Bytes of an SCTP packet with a SHUTDOWN chunk alone (RFC 9260 §3.3.8). */
const SHUTDOWN_BYTES = 20;

/** What handlers find their streams by. */
const owners = new Map<number, SctpStreams>();
let nextOwner = 1;

// Made out here, with nothing but a number in scope: see SignalGate.connect.
function associationHandler(owner: number): Handler {
  return (established: boolean) => {
    if (!established) owners.get(owner)?.shutDown();
  };
}

function surplusHandler(owner: number): Handler {
  return (pad: Gst.Pad) => owners.get(owner)?.onSurplus(pad);
}

export class SctpStreams {
  readonly #runtime: GstRuntime;
  readonly #gate: SignalGate;
  readonly #ingress: Ingress | null;
  readonly #decoder: Gst.Element | null;
  readonly #owner = nextOwner++;
  /** The way of their messages; null without a data section. */
  readonly lanes: MessageLanes | null;
  /** No channel is built any more. */
  #limited = false;
  /** Every stream has its pad. */
  #shut = false;
  /** Of the stream that began last, once no channel is built any more. */
  #surplus: Gst.Pad | null = null;

  /** Once an offer or answer has been made, and before it is set. Nothing to do without a data section. */
  constructor(
    runtime: GstRuntime,
    webrtc: WebRtcElement,
    gate: SignalGate,
    ingress: Ingress | null,
  ) {
    this.#runtime = runtime;
    this.#gate = gate;
    this.#ingress = ingress;
    const children = [...descendants(webrtc)];
    this.#decoder = children.find(({ name }) => name.startsWith('sctpdec')) ?? null;
    const encoder = children.find(({ name }) => name.startsWith('sctpenc'));
    owners.set(this.#owner, this);
    this.lanes = this.#decoder ? new MessageLanes(runtime, this.#decoder, gate) : null;
    if (!encoder) return;
    const { GObject } = runtime.namespaces;
    const signal = GObject.signalLookup(ASSOCIATION, GObject.typeFromName(ENCODER_TYPE));
    if (signal === 0) return;
    gate.connect(encoder, ASSOCIATION, associationHandler(this.#owner), false);
  }

  /**
   * Nothing comes in any more, and what the packet at hand still begins costs a thread for a moment
   * only. To be called while the decoder's thread waits for a handler of ours. Idempotent.
   */
  limit(): void {
    this.#ingress?.shut();
    if (this.#limited || !this.#decoder) return;
    this.#limited = true;
    this.#keepFromWebrtc(this.#decoder);
    this.#gate.connect(this.#decoder, 'pad-added', surplusHandler(this.#owner), false);
  }

  /**
   * @private A stream has begun, and nothing is linked to its pad. The one before it has had its
   * message, so that its thread is at its end and not in anybody's hands.
   */
  onSurplus(pad: Gst.Pad): void {
    this.#gate.noteEmission();
    if (this.#shut) return;
    this.#surplus?.stopTask();
    this.#surplus = pad;
  }

  /**
   * @private The browser shuts the association down. Messages that had to wait may still be released by
   * the rest of the packet, and the decoder ends the process if a stream begins without an association.
   */
  shutDown(): void {
    this.#ingress?.shutChannels();
    if (this.#ingress?.channelPacketBytes() !== SHUTDOWN_BYTES) this.#shutAll();
  }

  /** Nothing is heard afterwards; the gate takes the handlers off. */
  close(): void {
    owners.delete(this.#owner);
    this.lanes?.close();
    this.#surplus = null;
  }

  /**
   * For each stream that has not begun the decoder finds a pad that is there already, which has no thread
   * and leads nowhere. It takes about 100 ms, and no lock that the decoder's thread may hold.
   */
  #shutAll(): void {
    if (this.#shut) return;
    this.#shut = true;
    const { Gst, GObject } = this.#runtime.namespaces;
    const decoder = this.#decoder;
    const type = GObject.typeFromName(PAD_TYPE);
    if (!decoder || Number(type) === 0) return;
    if (!this.#limited) this.#keepFromWebrtc(decoder);
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
}
