import { randomBytes, randomInt } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { Log } from '../core/log.js';
import { TERMINATION_CODE } from '../moonlight/control/host-messages.js';
import type { HostInput, HostMessage } from '../moonlight/types.js';
import type { App } from './apps.js';
import type { HostStyle } from './options.js';
import { Desktop } from './picture/desktop.js';
import type { AnnouncedStream } from './rtsp/announce.js';

/** What a client asked for with launch or resume (§1.7). */
export interface LaunchRequest {
  /** Fingerprint of the client's certificate. */
  readonly client: string;
  /** The client's IP address. */
  readonly address: string;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly channels: number;
  /** The session's AES key. */
  readonly key: Buffer;
  /** First four IV bytes of audio, as a signed number. */
  readonly keyId: number;
  readonly encryptedRtsp: boolean;
}

/** An app that runs, with or without anybody who watches. */
export interface Game {
  readonly app: App;
  /** Whose it is; null if the whole host shares it. */
  readonly client: string | null;
  /** What the picture shows of the input that arrived. */
  readonly desktop: Desktop;
}

/** `launched` waits for RTSP, `announced` for control and pings, `connected` has a control peer. */
export type SessionState = 'launched' | 'announced' | 'connected' | 'closed';

interface SessionEvents {
  announced: [];
  connected: [];
  closed: [reason: string];
  /** The client wants a key frame. */
  keyframe: [];
  /** The client lacks these frames. */
  invalidate: [{ readonly first: number; readonly last: number }];
  input: [HostInput];
  /** To be sent to the client. */
  message: [HostMessage];
  /** The client shall get the reason, with a code of §9.4, before its control stream ends. */
  terminate: [code: number];
}

/** Milliseconds from launch to ANNOUNCE, and from ANNOUNCE to the control stream (§9.2). */
const HANDSHAKE_DEADLINE_MS = 10_000;

/** One client's stream, from launch to its end. */
export class Session extends EventEmitter<SessionEvents> {
  readonly id: string;
  readonly game: Game;
  /** RTSP session token. */
  readonly token: string;
  /** 16 characters that mark the client's pings. */
  readonly pingPayload: string;
  /** u32 that marks the client's ENet connection. */
  readonly connectData: number;
  readonly log: Log;
  /** RTSP has given out the audio port: the session cannot be taken any more. */
  claimed = false;
  /** Messages sent by rtspenc so far. */
  rtspSequence = 0;
  #request: LaunchRequest;
  #state: SessionState = 'launched';
  #stream: AnnouncedStream | null = null;
  #deadline: NodeJS.Timeout;

  constructor(id: string, game: Game, request: LaunchRequest, log: Log) {
    super();
    this.id = id;
    this.game = game;
    this.#request = request;
    this.token = randomBytes(6).toString('hex').toUpperCase();
    this.pingPayload = randomBytes(8).toString('hex').toUpperCase();
    this.connectData = randomInt(1, 0x1_0000_0000);
    this.log = log.child({ session_id: id, app: game.app.title });
    this.#deadline = this.#expect('RTSP');
  }

  get state(): SessionState {
    return this.#state;
  }

  get request(): LaunchRequest {
    return this.#request;
  }

  /**
   * Two launches from one address had their plain RTSP handshakes in the other order. The keys,
   * which the control stream proves, decide whose session is whose.
   */
  swapRequests(other: Session): void {
    [this.#request, other.#request] = [other.#request, this.#request];
  }

  /** What was negotiated; null before ANNOUNCE. */
  get stream(): AnnouncedStream | null {
    return this.#stream;
  }

  announce(stream: AnnouncedStream): void {
    if (this.#state !== 'launched') return;
    this.#stream = stream;
    this.#state = 'announced';
    clearTimeout(this.#deadline);
    this.#deadline = this.#expect('the control stream');
    this.log.info({ ...stream }, 'stream announced');
    this.emit('announced');
  }

  connected(): void {
    if (this.#state !== 'announced') return;
    this.#state = 'connected';
    clearTimeout(this.#deadline);
    this.log.info('control stream connected');
    this.emit('connected');
  }

  requestKeyframe(): void {
    this.emit('keyframe');
  }

  /** The client lost these frames and can do without a key frame. */
  invalidate(first: number, last: number): void {
    this.emit('invalidate', { first, last });
  }

  /** What the client did; the picture shows it. */
  input(input: HostInput): void {
    const { width, height } = this.#stream ?? this.request;
    this.game.desktop.apply(input, width, height);
    this.emit('input', input);
  }

  /** Sends a message, if the control stream is there. */
  send(message: HostMessage): void {
    this.emit('message', message);
  }

  /** Notifies the client and ends. */
  terminate(code: number, reason: string): void {
    if (this.#state === 'closed') return;
    this.emit('terminate', code);
    this.close(reason);
  }

  /** Idempotent. */
  close(reason: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#deadline);
    this.log.info({ reason }, 'session closed');
    this.emit('closed', reason);
    this.removeAllListeners();
  }

  #expect(what: string): NodeJS.Timeout {
    return setTimeout(() => this.close(`${what} did not come`), HANDSHAKE_DEADLINE_MS).unref();
  }
}

interface SessionsEvents {
  /** A session was launched or resumed. */
  session: [Session];
}

/** Bound on sessions at once; each may carry an encoder. */
const MAX_SESSIONS = 16;

/** Running apps and the sessions that watch them. */
export class Sessions extends EventEmitter<SessionsEvents> {
  readonly #style: HostStyle;
  readonly #log: Log;
  readonly #games = new Set<Game>();
  readonly #sessions = new Map<string, Session>();
  #count = 0;

  constructor(style: HostStyle, log: Log) {
    super();
    this.#style = style;
    this.#log = log;
  }

  /** Oldest first. */
  get all(): readonly Session[] {
    return [...this.#sessions.values()];
  }

  get runningApps(): number {
    return this.#games.size;
  }

  get full(): boolean {
    return this.#sessions.size >= MAX_SESSIONS;
  }

  /** The running app as this client sees it: Sunshine has one for all, Wolf one a client. */
  game(client: string | null): Game | undefined {
    return [...this.#games].find((game) => game.client === null || game.client === client);
  }

  /** Starts an app; what the client still ran of its own ends first. */
  launch(app: App, request: LaunchRequest): Session {
    const client = this.#style === 'wolf' ? request.client : null;
    this.cancel(request.client, 'replaced by another launch');
    const game: Game = { app, client, desktop: new Desktop() };
    this.#games.add(game);
    return this.#add(game, request);
  }

  /** Joins a running app; what the same client had open before is replaced. */
  resume(game: Game, request: LaunchRequest): Session {
    for (const session of this.all) {
      if (session.request.client === request.client) session.close('replaced by a resume');
    }
    return this.#add(game, request);
  }

  /** Ends the client's app and every session of it. */
  cancel(client: string, reason = 'cancelled'): void {
    const game = this.game(client);
    if (game === undefined) return;
    this.#games.delete(game);
    for (const session of this.all) {
      if (session.game === game) session.terminate(TERMINATION_CODE.CLOSED, reason);
    }
  }

  close(reason: string): void {
    for (const session of this.all) session.terminate(TERMINATION_CODE.CLOSED, reason);
    this.#games.clear();
  }

  #add(game: Game, request: LaunchRequest): Session {
    this.#count += 1;
    const session = new Session(String(this.#count), game, request, this.#log);
    this.#sessions.set(session.id, session);
    session.once('closed', () => this.#sessions.delete(session.id));
    session.log.info({ address: request.address }, 'session launched');
    this.emit('session', session);
    return session;
  }
}
