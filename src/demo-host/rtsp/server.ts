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
const IDLE_DEADLINE_MS = 10_000;
/** Milliseconds after which any connection ends: a handshake takes less than a second. */
const LIFETIME_MS = 60_000;
/**
 * Milliseconds that the first connection of a handshake stays open after its answer. The reference
 * client reads until we close; other clients send the next request on the same connection. Only
 * time distinguishes them. Later connections show the client's habit and are closed at once.
 */
const LINGER_MS = 200;
/**
 * Milliseconds of silence after which an ANNOUNCE is taken as it is, if its body has no length or a
 * wrong one.
 */
const BODY_PATIENCE_MS = 500;

/** The RTSP port: plain or encrypted messages, one a connection or all on one. */
export class RtspServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: RtspServerOptions, backend: RtspBackend) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      new Connection(socket, options, backend).start();
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

type Message = { readonly text: Buffer; readonly taken: number | null } | 'wait' | 'drop';

/** One client's requests, in the order of their arrival. */
class Connection {
  readonly #socket: Socket;
  readonly #options: RtspServerOptions;
  readonly #backend: RtspBackend;
  readonly #address: string;
  #pending: Buffer = Buffer.alloc(0);
  #session: Session | null = null;
  #answered = 0;
  #linger: NodeJS.Timeout | undefined;
  #patience: NodeJS.Timeout | undefined;

  constructor(socket: Socket, options: RtspServerOptions, backend: RtspBackend) {
    this.#socket = socket;
    this.#options = options;
    this.#backend = backend;
    this.#address = plainAddress(socket.remoteAddress);
  }

  start(): void {
    const socket = this.#socket;
    socket.setTimeout(IDLE_DEADLINE_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    const lifetime = setTimeout(() => socket.destroy(), LIFETIME_MS);
    socket.on('close', () => {
      clearTimeout(this.#linger);
      clearTimeout(this.#patience);
      clearTimeout(lifetime);
    });
    // A client that half-closes still gets what it asked for.
    socket.on('end', () => {
      this.#pump(true);
      socket.end();
    });
    socket.on('data', (chunk: Buffer) => {
      this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
      clearTimeout(this.#patience);
      this.#pump(false);
      // Headers that are not whole yet stay incomplete; only a body can be taken early.
      if (this.#pending.length > 0) {
        this.#patience = setTimeout(() => this.#pump(true), BODY_PATIENCE_MS);
      }
    });
  }

  /** @param final the client sends nothing more for now */
  #pump(final: boolean): void {
    const { log } = this.#options;
    while (this.#pending.length > 0 && this.#socket.writable) {
      const message = this.#next();
      if (message === 'wait') return;
      if (message === 'drop') {
        log.debug({ address: this.#address }, 'rtsp message without a key');
        this.#socket.destroy();
        return;
      }
      const encrypted = message.taken !== null;
      const parsed = parseRequest(message.text, final || encrypted);
      if (parsed.kind === 'incomplete' && !encrypted) return;
      if (parsed.kind !== 'request') {
        log.debug({ address: this.#address }, 'rtsp message invalid');
        this.#send({ status: 400, headers: [] }, encrypted);
        this.#socket.end();
        return;
      }
      this.#pending = this.#pending.subarray(message.taken ?? parsed.length);
      // A length that is too small leaves the end of the body behind.
      if (parsed.request.body !== '' && !mayBeRequest(this.#pending)) {
        this.#pending = Buffer.alloc(0);
      }
      if (!this.#answer(parsed.request, encrypted)) return;
    }
  }

  /** Plain text of the next message and how many bytes of what is pending it took. */
  #next(): Message {
    const pending = this.#pending;
    if (!looksEncrypted(pending)) return { text: pending, taken: null };
    const length = unitLength(pending);
    if (length === null) return 'wait';
    if (length > MAX_REQUEST) return 'drop';
    if (pending.length < length) return 'wait';
    const unit = pending.subarray(0, length);
    const candidates =
      this.#session === null ? this.#backend.candidates(this.#address) : [this.#session];
    for (const candidate of candidates) {
      const text = openUnit(candidate.request.key, unit);
      if (text === null) continue;
      this.#session = candidate;
      return { text, taken: length };
    }
    return 'drop';
  }

  /** @returns false if nothing more is answered */
  #answer(request: RtspRequest, encrypted: boolean): boolean {
    const reply = this.#backend.reply(request, this.#address, this.#session);
    this.#session = reply.session ?? this.#session;
    if (reply.answer === null) {
      this.#socket.end();
      return false;
    }
    this.#send(reply.answer, encrypted);
    const { method, headers } = request;
    this.#options.log.debug({ method, status: reply.answer.status }, 'rtsp answered');
    this.#answered += 1;
    clearTimeout(this.#linger);
    if (this.#answered > 1) return true;
    const isFirst = method === 'OPTIONS' || headers.get('cseq') === '1';
    const ends = headers.get('connection')?.toLowerCase() === 'close';
    // The timer also lets what is already here be answered before the end.
    this.#linger = setTimeout(
      () => this.#socket.end(),
      this.#options.lingers && isFirst && !ends ? LINGER_MS : 0,
    );
    return true;
  }

  #send(answer: RtspAnswer, encrypted: boolean): void {
    const plain = formatAnswer(answer, this.#options.lowerCaseHeaders);
    const session = this.#session;
    if (!encrypted || session === null) {
      this.#socket.write(plain);
      return;
    }
    session.rtspSequence += 1;
    this.#socket.write(sealMessage(session.request.key, 'host', session.rtspSequence, plain));
  }
}
