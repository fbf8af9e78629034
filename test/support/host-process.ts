/** The demo host as a process of its own, which can be killed and started again as the same host. */
import type { ExecutionContext } from 'ava';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentLog } from '../../src/core/log.js';
import { createIdentity } from '../../src/moonlight/identity.js';
import { pair } from '../../src/moonlight/pairing/pair.js';
import type { ClientIdentity, PairedHost } from '../../src/moonlight/types.js';
import { until } from './until.js';
import { TYPESCRIPT } from './typescript.js';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const PIN = '4711';

interface Ready {
  readonly http_port: number;
  readonly https_port: number;
  readonly rtsp_port: number;
  readonly control_port: number;
}

export class HostProcess {
  readonly #folder: string;
  readonly #args: readonly string[];
  #child: ChildProcess | null = null;
  #ready: Ready | null = null;

  private constructor(folder: string, args: readonly string[]) {
    this.#folder = folder;
    this.#args = args;
  }

  /** @param args of `moontee demo-host`, besides ports, PIN and folder */
  static async start(t: ExecutionContext, ...args: string[]): Promise<HostProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'moontee-host-'));
    const host = new HostProcess(folder, args);
    t.teardown(async () => {
      await host.crash();
      await rm(folder, { recursive: true, force: true });
    });
    await host.comeBack();
    return host;
  }

  get httpPort(): number {
    return this.#ready?.http_port ?? 0;
  }

  async pair(): Promise<{ paired: PairedHost; identity: ClientIdentity }> {
    const identity = await createIdentity();
    const where = { address: '127.0.0.1', httpPort: this.httpPort };
    return { identity, paired: await pair({ ...where, identity, pin: PIN, log: silentLog() }) };
  }

  /** Is gone without a word. */
  async crash(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /**
   * Starts with the ports, the certificate and the pairings of before.
   *
   * @param args besides those; default: as before
   */
  async comeBack(...args: string[]): Promise<void> {
    const known = this.#ready;
    const ports =
      known === null
        ? ['--http-port', '0']
        : [
            ...['--http-port', String(known.http_port), '--https-port', String(known.https_port)],
            ...['--rtsp-port', String(known.rtsp_port)],
            ...['--control-port', String(known.control_port)],
          ];
    const child = spawn(
      process.execPath,
      [
        ...[...TYPESCRIPT, 'src/demo-host/main.ts', ...ports],
        ...['--pin', PIN, '--state', this.#folder, ...(args.length > 0 ? args : this.#args)],
      ],
      {
        cwd: ROOT,
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, MOONTEE_LOG: 'silent' },
      },
    );
    this.#child = child;
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    this.#ready = await until('the host is ready', () => {
      if (child.exitCode !== null) throw new Error(`the host ended with ${child.exitCode}`);
      const line = /^\{.*\}$/m.exec(output)?.[0];
      return line === undefined ? null : (JSON.parse(line) as Ready);
    });
  }
}
