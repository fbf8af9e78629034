import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type Websockify from 'koa-websocket';
import type Koa from 'koa';
import { MoonteeError, type ErrorCode } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { HttpError } from './error-answers.js';
import { refuseRaw } from './raw-answer.js';
import { readTarget } from './request-target.js';

type ViewerSocket = Koa.Context['websocket'];

export interface UpgradesOptions<Grant> {
  readonly prefix: string;
  /** Decides before there is a socket. Rejects with a MoonteeError, the refusal. */
  readonly grant: (request: IncomingMessage) => Promise<Grant>;
  readonly serve: (socket: ViewerSocket, grant: Grant) => void;
  /**
   * Answers an upgrade itself.
   *
   * @returns false for one that `serve` shall answer here
   * @throws MoonteeError the refusal
   */
  readonly take: (request: IncomingMessage, stream: Duplex, head: Buffer, grant: Grant) => boolean;
  readonly onRefused: (request: IncomingMessage, code: ErrorCode, reason: string) => void;
  /** Bytes of a message. */
  readonly maxPayload: number;
  readonly log: Log;
}

/** Frames of a message, and pieces of one that have arrived: browsers send whole frames. */
const MAX_FRAGMENTS = 64;
const MAX_CHUNKS = 1_024;

const KEY = /^[+/0-9A-Za-z]{22}==$/;

/**
 * Upgrades to WebSocket: decided first, then handed to koa-websocket, which sees no other
 * targets than those that were read here. Nothing of it throws into Node's server.
 */
export class Upgrades<Grant> {
  readonly #app: Websockify.App;
  readonly #options: UpgradesOptions<Grant>;
  readonly #grants = new WeakMap<IncomingMessage, Grant>();

  constructor(app: Websockify.App, options: UpgradesOptions<Grant>) {
    this.#app = app;
    this.#options = options;
    app.ws.use((context) => this.#serve(context.req, context.websocket));
    app.ws.listen({
      noServer: true,
      maxPayload: options.maxPayload,
      perMessageDeflate: false,
      // Who answers pings must have a bound on it.
      autoPong: false,
      maxFragments: MAX_FRAGMENTS,
      maxBufferedChunks: MAX_CHUNKS,
    });
  }

  attach(server: Server): void {
    const answering = new Answering(server);
    server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
      // Its errors are the other side's leaving, at any time from now on.
      stream.on('error', () => void stream.destroy());
      // Its answer would come between those that are still to come.
      if (answering.has(request.socket)) stream.destroy();
      else void this.#upgrade(request, stream, head);
    });
    server.on('connect', (_request: IncomingMessage, stream: Duplex) => {
      stream.on('error', () => void stream.destroy());
      refuseRaw(stream, new MoonteeError('BAD_REQUEST', 'This server does not act as a proxy'));
    });
  }

  close(): void {
    this.#app.ws.server?.close();
  }

  /** Never rejects. */
  async #upgrade(request: IncomingMessage, stream: Duplex, first: Buffer): Promise<void> {
    try {
      readTarget(request, this.#options.prefix);
      checkHandshake(request);
      const grant = await this.#options.grant(request);
      const head = withEarly(first, stream);
      const sockets = this.#app.ws.server;
      if (sockets === undefined || stream.destroyed) return;
      if (this.#options.take(request, stream, head, grant)) return;
      this.#grants.set(request, grant);
      sockets.handleUpgrade(request, stream, head, (socket) => {
        sockets.emit('connection', socket, request);
      });
    } catch (thrown) {
      this.#refuse(request, stream, thrown);
    }
  }

  #refuse(request: IncomingMessage, stream: Duplex, thrown: unknown): void {
    try {
      const { code, message } =
        thrown instanceof HttpError ? thrown.error : MoonteeError.from(thrown);
      this.#options.onRefused(request, code, message);
      if (!stream.destroyed) refuseRaw(stream, thrown);
    } catch (error) {
      this.#options.log.error({ err: error }, 'upgrade not refused in order');
      stream.destroy();
    }
  }

  #serve(request: IncomingMessage, socket: ViewerSocket): void {
    const grant = this.#grants.get(request);
    try {
      if (grant === undefined) throw new MoonteeError('INTERNAL', 'Missing grant of the socket');
      this.#options.serve(socket, grant);
    } catch (error) {
      this.#options.log.error({ err: error }, 'socket not served');
      socket.terminate();
    }
  }
}

/** What came behind the request, also while it was decided about. */
function withEarly(head: Buffer, stream: Duplex): Buffer {
  if (stream.readableLength === 0) return head;
  const more: unknown = stream.read();
  return Buffer.isBuffer(more) ? Buffer.concat([head, more]) : head;
}

/** Connections on which requests wait for their answers. */
class Answering {
  readonly #counts = new WeakMap<Socket, number>();

  constructor(server: Server) {
    for (const event of ['request', 'checkContinue', 'checkExpectation']) {
      server.on(event, ({ socket }: IncomingMessage, response: ServerResponse) => {
        this.#counts.set(socket, this.#count(socket) + 1);
        response.once('close', () => this.#counts.set(socket, this.#count(socket) - 1));
      });
    }
  }

  has(socket: Socket): boolean {
    return this.#count(socket) > 0;
  }

  #count(socket: Socket): number {
    return this.#counts.get(socket) ?? 0;
  }
}

/** The client's part of RFC 6455, section 4.2.1. @throws HttpError, BAD_REQUEST */
function checkHandshake({ headers }: IncomingMessage): void {
  if (!KEY.test(headers['sec-websocket-key'] ?? '')) {
    throw new MoonteeError('BAD_REQUEST', 'Missing or invalid Sec-WebSocket-Key');
  }
  const version = headers['sec-websocket-version'] ?? '';
  if (version !== '13' && version !== '8') {
    const error = new MoonteeError('BAD_REQUEST', 'Missing or unknown Sec-WebSocket-Version');
    throw new HttpError(426, error, { 'Sec-WebSocket-Version': '13', Upgrade: 'websocket' });
  }
  // Its body would be read as messages.
  if ((headers['content-length'] ?? '0') !== '0' || headers['transfer-encoding'] !== undefined) {
    throw new MoonteeError('BAD_REQUEST', 'A WebSocket’s request has no body');
  }
}
