import { MoonteeError } from '../../core/errors.js';
import type { NetworkOptions } from '../../ice/types.js';
import { DEADLINES_MS, type RtcEngine } from '../../media/negotiation.js';
import {
  mungeLocalDescription,
  withCredentials,
  withMessageLimit,
  type LocalMunging,
  type SanitizedDescription,
} from '../../media/sdp.js';
import { ask, descriptionOf, emit, parseDescription } from '../binding.js';
import type { GstRuntime, GstWebRTC } from '../runtime.js';
import type { PeerBranch } from './branch.js';
import { descriptionText } from './description-text.js';
import type { DtlsCertificate } from './dtls-certificate.js';
import { hasAgent, restartAgent, type IceCredentials } from './network.js';

/** What the engine needs of its peer. */
export interface WebRtcEngineContext {
  readonly runtime: GstRuntime;
  readonly network: NetworkOptions;
  readonly certificate: DtlsCertificate;
  /** Of a local description that is made now. */
  munging(): LocalMunging;
  /** There has been a path. */
  established(): boolean;
  closing(): boolean;
  /** A description of the browser's is about to be set. */
  remoteComing(description: SanitizedDescription, type: 'offer' | 'answer'): void;
  /** The browser has agreed to take video. */
  mediaAgreed(): void;
}

/** webrtcbin as {@link RtcEngine}. Restarts ICE below webrtcbin, which cannot: docs/fan-out.md. */
export class WebRtcEngine implements RtcEngine {
  readonly #branch: PeerBranch;
  readonly #context: WebRtcEngineContext;
  /** Since ICE was restarted: webrtcbin repeats its first ones for ever. */
  #credentials: IceCredentials | null = null;

  constructor(branch: PeerBranch, context: WebRtcEngineContext) {
    this.#branch = branch;
    this.#context = context;
  }

  get restartsIce(): boolean {
    return hasAgent(this.#branch.webrtc);
  }

  /** Restarts ICE of a branch that nobody uses, to see whether that can be done. */
  tryRestart(): void {
    const credentials = restartAgent(this.#branch.webrtc);
    this.#branch.shortcuts.record('ice-restart', credentials !== null);
  }

  async createOffer(iceRestart: boolean): Promise<string> {
    const offer = descriptionOf(await this.#ask('create-offer', [this.#noOptions()]), 'offer');
    if (iceRestart) this.#restartIce();
    const text = await this.#describe('offer', offer);
    // Not before: webrtcbin would write other media sections.
    this.#branch.announce();
    return text;
  }

  async acceptAnswer(answer: SanitizedDescription): Promise<void> {
    this.#context.remoteComing(answer, 'answer');
    const description = parseDescription(this.#context.runtime, 'answer', answer.sdp);
    this.#branch.announce();
    await this.#ask('set-remote-description', [description]);
    this.#context.mediaAgreed();
  }

  async acceptOffer(offer: SanitizedDescription, iceRestart: boolean): Promise<string> {
    this.#context.remoteComing(offer, 'offer');
    // Before the new remote credentials: a restart forgets what belongs to the old ones.
    if (iceRestart) this.#restartIce();
    const description = parseDescription(this.#context.runtime, 'offer', offer.sdp);
    await this.#ask('set-remote-description', [description]);
    const reply = await this.#ask('create-answer', [this.#noOptions()]);
    const text = await this.#describe('answer', descriptionOf(reply, 'answer'));
    if (offer.agreed) {
      this.#branch.announce();
      this.#context.mediaAgreed();
    }
    return text;
  }

  addCandidate(line: string): void {
    // Everything is bundled on the first section's transport. Once there is a path, more of
    // them are of no use, unless ICE was restarted to find another.
    if (this.#context.closing() || (this.#context.established() && !this.#credentials)) return;
    emit(this.#branch.webrtc, 'add-ice-candidate', 0, line);
  }

  /** An action of webrtcbin. @throws CLOSED if the peer was closed meanwhile */
  async #ask(signal: string, values: readonly unknown[]): ReturnType<typeof ask> {
    this.#assertOpen();
    try {
      const { runtime } = this.#context;
      return await ask(runtime, this.#branch.webrtc, signal, values, DEADLINES_MS.engine);
    } finally {
      this.#assertOpen();
    }
  }

  #assertOpen(): void {
    if (this.#context.closing()) throw new MoonteeError('CLOSED', 'The peer is closed');
  }

  #noOptions(): unknown {
    return this.#context.runtime.namespaces.Gst.Structure.newEmpty('options');
  }

  /** Sets a local description. @returns it as browsers get it */
  async #describe(
    type: 'offer' | 'answer',
    made: GstWebRTC.WebRTCSessionDescription,
  ): Promise<string> {
    const { runtime, network, certificate } = this.#context;
    const own = descriptionText(made.sdp);
    const certified = this.#branch.certify(certificate) ? certificate.describe(own) : own;
    const text = this.#credentials ? withCredentials(certified, this.#credentials) : certified;
    this.#branch.watchIngress(text.includes('\r\nm=application '));
    this.#branch.prepareNetwork(network);
    await this.#ask('set-local-description', [parseDescription(runtime, type, text)]);
    return mungeLocalDescription(withMessageLimit(text), this.#context.munging());
  }

  /**
   * Sockets stay, so do DTLS and everything above it.
   *
   * @throws ICE_FAILED if the agent refuses
   */
  #restartIce(): void {
    const credentials = restartAgent(this.#branch.webrtc);
    if (!credentials) throw new MoonteeError('ICE_FAILED', 'ICE could not be restarted');
    this.#credentials = credentials;
  }
}
