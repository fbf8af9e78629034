/** The server as an operator starts it, and its REST interface as a platform calls it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { STREAMER_SETTINGS } from '../../test/support/stream-settings.js';
import { CLIP_TITLE, PIN, type ChaosHost } from './chaos-host.js';
import { ask, type Reply } from './request.js';
import { collectGarbage } from './inspector.js';
import { end, keep, logLevel, removeAtExit } from './processes.js';
import { PATIENCE_MS } from './receiver.js';
import { footprint, type Footprint } from './usage.js';
import { TYPESCRIPT } from '../../test/support/typescript.js';

/** On a free port of loopback; streamers do not inherit it. */
const INSPECT = '--inspect=127.0.0.1:0';

interface Listed {
  readonly session_id: string;
  readonly streamer_pid: number | null;
}

/** A host that the server knows, with the app that streamers run. */
export interface ServerHost {
  readonly hostId: number;
  readonly appId: number;
}

export class ChaosServer {
  readonly url: string;
  readonly #child: ChildProcess;
  /** Milliseconds that each request took. */
  readonly times: number[] = [];

  readonly #inspector: string;

  private constructor(child: ChildProcess, url: string, inspector: string) {
    this.#child = child;
    this.url = url;
    this.#inspector = inspector;
  }

  static async start(): Promise<ChaosServer> {
    const directory = mkdtempSync(join(tmpdir(), 'moontee-chaos-'));
    removeAtExit(directory);
    const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
    const child = keep(
      spawn(process.execPath, [INSPECT, ...TYPESCRIPT, cli, 'serve'], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          MOONTEE_LOG: logLevel(),
          MOONTEE_BIND_ADDRESS: '127.0.0.1:0',
          MOONTEE_DATA_PATH: join(directory, 'data.json'),
          MOONTEE_PAIRING_PIN: PIN,
          MOONTEE_WEBRTC_LOCAL_ADDRESSES: '["127.0.0.1"]',
        },
      }),
    );
    if (!child.stdout || !child.stderr) throw new Error('the server has no output');
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const firstLine = once(createInterface({ input: child.stdout }), 'line', { signal });
    const errors = createInterface({ input: child.stderr });
    errors.on('line', (line) => process.stderr.write(`${line}\n`));
    const [listening] = (await once(errors, 'line', { signal })) as [string];
    const inspector = /ws:\/\/\S+/.exec(listening)?.[0];
    if (inspector === undefined) throw new Error(`no inspector: ${listening}`);
    const [url] = (await firstLine) as [string];
    return new ChaosServer(child, url, inspector);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What the process holds, without its garbage. */
  async footprint(): Promise<Footprint> {
    await collectGarbage(this.#inspector);
    return footprint(this.pid);
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async ask(method: string, path: string, body?: unknown): Promise<Reply> {
    const begin = performance.now();
    const reply = await ask(method, new URL(path, this.url), body);
    this.times.push(performance.now() - begin);
    return reply;
  }

  async addHost(host: ChaosHost): Promise<ServerHost> {
    const added = await this.ask('PUT', 'api/host', {
      address: '127.0.0.1',
      http_port: host.httpPort,
    });
    const hostId = (JSON.parse(added.text) as { host: { host_id: number } }).host.host_id;
    await this.ask('POST', 'api/pair', { host_id: hostId });
    const { text } = await this.ask('GET', `api/apps?host_id=${hostId}`);
    const { apps } = JSON.parse(text) as { apps: { app_id: number; title: string }[] };
    const app = apps.find(({ title }) => title === CLIP_TITLE);
    if (!app) throw new Error(`the host does not list its clip: ${text}`);
    return { hostId, appId: app.app_id };
  }

  /** @returns `created`, or the code of the error */
  async create(id: string, { hostId, appId }: ServerHost): Promise<string> {
    const { status, text } = await this.ask('POST', 'api/streamers', {
      streamer_id: id,
      client_unique_id: id,
      host_id: hostId,
      app_id: appId,
      ...STREAMER_SETTINGS,
    });
    return status < 400 ? 'created' : (JSON.parse(text) as { code: string }).code;
  }

  delete(id: string): Promise<{ status: number }> {
    return this.ask('DELETE', `api/streamers/${id}`);
  }

  async sessions(): Promise<readonly Listed[]> {
    const { text } = await this.ask('GET', 'api/sessions');
    return (JSON.parse(text) as { sessions: Listed[] }).sessions;
  }

  socketUrl(id: string): string {
    return new URL(`api/streamers/${id}/peer`, this.url).href.replace(/^http/, 'ws');
  }

  async stop(): Promise<void> {
    await end(this.#child);
  }
}
