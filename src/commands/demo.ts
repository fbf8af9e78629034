import { fork, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import * as t from 'io-ts';
import { resolveConfig } from '../config/load.js';
import { MoonteeError } from '../errors.js';
import { createLog, flushLog, type Log } from '../log.js';
import { startServer, type RunningServer } from '../server.js';
import { childEnvironment } from '../config/child-environment.js';
import { forwardOutput } from '../streamer/child-output.js';
import type { StreamerSpec } from '../streamer/spec.js';
import { demoHostModule } from './demo-host.js';
import { pageDirectory } from './page.js';
import { untilTold } from './shutdown.js';
import { UsageError } from './usage.js';

/** Milliseconds for the demo host to listen, for the first frame, and for ending everything. */
const HOST_DEADLINE = 20_000;
const FRAME_DEADLINE = 20_000;
const CLOSE_DEADLINE = 5_000;

const DESKTOP = 'Desktop';

const HostReady = t.type({ ready: t.literal(true), http_port: t.Int });

/** `moontee demo [--port 8080] [--input-log FILE]`: the whole thing on this machine. */
export async function demo(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string', default: '8080' },
      'input-log': { type: 'string' },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new UsageError('--port takes a number from 0 to 65535.');
  }
  const log = createLog('moontee', process.env['MOONTEE_LOG'] ?? 'warn');
  const state = await mkdtemp(join(tmpdir(), 'moontee-demo-'));
  const running = new DemoParts(state);
  const ended = untilTold(() => running.close(), CLOSE_DEADLINE, log);
  try {
    const url = await running.start(port, values['input-log'] ?? null, log);
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

/** What the demo consists of; ends in the opposite order. */
class DemoParts {
  readonly #state: string;
  #host: ChildProcess | undefined;
  #server: RunningServer | undefined;
  #closing: Promise<void> | undefined;

  constructor(state: string) {
    this.#state = state;
  }

  /** @returns the URL of the streamer's page, once its first frame is in the pipeline */
  async start(port: number, inputLog: string | null, log: Log): Promise<string> {
    const pin = String(randomInt(10_000)).padStart(4, '0');
    const hostPort = await this.#startHost(pin, inputLog);
    const { config } = resolveConfig({
      flags: {
        bind_address: `127.0.0.1:${port}`,
        data_path: join(this.#state, 'data.json'),
        pairing_pin: pin,
      },
    });
    this.#server = await startServer(config, { log, staticDirectory: pageDirectory() });

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
  async #startHost(pin: string, inputLog: string | null): Promise<number> {
    const host = fork(
      demoHostModule(),
      ['--http-port', '0', '--pin', pin, ...(inputLog === null ? [] : ['--input-log', inputLog])],
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
      const late = sleep(HOST_DEADLINE, undefined, { ref: false }).then(() => {
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
    const deadline = performance.now() + FRAME_DEADLINE;
    const Stats = t.type({ pipeline: t.type({ videoUnits: t.number }) });
    while (performance.now() < deadline) {
      const stats = Stats.decode(await this.#server?.streamers.require('demo').request('stats'));
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
