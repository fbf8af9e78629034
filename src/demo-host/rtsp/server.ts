import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Log } from '../../core/log.js';
import { plainAddress } from '../http/nvhttp.js';
import type { Session } from '../sessions.js';
import { sealMessage } from '../../moonlight/rtsp/envelope.js';
import { looksEncrypted, openUnit, unitLength } from './envelope.js';
import {
  formatAnswer,
  MAX_REQUEST,
  mayBeRequest,
  parseRequest,
  type RtspAnswer,
  type RtspRequest,
} from './message.js';

export interface RtspReply {
  /** Null ends the connection without a word. */
  readonly answer: RtspAnswer | null;
  /** The session that the request was found to belong to. */
  readonly session: Session | null;
}

/** What stands behind the port. */
export interface RtspBackend {
  /** Sessions whose key may open a message from this address, likeliest first. */
  candidates(address: string): readonly Session[];
  /** @param known what an earlier message of the connection, or its key, belongs to */
  reply(request: RtspRequest, address: string, known: Session | null): RtspReply;
}

export interface RtspServerOptions {
  readonly bind: string;
  readonly port: number;
  readonly lowerCaseHeaders: boolean;
  /** Wait a moment after a first answer for a client that keeps its connection. */
  readonly lingers: boolean;
  readonly log: Log;
}

const MAX_CONNECTIONS = 128;
/** Milliseconds of silence after which a connection is dropped; empty probes come and go. */
const IDLE_DEADLINE = 10_000;
/** Milliseconds after which any connection ends: a handshake takes less than a second. */
const LIFETIME = 60_000;
/**
 * Milliseconds that the first connection of a handshake stays open after its answer. The
 * reference client reads until we close, other clients send the next request on the same
 * connection; only time tells them apart. Later connections show the client's habit and are
 * closed at once.
 */
const LINGER = 200;
/**
 * Milliseconds of silence after which an ANNOUNCE whose body has no length, or a wrong one, is
 * taken as it is.
 */
const BODY_PATIENCE = 500;

/** The RTSP port: plain or encrypted messages, one a connection or all on one. */
export class RtspServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: RtspServerOptions, backend: RtspBackend) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      serve(socket, options, backend);
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  static async listen(options: RtspServerOptions, backend: RtspBackend): Promise<RtspServer> {
    const server = new RtspServer(options, backend);
    const listening = once(server.#server, 'listening');
    server.#server.listen({ host: options.bind, port: options.port });
    await listening;
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

function serve(socket: Socket, options: RtspServerOptions, backend: RtspBackend): void {
  const address = plainAddress(socket.remoteAddress);
  const log = options.log;
  let pending: Buffer = Buffer.alloc(0);
  let session: Session | null = null;
  let answered = 0;
  let linger: NodeJS.Timeout | undefined;
  let patience: NodeJS.Timeout | undefined;

  /** Plain text of the next message and how many bytes of `pending` it took. */
  const next = (): { text: Buffer; taken: number | null } | 'wait' | 'drop' => {
    if (!looksEncrypted(pending)) return { text: pending, taken: null };
    const length = unitLength(pending);
    if (length === null) return 'wait';
    if (length > MAX_REQUEST) return 'drop';
    if (pending.length < length) return 'wait';
    const unit = pending.subarray(0, length);
    for (const candidate of session === null ? backend.candidates(address) : [session]) {
      const text = openUnit(candidate.request.key, unit);
      if (text === null) continue;
      session = candidate;
      return { text, taken: length };
    }
    return 'drop';
  };

  const send = (answer: RtspAnswer, encrypted: boolean): void => {
    const plain = formatAnswer(answer, options.lowerCaseHeaders);
    if (!encrypted || session === null) {
      socket.write(plain);
      return;
    }
    session.rtspSequence += 1;
    socket.write(sealMessage(session.request.key, 'host', session.rtspSequence, plain));
  };

  /** @param final the client has said all that it will say for now */
  const pump = (final: boolean): void => {
    while (pending.length > 0 && socket.writable) {
      const message = next();
      if (message === 'wait') return;
      if (message === 'drop') {
        log.debug({ address }, 'rtsp message without a key');
        socket.destroy();
        return;
      }
      const encrypted = message.taken !== null;
      const parsed = parseRequest(message.text, final || encrypted);
      if (parsed.kind === 'incomplete' && !encrypted) return;
      if (parsed.kind !== 'request') {
        log.debug({ address }, 'rtsp message invalid');
        send({ status: 400, headers: [] }, encrypted);
        socket.end();
        return;
      }
      pending = pending.subarray(message.taken ?? parsed.length);
      // A length that is too small leaves the end of the body behind.
      if (parsed.request.body !== '' && !mayBeRequest(pending)) pending = Buffer.alloc(0);
      const reply = backend.reply(parsed.request, address, session);
      session = reply.session ?? session;
      if (reply.answer === null) {
        socket.end();
        return;
      }
      send(reply.answer, encrypted);
      log.debug({ method: parsed.request.method, status: reply.answer.status }, 'rtsp answered');
      answered += 1;
      clearTimeout(linger);
      if (answered > 1) continue;
      const { method } = parsed.request;
      const first = method === 'OPTIONS' || parsed.request.headers.get('cseq') === '1';
      const ends = parsed.request.headers.get('connection')?.toLowerCase() === 'close';
      // The timer also lets what is already here be answered before the end.
      linger = setTimeout(() => socket.end(), options.lingers && first && !ends ? LINGER : 0);
    }
  };

  socket.setTimeout(IDLE_DEADLINE, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  const lifetime = setTimeout(() => socket.destroy(), LIFETIME);
  socket.on('close', () => {
    clearTimeout(linger);
    clearTimeout(patience);
    clearTimeout(lifetime);
  });
  // A client that half-closes still gets what it asked for.
  socket.on('end', () => {
    pump(true);
    socket.end();
  });
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    clearTimeout(patience);
    pump(false);
    // Headers that are not whole yet stay incomplete; only a body can be taken early.
    if (pending.length > 0) patience = setTimeout(() => pump(true), BODY_PATIENCE);
  });
}
