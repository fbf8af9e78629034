import type { Peer, PeerCandidate } from '../media/types.js';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type {
  StreamClientMessage,
  StreamServerGeneralMessage,
  StreamServerMessage,
} from '../protocol/viewer-messages.js';

/** Milliseconds a browser has to answer an offer, and then to get ICE and DTLS up. */
const ANSWER_DEADLINE = 15_000;
const CONNECT_DEADLINE = 20_000;

/** Milliseconds that a viewer may be stalled: a tunnel, a tab that was put to sleep. */
const STALL_DEADLINE = 30_000;

/** Messages of one viewer that may wait for their turn; one that sends more is broken. */
const MAX_PENDING_MESSAGES = 256;

type HostQuality = 'ok' | 'poor';

export interface ChildViewerOptions {
  readonly peer: Peer;
  readonly log: Log;
  readonly send: (message: StreamServerMessage) => void;
  /** Called at most once, when the viewer cannot go on. */
  readonly fail: (error: MoonteeError) => void;
  readonly connected: () => void;
  /** Milliseconds; default half a minute. */
  readonly stallDeadline?: number;
}

/**
 * The signaling of one viewer, inside the streamer child: offer first, answer, candidates
 * both ways, renegotiation. Steps run one after another, whatever order messages come in.
 */
export class ChildViewer {
  readonly peer: Peer;
  readonly #log: Log;
  readonly #send: (message: StreamServerMessage) => void;
  readonly #fail: (error: MoonteeError) => void;
  readonly #connected: () => void;
  /** Tail of the chain of negotiation steps. */
  #steps: Promise<void> = Promise.resolve();
  #pending = 0;
  /** Our offer is out and not answered. */
  #offerOutstanding = false;
  /** ICE shall be restarted as soon as there is an answer. */
  #restartWanted = false;
  /** A first answer arrived: media is negotiated. */
  #answered = false;
  /** The viewer has asked to be told of the host's link; others may be broken by it. */
  #wantsHostQuality = false;
  #hostQuality: HostQuality = 'ok';
  #toldHostQuality: HostQuality = 'ok';
  /** Local candidates that came before the offer was sent. */
  #early: PeerCandidate[] | null = [];
  #deadline: NodeJS.Timeout | undefined;
  #stall: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ChildViewerOptions) {
    this.peer = options.peer;
    this.#log = options.log;
    this.#send = options.send;
    this.#fail = options.fail;
    this.#connected = options.connected;

    this.peer.on('candidate', (candidate) => {
      if (this.#early) this.#early.push(candidate);
      else this.#sendCandidate(candidate);
    });
    this.peer.on('channel-open', () => this.#tellHostQuality());
    this.peer.on('quality', (quality) => {
      clearTimeout(this.#stall);
      if (quality !== 'stalled' || this.#closed) return;
      this.#stall = setTimeout(
        () => this.#failOnce(new MoonteeError('VIEWER_STALLED')),
        options.stallDeadline ?? STALL_DEADLINE,
      );
    });
    this.peer.on('state', (state) => {
      if (this.#closed) return;
      if (state === 'connected') {
        this.#clearDeadline();
        this.#connected();
      } else if (state === 'failed') {
        this.#failOnce(new MoonteeError(this.peer.failureCode, this.peer.diagnosis));
      }
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Sends the first offer. */
  start(): void {
    this.#enqueue(() => this.#offer(false));
  }

  /** Takes a message of the browser; what makes no sense now is dropped with a log line. */
  receive(message: StreamClientMessage): void {
    if (this.#closed) return;
    if ('AuthenticateAndInit' in message) {
      this.#wantsHostQuality ||= message.AuthenticateAndInit.host_quality === true;
      this.#tellHostQuality();
    } else if ('RestartIce' in message) {
      this.#enqueue(() => this.#offer(true));
    } else if ('Signaling' in message) {
      const signaling = message.Signaling;
      if ('AddIceCandidate' in signaling) {
        const { candidate, sdp_mid, sdp_mline_index } = signaling.AddIceCandidate;
        if (candidate === '') return;
        this.#enqueue(() => {
          this.#addCandidate({
            candidate,
            sdpMid: sdp_mid ?? null,
            sdpMLineIndex: sdp_mline_index ?? 0,
          });
        });
      } else {
        const { ty, sdp } = signaling.Description;
        if (ty === 'answer') this.#enqueue(() => this.#acceptAnswer(sdp));
        else if (ty === 'offer') this.#enqueue(() => this.#acceptOffer(sdp));
        else this.#log.debug({ type: ty }, 'description dropped');
      }
    }
  }

  /** How good the link to the host is, as long as nothing else is said. */
  hostQuality(quality: HostQuality): void {
    this.#hostQuality = quality;
    this.#tellHostQuality();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#clearDeadline();
    clearTimeout(this.#stall);
    this.peer.removeAllListeners();
    await this.peer.close();
  }

  #tellHostQuality(): void {
    if (!this.#wantsHostQuality || this.#hostQuality === this.#toldHostQuality) return;
    const status = this.#hostQuality === 'ok' ? 'Ok' : 'Poor';
    const message: StreamServerGeneralMessage = { ConnectionStatusUpdate: { status } };
    if (!this.peer.send('general', JSON.stringify(message))) return;
    this.#toldHostQuality = this.#hostQuality;
  }

  async #offer(iceRestart: boolean): Promise<void> {
    if (this.#offerOutstanding) {
      this.#restartWanted ||= iceRestart;
      return;
    }
    const sdp = await this.peer.createOffer({ iceRestart });
    if (this.#closed) return;
    this.#offerOutstanding = true;
    this.#send({ Signaling: { Description: { ty: 'offer', sdp } } });
    const early = this.#early ?? [];
    this.#early = null;
    for (const candidate of early) this.#sendCandidate(candidate);
    this.#setDeadline(
      ANSWER_DEADLINE,
      () => new MoonteeError('VIEWER_TIMEOUT', 'The browser did not answer the offer in time'),
    );
  }

  async #acceptAnswer(sdp: string): Promise<void> {
    if (!this.#offerOutstanding) {
      this.#log.debug('answer without an offer dropped');
      return;
    }
    await this.peer.acceptAnswer(sdp);
    if (this.#closed) return;
    this.#offerOutstanding = false;
    this.#answered = true;
    this.#clearDeadline();
    if (this.peer.state !== 'connected') {
      this.#setDeadline(
        CONNECT_DEADLINE,
        () => new MoonteeError('ICE_FAILED', this.peer.diagnosis),
      );
    }
    if (this.#restartWanted) {
      this.#restartWanted = false;
      await this.#offer(true);
    }
  }

  /**
   * A browser offers where it does not know that the server does. While our own offer is out
   * we are the impolite side and ignore it (its answer to ours settles everything).
   */
  async #acceptOffer(sdp: string): Promise<void> {
    if (this.#offerOutstanding) {
      this.#log.debug('colliding offer ignored');
      return;
    }
    const answer = await this.peer.acceptOffer(sdp);
    if (this.#closed) return;
    this.#send({ Signaling: { Description: { ty: 'answer', sdp: answer } } });
    if (!this.#answered) await this.#offer(false);
  }

  /** A candidate that is no good is no reason to give up: others may work. */
  #addCandidate(candidate: PeerCandidate): void {
    try {
      this.peer.addCandidate(candidate);
    } catch (error) {
      this.#log.debug({ err: error }, 'remote candidate dropped');
    }
  }

  #sendCandidate(candidate: PeerCandidate): void {
    this.#send({
      Signaling: {
        AddIceCandidate: {
          candidate: candidate.candidate,
          sdp_mid: candidate.sdpMid,
          sdp_mline_index: candidate.sdpMLineIndex,
          username_fragment: null,
        },
      },
    });
  }

  #enqueue(step: () => void | Promise<void>): void {
    if (this.#pending >= MAX_PENDING_MESSAGES) {
      this.#failOnce(new MoonteeError('VIEWER_MESSAGE_INVALID', 'Too many messages at once'));
      return;
    }
    this.#pending += 1;
    this.#steps = this.#steps
      .then(() => (this.#closed ? undefined : step()))
      .catch((error: unknown) => {
        this.#failOnce(MoonteeError.from(error));
      })
      .finally(() => {
        this.#pending -= 1;
      });
  }

  #failOnce(error: MoonteeError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#clearDeadline();
    clearTimeout(this.#stall);
    this.#fail(error);
  }

  #setDeadline(milliseconds: number, error: () => MoonteeError): void {
    this.#clearDeadline();
    this.#deadline = setTimeout(() => this.#failOnce(error()), milliseconds);
  }

  #clearDeadline(): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }
}
