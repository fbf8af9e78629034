import { fork, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import * as t from 'io-ts';
import { bindOf, loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { MoonteeError } from '../core/errors.js';
import { createLog, flushLog, type Log } from '../core/log.js';
import { readTemplateFolder } from '../gst/template-folder.js';
import { MoonteeServer } from '../server/server.js';
import { childEnvironment } from '../config/child-environment.js';
import { forwardOutput } from '../streamer/supervisor/output.js';
import type { StreamerSpec } from '../protocol/streamer-spec.js';
import { demoHostModule } from './demo-host.js';
import { pageDirectory } from './page.js';
import { untilTold } from './shutdown.js';
import { UsageError } from './usage.js';

/** Milliseconds for the demo host to listen, for the first frame, and for ending everything. */
const HOST_DEADLINE_MS = 20_000;
const FRAME_DEADLINE_MS = 20_000;
const CLOSE_DEADLINE_MS = 12_000;

const DESKTOP = 'Desktop';

const HostReady = t.type({ ready: t.literal(true), http_port: t.Int });

/**
 * `moontee demo [--port 8080] [--input-log FILE] [--config FILE] [--KEY VALUE …]`: server, host and
 * page on this machine, with the configuration's settings but with hosts of its own.
 */
export async function demo(args: readonly string[]): Promise<number> {
  const { port, inputLog, rest } = ownArguments(args);
  const loaded = loadConfig({ args: rest });
  const level = loaded.sources.log_level === 'default' ? 'warn' : loaded.config.log_level;
  const log = createLog('moontee', level);
  for (const warning of loaded.warnings) log.warn({ file: loaded.file }, warning);
  const { pipelines_path: pipelines } = loaded.config;
  if (pipelines !== null) readTemplateFolder(pipelines);
  const state = await mkdtemp(join(tmpdir(), 'moontee-demo-'));
  const running = new DemoParts(state);
  const ended = untilTold(() => running.close(), CLOSE_DEADLINE_MS, log, [
    'SIGTERM',
    'SIGINT',
    // The terminal is gone, and with it who would end the demo.
    'SIGHUP',
  ]);
  try {
    const url = await running.start(withPort(loaded.config, port), inputLog, log);
    process.stdout.write(`\n  Moontee shows its demo host at\n\n    ${url}\n\n`);
    process.stdout.write('  Open it in two windows, type and move the mouse. Ctrl-C ends it.\n\n');
  } catch (error) {
    await running.close();
    throw error;
  }
  const code = await ended;
  await flushLog();
  process.exit(code);
}

interface OwnArguments {
  /** Null if none was given. */
  readonly port: number | null;
  readonly inputLog: string | null;
  /** Those of the configuration. */
  readonly rest: readonly string[];
}

/** @throws UsageError */
function ownArguments(args: readonly string[]): OwnArguments {
  const own = new Map<string, string>();
  const rest: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const argument = args[at] ?? '';
    const [, name = '', , value] = /^--(port|input-log)(=(.*))?$/s.exec(argument) ?? [];
    if (name === '') {
      rest.push(argument);
      continue;
    }
    if (value === undefined) at += 1;
    const given = value ?? args[at];
    if (given === undefined) throw new UsageError(`--${name} needs a value.`);
    own.set(name, given);
  }
  const port = own.get('port');
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535)) {
    throw new UsageError('--port takes a number from 0 to 65535.');
  }
  return {
    port: port === undefined ? null : Number(port),
    inputLog: own.get('input-log') ?? null,
    rest,
  };
}

function withPort(config: Config, port: number | null): Config {
  if (port === null) return config;
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
