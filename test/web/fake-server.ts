import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { WebSocket, WebSocketServer } from 'ws';
import { HOST_PAGE } from './host-page.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** The policy under which the page must work. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; object-src 'none'";

/** In which order a viewer is told what it needs (signaling.md b.7). */
export type Order = 'offer first' | 'config first';

export interface Streamer {
  streamer_id: string;
  status: string;
  moonlight_connected: boolean;
  connected_peers: number;
  width: number;
  height: number;
  fps: number;
  created_at: string;
  peers: [];
  error?: string;
}

/** A message of one of the viewer's data channels. */
export interface ChannelMessage {
  readonly label: string;
  readonly hex: string;
}

/**
 * REST and signaling as the page needs them, around a host that is a peer connection in a
 * second browser page (`/host.html`), which sends a moving canvas and a tone.
 */
export class FakeServer {
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #directory: string;
  #host: WebSocket | undefined;
  readonly #viewers = new Map<number, WebSocket>();
  #nextViewer = 1;
  readonly #waiting = new Set<() => void>();

  order: Order = 'offer first';
  touch = true;
  credentials: string | undefined;
  streamers: Streamer[] = [];
  /** Messages of viewers, parsed. */
  readonly received: unknown[] = [];
  readonly channelMessages: ChannelMessage[] = [];
  /** Those among them that only say what is held, kept apart. */
  readonly statements: ChannelMessage[] = [];
  /** Viewer sockets opened so far. */
  connections = 0;
  /** What some requests are answered with beside those about streamers, by `METHOD path`. */
  readonly answers = new Map<string, unknown>();
  /** Those requests, with what they brought. */
  readonly calls: { request: string; body: unknown }[] = [];
  /** Refuses viewer sockets, as a server that is gone. */
  isDown = false;

  constructor(directory: string) {
    this.#directory = directory;
    this.#http = createServer((request, response) => void this.#serve(request, response));
    this.#http.on('upgrade', (request, socket, head) => {
      const path = request.url ?? '';
      if (this.isDown && path !== '/fake-host') {
        socket.destroy();
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
        if (path === '/fake-host') this.#onHost(webSocket);
        else this.#onViewer(webSocket);
      });
    });
  }

  async listen(): Promise<string> {
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const client of this.#sockets.clients) client.terminate();
    this.#sockets.close();
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, 'close');
  }

  /** As at the start, with one streamer. */
  reset(): void {
    this.order = 'offer first';
    this.touch = true;
    this.isDown = false;
    this.credentials = undefined;
    this.streamers = [];
    this.addStreamer('demo');
    this.answers.clear();
    this.calls.length = 0;
    this.received.length = 0;
    this.channelMessages.length = 0;
    this.statements.length = 0;
  }

  addStreamer(id: string, changes: Partial<Streamer> = {}): void {
    this.streamers.push({
      streamer_id: id,
      status: 'active',
      moonlight_connected: true,
      connected_peers: 0,
      width: 1280,
      height: 720,
      fps: 60,
      created_at: '2026-01-01T00:00:00Z',
      peers: [],
      ...changes,
    });
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /** To every viewer. */
  broadcast(message: unknown): void {
    for (const socket of this.#viewers.values()) socket.send(JSON.stringify(message));
  }

  /** Breaks every viewer's socket, as a network does. */
  dropViewers(): void {
    for (const socket of this.#viewers.values()) socket.terminate();
  }

  closeViewers(code: number, reason: string): void {
    for (const socket of this.#viewers.values()) socket.close(code, reason);
  }

  /** From the host over the `controllers` channel to every viewer. */
  sendToPads(hex: string): void {
    this.#host?.send(JSON.stringify({ pads: hex }));
  }

  /** Resolves when the condition holds; looked at whenever something has happened. */
  async until(condition: () => boolean, what: string): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`Waited in vain for ${what}`));
      }, 60_000);
      const look = (): void => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
  }

  #changed(): void {
    for (const look of [...this.#waiting]) look();
  }

  #onHost(socket: WebSocket): void {
    this.#host = socket;
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as {
        viewer?: number;
        toViewer?: unknown;
        connected?: boolean;
        channel?: ChannelMessage;
      };
      const viewer = this.#viewers.get(message.viewer ?? 0);
      if (message.toViewer !== undefined) viewer?.send(JSON.stringify(message.toViewer));
      const { channel } = message;
      if (channel !== undefined) {
        (isStatement(channel) ? this.statements : this.channelMessages).push(channel);
      }
      if (message.connected === true) {
        viewer?.send(
          JSON.stringify({
            ConnectionComplete: {
              capabilities: { touch: this.touch },
              width: 1280,
              height: 720,
            },
          }),
        );
      }
      this.#changed();
    });
    this.#changed();
  }

  get hasHost(): boolean {
    return this.#host !== undefined;
  }

  #onViewer(socket: WebSocket): void {
    const id = this.#nextViewer;
    this.#nextViewer += 1;
    this.connections += 1;
    this.#viewers.set(id, socket);
    const config = (): void => socket.send(JSON.stringify({ WebRtcConfig: { ice_servers: [] } }));
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as {
        AuthenticateAndInit?: { credentials: string | null };
      };
      this.received.push(message);
      if (message.AuthenticateAndInit === undefined) {
        this.#host?.send(JSON.stringify({ viewer: id, message }));
      } else if (
        this.credentials !== undefined &&
        message.AuthenticateAndInit.credentials !== this.credentials
      ) {
        socket.send(JSON.stringify({ StageFailed: { stage: 'Authentication', error_code: -1 } }));
        socket.close();
      } else {
        if (this.order === 'config first') config();
        this.#host?.send(JSON.stringify({ viewer: id, join: true }));
        // Given after the offer, which the host page takes a moment to make.
        if (this.order === 'offer first') setTimeout(config, 200);
      }
      this.#changed();
    });
    socket.on('close', () => {
      this.#viewers.delete(id);
      this.#host?.send(JSON.stringify({ viewer: id, leave: true }));
      this.#changed();
    });
    this.#changed();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').replace(/\?.*/, '');
    if (path.startsWith('/api')) {
      await this.#serveApi(path, request, response);
    } else if (path === '/host.html') {
      response.setHeader('Content-Type', 'text/html').end(HOST_PAGE);
    } else if (path === '/config.js') {
      response
        .setHeader('Content-Type', 'text/javascript')
        .end('export default {"path_prefix":""}');
    } else {
      const file = path === '/' ? '/index.html' : path;
      const body = await readFile(join(this.#directory, file)).catch(() => undefined);
      if (body === undefined) response.writeHead(404).end();
      else {
        response
          .setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream')
          .setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY)
          .end(body);
      }
    }
  }

  async #serveApi(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = (status: number, body: unknown): void => {
      response
        .writeHead(status, { 'Content-Type': 'application/json' })
        .end(body === undefined ? '' : JSON.stringify(body));
    };
    if (
      this.credentials !== undefined &&
      request.headers.authorization !== `Bearer ${this.credentials}`
    ) {
      answer(401, undefined);
    } else if (this.answers.has(`${request.method ?? ''} ${path}`)) {
      const name = `${request.method ?? ''} ${path}`;
      const sent = await text(request);
      this.calls.push({ request: name, body: sent === '' ? null : JSON.parse(sent) });
      answer(200, this.answers.get(name));
      this.#changed();
    } else if (path === '/api/streamers') {
      answer(200, { streamers: this.streamers });
    } else {
      const id = decodeURIComponent(path.replace('/api/streamers/', ''));
      const streamer = this.streamers.find(({ streamer_id }) => streamer_id === id);
      if (streamer === undefined) {
        answer(404, { error: 'Streamer not found', code: 'STREAMER_NOT_FOUND' });
      } else answer(200, streamer);
    }
  }
}

/** signaling.md c.7 */
function isStatement({ label, hex }: ChannelMessage): boolean {
  const types: Readonly<Record<string, string>> = {
    keyboard: '02',
    mouseClicks: '05',
    touch: '03',
  };
  const type = types[label];
  return type !== undefined && hex.startsWith(type);
}
