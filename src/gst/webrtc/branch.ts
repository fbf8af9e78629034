/**
 * The elements of one peer: bounded queues and a webrtcbin in a bin of their own, between the tees
 * and the network. Attaches and removes them without stopping other peers. Every step in {@link
 * PeerBranch.dispose} has its place because another order hangs.
 */
import { Deadline } from '../../core/deadline.js';
import { MoonteeError } from '../../core/errors.js';
import {
  ask,
  emit,
  type Handler,
  type QueueElement,
  type Transceiver,
  type WebRtcElement,
} from '../binding.js';
import { fillTemplate, loadTemplate, type LaunchTemplate } from '../launch-template.js';
import type { DtlsCertificate } from './dtls-certificate.js';
import { Ingress } from './ingress.js';
import { configureAgent } from './network.js';
import { RTP, type MediaFormat } from '../media-format.js';
import { insertRenumbering, leftTooMuchOut, type PayloaderElement } from '../renumbering.js';
import type { Gst, GstRuntime } from '../runtime.js';
import { announceCaps, sendAtOnce, skipErrorCorrection, tellLatency } from './send-path.js';
import { SctpStreams } from './streams.js';
import { Shortcuts } from './shortcuts.js';
import { SignalGate } from './signal-gate.js';
import type { NetworkOptions } from '../../ice/types.js';

/**
 * Milliseconds that webrtcbin gets to finish its work when its peer is removed and nothing else
 * ends.
 */
const CLOSE_TIMEOUT_MS = 10_000;

/** More packets than a queue ever has. */
const PREROLL_BUFFERS = 1_000_000;

export type MediaKind = 'video' | 'audio';

/** The tee that hands out packets of a medium. */
export interface Tap {
  readonly tee: Gst.Element;
  readonly payloader: PayloaderElement;
  /** Of its packets, if that is known before the first one. */
  readonly caps: Gst.Caps | null;
}

/** The bin to which branches are attached. */
export interface Trunk {
  readonly pipeline: Gst.Pipeline;
  readonly taps: Readonly<Record<MediaKind, Tap>>;
}

/** A medium as one viewer gets it that made the offer. */
export interface OwnMedium {
  readonly tap: Tap;
  /** Of its RTP packets, with the feedback that was agreed. */
  readonly caps: string;
  /** What is lost is sent once more. */
  readonly nack: boolean;
}

let template: LaunchTemplate | null = null;
let nextNumber = 1;

export class PeerBranch {
  readonly #runtime: GstRuntime;
  readonly #trunk: Trunk;
  /** Null once it is gone: an owner that still holds the branch must not hold its elements. */
  #bin: Gst.Bin | null;
  readonly #links = new Map<MediaKind, { readonly tee: Gst.Pad; readonly sink: Gst.Pad }>();
  /** What each medium is fed from; null of sound until it is known which one the viewer takes. */
  readonly #taps: { video: Tap; audio: Tap | null };
  #webrtc: WebRtcElement | null;
  /** Set once the agent is ready. */
  #closeSockets: (() => void) | null = null;
  /** Of its bin: what fails in there is this branch's. */
  readonly name: string;
  /** Null before it was tried. */
  #certified: boolean | null = null;
  /** Its way through webrtcbin. */
  readonly shortcuts = new Shortcuts();
  #ingress: Ingress | null = null;
  #streams: SctpStreams | null = null;
  /** All handlers on webrtcbin and its data channels. */
  readonly gate: SignalGate;
  readonly #announced = new Set<MediaKind>();
  /** Media of which packets have been let in. */
  readonly #flowed = new Set<MediaKind>();
  /** The payloader's sequence number when a medium was let out last. */
  readonly #lastNumbers = new Map<MediaKind, { readonly last: number; readonly unheard: number }>();
  /** Media whose packets are numbered for this peer alone. */
  readonly #renumbered = new Set<MediaKind>();
  #disposed = false;

  constructor(runtime: GstRuntime, trunk: Trunk, format: MediaFormat) {
    const { Gst } = runtime.namespaces;
    this.#runtime = runtime;
    this.#trunk = trunk;
    this.#taps = { video: trunk.taps.video, audio: format.stereo ? null : trunk.taps.audio };
    this.gate = new SignalGate(runtime);
    template ??= loadTemplate('peer');
    const bin = runtime.parseBin(fillTemplate(template));
    this.#bin = bin;
    this.name = `webrtc-${nextNumber++}`;
    bin.name = this.name;
    const webrtc = this.element('webrtc') as unknown as WebRtcElement;
    this.#webrtc = webrtc;
    // An offer can be made before the first packet has shown its caps.
    this.#prefer('video', format.videoCaps, true);
    // Browsers do not take retransmitted sound.
    this.#prefer('audio', format.audioCaps, false);
    trunk.pipeline.add(bin);
    for (const kind of ['video', 'audio'] as const) {
      const sink = this.element(`${kind}-queue`).getStaticPad('sink');
      if (sink) bin.addPad(Gst.GhostPad.new(kind, sink));
    }
    bin.syncStateWithParent();
  }

  /** @throws CLOSED once it is gone */
  get webrtc(): WebRtcElement {
    if (!this.#webrtc) throw new MoonteeError('CLOSED', 'The peer is closed');
    return this.#webrtc;
  }

  element(name: string): Gst.Element {
    const element = this.#bin?.getByName(name);
    if (!element) throw new MoonteeError('CLOSED', `The peer has no ${name}`);
    return element;
  }

  /** Connects a handler that {@link dispose} takes off; see {@link SignalGate.connect}. */
  on(signal: string, handler: Handler, locked = false): void {
    this.gate.connect(this.webrtc, signal, handler, locked);
  }

  /**
   * The viewer has chosen its sound. Only the first choice counts.
   *
   * @param tap left out: the sound as it comes from the host
   */
  useSound(tap: Tap = this.#trunk.taps.audio): void {
    if (!this.#disposed) this.#taps.audio ??= tap;
  }

  /** Of a viewer that makes the offer: what it gets. Before its description is set. */
  useOwn(video: OwnMedium, audio: OwnMedium | null): void {
    if (this.#disposed) return;
    this.#prefer('video', video.caps, video.nack);
    this.#taps.video = video.tap;
    this.#taps.audio = audio?.tap ?? null;
    if (audio) this.#prefer('audio', audio.caps, audio.nack);
  }

  #prefer(kind: MediaKind, caps: string, nack: boolean): void {
    const { Gst, GstWebRTC } = this.#runtime.namespaces;
    const index = kind === 'video' ? 0 : 1;
    const transceiver = emit(this.webrtc, 'get-transceiver', index) as Transceiver;
    transceiver.direction = GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY;
    transceiver.doNack = nack;
    const preferences = Gst.Caps.fromString(caps);
    if (preferences) transceiver.codecPreferences = preferences;
  }

  linked(kind: MediaKind): boolean {
    return this.#links.has(kind);
  }

  /** Lets packets in from now on. Takes no stream lock, so it never waits for media. */
  link(kind: MediaKind): void {
    const tap = this.#taps[kind];
    if (this.#disposed || !tap || this.#links.has(kind)) return;
    this.#clearWay(kind);
    this.#continueNumbers(kind, tap);
    const tee = tap.tee.requestPadSimple('src_%u');
    const sink = this.#bin?.getStaticPad(kind);
    if (!tee || !sink) return;
    // Unchecked: a caps query would wander through webrtcbin, and the formats are known.
    tee.linkFull(sink, this.#runtime.namespaces.Gst.PadLinkCheck.NOTHING);
    this.#links.set(kind, { tee, sink });
  }

  /** Keeps sequence numbers from jumping further than SRTP can follow. */
  #continueNumbers(kind: MediaKind, { payloader }: Tap): void {
    const left = this.#lastNumbers.get(kind);
    if (!left || this.#renumbered.has(kind)) return;
    const { last, unheard } = left;
    if (!leftTooMuchOut(payloader, last, unheard)) return;
    const entrance = this.#bin?.getStaticPad(kind) as Gst.GhostPad | null;
    const queue = this.element(`${kind}-queue`).getStaticPad('sink');
    if (!this.#bin || !entrance || !queue) return;
    this.#renumbered.add(kind);
    const { ssrc } = RTP[kind];
    const pads = { entrance, queue };
    insertRenumbering(this.#runtime, this.#bin, pads, { payloader, ssrc, last });
  }

  /** Both media are going to be sent: lets webrtcbin build their ways before there are packets. */
  announce(): void {
    for (const kind of ['video', 'audio'] as const) {
      const tap = this.#taps[kind];
      const caps = tap?.caps ?? tap?.tee.getStaticPad('sink')?.getCurrentCaps();
      const queue = this.element(`${kind}-queue`).getStaticPad('sink');
      if (!caps || !queue || this.#announced.has(kind)) continue;
      announceCaps(this.#runtime, caps, queue);
      this.#announced.add(kind);
    }
  }

  /** Clears the way of a medium, as far as it has been built. */
  #clearWay(kind: MediaKind): void {
    if (!this.#webrtc) return;
    this.shortcuts.record('clock', sendAtOnce(this.#webrtc));
    this.shortcuts.record('latency', tellLatency(this.#runtime, this.#webrtc));
    const queue = this.element(`${kind}-queue`).getStaticPad('src');
    if (queue && !this.#flowed.has(kind)) {
      this.shortcuts.record('error-correction', skipErrorCorrection(this.#runtime, queue));
    }
    this.#flowed.add(kind);
  }

  /**
   * Once an offer or answer has been made, and before it is set. Idempotent.
   *
   * @throws ICE_FAILED if there is no address to make candidates on, or those that may be used cannot
   * be set
   */
  prepareNetwork(network: NetworkOptions): void {
    this.#closeSockets ??= configureAgent(this.#runtime, this.webrtc, network);
    this.shortcuts.record('agent', this.#closeSockets !== null);
  }

  /**
   * Once an offer or answer has been made, and before it is set. Idempotent.
   *
   * @returns whether it has the certificate, and not one of its own
   * @throws PIPELINE_FAILED
   */
  certify(certificate: DtlsCertificate): boolean {
    this.#certified ??= certificate.use(this.webrtc);
    this.shortcuts.record('certificate', this.#certified);
    return this.#certified;
  }

  /**
   * Once an offer or answer has been made, and before it is set. Idempotent.
   *
   * @param hasChannels it has a data section
   */
  watchIngress(hasChannels: boolean): void {
    if (this.#streams) return;
    this.#ingress = Ingress.of(this.#runtime, this.webrtc, hasChannels);
    this.shortcuts.record('ingress', this.#ingress !== null);
    this.#streams = new SctpStreams(this.#runtime, this.webrtc, this.gate, this.#ingress);
    if (hasChannels) this.shortcuts.record('lanes', this.#streams.lanes !== null);
  }

  /** The streams of its data channels; null before an offer or answer has been made. */
  get streams(): SctpStreams | null {
    return this.#streams;
  }

  /** What comes in from the viewer; null before an offer or answer has been made, or for good. */
  get ingress(): Ingress | null {
    return this.#ingress;
  }

  /** Keeps what comes of the video in its queue until {@link flush}. */
  preroll(): void {
    this.#videoQueue().minThresholdBuffers = PREROLL_BUFFERS;
  }

  flush(): void {
    const { Gst } = this.#runtime.namespaces;
    const queue = this.#videoQueue();
    if (queue.minThresholdBuffers === 0) return;
    queue.minThresholdBuffers = 0;
    // The queue's thread sleeps until something comes.
    const word = Gst.Structure.newEmpty('moontee-flush');
    queue
      .getStaticPad('sink')
      ?.sendEvent(Gst.Event.newCustom(Gst.EventType.CUSTOM_DOWNSTREAM, word));
  }

  /** Milliseconds of video that wait in the queue. */
  videoBacklogMs(): number {
    return Number(this.#videoQueue().currentLevelTime) / 1e6;
  }

  #videoQueue(): QueueElement {
    return this.element('video-queue') as QueueElement;
  }

  /**
   * Lets no more packets in.
   *
   * @param unheard packets that went out and may have got lost on the network
   */
  unlink(kind: MediaKind, unheard = 0): void {
    const link = this.#links.get(kind);
    if (!link) return;
    const tap = this.#taps[kind];
    this.#links.delete(kind);
    link.tee.unlink(link.sink);
    if (!tap) return;
    tap.tee.releaseRequestPad(link.tee);
    // Afterwards: none above it can have got in.
    this.#lastNumbers.set(kind, { last: tap.payloader.seqnum, unheard });
  }

  /**
   * Takes everything away.
   *
   * @throws TIMEOUT if webrtcbin does not come to rest: touching it then would hang
   */
  async dispose(deadline = Deadline.in(CLOSE_TIMEOUT_MS)): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    const { Gst } = this.#runtime.namespaces;
    this.unlink('video');
    this.unlink('audio');
    this.#taps.video = this.#trunk.taps.video;
    this.#taps.audio = null;
    // Nothing limits what comes once the handlers are off.
    this.#ingress?.shut();
    // From here on nothing of webrtcbin waits for us, so its lock may be taken.
    await this.gate.disconnectAndDrain(deadline);
    const bin = this.#bin;
    const webrtc = this.#webrtc;
    const closeSockets = this.#closeSockets;
    this.#bin = null;
    this.#webrtc = null;
    this.#ingress = null;
    this.#streams?.close();
    this.#streams = null;
    this.#closeSockets = null;
    if (!bin || !webrtc) return;
    await this.#finish(webrtc, deadline);
    // From here on only we change its state. A change that is still under way could otherwise bring
    // it back up.
    bin.setLockedState(true);
    webrtc.setState(Gst.State.NULL);
    // A bin takes its children down step by step, and a live one that is already further down up to
    // its own step first. webrtcbin would start once more. If that failed, the bin would be left
    // playing.
    webrtc.setLockedState(true);
    // After webrtcbin: before negotiation the queues' threads are blocked in its pads.
    bin.setState(Gst.State.NULL);
    this.#trunk.pipeline.remove(bin);
    closeSockets?.();
    this.#runtime.collector.soon();
  }

  /**
   * webrtcbin works off its tasks in order on its own thread. When this one answers, those before
   * it, and the promises that they answer, are done. There is hardly ever an offer to answer, so
   * it comes back as an error at once. (Statistics would do too, but they name each transport of
   * the process, and GLib keeps such names for ever.)
   */
  async #finish(webrtc: WebRtcElement, deadline: Deadline): Promise<void> {
    const options = this.#runtime.namespaces.Gst.Structure.newEmpty('options');
    try {
      await ask(this.#runtime, webrtc, 'create-answer', [options], deadline.left);
    } catch (error) {
      if (!(error instanceof MoonteeError && error.code === 'PIPELINE_FAILED')) throw error;
    }
  }
}
