import { MoonteeError } from '../../core/errors.js';
import { ask, descriptionOf, parseDescription } from '../binding.js';
import type { PeerBranch } from './branch.js';
import { descriptionText } from './description-text.js';
import { sameFingerprints, type Fingerprint } from '../../media/fingerprint.js';
import type { DtlsCertificate } from './dtls-certificate.js';
import { restartAgent, type IceCredentials } from './network.js';
import type { GstRuntime, GstWebRTC } from '../runtime.js';
import {
  cleanAnswer,
  cleanOffer,
  cleanReoffer,
  dressOffer,
  shapeOf,
  withCredentials,
  withMessageLimit,
  type CleanDescription,
  type OfferDress,
  type OfferShape,
} from '../../media/sdp.js';
import type { NetworkOptions } from '../../ice/types.js';

/** Milliseconds for each answer of webrtcbin. */
const STEP_DEADLINE = 10_000;
/** Operations of one peer that may wait for each other. */
const PENDING_LIMIT = 8;

/** What a negotiation needs of its peer. */
export interface NegotiationHost {
  readonly runtime: GstRuntime;
  readonly dress: OfferDress;
  /** The video codec as people know it. */
  readonly videoName: string;
  readonly network: NetworkOptions;
  readonly certificate: DtlsCertificate;
  /** There has been a path: webrtcbin's lock is a trap from then on. */
  established(): boolean;
  /** A local description has been set. */
  described(): void;
  /** ICE begins anew: what was known of the browser's end belongs to the past. */
  iceRestarts(): void;
  /**
   * The browser's description has been set.
   *
   * @param candidates that stood in it, unchecked
   * @param restarted a restart of ICE has been waiting for it
   */
  remoteDescribed(candidates: readonly string[], restarted: boolean): void;
  /**
   * The browser's answer is about to be set.
   *
   * @param sound the payload type of sound that it takes; null where it refuses sound
   */
  soundChosen(sound: number | null): void;
  /** The browser has agreed to take video. */
  mediaAgreed(): void;
}

/**
 * The offers and answers of one peer, one step after the other, none after {@link end}. Restarts
 * of ICE are its own work, below webrtcbin, which has none: see docs/fan-out.md.
 */
export class Negotiation {
  readonly #branch: PeerBranch;
  readonly #host: NegotiationHost;
  /** The tail of the steps' queue. */
  #tail: Promise<unknown> = Promise.resolve();
  #pending = 0;
  readonly #abort = new AbortController();
  /** Our offer that waits for its answer. */
  #offer: OfferShape | null = null;
  /** What was agreed last: a browser may offer the same once more. */
  #agreed: OfferShape | null = null;
  #described = false;
  /** Of the browser's last description. */
  #remoteUfrag: string | null = null;
  /** The browser's part in DTLS, which no later description may change. */
  #remoteSetup: 'active' | 'passive' | null = null;
  /** Of the browser's certificate, which no later description may change. */
  #fingerprints: readonly Fingerprint[] | null = null;
  /** Since ICE was restarted: webrtcbin goes on repeating its first ones. */
  #credentials: IceCredentials | null = null;
  /** The restart waits for the browser's description. */
  #restarting = false;

  constructor(branch: PeerBranch, host: NegotiationHost) {
    this.#branch = branch;
    this.#host = host;
  }

  /** Whether ICE has been restarted at least once. */
  get restarted(): boolean {
    return this.#credentials !== null;
  }

  /** What the certificate of the browser's end must match; null before it has told. */
  get fingerprints(): readonly Fingerprint[] | null {
    return this.#fingerprints;
  }

  /** @returns our offer, already set */
  createOffer(iceRestart: boolean): Promise<string> {
    return this.#step(async () => {
      if (this.#offer) {
        throw new MoonteeError('VIEWER_SDP_INVALID', 'An offer waits for its answer');
      }
      const reply = await this.#ask('create-offer', [this.#emptyStructure()]);
      const offer = descriptionOf(reply, 'offer');
      if (iceRestart && this.#described) this.#restartIce();
      const text = await this.#describe('offer', offer);
      // Not before: webrtcbin would write other media sections.
      this.#branch.announce();
      const sdp = dressOffer(text, this.#host.dress);
      this.#offer = shapeOf(sdp);
      return sdp;
    });
  }

  acceptAnswer(sdp: string): Promise<void> {
    return this.#step(async () => {
      if (!this.#offer)
        throw new MoonteeError('VIEWER_SDP_INVALID', 'No offer waits for an answer');
      const clean = this.#cleanAnswer(sdp, this.#offer);
      this.#announced(clean);
      this.#host.soundChosen(clean.payloads.audio);
      const answer = parseDescription(this.#host.runtime, 'answer', clean.sdp);
      this.#branch.announce();
      await this.#ask('set-remote-description', [answer]);
      this.#agreed = this.#offer;
      this.#offer = null;
      this.#remoteDescribed(clean);
      this.#host.mediaAgreed();
    });
  }

  /** @returns our answer, already set */
  acceptOffer(sdp: string): Promise<string> {
    return this.#step(async () => {
      if (this.#offer) throw new MoonteeError('VIEWER_SDP_INVALID', 'The offers crossed');
      const agreed = this.#agreed;
      const clean = agreed ? cleanReoffer(sdp, agreed, this.#remoteSetup) : cleanOffer(sdp);
      this.#announced(clean);
      // Before the new remote credentials: a restart forgets what belongs to the old ones.
      if (this.#remoteUfrag !== null && this.#remoteUfrag !== clean.ufrag) this.#restartIce();
      const offer = parseDescription(this.#host.runtime, 'offer', clean.sdp);
      await this.#ask('set-remote-description', [offer]);
      const reply = await this.#ask('create-answer', [this.#emptyStructure()]);
      const text = await this.#describe('answer', descriptionOf(reply, 'answer'));
      this.#remoteDescribed(clean);
      return agreed ? dressOffer(text, this.#host.dress) : text;
    });
  }

  /** @throws VIEWER_SDP_INVALID, VIEWER_CODEC_UNSUPPORTED where there would be no picture */
  #cleanAnswer(sdp: string, offer: OfferShape): CleanDescription {
    const unsupported = (cause?: unknown): MoonteeError =>
      new MoonteeError(
        'VIEWER_CODEC_UNSUPPORTED',
        `This browser cannot play ${this.#host.videoName} video`,
        { cause },
      );
    try {
      const clean = cleanAnswer(sdp, offer);
      if (clean.payloads.video === null) throw unsupported();
      return clean;
    } catch (error) {
      const isUnsupported =
        error instanceof MoonteeError && error.code === 'VIEWER_CODEC_UNSUPPORTED';
      throw isUnsupported ? unsupported(error) : error;
    }
  }

  /** No step begins any more, and one that waits for webrtcbin rejects. Idempotent. */
  end(): void {
    this.#abort.abort();
  }

  /** @throws RATE_LIMITED with too many steps under way, CLOSED after {@link end} */
  async #step<T>(work: () => Promise<T>): Promise<T> {
    this.#assertOpen();
    if (this.#pending >= PENDING_LIMIT) {
      throw new MoonteeError('RATE_LIMITED', 'Too many descriptions at once');
    }
    this.#pending += 1;
    const run = this.#tail.then(async () => {
      this.#assertOpen();
      return work();
    });
    this.#tail = run.catch(() => undefined);
    try {
      return await run;
    } finally {
      this.#pending -= 1;
    }
  }

  #assertOpen(): void {
    if (this.#abort.signal.aborted) throw new MoonteeError('CLOSED', 'The peer is closed');
  }

  /** An action of webrtcbin; the end in between ends the wait. */
  async #ask(signal: string, values: readonly unknown[]): ReturnType<typeof ask> {
    const { runtime } = this.#host;
    const aborted = this.#abort.signal;
    let stop = (): void => undefined;
    const ended = new Promise<never>((_, reject) => {
      stop = () => reject(new MoonteeError('CLOSED', 'The peer was closed'));
      aborted.addEventListener('abort', stop, { once: true });
    });
    try {
      return await Promise.race([
        this.#whenSafe(() => ask(runtime, this.#branch.webrtc, signal, values, STEP_DEADLINE)),
        ended,
      ]);
    } finally {
      aborted.removeEventListener('abort', stop);
      // The step goes on only where the peer still lives.
      this.#assertOpen();
    }
  }

  /** For whatever takes webrtcbin's lock. */
  #whenSafe<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#host.established()) return work();
    // Wrapped, so that only the call itself is exclusive and not the wait for its answer.
    return this.#branch.gate.exclusive(() => ({ answer: work() })).then(({ answer }) => answer);
  }

  #emptyStructure(): unknown {
    return this.#host.runtime.namespaces.Gst.Structure.newEmpty('options');
  }

  /** Sets a local description. @returns its text */
  async #describe(
    type: 'offer' | 'answer',
    made: GstWebRTC.WebRTCSessionDescription,
  ): Promise<string> {
    const { runtime, network, certificate } = this.#host;
    const credentials = this.#credentials;
    const certified = certificate.describe(descriptionText(made.sdp));
    const text = credentials ? withCredentials(certified, credentials) : certified;
    this.#branch.certify(certificate);
    this.#branch.watchIngress();
    this.#branch.prepareNetwork(network);
    await this.#ask('set-local-description', [parseDescription(runtime, type, text)]);
    this.#described = true;
    this.#host.described();
    return withMessageLimit(text);
  }

  /**
   * Begins ICE anew below webrtcbin, which cannot. Its sockets stay, so do DTLS and all that is
   * above; webrtcbin hands the credentials of descriptions on to the agent in any case.
   */
  #restartIce(): void {
    this.#credentials = restartAgent(this.#branch.webrtc);
    this.#restarting = true;
    this.#host.iceRestarts();
  }

  /**
   * Before webrtcbin learns the description, and with it where to find the browser.
   *
   * @throws VIEWER_CERTIFICATE_MISMATCH if another certificate is announced than before: that would
   * be another DTLS connection (RFC 8842 §3.1), and the one that is there belongs to the first
   */
  #announced({ fingerprints }: CleanDescription): void {
    this.#fingerprints ??= fingerprints;
    if (sameFingerprints(this.#fingerprints, fingerprints)) return;
    throw new MoonteeError(
      'VIEWER_CERTIFICATE_MISMATCH',
      'The viewer announced another certificate than before',
    );
  }

  #remoteDescribed({ candidates, ufrag, setup }: CleanDescription): void {
    // Where a browser leaves it open (`actpass`), webrtcbin makes itself the active one.
    this.#remoteSetup ??= setup === 'active' ? 'active' : 'passive';
    this.#remoteUfrag = ufrag;
    const restarted = this.#restarting;
    this.#restarting = false;
    this.#host.remoteDescribed(candidates, restarted);
  }
}
