import { X509Certificate } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect as netConnect, isIPv6, type Socket } from 'node:net';
import { connect as tlsConnect, TLSSocket } from 'node:tls';
import { MoonteeError } from '../../core/errors.js';
import { letGo, trackHostSocket } from '../host-connections.js';
import type { ClientIdentity } from '../types.js';
import { Conversation } from './conversation.js';

export interface HttpQuery {
  /** Name or IP address. */
  readonly address: string;
  readonly port: number;
  /** Path with query. It may carry keys, so it appears in no error and no log. */
  readonly path: string;
  /** Milliseconds for all of it: connecting, asking, reading. */
  readonly timeout: number;
  /** Largest accepted body. */
  readonly maxBytes: number;
  readonly tls?: HttpTls | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpTls {
  readonly identity: ClientIdentity;
  /** The only certificate that the host may show, PEM. */
  readonly certificatePem: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** How far an exchange came decides what a broken connection means. */
type Phase = 'connecting' | 'handshaking' | 'asking';

/**
 * One GET on a connection of its own (gamestream.md §1.2): hosts close after every answer without
 * announcing it. With `tls` the host's certificate is compared byte by byte before anything is
 * written, because launch URLs carry the session key (§1.4).
 *
 * @throws MoonteeError HOST_UNREACHABLE, HOST_ANSWER_INVALID, HOST_REFUSED (TLS),
 * HOST_CERTIFICATE_CHANGED, CONFIG_INVALID (unusable address or PEM), CLOSED (aborted)
 */
export async function httpGet(query: HttpQuery): Promise<HttpAnswer> {
  const { signal, tls } = query;
  if (signal?.aborted === true) throw aborted(signal);
  const pinned = tls === undefined ? null : readCertificate(tls.certificatePem);
  const socket = trackHostSocket(openSocket(query));
  // Errors after the verdict have no receiver left.
  socket.on('error', () => undefined);
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  try {
    return await new Promise<HttpAnswer>((resolve, reject) => {
      let phase: Phase = 'connecting';
      timer = setTimeout(() => {
        reject(unreachable(query, `no answer within ${query.timeout} ms`));
      }, query.timeout);
      onAbort = () => {
        if (signal !== undefined) reject(aborted(signal));
      };
      signal?.addEventListener('abort', onAbort, { once: true });

      const fail = (error: Error): void => reject(explain(query, phase, error));
      const onClose = (): void => fail(new Error('connection closed'));
      const ask = (): void => {
        phase = 'asking';
        // From here on the request emits them, and knows whether the answer was complete.
        socket.off('error', fail);
        socket.off('close', onClose);
        try {
          exchange(query, socket, resolve, fail);
        } catch (error) {
          fail(MoonteeError.from(error, 'CONFIG_INVALID'));
        }
      };
      socket.once('error', fail);
      socket.once('close', onClose);
      if (!(socket instanceof TLSSocket)) {
        socket.once('connect', ask);
        return;
      }
      socket.once('connect', () => (phase = 'handshaking'));
      socket.once('secureConnect', () => {
        if (pinned !== null && socket.getPeerX509Certificate()?.raw.equals(pinned.raw) === true) {
          ask();
        } else {
          fail(new MoonteeError('HOST_CERTIFICATE_CHANGED'));
        }
      });
    });
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
    letGo(socket);
  }
}

/** What an aborted wait throws. */
export function aborted(signal: AbortSignal): MoonteeError {
  const reason: unknown = signal.reason;
  if (reason instanceof MoonteeError) return reason;
  return new MoonteeError('CLOSED', 'Aborted', { cause: reason });
}

/** An address as it stands in a URL or a Host header. */
export function bracketed(address: string): string {
  return isIPv6(address) ? `[${address.replace(/%.*$/, '')}]` : address;
}

function readCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw MoonteeError.from(error, 'CONFIG_INVALID');
  }
}

function openSocket({ address, port, tls }: HttpQuery): Socket {
  try {
    if (tls === undefined) return netConnect({ host: address, port });
    return tlsConnect({
      host: address,
      port,
      cert: tls.identity.certificatePem,
      key: tls.identity.privateKeyPem,
      minVersion: 'TLSv1.2',
      // Hosts sign for themselves: the pinned certificate takes the place of chain and name.
      rejectUnauthorized: false,
    });
  } catch (error) {
    throw MoonteeError.from(error, 'CONFIG_INVALID');
  }
}

function exchange(
  query: HttpQuery,
  socket: Socket,
  succeed: (answer: HttpAnswer) => void,
  fail: (error: Error) => void,
): void {
  let response: IncomingMessage | null = null;
  const chunks: Buffer[] = [];
  let size = 0;

  // Sunshine lets junk follow a complete answer: what is complete is read to its end.
  const failUnlessComplete = (error: Error): void => {
    if (response?.complete !== true) fail(error);
  };
  const tooLong = (): void => {
    fail(invalid(query, `more than ${query.maxBytes} bytes`));
    request.destroy();
  };
  // Without the option `agent`, createConnection is used and `Connection: close` is sent.
  const request = httpRequest({
    createConnection: () => new Conversation(socket),
    path: query.path,
    headers: { Host: `${bracketed(query.address)}:${query.port}` },
  });
  request.on('error', failUnlessComplete);
  request.on('close', () => failUnlessComplete(new Error('connection closed')));
  request.on('response', (incoming) => {
    response = incoming;
    incoming.on('error', failUnlessComplete);
    if (Number(incoming.headers['content-length'] ?? 0) > query.maxBytes) {
      tooLong();
      return;
    }
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > query.maxBytes) {
        tooLong();
        return;
      }
      chunks.push(chunk);
    });
    incoming.on('end', () => {
      if (!incoming.complete) fail(new Error('answer cut short'));
      else succeed({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks) });
    });
  });
  request.end();
}

function explain(query: HttpQuery, phase: Phase, error: Error): MoonteeError {
  if (error instanceof MoonteeError) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  const what = code ?? error.message;
  // An alert that refuses our certificate comes after the handshake with TLS 1.3.
  const inTls = phase === 'handshaking' || (code !== null && /^(ERR_SSL|EPROTO)/.test(code));
  if (inTls) {
    return new MoonteeError('HOST_REFUSED', `TLS handshake failed: ${what}`, {
      details: { address: query.address, port: query.port, reason: what },
    });
  }
  return phase === 'connecting' ? unreachable(query, what) : invalid(query, what);
}

function unreachable({ address, port }: HttpQuery, reason: string): MoonteeError {
  return new MoonteeError('HOST_UNREACHABLE', `Host unreachable: ${reason}`, {
    details: { address, port, reason },
  });
}

function invalid({ address, port }: HttpQuery, reason: string): MoonteeError {
  return new MoonteeError('HOST_ANSWER_INVALID', `Invalid answer from the host: ${reason}`, {
    details: { address, port, reason },
  });
}
