/** `moontee demo` as a person would start it: a process with everything below it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { descendants } from './process-table.js';
import { PATIENCE, until } from './until.js';
import { TYPESCRIPT } from './typescript.js';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface LoggedInput {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface StreamerAnswer {
  readonly status: string;
  readonly moonlight_connected: boolean;
  readonly connected_peers: number;
  readonly peers: readonly { readonly peer_id: string; readonly state: string }[];
  readonly failure: { readonly code: string; readonly reason: string } | null;
}

export class DemoProcess {
  readonly #child: ChildProcess;
  readonly #folder: string;
  #output = '';
  #errors = '';
  #stopped: Promise<number | null> | undefined;
  #url = '';

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    child.stdout?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-20_000);
    });
  }

  /** @param environment of the whole family of processes */
  static async start(environment: NodeJS.ProcessEnv = {}): Promise<DemoProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'moontee-e2e-'));
    const inputLog = join(folder, 'input.jsonl');
    const args = ['src/cli.ts', 'demo', '--verbose', '--port', '0', '--input-log', inputLog];
    const child = spawn(process.execPath, [...TYPESCRIPT, ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, MOONTEE_LOG: 'info', ...environment },
    });
    const demo = new DemoProcess(child, folder);
    try {
      demo.#url = await until('the demo prints its URL', () => {
        if (child.exitCode !== null) throw new Error(`the demo ended: ${demo.errors}`);
        return /http:\/\/\S+/.exec(demo.#output)?.[0];
      });
    } catch (error) {
      await demo.stop('SIGKILL');
      throw new Error(`${String(error)}\n${demo.errors}`);
    }
    return demo;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The streamer's page, as printed. */
  get url(): string {
    return this.#url;
  }

  /** Tail of what was logged. */
  get errors(): string {
    return this.#errors;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  endpoint(path: string): string {
    return new URL(path, this.#url).href;
  }

  /** Of the viewer socket. */
  get socketUrl(): string {
    return this.endpoint('/api/streamers/demo/peer').replace(/^http/, 'ws');
  }

  async get(path: string): Promise<unknown> {
    const answer = await fetch(this.endpoint(path), { signal: AbortSignal.timeout(PATIENCE) });
    return answer.json();
  }

  async streamer(): Promise<StreamerAnswer> {
    return (await this.get('/api/streamers/demo')) as StreamerAnswer;
  }

  /** Access units that have reached the pipeline. */
  async videoUnits(): Promise<number> {
    const { stats } = (await this.get('/api/streamers/demo/stats')) as {
      stats: { pipeline: { videoUnits: number } };
    };
    return stats.pipeline.videoUnits;
  }

  /** Pid of the streamer child. */
  async streamerPid(): Promise<number> {
    const { sessions } = (await this.get('/api/sessions')) as {
      sessions: readonly { session_id: string; streamer_pid: number | null }[];
    };
    const pid = sessions.find(({ session_id }) => session_id === 'demo')?.streamer_pid;
    if (typeof pid !== 'number') throw new Error('the demo has no streamer process');
    return pid;
  }

  /** Pid of the demo host: the child that is not the streamer. */
  async hostPid(): Promise<number> {
    const streamer = await this.streamerPid();
    const pid = (await descendants(this.pid)).find((each) => each !== streamer);
    if (pid === undefined) throw new Error('the demo has no host process');
    return pid;
  }

  /** What the demo host has decoded so far. */
  async inputs(): Promise<LoggedInput[]> {
    const text = await readFile(join(this.#folder, 'input.jsonl'), 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LoggedInput);
  }

  /** Resolves with the exit code; null where a signal ended it. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#stopped ??= this.#stop(signal);
    return this.#stopped;
  }

  async #stop(signal: NodeJS.Signals): Promise<number | null> {
    if (this.running) {
      const exit = once(this.#child, 'exit', { signal: AbortSignal.timeout(PATIENCE) });
      this.#child.kill(signal);
      await exit;
    }
    await rm(this.#folder, { recursive: true, force: true });
    return this.#child.exitCode;
  }
}
