import { fork, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import * as t from 'io-ts';
import { bindOf, loadConfig, type LoadedConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { MoonteeError } from '../core/errors.js';
import { configureLog, createLog, flushLog, type Log } from '../core/log.js';
import { readTemplateFolder } from '../gst/template-folder.js';
import { MoonteeServer } from '../server/server.js';
import { childEnvironment } from '../config/child-environment.js';
import { forwardOutput } from '../streamer/supervisor/output.js';
import type { StreamerSpec } from '../protocol/streamer-spec.js';
import { demoHostModule } from './demo-host.js';
import type { Invocation } from './invocation.js';
import { note, print } from './output.js';
import { pageDirectory } from './page.js';
import { untilTold } from './shutdown.js';

/** Milliseconds for the demo host to listen, for the first frame, and for ending everything. */
const HOST_DEADLINE_MS = 20_000;
const FRAME_DEADLINE_MS = 20_000;
const CLOSE_DEADLINE_MS = 12_000;

const DESKTOP = 'Desktop';

const HostReady = t.type({ ready: t.literal(true), http_port: t.Int });

/**
 * `moontee demo [--port 8080] [--input-log FILE] [--verbose] [--config FILE] [--KEY VALUE …]`: server,
 * host and page on this machine, with the configuration's settings but with hosts of its own.
 */
export async function demo(call: Invocation): Promise<number> {
  const { config, sources, file, warnings, mistakes } = loadConfig(call.settings);
  const { pipelines_path: pipelines } = config;
  if (pipelines !== null) readTemplateFolder(pipelines);
  const state = await mkdtemp(join(tmpdir(), 'moontee-demo-'));
  // The screen is for the URL. The file outlives the demo.
  const logFile = call.flag('verbose') ? null : `${state}.log`;
  configureLog({ format: logFile === null ? config.log_format : 'text', file: logFile });
  const log = createLog('moontee', levelOf(config, sources, logFile));
  for (const warning of [...warnings, ...mistakes]) {
    log.warn({ file }, warning);
    if (logFile !== null) note(`moontee: ${warning}`);
  }
  const running = new DemoParts(state);
  const ended = untilTold(() => running.close(), {
    deadline: CLOSE_DEADLINE_MS,
    log,
    // With SIGHUP the terminal is gone, and with it who would end the demo.
    signals: ['SIGTERM', 'SIGINT', 'SIGHUP'],
  });
  try {
    const inputLog = call.text('input-log') ?? null;
    const url = await running.start(withPort(config, call.number('port')), inputLog, log);
    print(`\n  Moontee shows its demo host at\n\n    ${url}\n`);
    print('  Open it in two windows, type and move the mouse. Ctrl-C ends it.');
    print(logFile === null ? '' : `  The log is in ${logFile}\n`);
  } catch (error) {
    await running.close();
    await flushLog();
    if (logFile !== null) note(`moontee: the log of the demo is in ${logFile}`);
    throw error;
  }
  const code = await ended;
  await flushLog();
  process.exit(code);
}

/** A file may hold more than a screen. */
function levelOf(
  config: Config,
  { log_level: source }: LoadedConfig['sources'],
  logFile: string | null,
): string {
  if (source !== 'default') return config.log_level;
  return logFile === null ? 'warn' : 'info';
}

function withPort(config: Config, port: number | undefined): Config {
  if (port === undefined) return config;
  const { host } = bindOf(config);
  return { ...config, bind_address: `${host.includes(':') ? `[${host}]` : host}:${port}` };
}

/** What the demo consists of; ends in the opposite order. */
class DemoParts {
  readonly #state: string;
  #host: ChildProcess | undefined;
  #server: MoonteeServer | undefined;
  #closing: Promise<void> | undefined;

  constructor(state: string) {
    this.#state = state;
  }

  /** @returns the URL of the streamer's page, once its first frame is in the pipeline */
  async start(config: Config, inputLog: string | null, log: Log): Promise<string> {
    const pin = String(randomInt(10_000)).padStart(4, '0');
    const hostPort = await this.#startHost([
      ...['--http-port', '0', '--pin', pin],
      ...(inputLog === null ? [] : ['--input-log', inputLog]),
      ...(config.pipelines_path === null ? [] : ['--pipelines', config.pipelines_path]),
    ]);
    this.#server = await MoonteeServer.start(
      // The user's own hosts and pairings stay as they are.
      { ...config, data_path: join(this.#state, 'data.json'), pairing_pin: pin },
      { log, staticDirectory: pageDirectory() },
    );

    const host = await this.#server.hosts.add('127.0.0.1', hostPort);
    await this.#server.hosts.pair(host, pin);
    const app = (await host.apps()).find(({ title }) => title === DESKTOP);
    if (!app) throw new MoonteeError('APP_NOT_FOUND');
    const streamer = await this.#server.streamers.create(demoStreamer(host.id, app.id));
    await streamer.connected();
    await this.#firstFrame();
    return `${this.#server.url}#/streamers/demo`;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#server?.close();
    const host = this.#host;
    if (host?.exitCode === null && host.signalCode === null) {
      const exit = once(host, 'exit');
      host.kill('SIGTERM');
      const kill = setTimeout(() => host.kill('SIGKILL'), 1_000);
      await exit;
      clearTimeout(kill);
    }
    await rm(this.#state, { recursive: true, force: true });
  }

  /** Starts the demo host in a process of its own; resolves with its HTTP port. */
  async #startHost(args: readonly string[]): Promise<number> {
    const host = fork(
      demoHostModule(),
      [...args],
      // A group of its own: a terminal's Ctrl-C is for us, who end it in its turn.
      { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true, env: childEnvironment() },
    );
    this.#host = host;
    if (!host.stdout || !host.stderr) throw new MoonteeError('INTERNAL');
    forwardOutput(host.stderr);
    const lines = createInterface({ input: host.stdout });
    try {
      const failed = once(host, 'exit').then(() => {
        throw new MoonteeError('HOST_UNREACHABLE', 'The demo host did not start');
      });
      const late = sleep(HOST_DEADLINE_MS, undefined, { ref: false }).then(() => {
        throw new MoonteeError('TIMEOUT', 'The demo host did not start in time');
      });
      const ready = once(lines, 'line');
      failed.catch(() => undefined);
      const [line] = (await Promise.race([ready, failed, late])) as [string];
      const decoded = HostReady.decode(JSON.parse(line));
      if (decoded._tag === 'Left') throw new MoonteeError('HOST_ANSWER_INVALID');
      return decoded.right.http_port;
    } finally {
      lines.close();
      host.stdout.resume();
    }
  }

  async #firstFrame(): Promise<void> {
    const deadline = performance.now() + FRAME_DEADLINE_MS;
    const Stats = t.type({ pipeline: t.type({ videoUnits: t.number }) });
    while (performance.now() < deadline) {
      const stats = Stats.decode(
        await this.#server?.streamers.require('demo').request('stats', null),
      );
      if (stats._tag === 'Right' && stats.right.pipeline.videoUnits > 0) return;
      await sleep(50);
    }
    throw new MoonteeError('NO_VIDEO', 'No frame came from the demo host');
  }
}

function demoStreamer(hostId: number, appId: number): StreamerSpec {
  return {
    streamer_id: 'demo',
    client_unique_id: 'demo',
    host_id: hostId,
    app_id: appId,
    settings: {
      width: 1280,
      height: 720,
      fps: 60,
      bitrate: 10_000,
      packet_size: 1024,
      video_supported_formats: 1,
      video_colorspace: 'Rec709',
      video_color_range_full: false,
      play_audio_local: false,
      video_sample_queue_size: 10,
      audio_sample_queue_size: 10,
      audio_channels: 2,
      hdr: false,
    },
  };
}
