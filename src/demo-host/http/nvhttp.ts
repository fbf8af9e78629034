import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { isIP, type AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Log } from '../../core/log.js';
import { fingerprint } from './certificate.js';

/** One request as the routes see it. */
export interface NvRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Came over HTTPS. */
  readonly secure: boolean;
  /** Fingerprint of the client's certificate; null over HTTP or without a certificate. */
  readonly client: string | null;
  /** The client's IP address. */
  readonly address: string;
  /** Our own IP address, as the client reached it. */
  readonly localAddress: string;
  readonly body: Buffer;
  readonly contentType: string;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
}

export interface NvAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
}

export type NvHandler = (request: NvRequest) => NvAnswer | Promise<NvAnswer>;

export interface NvHttpOptions {
  readonly bind: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly log: Log;
}

const MAX_BODY = 64 * 1024;
const MAX_CONNECTIONS = 256;
/** Milliseconds in which a request must have arrived. */
const REQUEST_DEADLINE_MS = 10_000;

/** IPv4 addresses in IPv6 clothes are IPv4. */
export function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}

/** An address as it stands in a URL. */
export function urlHost(address: string): string {
  return isIP(address) === 6 ? `[${address}]` : address;
}

/**
 * The host's HTTP and HTTPS ports: one request a connection (§1.2). Client certificates are
 * requested, but the routes judge them (§1.4).
 */
export class NvHttp {
  readonly #http: Server;
  readonly #https: Server;
  readonly #log: Log;
  readonly #handler: NvHandler;

  private constructor(options: NvHttpOptions, handler: NvHandler) {
    this.#log = options.log;
    this.#handler = handler;
    const limits = {
      headersTimeout: REQUEST_DEADLINE_MS,
      requestTimeout: REQUEST_DEADLINE_MS,
      // Not every client that was written for one kind of host sends one.
      requireHostHeader: false,
    };
    this.#http = createServer({ ...limits, connectionsCheckingInterval: 1000 });
    this.#https = createTlsServer({
      ...limits,
      connectionsCheckingInterval: 1000,
      handshakeTimeout: REQUEST_DEADLINE_MS,
      cert: options.certificatePem,
      key: options.privateKeyPem,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
    });
    for (const server of [this.#http, this.#https]) {
      server.maxConnections = MAX_CONNECTIONS;
      server.on('request', (request: IncomingMessage, response: ServerResponse) => {
        void this.#serve(request, response);
      });
      server.on('clientError', (_error, socket) => {
        if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
        else socket.destroy();
      });
      server.on('tlsClientError', (_error, socket: TLSSocket) => socket.destroy());
    }
  }

  static async listen(options: NvHttpOptions, handler: NvHandler): Promise<NvHttp> {
    const nvHttp = new NvHttp(options, handler);
    try {
      await listen(nvHttp.#http, options.bind, options.httpPort);
      await listen(nvHttp.#https, options.bind, options.httpsPort);
    } catch (error) {
      await nvHttp.close();
      throw error;
    }
    return nvHttp;
  }

  get httpPort(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get httpsPort(): number {
    return (this.#https.address() as AddressInfo).port;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await Promise.all(
      [this.#http, this.#https].map(async (server) => {
        if (!server.listening) return;
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        await closed;
      }),
    );
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    response.on('error', () => gone.abort());
    response.shouldKeepAlive = false;
    let answer: NvAnswer;
    try {
      answer = await this.#answer(request, gone.signal);
    } catch (error) {
      this.#log.error({ err: error, path: request.url?.split('?', 1)[0] }, 'request failed');
      answer = { status: 500, type: 'text/plain', body: 'Internal server error\n' };
    }
    if (gone.signal.aborted) return;
    response.writeHead(answer.status, {
      'Content-Type': answer.type,
      'Content-Length': Buffer.byteLength(answer.body),
    });
    response.end(answer.body);
  }

  async #answer(request: IncomingMessage, signal: AbortSignal): Promise<NvAnswer> {
    const body = await readBody(request);
    if (body === null) return { status: 413, type: 'text/plain', body: 'Request body too large\n' };
    const socket = request.socket;
    const secure = 'encrypted' in socket;
    const raw = secure ? (socket as TLSSocket).getPeerCertificate().raw : undefined;
    const [path = '/', search = ''] = (request.url ?? '/').split(/\?(.*)/s, 2);
    return this.#handler({
      method: request.method ?? 'GET',
      path,
      query: new URLSearchParams(search),
      secure,
      client: (raw as Buffer | undefined) === undefined ? null : fingerprint(raw as Buffer),
      address: plainAddress(socket.remoteAddress),
      localAddress: plainAddress(socket.localAddress),
      body,
      contentType: request.headers['content-type'] ?? '',
      signal,
    });
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  // `once` rejects when 'error' comes first.
  const listening = once(server, 'listening');
  server.listen({ host, port });
  await listening;
}
