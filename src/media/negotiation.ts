/**
 * Offers, answers, candidates and ICE restarts of one viewer, and the end of its connection. Knows
 * no implementation of WebRTC: it drives an {@link RtcEngine}, and is given its clock.
 */
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { PathReport } from '../ice/path-report.js';
import type { NetworkOptions } from '../ice/types.js';
import { IceCandidates } from './candidates.js';
import type { StreamFormats } from './codec-choice.js';
import { sameFingerprints, type Fingerprint } from './fingerprint.js';
import type { IceParameters } from './ice-fragment.js';
import type { Scheduler } from './scheduler.js';
import {
  offerLayout,
  sanitizeAnswer,
  sanitizeOffer,
  sanitizeReoffer,
  type OfferLayout,
  type SanitizedDescription,
} from './sdp.js';
import type { PeerCandidate, PeerDescription, PeerQuality, PeerState } from './types.js';
import { answerTo, readViewerOffer, sanitizedOffer, type ViewerOffer } from './viewer-offer.js';

/** How long each thing that a connection waits for may take. */
export const DEADLINES_MS = {
  /** The browser's answer to our offer. */
  answer: 15_000,
  /** ICE and DTLS, after the answer. */
  connect: 20_000,
  /** Another path, after the one in use was lost or ICE was restarted. */
  recover: 15_000,
  /** Our first candidate, and our first relay if only relays may be used. */
  firstCandidate: 5_000,
  firstRelay: 12_000,
  /** The end of a stall: a tunnel, or a tab that was put to sleep. */
  stall: 30_000,
  /** One operation of the engine. */
  engine: 10_000,
} as const;

type Deadline = keyof typeof DEADLINES_MS;

/** Messages of one viewer that may wait for their turn. A viewer that sends more is broken. */
export const QUEUE_LIMIT = 256;

/**
 * An implementation of WebRTC. Operations come one at a time and settle within
 * `DEADLINES_MS.engine` for each of their steps. They reject if the connection was closed
 * meanwhile.
 */
export interface RtcEngine {
  /** It can restart ICE. */
  readonly restartsIce: boolean;
  /** Makes an offer and sets it. @param iceRestart with other ICE credentials than before */
  createOffer(iceRestart: boolean): Promise<string>;
  acceptAnswer(answer: SanitizedDescription): Promise<void>;
  /** Sets a remote offer and our answer to it. @param iceRestart the offer restarts ICE */
  acceptOffer(offer: SanitizedDescription, iceRestart: boolean): Promise<string>;
  addCandidate(line: string): void;
}

/** State of the path below the descriptions, as the engine reports it. */
export type TransportState = 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed';

export interface NegotiationContext {
  readonly engine: RtcEngine;
  readonly network: NetworkOptions;
  readonly path: PathReport;
  /** What a viewer that makes the offers is sent; null for one that gets ours. */
  readonly formats: (() => StreamFormats) | null;
  /** The usual name of the video codec. */
  readonly videoName: string;
  readonly log: Log;
  readonly schedule: Scheduler;
  sendDescription(description: PeerDescription): void;
  sendCandidate(candidate: PeerCandidate): void;
  stateChanged(state: PeerState): void;
}

type Signaling =
  | { readonly kind: 'stable' }
  | {
      readonly kind: 'have-local-offer';
      readonly layout: OfferLayout;
      /** ICE is to be restarted as soon as there is an answer. */
      restartWanted: boolean;
    };

/** What later descriptions of the browser are compared with. */
interface RemoteParty {
  readonly ufrag: string;
  readonly setup: 'active' | 'passive';
  readonly fingerprints: readonly Fingerprint[];
}

export class Negotiation {
  readonly #context: NegotiationContext;
  readonly #candidates: IceCandidates;
  readonly #deadlines = new Map<Deadline, () => void>();
  /** Tail of the queue of messages. */
  #steps: Promise<void> = Promise.resolve();
  #pending = 0;
  #state: PeerState = 'negotiating';
  #failure: MoonteeError | null = null;
  #signaling: Signaling = { kind: 'stable' };
  /** The offer that was answered last. */
  #agreed: OfferLayout | null = null;
  #remote: RemoteParty | null = null;
  /** What the viewer offered by itself. */
  #viewerOffer: ViewerOffer | null = null;
  /** A local description was set. */
  #described = false;
  /** ICE was restarted and the browser's description is still missing. */
  #restarting = false;

  constructor(context: NegotiationContext) {
    this.#context = context;
    const { network, path } = context;
    this.#candidates = new IceCandidates({
      network,
      path,
      sendLocal: (candidate) => {
        if (!this.closed) context.sendCandidate({ candidate, sdpMLineIndex: 0, sdpMid: null });
      },
      deliverRemote: (line) => this.#deliver(line),
    });
  }

  get state(): PeerState {
    return this.#state;
  }

  /** The one reason of the state `failed`. */
  get failure(): MoonteeError | null {
    return this.#failure;
  }

  /** Why the connection failed: a sentence for people. */
  get diagnosis(): string {
    return this.#failure?.message ?? this.#context.path.reason;
  }

  get closed(): boolean {
    return this.#state === 'failed' || this.#state === 'closed';
  }

  /** Offers, or once the offer that is out is answered. @returns when that was done, or failed */
  offer({ iceRestart = false }: { iceRestart?: boolean } = {}): Promise<void> {
    return this.#enqueue(() => this.#offer(iceRestart));
  }

  /** A description of the browser's. @returns as of {@link offer} */
  receive({ type, sdp }: PeerDescription): Promise<void> {
    return this.#enqueue(() =>
      type === 'answer' ? this.#acceptAnswer(sdp) : this.#acceptOffer(sdp),
    );
  }

  /** The viewer that makes the offers has restarted ICE. @returns as of {@link offer} */
  restartByViewer(ice: IceParameters): Promise<void> {
    return this.#enqueue(async () => {
      const offer = this.#viewerOffer;
      if (!offer || this.#remote?.ufrag === ice.ufrag) return;
      this.#restartIce();
      await this.#answerViewer(offer, ice);
    });
  }

  /** The viewer's ICE user fragment; null before it is known. */
  get remoteUfrag(): string | null {
    return this.#remote?.ufrag ?? null;
  }

  /** A candidate of the browser's. An empty line is the end of candidates. */
  addRemoteCandidate(line: string): void {
    if (line.trim() !== '') void this.#enqueue(() => this.#candidates.addRemote(line));
  }

  /** A candidate that the engine gathered. */
  addLocalCandidate(line: string): void {
    if (!this.closed) this.#candidates.addLocal(line);
  }

  /** The engine has gathered all candidates. */
  gatheringComplete(): void {
    const { path, log } = this.#context;
    if (this.closed) return;
    path.gathered();
    log.debug(path.counts, 'candidates gathered');
    if (path.hopeless && this.#state !== 'connected') this.#failIce(path.reason);
  }

  transportChanged(state: TransportState): void {
    if (this.closed) return;
    switch (state) {
      case 'connecting':
        if (this.#state === 'negotiating') this.#become('connecting');
        break;
      case 'connected':
        this.#disarm('recover');
        this.#disarm('connect');
        this.#become('connected');
        break;
      case 'disconnected':
        this.#awaitPath();
        break;
      case 'failed':
        this.#failIce(this.#context.path.reason);
        break;
      case 'closed':
        this.#failIce('the viewer closed the connection');
    }
  }

  qualityChanged(quality: PeerQuality): void {
    this.#disarm('stall');
    if (quality !== 'stalled') return;
    this.#arm('stall', () => this.fail(new MoonteeError('VIEWER_STALLED')));
  }

  /** Ends the connection for a reason. Only the first one counts. */
  fail(error: MoonteeError): void {
    if (this.closed) return;
    this.#failure = error;
    this.#disarmAll();
    this.#become('failed');
  }

  /** Ends the connection without a reason. Idempotent. */
  close(): void {
    this.#disarmAll();
    this.#become('closed');
  }

  async #offer(iceRestart: boolean): Promise<void> {
    if (this.#signaling.kind === 'have-local-offer') {
      this.#signaling.restartWanted ||= iceRestart;
      return;
    }
    // Without, an offer of the same credentials leaves the path as it is.
    const restart = iceRestart && this.#described && this.#context.engine.restartsIce;
    if (restart) this.#restartIce();
    const sdp = await this.#describe(() => this.#context.engine.createOffer(restart));
    if (sdp === null) return;
    const layout = offerLayout(sdp);
    this.#signaling = { kind: 'have-local-offer', layout, restartWanted: false };
    this.#disarm('connect');
    this.#arm('answer', () => {
      const message = 'The browser did not answer the offer in time';
      this.fail(new MoonteeError('VIEWER_TIMEOUT', message));
    });
    this.#sendDescription({ type: 'offer', sdp });
  }

  async #acceptAnswer(text: string): Promise<void> {
    const signaling = this.#signaling;
    if (signaling.kind === 'stable') {
      this.#context.log.debug('answer without an offer dropped');
      return;
    }
    const answer = this.#sanitizeAnswer(text, signaling.layout);
    this.#assertSameCertificate(answer);
    await this.#context.engine.acceptAnswer(answer);
    if (this.closed) return;
    this.#signaling = { kind: 'stable' };
    this.#agreed = signaling.layout;
    this.#disarm('answer');
    this.#remoteDescribed(answer);
    if (this.#state !== 'connected') {
      this.#arm('connect', () => this.#failIce(this.#context.path.reason));
    }
    if (signaling.restartWanted) await this.#offer(true);
  }

  /**
   * A browser offers if it does not know that the server does. While our own offer is out we are
   * the impolite side and ignore it: the answer to ours settles everything.
   */
  async #acceptOffer(text: string): Promise<void> {
    const { formats } = this.#context;
    if (formats) {
      if (this.#viewerOffer) throw new MoonteeError('VIEWER_SDP_INVALID', 'A second offer');
      this.#viewerOffer = readViewerOffer(text, formats());
      await this.#answerViewer(this.#viewerOffer, null);
      return;
    }
    if (this.#signaling.kind === 'have-local-offer') {
      this.#context.log.debug('colliding offer ignored');
      return;
    }
    const agreed = this.#agreed;
    const offer = agreed
      ? sanitizeReoffer(text, agreed, this.#remote?.setup ?? null)
      : sanitizeOffer(text);
    this.#assertSameCertificate(offer);
    const restart = this.#remote !== null && this.#remote.ufrag !== offer.ufrag;
    if (restart) this.#restartIce();
    const sdp = await this.#describe(() => this.#context.engine.acceptOffer(offer, restart));
    if (sdp === null) return;
    this.#remoteDescribed(offer);
    this.#sendDescription({ type: 'answer', sdp });
    if (!agreed) await this.#offer(false);
  }

  /** @param ice of a restart */
  async #answerViewer(offer: ViewerOffer, ice: IceParameters | null): Promise<void> {
    const description = sanitizedOffer(offer, ice);
    const sdp = await this.#describe(() =>
      this.#context.engine.acceptOffer(description, ice !== null),
    );
    if (sdp === null) return;
    this.#remoteDescribed(description);
    if (this.#state !== 'connected') {
      this.#arm('connect', () => this.#failIce(this.#context.path.reason));
    }
    this.#sendDescription({ type: 'answer', sdp: answerTo(offer, sdp) });
  }

  /** @throws VIEWER_SDP_INVALID, VIEWER_CODEC_UNSUPPORTED if there would be no picture */
  #sanitizeAnswer(text: string, layout: OfferLayout): SanitizedDescription {
    try {
      const answer = sanitizeAnswer(text, layout);
      if (answer.payloads.video !== null) return answer;
    } catch (error) {
      const refused = error instanceof MoonteeError && error.code === 'VIEWER_CODEC_UNSUPPORTED';
      if (!refused) throw error;
    }
    const message = `This browser cannot play ${this.#context.videoName} video`;
    throw new MoonteeError('VIEWER_CODEC_UNSUPPORTED', message);
  }

  /**
   * Called before the engine gets the description, and with it the browser's addresses.
   *
   * @throws VIEWER_CERTIFICATE_MISMATCH if the browser announces another certificate than before:
   * that would be another DTLS connection (RFC 8842 §3.1), and ours belongs to the first
   */
  #assertSameCertificate({ fingerprints }: SanitizedDescription): void {
    if (!this.#remote || sameFingerprints(this.#remote.fingerprints, fingerprints)) return;
    const message = 'The viewer announced another certificate than before';
    throw new MoonteeError('VIEWER_CERTIFICATE_MISMATCH', message);
  }

  #restartIce(): void {
    this.#context.log.info('ice restarts');
    this.#restarting = true;
    this.#candidates.restart();
  }

  /** @returns a local description, set by the engine; null if the connection was closed meanwhile */
  async #describe(make: () => Promise<string>): Promise<string | null> {
    this.#candidates.holdLocal();
    const sdp = await make();
    if (this.closed) return null;
    if (!this.#described) {
      const deadline = this.#context.network.relayOnly ? 'firstRelay' : 'firstCandidate';
      this.#arm(deadline, () => this.gatheringComplete());
    }
    this.#described = true;
    return sdp;
  }

  #sendDescription(description: PeerDescription): void {
    this.#context.sendDescription(description);
    this.#candidates.flushLocal();
  }

  #remoteDescribed({ ufrag, setup, fingerprints, candidates }: SanitizedDescription): void {
    this.#remote = {
      ufrag,
      // If a browser leaves it open (`actpass`), our end is the active one.
      setup: this.#remote?.setup ?? (setup === 'active' ? 'active' : 'passive'),
      fingerprints: this.#remote?.fingerprints ?? fingerprints,
    };
    this.#candidates.flushRemote();
    for (const line of candidates) this.#candidates.addRemote(line);
    if (this.#state === 'negotiating') this.#become('connecting');
    // The engine reports `connected` once more when the checks of a restart have ended.
    if (this.#state === 'connected' && this.#restarting) this.#awaitPath();
    this.#restarting = false;
  }

  /** An invalid candidate must not end the connection: others may work. */
  #deliver(line: string): void {
    if (this.closed) return;
    try {
      this.#context.engine.addCandidate(line);
    } catch (error) {
      this.#context.log.debug({ err: error }, 'remote candidate dropped');
    }
  }

  #awaitPath(): void {
    if (this.#deadlines.has('recover')) return;
    this.#arm('recover', () => this.#failIce('the path to the viewer is gone'));
  }

  #failIce(reason: string): void {
    this.fail(new MoonteeError('ICE_FAILED', reason));
  }

  #enqueue(step: () => void | Promise<void>): Promise<void> {
    if (this.closed) return Promise.resolve();
    if (this.#pending >= QUEUE_LIMIT) {
      this.fail(new MoonteeError('VIEWER_MESSAGE_INVALID', 'Too many messages at once'));
      return Promise.resolve();
    }
    this.#pending += 1;
    this.#steps = this.#steps
      .then(() => (this.closed ? undefined : step()))
      .catch((error: unknown) => {
        this.fail(MoonteeError.from(error));
      })
      .finally(() => {
        this.#pending -= 1;
      });
    return this.#steps;
  }

  #become(state: PeerState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#context.stateChanged(state);
  }

  #arm(deadline: Deadline, expired: () => void): void {
    if (this.closed) return;
    this.#disarm(deadline);
    const cancel = this.#context.schedule(DEADLINES_MS[deadline], () => {
      this.#deadlines.delete(deadline);
      expired();
    });
    this.#deadlines.set(deadline, cancel);
  }

  #disarm(deadline: Deadline): void {
    this.#deadlines.get(deadline)?.();
    this.#deadlines.delete(deadline);
  }

  #disarmAll(): void {
    for (const cancel of this.#deadlines.values()) cancel();
    this.#deadlines.clear();
  }
}
