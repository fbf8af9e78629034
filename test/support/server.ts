/** A server on a free port with children that have no media, and raw clients for it. */
import type { ExecutionContext } from 'ava';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { resolveConfig } from '../../src/config/load.js';
import type { ConfigKey } from '../../src/config/schema.js';
import { createIdentity } from '../../src/moonlight/identity.js';
import type { ClientIdentity } from '../../src/moonlight/types.js';
import { silentLog, type Log } from '../../src/core/log.js';
import type { StreamServerMessage } from '../../src/protocol/viewer-messages.js';
import { MoonteeServer } from '../../src/server/server.js';
import { APP } from './fake-apps.js';
import { FakeHost } from './fake-host.js';

export const PASSWORD = 'helix';
export const AUTHORIZATION = { Authorization: `Bearer ${PASSWORD}` };
export const CHILD = new URL('./fake-streamer.ts', import.meta.url);

/** Undoes what was made for a test, or for several. */
export type Undoing = Pick<ExecutionContext, 'teardown'>;

/** Milliseconds that anything may take on a machine that others use too. */
const DEADLINE = 60_000;

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  readonly json: unknown;
  /** As they came off the wire. */
  readonly chunks: readonly string[];
}

export interface AskOptions {
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly raw?: string | Buffer;
  readonly headers?: http.OutgoingHttpHeaders;
}

export class TestServer {
  readonly running: MoonteeServer;
  readonly folder: string;

  constructor(running: MoonteeServer, folder: string) {
    this.running = running;
    this.folder = folder;
  }

  get port(): number {
    return this.running.port;
  }

  get secure(): boolean {
    return this.running.url.startsWith('https:');
  }

  get #client(): typeof http | typeof https {
    return this.secure ? https : http;
  }

  /** A raw request, with the right credentials unless headers say otherwise. */
  ask(method: string, path: string, options: AskOptions = {}): Promise<Answer> {
    const { body, raw = body === undefined ? undefined : JSON.stringify(body) } = options;
    return new Promise((resolve, reject) => {
      const request = this.#client.request(
        {
          host: '127.0.0.1',
          port: this.port,
          path,
          method,
          agent: false,
          rejectUnauthorized: false,
          timeout: DEADLINE,
          headers: {
            ...AUTHORIZATION,
            ...(raw === undefined
              ? {}
              : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(raw) }),
            ...options.headers,
          },
        },
        (response) => {
          const chunks: string[] = [];
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = chunks.join('');
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              json: parsed(text),
              chunks,
            });
          });
        },
      );
      request.on('error', reject);
      request.end(raw);
    });
  }

  /** A viewer's socket; resolves when it is open. */
  async viewer(
    id: string,
    options: { headers?: Record<string, string>; path?: string; query?: string } = {},
  ): Promise<RawViewer> {
    const path = options.path ?? `/api/streamers/${id}/peer${options.query ?? ''}`;
    const scheme = this.secure ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://127.0.0.1:${this.port}${path}`, {
      rejectUnauthorized: false,
      headers: options.headers ?? AUTHORIZATION,
      perMessageDeflate: false,
    });
    const viewer = new RawViewer(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return viewer;
  }

  /** An upgrade that is not expected to succeed. */
  upgrade(path: string, headers: Record<string, string> = AUTHORIZATION): Promise<Answer> {
    return this.ask('GET', path, {
      headers: {
        Authorization: '',
        ...headers,
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      },
    });
  }

  data(): Promise<string> {
    return readFile(join(this.folder, 'data.json'), 'utf8');
  }
}

/** A browser's side of the socket: it keeps everything in order. */
export class RawViewer {
  readonly socket: WebSocket;
  readonly messages: StreamServerMessage[] = [];
  /** Bytes of data channels, behind the number of the channel. */
  readonly channels: Buffer[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #wake: (() => void)[] = [];
  #gone = false;

  constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        this.#gone = true;
        this.#stir();
        resolve({ code, reason: reason.toString() });
      });
    });
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) {
        this.channels.push(data);
        return;
      }
      this.messages.push(JSON.parse(data.toString()) as StreamServerMessage);
      this.#stir();
    });
    socket.on('error', () => undefined);
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  answer(sdp = 'v=0'): void {
    this.send({ Signaling: { Description: { ty: 'answer', sdp } } });
  }

  /** Messages by their names: `Offer`, `Candidate`, `WebRtcConfig`, … */
  names(): string[] {
    return this.messages.map(nameOf);
  }

  async until(name: string): Promise<StreamServerMessage> {
    for (;;) {
      const found = this.messages.find((message) => nameOf(message) === name);
      if (found !== undefined) return found;
      if (this.#gone) throw new Error(`closed before ${name}: ${this.names().join(' ')}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  #stir(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

function nameOf(message: StreamServerMessage): string {
  if (typeof message === 'string') return message;
  if ('Signaling' in message) {
    if ('AddIceCandidate' in message.Signaling) return 'Candidate';
    return message.Signaling.Description.ty;
  }
  return Object.keys(message)[0] ?? '';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export async function temporaryFolder(t: Undoing): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'moontee-test-'));
  // A process that was killed may still be on its way out.
  t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));
  return folder;
}

/** Starts a server; what a test does not care about is set for tests, null leaves a key out. */
export async function serve(
  t: Undoing,
  flags: Partial<Record<ConfigKey, string | null>> = {},
  options: { folder?: string; staticDirectory?: string; childModule?: URL; log?: Log } = {},
): Promise<TestServer> {
  const folder = options.folder ?? (await temporaryFolder(t));
  const { config } = resolveConfig({
    flags: given({
      bind_address: '127.0.0.1:0',
      data_path: join(folder, 'data.json'),
      credentials: PASSWORD,
      pairing_pin: '1234',
      app_wait_ms: '0',
      create_timeout_ms: '60000',
      heartbeat_timeout_ms: '20000',
      ping_timeout_ms: '50000',
      restart_backoff_min_ms: '10',
      restart_backoff_max_ms: '100',
      ...flags,
    }),
  });
  const running = await MoonteeServer.start(config, {
    log: options.log ?? silentLog(),
    staticDirectory: options.staticDirectory ?? null,
    childModule: options.childModule ?? CHILD,
  });
  t.teardown(() => running.close());
  return new TestServer(running, folder);
}

function given(flags: Record<string, string | null>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(flags).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}

/** One identity serves all tests of a file that do not test pairing: RSA keys are slow to make. */
let paired: Promise<ClientIdentity> | null = null;

/** A host, known to the server as host 0; paired unless told otherwise. */
export async function addHost(t: Undoing, server: TestServer, pair = true): Promise<FakeHost> {
  const host = await FakeHost.start();
  t.teardown(() => host.close());
  host.apps = Object.entries(APP).map(([title, id]) => ({ id, title }));
  const added = await server.running.hosts.add('127.0.0.1', host.port);
  if (pair) {
    paired ??= createIdentity();
    const { privateKeyPem, certificatePem } = await paired;
    host.accept(certificatePem);
    added.setPairing({
      privateKey: privateKeyPem,
      certificate: certificatePem,
      hostCertificate: host.certificatePem,
    });
    await server.running.hosts.save();
  }
  return host;
}

/** The body of a.5, as Helix sends it. */
export function createBody(id: string, app: number = APP.GOOD): Record<string, unknown> {
  return {
    streamer_id: id,
    client_unique_id: `helix-${id}`,
    host_id: 0,
    app_id: app,
    bitrate: 20_000,
    packet_size: 1024,
    fps: 60,
    width: 2560,
    height: 1600,
    video_sample_queue_size: 10,
    play_audio_local: false,
    audio_sample_queue_size: 10,
    video_supported_formats: 1,
    video_colorspace: 'Rec709',
    video_color_range_full: false,
  };
}

export function isAlive(pid: number | null): boolean {
  if (pid === null) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
