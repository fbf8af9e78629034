import http from 'node:http';
import https from 'node:https';
import type { Config } from '../config/schema.js';
import { MoonteeError } from '../core/errors.js';
import type { KeyPair } from './certificate.js';
import { Incoming } from './incoming.js';

/** A server with its limits. @param pair with it, the server speaks TLS */
export function createHttpServer(
  config: Config,
  pair: KeyPair | null,
  handler: http.RequestListener,
): http.Server | https.Server {
  // A request that trickles in is cut off, headers and body alike.
  const limits = {
    IncomingMessage: Incoming,
    headersTimeout: config.request_timeout_ms,
    requestTimeout: config.request_timeout_ms,
    keepAliveTimeout: 5_000,
    connectionsCheckingInterval: Math.min(1_000, config.request_timeout_ms),
  };
  const server =
    pair === null
      ? http.createServer(limits, handler)
      : https.createServer(
          { ...limits, ...pair, handshakeTimeout: config.request_timeout_ms },
          handler,
        );
  // A body is asked for by who reads it. Without that the rest of the connection is in doubt.
  server.on('checkContinue', (request, response) => {
    response.setHeader('Connection', 'close');
    handler(request, response);
  });
  // Unknown expectations may be ignored (RFC 9110, section 10.1.1).
  server.on('checkExpectation', handler);
  return server;
}

/** @throws ADDRESS_UNAVAILABLE */
export function listen(server: http.Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      const reason = REASONS[error.code ?? ''] ?? error.message;
      const place = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
      const message = `Cannot listen on ${place}: ${reason}`;
      reject(new MoonteeError('ADDRESS_UNAVAILABLE', message, { cause: error }));
    };
    server.once('error', onError);
    server.listen(port, host, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses this port',
  EADDRNOTAVAIL: 'this machine does not have the address',
  EACCES: 'ports below 1024 are for root, or for programs with CAP_NET_BIND_SERVICE',
  ENOTFOUND: 'the name has no address',
};
