import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { MoonteeError, type ErrorCode } from '../errors.js';
import { guard } from './session/guard.js';
import { MoonlightSession, type MoonlightSessionOptions } from './session.js';
import type { SentInput } from './session/streams.js';
import type {
  HostInput,
  MoonlightSessionEvents,
  NegotiatedStream,
  SessionStats,
  Termination,
} from './types.js';

/** Milliseconds. */
export interface ReconnectPolicy {
  /** Attempts for one gap. */
  readonly attempts: number;
  readonly firstDelay: number;
  /** Delays double up to this. */
  readonly longestDelay: number;
  /**
   * Wait after an attempt that launched but failed: as long as Sunshine remembers a launch
   * that nobody used, it answers the next one but keeps the old keys (gamestream.md §9.5).
   */
  readonly pendingLaunch: number;
}

const RECONNECT_POLICY: ReconnectPolicy = {
  attempts: 6,
  firstDelay: 500,
  longestDelay: 8_000,
  pendingLaunch: 10_500,
};

export interface ReconnectingSessionEvents extends MoonlightSessionEvents {
  /** The link broke; the session is brought back after `delay` milliseconds. */
  reconnecting: [{ attempt: number; delay: number; reason: string }];
  /** The stream goes on: frame numbers start again, the next access unit is an IDR. */
  reconnected: [NegotiatedStream];
  /** It could not be brought back; `closed` follows. */
  'gave-up': [MoonteeError];
}

export interface ReconnectingSessionOptions extends MoonlightSessionOptions {
  readonly policy?: ReconnectPolicy | undefined;
}

/** What may pass by itself. Everything else is an answer, and asking again is no use. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'HOST_UNREACHABLE',
  'HOST_ANSWER_INVALID',
  'HOST_REFUSED',
  'RTSP_FAILED',
  'CONTROL_FAILED',
  'TIMEOUT',
]);

/**
 * A session that outlives gaps of the network: it is resumed with new keys, as often as the
 * policy says. It ends like a session where the host ended it.
 */
export class ReconnectingSession extends EventEmitter<ReconnectingSessionEvents> {
  readonly #options: ReconnectingSessionOptions;
  readonly #policy: ReconnectPolicy;
  readonly #ending = new AbortController();
  #session: MoonlightSession;
  /** The last one that had the host run the app. */
  #launched: MoonlightSession;
  #stream: NegotiatedStream | null = null;
  #reconnecting: Promise<void> | null = null;
  #closed = false;

  constructor(options: ReconnectingSessionOptions) {
    super();
    this.#options = options;
    this.#policy = options.policy ?? RECONNECT_POLICY;
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

  /** Of the current session. */
  stats(): SessionStats {
    return this.#session.stats();
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
    if (this.#ending.signal.aborted || !mayPass(termination)) {
      this.#finish(termination);
      return;
    }
    this.#reconnecting ??= this.#reconnect(termination)
      .then((error) => {
        if (error === null || this.#ending.signal.aborted) return;
        this.#options.log.warn({ code: error.code }, 'gave up the session');
        guard(this.#options.log, () => this.emit('gave-up', error));
        this.#finish({ ...termination, reason: error.message, byHost: hasEnded(error) });
      })
      .finally(() => (this.#reconnecting = null));
  }

  /** @returns why it failed, or null */
  async #reconnect(termination: Termination): Promise<MoonteeError | null> {
    const { attempts, firstDelay, longestDelay, pendingLaunch } = this.#policy;
    const { signal } = this.#ending;
    let { reason } = termination;
    let error = new MoonteeError('STREAM_TERMINATED', reason);
    let delay = firstDelay;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      this.#options.log.info({ attempt, delay, reason }, 'reconnecting to the host');
      guard(this.#options.log, () => this.emit('reconnecting', { attempt, delay, reason }));
      await sleep(delay, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return error;
      this.#session = this.#create(this.#resuming());
      try {
        const stream = await this.#session.start(signal);
        this.#stream = stream;
        this.#launched = this.#session;
        guard(this.#options.log, () => this.emit('reconnected', stream));
        return null;
      } catch (thrown) {
        error = MoonteeError.from(thrown);
        ({ message: reason } = error);
        if (!PASSING.has(error.code)) return error;
      }
      if (this.#session.launched) this.#launched = this.#session;
      const doubled = Math.min(firstDelay * 2 ** attempt, longestDelay);
      delay = this.#session.launched ? Math.max(doubled, pendingLaunch) : doubled;
    }
    return error;
  }

  /** The pipeline behind us was built for one codec: it must not change. */
  #resuming(): MoonlightSessionOptions {
    const codec = this.#stream?.video.codec;
    const { playableCodecs } = this.#options;
    return {
      ...this.#options,
      resumeOnly: true,
      playableCodecs: codec === undefined ? playableCodecs : [codec],
    };
  }

  #finish(termination: Termination): void {
    if (this.#closed) return;
    this.#closed = true;
    guard(this.#options.log, () => this.emit('closed', termination));
  }
}

/**
 * A bare disconnect may be the end of the app as well as a gap (wolf.md): the host is asked,
 * by resuming only. What it said outright stands.
 */
function mayPass({ code, byHost }: Termination): boolean {
  return code === -1 || (!byHost && code < 0);
}

function hasEnded({ code }: MoonteeError): boolean {
  return code === 'STREAM_TERMINATED';
}
