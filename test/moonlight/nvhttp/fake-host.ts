import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { TLSSocket } from 'node:tls';
import { createIdentity } from '../../../src/moonlight/identity.js';
import type { ClientIdentity, PairedHost } from '../../../src/moonlight/types.js';

export interface HostRequest {
  readonly verb: string;
  readonly query: URLSearchParams;
  readonly secure: boolean;
  /** DER of the certificate that the client showed. */
  readonly clientCertificate: Buffer | null;
}

/** No answer at all: the connection stays open, or is torn. */
export interface Fault {
  readonly fault: 'hang' | 'tear';
}
export const HANG: Fault = { fault: 'hang' };
export const TEAR: Fault = { fault: 'tear' };

export type HostReply =
  string | { readonly status: number; readonly body: string | Buffer } | Fault;

export type Handler = (request: HostRequest) => HostReply | Promise<HostReply>;

let identities: Promise<[ClientIdentity, ClientIdentity]> | undefined;

/** Two identities for a test file: keys are dear to make. */
export async function twoIdentities(): Promise<[ClientIdentity, ClientIdentity]> {
  identities ??= Promise.all([createIdentity(), createIdentity()]);
  return identities;
}

export function xml(fields: string, status = 200, message = ''): string {
  return (
    '<?xml version="1.0" encoding="utf-8"?>\n' +
    `<root status_code="${status}" status_message="${message}">${fields}</root>`
  );
}

/** HTTP and HTTPS side of a GameStream host on real sockets, told by a test what to answer. */
export class FakeHost {
  readonly requests: HostRequest[] = [];
  /** Application bytes that reached the TLS side. */
  secureBytes = 0;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #handlers = new Map<string, Handler>();
  readonly #certificatePem: string;
  #httpPort = 0;
  #httpsPort = 0;

  private constructor(certificatePem: string) {
    this.#certificatePem = certificatePem;
  }

  static async start(identity: ClientIdentity): Promise<FakeHost> {
    const host = new FakeHost(identity.certificatePem);
    const plain = createHttpServer(host.#listener(false));
    const secure = createHttpsServer(
      {
        cert: identity.certificatePem,
        key: identity.privateKeyPem,
        requestCert: true,
        rejectUnauthorized: false,
      },
      host.#listener(true),
    );
    secure.on('secureConnection', (socket) => {
      socket.on('data', (data: Buffer) => (host.secureBytes += data.length));
    });
    secure.on('tlsClientError', () => undefined);
    host.#httpPort = await host.#listen(plain);
    host.#httpsPort = await host.#listen(secure);
    host.on('serverinfo', () => host.serverInfo());
    return host;
  }

  get httpPort(): number {
    return this.#httpPort;
  }

  /** What a client knows of it after pairing. */
  get paired(): PairedHost {
    return {
      address: '127.0.0.1',
      httpPort: this.#httpPort,
      certificatePem: this.#certificatePem,
    };
  }

  get httpsPort(): number {
    return this.#httpsPort;
  }

  on(verb: string, handler: Handler): this {
    this.#handlers.set(verb, handler);
    return this;
  }

  serverInfo(fields: Readonly<Record<string, string>> = {}): string {
    const all = {
      hostname: 'Fake &amp; host',
      appversion: '7.1.431.-1',
      GfeVersion: '3.23.0.74',
      uniqueid: '1f0b4c1e-0000-4000-8000-000000000000',
      HttpsPort: String(this.#httpsPort),
      ExternalPort: String(this.#httpPort),
      MaxLumaPixelsHEVC: '1869449984',
      mac: '00:11:22:AA:bb:cc',
      LocalIP: '127.0.0.1',
      ServerCodecModeSupport: '65793',
      PairStatus: '0',
      currentgame: '0',
      state: 'SUNSHINE_SERVER_FREE',
      ...fields,
    };
    return xml(
      Object.entries(all)
        .map(([name, value]) => `<${name}>${value}</${name}>`)
        .join('\n'),
    );
  }

  verbs(): string[] {
    return this.requests.map(({ verb, secure }) => `${secure ? 'https' : 'http'} ${verb}`);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(
      this.#servers.map((server) => new Promise((resolve) => server.close(resolve))),
    );
  }

  /** Listens again after {@link close}, on the same ports. */
  async reopen(): Promise<void> {
    const ports = [this.#httpPort, this.#httpsPort];
    await Promise.all(this.#servers.map((server, at) => listen(server, ports[at])));
  }

  #listener(secure: boolean): RequestListener {
    return (message, response) => {
      const request = describe(message, secure);
      this.requests.push(request);
      const handler = this.#handlers.get(request.verb);
      void Promise.resolve(handler?.(request) ?? { status: 404, body: '' }).then((reply) => {
        if (typeof reply === 'object' && 'fault' in reply) {
          if (reply.fault === 'tear') message.socket.destroy();
          return;
        }
        const { status, body } = typeof reply === 'string' ? { status: 200, body: reply } : reply;
        response.writeHead(status, { 'Content-Length': Buffer.byteLength(body) });
        response.end(body);
      });
    };
  }

  async #listen(server: Server): Promise<number> {
    this.#servers.push(server);
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    return listen(server);
  }
}

/** A TCP server that does with a connection what the test says. */
export async function rawServer(
  onConnection: (socket: Socket) => void,
): Promise<{ port: number; close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  // What is answered after the client's end is the host's business.
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  const port = await listen(server);
  return {
    port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(server: Server, port = 0): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

function describe(message: IncomingMessage, secure: boolean): HostRequest {
  const url = new URL(message.url ?? '/', 'http://host');
  const { socket } = message;
  const peer = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  return {
    verb: url.pathname.slice(1),
    query: url.searchParams,
    secure,
    clientCertificate: peer?.raw ?? null,
  };
}
