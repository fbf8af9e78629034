/**
 * The demo host in a process of its own, with the clip as an app, and an identity paired with it.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { silentLog } from '../../src/core/log.js';
import { createIdentity } from '../../src/moonlight/identity.js';
import { pair } from '../../src/moonlight/pairing/pair.js';
import { HostClient } from '../../src/moonlight/nvhttp/host-client.js';
import type { SessionTarget } from '../../src/protocol/streamer-spec.js';
import { ensureClip } from './clip.js';
import { end, forkProgram, logLevel } from './processes.js';
import { PATIENCE_MS } from './receiver.js';
import type { FrameDeparture, PositionArrival } from './timed-host-process.js';

const ADDRESS = '127.0.0.1';
export const PIN = '4711';
const CLIP_TITLE = 'Clip';

/** What it can show, by title: a clip that costs it nothing, and the desktop, which it encodes. */
export type BenchApp = typeof CLIP_TITLE | 'Desktop';

export interface BenchHostOptions {
  /** Whether it sends sound beside the clip. */
  readonly audio?: boolean;
  /** Mbit/s of the clip. */
  readonly mbit?: number;
}

export class BenchHost {
  readonly httpPort: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, httpPort: number) {
    this.#child = child;
    this.httpPort = httpPort;
  }

  static async start({ audio = true, mbit = 10 }: BenchHostOptions = {}): Promise<BenchHost> {
    const { unitsFile } = await ensureClip(mbit);
    const child = forkProgram(
      new URL('./timed-host-process.ts', import.meta.url),
      [
        ...['--http-port', '0', '--pin', PIN, '--app', `${CLIP_TITLE}=clip:${unitsFile}`],
        ...(audio ? [] : ['--fault', 'no-audio']),
      ],
      { stdout: 'pipe', environment: { MOONTEE_LOG: logLevel() } },
    );
    if (!child.stdout) throw new Error('the demo host has no output');
    const lines = createInterface({ input: child.stdout });
    const [line] = (await once(lines, 'line', { signal: AbortSignal.timeout(PATIENCE_MS) })) as [
      string,
    ];
    lines.close();
    child.stdout.resume();
    return new BenchHost(child, (JSON.parse(line) as { http_port: number }).http_port);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Pairs an identity of its own. */
  async target(): Promise<{ target: SessionTarget; appId: number }> {
    const identity = await createIdentity();
    const log = silentLog();
    const host = { address: ADDRESS, httpPort: this.httpPort, log };
    const { certificatePem } = await pair({ ...host, identity, pin: PIN });
    const client = new HostClient({
      ...host,
      uniqueId: identity.uniqueId,
      tls: { identity, certificatePem },
    });
    return {
      appId: appOf(await client.apps(), CLIP_TITLE),
      target: {
        host_address: ADDRESS,
        host_http_port: this.httpPort,
        host_unique_id: identity.uniqueId,
        client_private_key_pem: identity.privateKeyPem,
        client_certificate_pem: identity.certificatePem,
        server_certificate_pem: certificatePem,
      },
    };
  }

  /** When the latest pictures left; the oldest are forgotten. */
  async departures(): Promise<readonly FrameDeparture[]> {
    return (await this.#ask('departures')) as readonly FrameDeparture[];
  }

  /** The positions of the pointer that came since the last question. */
  async positions(): Promise<readonly PositionArrival[]> {
    return (await this.#ask('positions')) as readonly PositionArrival[];
  }

  async #ask(question: string): Promise<unknown> {
    const answer = once(this.#child, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
    this.#child.send(question);
    const [value] = (await answer) as [unknown];
    return value;
  }

  async stop(): Promise<void> {
    await end(this.#child);
  }
}

export function appOf(
  apps: readonly { readonly id: number; readonly title: string }[],
  wanted: BenchApp,
): number {
  const app = apps.find(({ title }) => title === wanted);
  if (!app) throw new Error(`the demo host does not show ${wanted}`);
  return app.id;
}
