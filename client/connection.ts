import { attemptAsync } from './attempt.js';
import { Backoff, type BackoffOptions } from './backoff.js';
import { Company } from './company.js';
import { clientUniqueId } from './client-id.js';
import { Emitter } from './emitter.js';
import { ending, unauthorized, type Ending } from './ending.js';
import { ViewerInput } from './input.js';
import type { MediaOutlet, Transport } from './media-outlet.js';
import type { OutcomeCode } from './outcomes.js';
import { ApiError, type MoonteeApi } from './rest.js';
import {
  DEFAULT_DEADLINES,
  ViewerSession,
  type SessionDeadlines,
  type SocketMedia,
  type ViewerEvents,
} from './session.js';
import { StatsCollector } from './stats.js';
import type { ViewerStats } from './viewer-stats.js';

/**
 * - `connecting`: an attempt runs.
 * - `connected`: the media path is up.
 * - `waiting`: an attempt or a connection failed; another begins after `delay` milliseconds.
 * - `ended`: no further attempt unless asked for.
 */
export type ConnectionStatus =
  | { readonly state: 'connecting'; readonly attempt: number }
  | { readonly state: 'connected' }
  | { readonly state: 'waiting'; readonly end: Ending; readonly delay: number }
  | { readonly state: 'ended'; readonly end: Ending };

export interface ViewerConnectionOptions {
  readonly api: MoonteeApi;
  readonly streamerId: string;
  /** Default: one that lasts for this browser and tab. */
  readonly clientUniqueId?: string;
  readonly deadlines?: Partial<SessionDeadlines>;
  readonly backoff?: BackoffOptions;
  /** Attempts in a row without a connection after which it ends; default 20. */
  readonly maxAttempts?: number;
  /** Shows media that come over a socket; without one they never do. */
  readonly media?: MediaOutlet;
}

type ConnectionEvents = ViewerEvents & {
  status: [ConnectionStatus];
  /** A new attempt: forget what the last one showed. */
  restarted: [];
  /** Why media come by WebRTC although a socket was asked for. */
  noMediaSocket: [string];
};

/** Up this long, a connection has earned quick retries again. */
const STEADY_MS = 5_000;
/** Milliseconds of an attempt without a socket, after which the network may be dead. */
const DOUBT_MS = 1_000;
/** Milliseconds for an answer from a network that may be dead; so long after its return it is noticed. */
const ANSWER_MS = 700;
/** Questions in a row without an answer, after which they have more time and come less often. */
const QUICK_QUESTIONS = 200;
const SLOW_ANSWER_MS = 5_000;

/**
 * A viewer of a streamer: connects, comes back by itself when the connection is lost, and
 * gives the reason when it cannot. Nothing happens before {@link start}.
 */
export class ViewerConnection extends Emitter<ConnectionEvents> {
  readonly input = new ViewerInput();
  /** The other viewers, and who steers. */
  readonly company = new Company();
  /** How media come; a change counts from the next {@link start} on. */
  transport: Transport = 'webrtc';
  readonly #options: ViewerConnectionOptions;
  readonly #clientUniqueId: string;
  readonly #backoff: Backoff;
  #resumeSecret: string | null = null;
  #session: ViewerSession | undefined;
  #stats: StatsCollector | undefined;
  /** Why the last attempts ended, until one has a path. */
  #reason: Ending | undefined;
  #status: ConnectionStatus = { state: 'connecting', attempt: 1 };
  /** The state in which the server is being asked. */
  #asksIn: ConnectionStatus | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #steady: ReturnType<typeof setTimeout> | undefined;
  #doubt: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: ViewerConnectionOptions) {
    super();
    this.#options = options;
    this.#clientUniqueId = options.clientUniqueId ?? clientUniqueId();
    this.#backoff = new Backoff(options.backoff);
  }

  /** Media of this attempt come over a media socket. */
  get isOnSocket(): boolean {
    return this.#session?.isOnSocket ?? false;
  }

  /** Whoever shows the stream has a picture of it: a media socket is not needed any more. */
  leaveMediaSocket(): void {
    this.#session?.leaveMediaSocket();
  }

  /** The network has changed: where a media socket stands in for WebRTC, that is tried again. */
  tryWebRtc(): void {
    this.#session?.tryWebRtc();
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  /** Begins an attempt now, whatever was going on. */
  start(): void {
    if (this.#closed) return;
    this.#stop();
    this.#setStatus({ state: 'connecting', attempt: this.#backoff.attempts + 1 });
    this.emit('restarted');
    const { media } = this.#options;
    if (this.transport === 'webrtc' || media === undefined) this.#open(null);
    else if (this.transport === 'auto') this.#open({ outlet: media, isAlone: false });
    else void this.#openAlone(media);
  }

  /** Media over a socket alone, or by WebRTC where there are no decoders. */
  async #openAlone(outlet: MediaOutlet): Promise<void> {
    const status = this.#status;
    const { video } = await outlet.support();
    if (this.#closed || this.#status !== status) return;
    if (video.length === 0) this.emit('noMediaSocket', whyNone());
    this.#open(video.length > 0 ? { outlet, isAlone: true } : null);
  }

  #open(media: SocketMedia | null): void {
    const { api, streamerId, deadlines } = this.#options;
    const session = new ViewerSession({
      url: api.peerUrl(streamerId),
      credentials: api.credentials,
      clientUniqueId: this.#clientUniqueId,
      resumeSecret: this.#resumeSecret,
      deadlines: { ...DEFAULT_DEADLINES, ...deadlines },
      media,
      company: this.company,
    });
    this.#session = session;
    session.on('resume', (secret) => (this.#resumeSecret = secret));
    session.on('progress', (text) => this.emit('progress', text));
    session.on('stream', (stream) => this.emit('stream', stream));
    session.on('noSound', (reason) => this.emit('noSound', reason));
    session.on('ready', (ready) => this.emit('ready', ready));
    session.on('title', (title) => this.emit('title', title));
    session.on('stage', (stage) => this.emit('stage', stage));
    session.on('feedback', (feedback) => this.emit('feedback', feedback));
    session.on('quality', (quality) => this.emit('quality', quality));
    session.on('hostQuality', (quality) => this.emit('hostQuality', quality));
    session.on('channels', (channels, isAnother) => {
      if (isAnother) this.input.moveOver(channels);
      else this.input.attach(channels);
    });
    session.on('connected', () => this.#onConnected(session));
    session.on('silence', () => void this.#awaitNetwork());
    this.#doubt = setTimeout(() => {
      if (!session.isOpen) void this.#awaitNetwork();
    }, DOUBT_MS);
    session.on('end', (end) => void this.#onEnd(end));
  }

  /** Tries again at once if a retry is due later or none is. */
  retryNow(): void {
    if (this.#status.state === 'waiting' || this.#status.state === 'ended') this.start();
  }

  /** The page found the connection useless, e.g. no picture comes: start over, with a wait. */
  giveUp(code: OutcomeCode): void {
    if (this.#session === undefined) return;
    this.#stop();
    void this.#onEnd(ending(code));
  }

  /** Undefined while there is no connection, or where the browser does not tell. */
  async stats(): Promise<ViewerStats | undefined> {
    return attemptAsync(() =>
      this.isOnSocket ? this.#options.media?.stats() : this.#stats?.sample(),
    );
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stop();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#steady);
    clearTimeout(this.#doubt);
    this.#session?.close();
    this.#session = undefined;
    this.#stats = undefined;
    this.input.attach(undefined);
    this.company.attach(undefined);
  }

  #onConnected(session: ViewerSession): void {
    const { connection } = session;
    if (connection !== undefined && this.#stats?.source !== connection) {
      this.#stats = new StatsCollector(connection);
    }
    this.#reason = undefined;
    this.#steady = setTimeout(() => this.#backoff.reset(), STEADY_MS);
    this.#setStatus({ state: 'connected' });
  }

  async #onEnd(ended: Ending): Promise<void> {
    this.#stop();
    // A socket that is refused says nothing: what was told before is still the best reason.
    const end = ended.code === 'SOCKET_LOST' ? (this.#reason ?? ended) : ended;
    this.#reason = end;
    const attempts = this.#options.maxAttempts ?? 20;
    if (!end.retry || this.#backoff.attempts >= attempts) {
      this.#setStatus({ state: 'ended', end });
      return;
    }
    const delay = this.#backoff.next();
    this.#setStatus({ state: 'waiting', end, delay });
    this.#timer = setTimeout(() => this.start(), delay);
    // A refused upgrade tells a browser nothing, so ask where the answer can be read.
    const status = this.#status;
    const verdict = this.#verdict();
    void this.#awaitNetwork(verdict);
    const final = await verdict;
    if (final === undefined || this.#closed || this.#status !== status) return;
    if (!final.retry) clearTimeout(this.#timer);
    this.#setStatus(
      final.retry ? { state: 'waiting', end: final, delay } : { state: 'ended', end: final },
    );
  }

  /**
   * Asks the server until it answers, while the state stays as it is. An answer that comes at last means
   * that the network is back, and that neither a wait nor an old connection is worth any more.
   *
   * @param first a question that has been asked, with more time for its answer than the later ones
   */
  async #awaitNetwork(first = this.#verdict()): Promise<void> {
    const status = this.#status;
    if (this.#asksIn === status) return;
    this.#asksIn = status;
    const isAnswered = await Promise.race([first.then(() => true), sleep(ANSWER_MS)]);
    for (let asked = 0; isAnswered !== true; asked += 1) {
      const timeout = asked < QUICK_QUESTIONS ? ANSWER_MS : SLOW_ANSWER_MS;
      const began = performance.now();
      const verdict = await this.#verdict(timeout);
      if (this.#closed || this.#status !== status) return;
      const isSilent = verdict?.code === 'UNREACHABLE' && performance.now() - began >= timeout;
      if (isSilent) continue;
      const isLate = status.state === 'connecting' && this.#session?.isOpen === true;
      if (verdict === undefined && !isLate) this.start();
      break;
    }
    if (this.#asksIn === status) this.#asksIn = undefined;
  }

  /**
   * @param timeout milliseconds; left out: that of all requests
   * @returns a better reason than the lost connection, if the server has one
   */
  async #verdict(timeout?: number): Promise<Ending | undefined> {
    try {
      const { streamerId } = this.#options;
      const { status, error } = await this.#options.api.getStreamer(streamerId, {
        ...(timeout === undefined ? {} : { timeout }),
      });
      if (status !== 'failed') return undefined;
      return ending('STREAMER_FAILED', error ?? undefined);
    } catch (error) {
      if (!(error instanceof ApiError)) return undefined;
      if (error.status === 404) return ending('STREAMER_NOT_FOUND');
      if (error.isUnauthorized) return unauthorized(this.#options.api.credentials);
      return error.status === 0 ? ending('UNREACHABLE') : undefined;
    }
  }

  #setStatus(status: ConnectionStatus): void {
    this.#status = status;
    this.emit('status', status);
  }
}

function whyNone(): string {
  return isSecureContext
    ? 'This browser decodes no video by itself: media come by WebRTC.'
    : 'Browsers take media over a WebSocket from HTTPS alone: they come by WebRTC.';
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
