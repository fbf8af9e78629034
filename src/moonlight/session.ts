import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { DatagramFaults } from './datagram.js';
import type { InputProgress } from './input/queue.js';
import { HostClient } from './nvhttp/host-client.js';
import { resolveHost } from './nvhttp/resolve-host.js';
import { startApp, type StartedApp } from './nvhttp/start-app.js';
import { performHandshake } from './rtsp/handshake.js';
import { guard } from './session/guard.js';
import { mergeStats } from './session/stats.js';
import { SessionStreams, type SentInput, type SessionKeys } from './session/streams.js';
import {
  VIDEO_FORMAT,
  type ClientIdentity,
  type HostInput,
  type MoonlightSessionEvents,
  type NegotiatedStream,
  type PairedHost,
  type SessionStats,
  type StreamSettings,
  type Termination,
  type VideoCodec,
} from './types.js';

/** Milliseconds. */
const START_TIMEOUT_MS = 25_000;
const CLOSE_TIMEOUT_MS = 3_000;
/** For the question whether the app still runs, for each of its requests. */
const PROBE_TIMEOUT_MS = 2_000;
/** Part of closing that is kept for quitting the app. */
const QUIT_TIME_MS = 800;

const ALL_CODECS: readonly VideoCodec[] = ['h264', 'h265', 'av1'];

const TEN_BIT_FORMATS =
  VIDEO_FORMAT.H265_MAIN10 |
  VIDEO_FORMAT.H265_REXT10_444 |
  VIDEO_FORMAT.AV1_MAIN10 |
  VIDEO_FORMAT.AV1_HIGH10_444;

/** Gamepads are attached as viewers bring them, none from the start. */
const NO_GAMEPADS = 0;

export interface MoonlightSessionOptions {
  readonly host: PairedHost;
  readonly identity: ClientIdentity;
  readonly appId: number;
  readonly settings: StreamSettings;
  /** What can be carried to viewers; default everything. */
  readonly playableCodecs?: readonly VideoCodec[] | undefined;
  readonly log: Log;
  /** Disturbs video and audio on purpose. */
  readonly faults?: DatagramFaults | undefined;
  /** Milliseconds for all of {@link MoonlightSession.start}; default 25 s. */
  readonly startTimeout?: number | undefined;
  /** Whether an app that cannot be resumed may be quit; default yes. */
  readonly mayQuitApp?: (() => Promise<boolean>) | undefined;
  /** Join the app if it still runs, never launch it. */
  readonly resumeOnly?: boolean | undefined;
}

type State = 'idle' | 'starting' | 'running' | 'closed';

/**
 * One GameStream session, from the launch to the end (gamestream.md §9). It is used once:
 * after `closed` or a failed start another one is made.
 */
export class MoonlightSession extends EventEmitter<MoonlightSessionEvents> {
  readonly #options: MoonlightSessionOptions;
  readonly #log: Log;
  /** Ends every wait of the start, with the reason. */
  readonly #starting = new AbortController();
  #state: State = 'idle';
  #client: HostClient | null = null;
  #streams: SessionStreams | null = null;
  #stream: NegotiatedStream | null = null;
  #bringingUp: Promise<NegotiatedStream> | null = null;
  #launched = false;
  /** RTSP has used the launch. */
  #agreed = false;
  /** The host was asked to run the app and has not refused. */
  #appMayRun = false;
  #closing: Promise<void> | null = null;

  constructor(options: MoonlightSessionOptions) {
    super();
    this.#options = options;
    this.#log = options.log;
  }

  /** What was agreed on; null before the start is done. */
  get stream(): NegotiatedStream | null {
    return this.#stream;
  }

  /** The host has accepted a launch or resume of this session. */
  get launched(): boolean {
    return this.#launched;
  }

  /** The host still waits for RTSP to use the launch. */
  get launchPending(): boolean {
    return this.#launched && !this.#agreed;
  }

  get closed(): boolean {
    return this.#state === 'closed';
  }

  /**
   * Launches or resumes the app and brings up all streams. The first picture may come later.
   *
   * @throws MoonteeError with a code of the failed step, TIMEOUT, STREAM_TERMINATED, CLOSED
   */
  async start(signal?: AbortSignal): Promise<NegotiatedStream> {
    if (this.#state !== 'idle') throw new MoonteeError('CLOSED', 'A session is started once');
    this.#state = 'starting';
    const { startTimeout = START_TIMEOUT_MS } = this.#options;
    const timer = setTimeout(() => {
      const message = `The session did not start within ${startTimeout} ms`;
      this.#starting.abort(new MoonteeError('TIMEOUT', message));
    }, startTimeout);
    const onAbort = (): void => this.#starting.abort(new MoonteeError('CLOSED', 'Aborted'));
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      this.#bringingUp = this.#bringUp();
      const stream = await this.#bringingUp;
      this.#starting.signal.throwIfAborted();
      this.#stream = stream;
      this.#state = 'running';
      return stream;
    } catch (thrown) {
      this.#state = 'closed';
      // What ended the start is the reason, not the wait that it hit.
      const { signal: starting } = this.#starting;
      const error = MoonteeError.from(starting.aborted ? starting.reason : thrown);
      await this.#streams?.close();
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Asks the host for a key frame. */
  requestIdr(): void {
    this.#streams?.requestIdr();
  }

  /**
   * @returns `unsupported` if the host lacks the extension, `full` or `closed` if it was dropped
   */
  sendInput(input: HostInput): SentInput {
    if (this.#state !== 'running' || this.#streams === null) return 'closed';
    return this.#streams.sendInput(input);
  }

  /** How far the input has come that was taken. */
  get inputProgress(): InputProgress {
    return this.#streams?.inputProgress ?? 'arrived';
  }

  stats(): SessionStats {
    return this.#streams?.stats() ?? mergeStats(undefined, undefined, undefined);
  }

  /**
   * Leaves the session, at any time. The app keeps running unless `quitApp`. Idempotent, never
   * throws, and is done within 3 s.
   */
  async close(options: { readonly quitApp?: boolean } = {}): Promise<void> {
    this.#closing ??= this.#close(options.quitApp ?? false);
    return this.#closing;
  }

  async #bringUp(): Promise<NegotiatedStream> {
    const { host, settings, faults } = this.#options;
    const { signal } = this.#starting;
    const keys = await this.#stage('platform initialization', createKeys);
    const address = await this.#stage('name resolution', () =>
      resolveHost(host.address, host.httpPort, signal),
    );
    const { url, info } = await this.#launch(address, keys);

    const streams = await this.#stage('audio stream initialization', () => {
      const options = { address, keys, hostVersion: info.appVersion, faults, log: this.#log };
      return new SessionStreams(options, {
        video: (unit) => guard(this.#log, () => this.emit('video', unit)),
        audio: (packet) => guard(this.#log, () => this.emit('audio', packet)),
        message: (message) => guard(this.#log, () => this.emit('message', message)),
        quality: (quality) => guard(this.#log, () => this.emit('quality', quality)),
        silence: (silence) => guard(this.#log, () => this.emit('silence', silence)),
        ended: (termination) => this.#end(termination),
      });
    });
    this.#streams = streams;
    let audioUp: Promise<void> | null = null;
    const agreed = await this.#stage('RTSP handshake', () =>
      performHandshake({
        url,
        address,
        rikey: keys.rikey,
        settings,
        serverModes: info.codecModeSupport,
        playable: this.#options.playableCodecs ?? ALL_CODECS,
        onAudio: (setup) => {
          audioUp = streams.startAudio(setup);
          // It is awaited below; a failed handshake must not leave it unheard.
          audioUp.catch(() => undefined);
        },
        log: this.#log,
        signal,
      }).catch(async (error: unknown) => {
        throw await this.#explain(error);
      }),
    );
    this.#agreed = true;
    const control = await this.#stage('control stream initialization', () =>
      streams.createControl(agreed),
    );
    const video = await this.#stage('video stream initialization', () =>
      streams.createVideo(agreed),
    );
    await this.#stage('input stream initialization', () => undefined);
    await this.#stage('control stream establishment', () => control.connect(signal));
    await this.#stage('video stream establishment', () => video.start());
    await this.#stage('audio stream establishment', () => audioUp);
    await this.#stage('input stream establishment', () => control.startInput());
    return agreed.stream;
  }

  async #launch(address: string, keys: SessionKeys): Promise<StartedApp> {
    const { host, identity, appId, settings, resumeOnly = false, mayQuitApp } = this.#options;
    const { signal } = this.#starting;
    this.#client = HostClient.forPaired({ ...host, address }, identity, this.#log);
    const hdr = settings.hdr && (settings.videoFormats & TEN_BIT_FORMATS) !== 0;
    const started = await startApp({
      client: this.#client,
      request: { appId, settings: { ...settings, hdr }, ...keys, gamepads: NO_GAMEPADS },
      resumeOnly,
      mayQuitApp,
      onRequest: () => (this.#appMayRun = true),
      log: this.#log,
      signal,
    }).catch((error: unknown) => {
      this.#appMayRun &&= signal.aborted;
      throw error;
    });
    this.#launched = true;
    this.#log.info({ app_id: appId, address, rtsp_port: started.url.port }, 'app started');
    return started;
  }

  /** A host whose app could not start shows it by having no app; its RTSP merely breaks off. */
  async #explain(thrown: unknown): Promise<unknown> {
    const { signal } = this.#starting;
    const { code, details, message } = MoonteeError.from(thrown);
    if (code !== 'RTSP_FAILED' || signal.aborted || this.#client === null) return thrown;
    const info = await this.#client.serverInfo(signal, PROBE_TIMEOUT_MS).catch(() => null);
    if (info === null || info.currentGame !== 0) return thrown;
    const reason = `The app ended on the host before its stream began: it may be unable to start there (${message})`;
    return new MoonteeError('STREAM_TERMINATED', reason, { cause: thrown, details });
  }

  /** Reports the stages by their names of gamestream.md §9.1. */
  async #stage<T>(stage: string, work: () => T | Promise<T>): Promise<T> {
    this.#starting.signal.throwIfAborted();
    guard(this.#log, () => this.emit('stage', { stage, state: 'starting', errorCode: 0 }));
    try {
      const result = await work();
      guard(this.#log, () => this.emit('stage', { stage, state: 'complete', errorCode: 0 }));
      return result;
    } catch (thrown) {
      const error = MoonteeError.from(thrown);
      const number = error.details['error_code'];
      const errorCode = typeof number === 'number' ? number : -1;
      this.#log.warn({ stage, code: error.code, error_code: errorCode }, error.message);
      guard(this.#log, () => this.emit('stage', { stage, state: 'failed', errorCode }));
      throw error;
    }
  }

  /** The session is over, by either side. */
  #end(termination: Termination): void {
    if (this.#state === 'starting') {
      const { code, reason } = termination;
      this.#starting.abort(
        new MoonteeError('STREAM_TERMINATED', reason, { details: { error_code: code } }),
      );
    }
    if (this.#state !== 'running') return;
    this.#state = 'closed';
    this.#log.info({ ...termination }, 'session closed');
    void this.#streams?.close();
    guard(this.#log, () => this.emit('closed', termination));
  }

  async #close(quitApp: boolean): Promise<void> {
    const deadline = performance.now() + CLOSE_TIMEOUT_MS;
    const left = (): number => Math.max(deadline - performance.now(), 1);
    if (this.#state === 'idle') this.#state = 'closed';
    this.#starting.abort(new MoonteeError('CLOSED', 'The session was closed'));
    this.#end({ code: 0, reason: 'Closed', byHost: false });
    const released = Promise.resolve(this.#bringingUp)
      .catch(() => undefined)
      .then(() => this.#streams?.close());
    await within(left() - (quitApp ? QUIT_TIME_MS : 0), released);
    if (!quitApp || this.#client === null || !this.#appMayRun) return;
    const quit = this.#client.cancel(undefined, left()).catch((error: unknown) => {
      const { code, message } = MoonteeError.from(error);
      this.#log.warn({ code }, `app not quit: ${message}`);
    });
    await within(left(), quit);
  }
}

function createKeys(): SessionKeys {
  return { rikey: randomBytes(16), rikeyId: randomBytes(4).readInt32BE() };
}

/** Waits for `work`, but not longer than `time` milliseconds. */
async function within(time: number, work: Promise<void>): Promise<void> {
  const timer = new AbortController();
  const { signal } = timer;
  const late = sleep(Math.max(time, 0), undefined, { signal }).catch(() => undefined);
  await Promise.race([work, late]);
  timer.abort();
}
