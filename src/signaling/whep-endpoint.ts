import { randomBytes, randomUUID } from 'node:crypto';
import { rightsOn, type Principal } from '../access/principal.js';
import type { Tenure, Tenures } from '../access/tenures.js';
import { MoonteeError } from '../core/errors.js';
import { isErrorCode, type OutcomeCode } from '../core/outcomes.js';
import type { Rights } from '../core/rights.js';
import type { Log } from '../core/log.js';
import type { BrowserIceServer } from '../ice/browser-servers.js';
import type { ViewerAnswer, ViewerPatch, ViewerPatched } from '../protocol/ipc.js';
import type { StreamerRegistry } from '../streamer/registry.js';
import type { Streamer } from '../streamer/streamer.js';
import type { Viewer, ViewerOffer } from '../streamer/viewers.js';

export interface WhepEndpointOptions {
  readonly streamers: StreamerRegistry;
  readonly tenures: Tenures;
  readonly log: Log;
}

/** A player at the door. */
export interface WhepCaller {
  readonly principal: Principal;
  /** Its offer; null: it wants ours. */
  readonly sdp: string | null;
  /** It has gone before there was an answer. */
  readonly signal: AbortSignal;
}

/** What a player gets for its offer. */
export interface WhepJoined {
  /** Names the session in its URL: 128 random bits. */
  readonly sessionId: string;
  readonly answer: ViewerAnswer;
  readonly iceServers: readonly BrowserIceServer[];
}

/** What a player says later. */
export type WhepPatch = Omit<ViewerPatch, 'peer_id'>;

/** Bytes of randomness in a session's id. */
const ID_BYTES = 16;
/** Milliseconds that a player waits for a session with the host. */
const SESSION_PATIENCE_MS = 5_000;

/**
 * `/api/streamers/{id}/whep`: viewers that make the offer over HTTP (draft-ietf-wish-whep). The media and
 * all of SDP are the child's; here is the session of each, from its `POST` until its `DELETE` or its end.
 */
export class WhepEndpoint {
  readonly #options: WhepEndpointOptions;
  readonly #sessions = new Map<string, WhepSession>();

  constructor(options: WhepEndpointOptions) {
    this.#options = options;
  }

  /**
   * Adds a viewer. It leaves if its signal is aborted before there is an answer.
   *
   * @throws STREAMER_NOT_FOUND, CLOSED if there is no session with the host for now, LIMIT_REACHED, and why
   * the child does not answer
   */
  async join(streamerId: string, caller: WhepCaller): Promise<WhepJoined> {
    const streamer = this.#usable(streamerId);
    const session = new WhepSession(streamer, caller, this.#options, (gone) => {
      this.#sessions.delete(gone.id);
    });
    this.#sessions.set(session.id, session);
    try {
      return await session.join(caller.signal);
    } catch (error) {
      this.#sessions.delete(session.id);
      throw error;
    }
  }

  /** @throws NOT_FOUND, and what the child throws about the patch */
  patch(streamerId: string, sessionId: string, patch: WhepPatch): Promise<ViewerPatched> {
    return this.#require(streamerId, sessionId).patch(patch);
  }

  /** @throws NOT_FOUND */
  leave(streamerId: string, sessionId: string): void {
    this.#require(streamerId, sessionId).leave('The player ended its session');
  }

  /** @throws NOT_FOUND */
  assertSession(streamerId: string, sessionId: string): void {
    this.#require(streamerId, sessionId);
  }

  /** ICE servers for a player that has not joined. @throws STREAMER_NOT_FOUND */
  iceServers(streamerId: string): Promise<readonly BrowserIceServer[]> {
    return this.#usable(streamerId).iceServersFor(randomUUID());
  }

  /** @throws STREAMER_NOT_FOUND, FORBIDDEN without WebRTC */
  assertEndpoint(streamerId: string): void {
    this.#usable(streamerId);
  }

  #usable(streamerId: string): Streamer {
    const streamer = this.#options.streamers.require(streamerId);
    if (streamer.hasWebRtc) return streamer;
    throw new MoonteeError('FORBIDDEN', 'This server sends no media over WebRTC');
  }

  #require(streamerId: string, sessionId: string): WhepSession {
    const session = this.#sessions.get(sessionId);
    if (session?.streamerId === streamerId) return session;
    throw new MoonteeError('NOT_FOUND', 'The session does not exist, or is over');
  }
}

class WhepSession implements Viewer {
  readonly id = randomBytes(ID_BYTES).toString('base64url');
  readonly peerId = randomUUID();
  readonly isPeerless = false;
  readonly offer: ViewerOffer;
  readonly #streamer: Streamer;
  readonly #log: Log;
  readonly #principal: Principal;
  readonly #tenures: Tenures;
  readonly #gone: (session: WhepSession) => void;
  #tenure: Tenure | null = null;
  /** Settles {@link join}. */
  #settle: (result: Omit<WhepJoined, 'sessionId'> | MoonteeError) => void = () => undefined;

  constructor(
    streamer: Streamer,
    { sdp, principal }: WhepCaller,
    { tenures, log }: Pick<WhepEndpointOptions, 'tenures' | 'log'>,
    gone: (session: WhepSession) => void,
  ) {
    this.#streamer = streamer;
    this.#log = log.child({ streamer_id: streamer.id, peer_id: this.peerId });
    this.#principal = principal;
    this.#tenures = tenures;
    this.#gone = gone;
    this.offer = {
      sdp,
      onAnswer: (answer, iceServers) => this.#settle({ answer, iceServers }),
    };
  }

  get streamerId(): string {
    return this.#streamer.id;
  }

  get rights(): Rights {
    return rightsOn(this.#principal, this.#streamer.id);
  }

  get name(): string | null {
    return this.#principal.name;
  }

  /** @throws why there is no answer */
  async join(signal: AbortSignal): Promise<WhepJoined> {
    const answered = new Promise<Omit<WhepJoined, 'sessionId'>>((resolve, reject) => {
      this.#settle = (result) => {
        if (result instanceof MoonteeError) reject(result);
        else resolve(result);
      };
    });
    const impatient = setTimeout(() => {
      if (this.#streamer.isWaiting(this.peerId)) {
        this.#refuse('CLOSED', 'The streamer has no session with its host now');
      }
    }, SESSION_PATIENCE_MS);
    const onAbort = (): void => this.#refuse('LEFT', 'The player did not wait for the answer');
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      this.#tenure = this.#tenures.hold(this.#principal, (code, reason) => {
        this.#streamer.dismissViewer(this.peerId, code, reason);
      });
      this.#streamer.addViewer(this);
      return { sessionId: this.id, ...(await answered) };
    } catch (error) {
      this.#tenure?.release();
      throw error;
    } finally {
      clearTimeout(impatient);
      signal.removeEventListener('abort', onAbort);
    }
  }

  patch(patch: WhepPatch): Promise<ViewerPatched> {
    return this.#streamer.request('patch_viewer', { ...patch, peer_id: this.peerId });
  }

  leave(reason: string): void {
    this.#over();
    this.#streamer.removeViewer(this.peerId, 'LEFT', reason);
  }

  /** Players hear of nothing but the answer. */
  deliver(): void {
    // Nothing to do.
  }

  deliverChannel(): void {
    // It has no channels.
  }

  /** From the streamer, which has forgotten it. */
  end(code: OutcomeCode, reason: string): void {
    this.#log.debug({ code, reason }, 'session of a player over');
    this.#over();
    this.#settle(errorOf(code, reason));
  }

  #refuse(code: 'CLOSED' | 'LEFT', reason: string): void {
    this.#over();
    this.#streamer.removeViewer(this.peerId, code, reason);
    this.#settle(errorOf(code, reason));
  }

  #over(): void {
    this.#tenure?.release();
    this.#gone(this);
  }
}

/** An end that is not an error is one for who waits for an answer. */
function errorOf(code: OutcomeCode, reason: string): MoonteeError {
  return new MoonteeError(isErrorCode(code) ? code : 'CLOSED', reason);
}
