import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { MoonteeError, type ErrorCode } from '../core/errors.js';
import type { InputProgress } from './input/queue.js';
import { guard } from './session/guard.js';
import { addCounts, mergeStats } from './session/stats.js';
import { MoonlightSession, type MoonlightSessionOptions } from './session.js';
import type { SentInput } from './session/streams.js';
import type {
  HostInput,
  MoonlightSessionEvents,
  NegotiatedStream,
  SessionCounts,
  SessionStats,
  Termination,
} from './types.js';

/**
 * Milliseconds to wait after an unused launch. Sunshine answers the next one as long as it
 * remembers that, but keeps the old keys (gamestream.md §9.5).
 */
const PENDING_LAUNCH = 10_500;

/** Why the session is lost, though the host did not end it. */
export interface SessionLoss {
  readonly code: ErrorCode;
  /** Number of {@link Termination}. */
  readonly errorCode: number;
  readonly reason: string;
  /** The host was silent: it may be away for a while. */
  readonly silent: boolean;
}

export interface ReconnectingSessionEvents extends MoonlightSessionEvents {
  /** The link broke, or an attempt to bring it back failed; `retry` was asked. */
  reconnecting: [SessionLoss & { readonly attempt: number }];
  /** The stream continues: frame numbers start again, the next access unit is an IDR. */
  reconnected: [NegotiatedStream];
  /** It is not brought back any more; `closed` follows. */
  'gave-up': [SessionLoss];
}

export interface ReconnectingSessionOptions extends Omit<MoonlightSessionOptions, 'resumeOnly'> {
  /**
   * Decides whether a lost session is brought back, and resolves when it is time to. It must not
   * reject, and is not listened to after {@link ReconnectingSession.close}.
   */
  readonly retry: (loss: SessionLoss) => Promise<boolean>;
  /** Milliseconds; default 10.5 s. */
  readonly pendingLaunch?: number | undefined;
}

/**
 * A session that outlives gaps: it is brought back with new keys, as often as `retry` permits. An
 * end that the host sent is final. An end that is guessed from silence is not: an app that is gone
 * after it is launched again. The session also ends if the host comes back with media that does not
 * fit the pipeline behind us. Its owner then starts another.
 */
export class ReconnectingSession extends EventEmitter<ReconnectingSessionEvents> {
  readonly #options: ReconnectingSessionOptions;
  readonly #ending = new AbortController();
  #session: MoonlightSession;
  /** The last one that had the host run the app. */
  #launched: MoonlightSession;
  #stream: NegotiatedStream | null = null;
  /** Of the sessions before this one. */
  #before: SessionCounts = mergeStats(undefined, undefined, undefined);
  #reconnecting: Promise<void> | null = null;
  #closed = false;

  constructor(options: ReconnectingSessionOptions) {
    super();
    this.#options = options;
    this.#session = this.#create(options);
    this.#launched = this.#session;
  }

  get stream(): NegotiatedStream | null {
    return this.#stream;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The first start is not repeated. @throws what {@link MoonlightSession.start} throws */
  async start(signal?: AbortSignal): Promise<NegotiatedStream> {
    try {
      this.#stream = await this.#session.start(signal);
      return this.#stream;
    } catch (error) {
      this.#closed = true;
      throw error;
    }
  }

  requestIdr(): void {
    this.#session.requestIdr();
  }

  /** @returns `closed` while reconnecting: what is held down is to be pressed again after it */
  sendInput(input: HostInput): SentInput {
    return this.#session.sendInput(input);
  }

  /** How far the input has come that was taken. */
  get inputProgress(): InputProgress {
    return this.#session.inputProgress;
  }

  /** Of the current session. */
  stats(): SessionStats {
    return this.#session.stats();
  }

  /** Of all sessions so far: these figures never fall. */
  totals(): SessionCounts {
    return addCounts(this.#before, this.#session.stats());
  }

  /** As {@link MoonlightSession.close}; also ends the reconnection. */
  async close(options: { readonly quitApp?: boolean } = {}): Promise<void> {
    this.#ending.abort();
    const sessions = new Set([this.#session, this.#launched]);
    await Promise.all([...sessions].map((session) => session.close(options)));
    await this.#reconnecting;
    if (this.#stream !== null) this.#finish({ code: 0, reason: 'Closed', byHost: false });
    this.#closed = true;
  }

  #create(options: MoonlightSessionOptions): MoonlightSession {
    const session = new MoonlightSession(options);
    session.on('stage', (stage) => this.emit('stage', stage));
    session.on('video', (unit) => this.emit('video', unit));
    session.on('audio', (packet) => this.emit('audio', packet));
    session.on('message', (message) => this.emit('message', message));
    session.on('quality', (quality) => this.emit('quality', quality));
    session.on('silence', (silence) => this.emit('silence', silence));
    session.on('closed', (termination) => this.#onClosed(termination));
    return session;
  }

  #onClosed(termination: Termination): void {
    if (this.#ending.signal.aborted || isFinal(termination)) {
      this.#finish(termination);
      return;
    }
    this.#reconnecting ??= this.#reconnect(termination)
      .then((end) => {
        if (end !== null && !this.#ending.signal.aborted) this.#finish(end);
      })
      .finally(() => (this.#reconnecting = null));
  }

  /** @returns how it ended, or null if the session continues */
  async #reconnect(termination: Termination): Promise<Termination | null> {
    const { pendingLaunch = PENDING_LAUNCH, log } = this.#options;
    let loss = lossOf(termination);
    // Who hangs up without a word may have ended the app: it is asked for it, and not for another.
    let mayLaunch = !termination.byHost;
    let notBefore = 0;
    for (let attempt = 1; ; attempt++) {
      const { code, errorCode, reason } = loss;
      log.info({ attempt, code, reason }, 'session with the host is lost');
      guard(log, () => this.emit('reconnecting', { ...loss, attempt }));
      if (!(await this.#mayRetry(loss, notBefore))) {
        if (this.#ending.signal.aborted) return null;
        guard(log, () => this.emit('gave-up', loss));
        return { code: errorCode, reason, byHost: false };
      }
      this.#before = this.totals();
      this.#session = this.#create(this.#resuming(mayLaunch));
      try {
        const stream = await this.#session.start(this.#ending.signal);
        if (this.#stream !== null && !sameSound(this.#stream, stream)) {
          // This is not the end that anybody is to hear of.
          this.#session.removeAllListeners();
          await this.#session.close();
          return outgrown('The host lays out the channels of its sound otherwise than before');
        }
        this.#stream = stream;
        this.#launched = this.#session;
        guard(log, () => this.emit('reconnected', stream));
        return null;
      } catch (thrown) {
        const error = MoonteeError.from(thrown);
        if (error.details['app_ended'] === true) {
          return { code: termination.code, reason: error.message, byHost: true };
        }
        if (error.code === 'CODEC_UNAVAILABLE') {
          return outgrown('The host does not offer the video codec of before any more');
        }
        loss = lossOf(error);
      }
      // Whatever the host hung up for, it has been away since.
      mayLaunch ||= loss.code === 'HOST_UNREACHABLE';
      if (this.#session.launched) this.#launched = this.#session;
      notBefore = this.#session.launchPending ? performance.now() + pendingLaunch : 0;
    }
  }

  /** @param notBefore milliseconds of `performance.now()` */
  async #mayRetry(loss: SessionLoss, notBefore: number): Promise<boolean> {
    const { signal } = this.#ending;
    if (signal.aborted) return false;
    const wanted = await new Promise<boolean>((resolve) => {
      const onAbort = (): void => resolve(false);
      signal.addEventListener('abort', onAbort, { once: true });
      void this.#options
        .retry(loss)
        .then(resolve)
        .finally(() => signal.removeEventListener('abort', onAbort));
    });
    const wait = notBefore - performance.now();
    if (wanted && wait > 0) await sleep(wait, undefined, { signal }).catch(() => undefined);
    return wanted && !signal.aborted;
  }

  /** The pipeline behind us was built for one codec and one layout of speakers. */
  #resuming(mayLaunch: boolean): MoonlightSessionOptions {
    const { playableCodecs, settings, ...options } = this.#options;
    const stream = this.#stream;
    return {
      ...options,
      resumeOnly: !mayLaunch,
      settings: stream === null ? settings : { ...settings, audioChannels: stream.audio.channels },
      playableCodecs: stream === null ? playableCodecs : [stream.video.codec],
    };
  }

  #finish(termination: Termination): void {
    if (this.#closed) return;
    this.#closed = true;
    guard(this.#options.log, () => this.emit('closed', termination));
  }
}

/** Whether one decoder does for both. */
function sameSound({ audio: before }: NegotiatedStream, { audio: now }: NegotiatedStream): boolean {
  return (
    before.channels === now.channels &&
    before.streams === now.streams &&
    before.coupledStreams === now.coupledStreams &&
    before.packetDuration === now.packetDuration &&
    before.mapping.every((channel, index) => now.mapping[index] === channel)
  );
}

/** The host is there, but our pipeline is of no use for it. */
function outgrown(reason: string): Termination {
  return { code: -1, reason, byHost: false };
}

/**
 * A bare disconnect may be the end of the app as well as a gap (wolf.md), so the host is asked. An
 * explicit end is final.
 */
function isFinal({ code, byHost }: Termination): boolean {
  return byHost ? code !== -1 : code >= 0;
}

/** Codes of sessions and attempts during which the host was silent. */
const SILENT: ReadonlySet<ErrorCode> = new Set(['HOST_UNREACHABLE', 'CONTROL_FAILED']);

function lossOf(end: Termination | MoonteeError): SessionLoss {
  if (!(end instanceof MoonteeError)) {
    const { code: errorCode, reason, byHost } = end;
    const code = codeOf(errorCode, byHost);
    return { code, errorCode, reason, silent: SILENT.has(code) };
  }
  const number = end.details['error_code'];
  return {
    code: end.code,
    errorCode: typeof number === 'number' ? number : -1,
    reason: end.message,
    // A refusal is an answer.
    silent: SILENT.has(end.code) && end.details['refused'] !== true,
  };
}

function codeOf(errorCode: number, byHost: boolean): ErrorCode {
  if (errorCode === -100 || errorCode === -101) return 'NO_VIDEO';
  return byHost ? 'STREAM_TERMINATED' : 'HOST_UNREACHABLE';
}
