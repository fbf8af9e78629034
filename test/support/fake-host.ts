/**
 * The HTTP side of a GameStream host, written from gamestream.md §1 and §2: serverinfo,
 * pairing, app list, images, cancel. It streams nothing.
 */
import 'reflect-metadata';
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSign,
  createVerify,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { X509Certificate as ParsedCertificate } from '@peculiar/x509';
import { createIdentity } from '../../src/moonlight/identity.js';
import type { ClientIdentity } from '../../src/moonlight/types.js';

interface PairingState {
  readonly clientPem: string;
  readonly key: Buffer;
  readonly serverSecret: Buffer;
  readonly serverChallenge: Buffer;
  clientHash: Buffer;
}

/** One certificate serves all hosts of a test file: an RSA key is slow to make. */
let shared: Promise<ClientIdentity> | null = null;

export interface FakeApp {
  id: number;
  title: string;
}

export class FakeHost {
  apps: FakeApp[] = [{ id: 1, title: 'Desktop' }];
  /** The PIN that is entered; null: nobody does. */
  pin: string | null = '1234';
  mac = '00:11:22:33:44:55';
  cancelled = 0;
  busy = false;
  /** The app that it runs while it is busy. */
  runs = 1;
  /** It knows how to forget a client. */
  forgets = true;
  /** Verbs that were asked for. */
  readonly asked: string[] = [];
  readonly paired = new Set<string>();
  readonly #identity: ClientIdentity;
  readonly #http: http.Server;
  readonly #https: https.Server;
  readonly #sockets = new Set<Socket>();
  readonly #pairings = new Map<string, PairingState>();
  #waiting: (() => void)[] = [];

  private constructor(identity: ClientIdentity) {
    this.#identity = identity;
    this.#http = http.createServer((request, response) => {
      void this.#answer(request, response, null);
    });
    this.#https = https.createServer(
      {
        key: identity.privateKeyPem,
        cert: identity.certificatePem,
        requestCert: true,
        rejectUnauthorized: false,
      },
      (request, response) => {
        const { socket } = request;
        const raw = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.raw : undefined;
        void this.#answer(request, response, raw?.toString('hex') ?? '');
      },
    );
    for (const server of [this.#http, this.#https]) {
      server.on('connection', (socket: Socket) => {
        this.#sockets.add(socket);
        socket.once('close', () => this.#sockets.delete(socket));
      });
    }
  }

  /** @param port of HTTP; any by default */
  static async start(how: { identity?: ClientIdentity; port?: number } = {}): Promise<FakeHost> {
    shared ??= createIdentity();
    const host = new FakeHost(how.identity ?? (await shared));
    for (const [server, port] of [
      [host.#http, how.port ?? 0],
      [host.#https, 0],
    ] as const) {
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    }
    return host;
  }

  get certificatePem(): string {
    return this.#identity.certificatePem;
  }

  /** As after a pairing with that client. */
  accept(clientPem: string): void {
    this.paired.add(new X509Certificate(clientPem).raw.toString('hex'));
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  enterPin(pin: string): void {
    this.pin = pin;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async close(): Promise<void> {
    for (const wake of this.#waiting.splice(0)) wake();
    const closed = [this.#http, this.#https].map(
      (server) => new Promise((resolve) => server.close(resolve)),
    );
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  async #answer(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    certificate: string | null,
  ): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://host');
    const verb = url.pathname.slice(1);
    this.asked.push(verb);
    const known = certificate !== null && this.paired.has(certificate);
    const reply = (xml: string, status = 200): void => {
      const body = `<?xml version="1.0"?><root status_code="${status}">${xml}</root>`;
      response.writeHead(200, { 'Content-Length': Buffer.byteLength(body), Connection: 'close' });
      response.end(body);
    };
    if (verb === 'pair') {
      if (certificate !== null) reply(`<paired>${known ? 1 : 0}</paired>`);
      else reply(await this.#pair(url.searchParams));
    } else if (verb === 'unpair') {
      if (certificate !== null && this.forgets) this.paired.delete(certificate);
      reply('', certificate !== null && !this.forgets ? 404 : 200);
    } else if (certificate !== null && !known) {
      reply('', 401);
    } else if (verb === 'serverinfo') {
      reply(this.#info(known));
    } else if (certificate === null) {
      reply('', 404);
    } else if (verb === 'applist') {
      const apps = this.apps.map(
        ({ id, title }) =>
          `<App><AppTitle>${title}</AppTitle><ID>${id}</ID><IsHdrSupported>0</IsHdrSupported></App>`,
      );
      reply(apps.join(''));
    } else if (verb === 'appasset') {
      const app = this.apps.find(({ id }) => String(id) === url.searchParams.get('appid'));
      if (app === undefined) {
        reply('', 404);
        return;
      }
      response.writeHead(200, { 'Content-Type': 'image/png', Connection: 'close' });
      response.end(`PNG of ${app.title}`);
    } else if (verb === 'cancel') {
      this.cancelled += 1;
      reply('<cancel>1</cancel>');
    } else {
      reply('', 404);
    }
  }

  #info(paired: boolean): string {
    const { port } = this.#https.address() as AddressInfo;
    return [
      '<hostname>Fake</hostname><appversion>7.1.431.-1</appversion>',
      '<GfeVersion>3.23.0.74</GfeVersion><uniqueid>00000000-0000-0000-0000-00000000000f</uniqueid>',
      `<HttpsPort>${port}</HttpsPort><ExternalPort>${this.port}</ExternalPort>`,
      `<MaxLumaPixelsHEVC>1869449984</MaxLumaPixelsHEVC><mac>${this.mac}</mac>`,
      '<LocalIP>127.0.0.1</LocalIP><ServerCodecModeSupport>259</ServerCodecModeSupport>',
      `<PairStatus>${paired ? 1 : 0}</PairStatus><currentgame>${this.busy ? this.runs : 0}</currentgame>`,
      `<state>SUNSHINE_SERVER_${this.busy ? 'BUSY' : 'FREE'}</state>`,
    ].join('');
  }

  async #pair(query: URLSearchParams): Promise<string> {
    const id = query.get('uniqueid') ?? '';
    if (query.get('phrase') === 'getservercert') {
      while (this.pin === null && this.#http.listening) {
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
      const salt = Buffer.from(query.get('salt') ?? '', 'hex');
      this.#pairings.set(id, {
        clientPem: Buffer.from(query.get('clientcert') ?? '', 'hex').toString('latin1'),
        key: hash(salt, Buffer.from(this.pin ?? '')).subarray(0, 16),
        serverSecret: randomBytes(16),
        serverChallenge: randomBytes(16),
        clientHash: Buffer.alloc(0),
      });
      const pem = Buffer.from(this.#identity.certificatePem).toString('hex');
      return `<paired>1</paired><plaincert>${pem}</plaincert>`;
    }
    const state = this.#pairings.get(id);
    if (state === undefined) return '<paired>0</paired>';
    const bytes = (name: string): Buffer => Buffer.from(query.get(name) ?? '', 'hex');
    if (query.has('clientchallenge')) {
      const challenge = decipher(state.key, bytes('clientchallenge'));
      const own = hash(challenge, signatureOf(this.#identity.certificatePem), state.serverSecret);
      const answer = encipher(state.key, Buffer.concat([own, state.serverChallenge]));
      return `<paired>1</paired><challengeresponse>${answer.toString('hex')}</challengeresponse>`;
    }
    if (query.has('serverchallengeresp')) {
      state.clientHash = decipher(state.key, bytes('serverchallengeresp'));
      const signature = createSign('sha256')
        .update(state.serverSecret)
        .sign(this.#identity.privateKeyPem);
      const secret = Buffer.concat([state.serverSecret, signature]).toString('hex');
      return `<paired>1</paired><pairingsecret>${secret}</pairingsecret>`;
    }
    const secret = bytes('clientpairingsecret');
    const certificate = new X509Certificate(state.clientPem);
    const expected = hash(
      state.serverChallenge,
      signatureOf(state.clientPem),
      secret.subarray(0, 16),
    );
    const genuine =
      expected.equals(state.clientHash) &&
      createVerify('sha256')
        .update(secret.subarray(0, 16))
        .verify(certificate.publicKey, secret.subarray(16));
    if (genuine) this.paired.add(certificate.raw.toString('hex'));
    return `<paired>${genuine ? 1 : 0}</paired>`;
  }
}

function hash(...parts: Buffer[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest();
}

function signatureOf(pem: string): Buffer {
  return Buffer.from(new ParsedCertificate(pem).signature);
}

function encipher(key: Buffer, data: Buffer): Buffer {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}

function decipher(key: Buffer, data: Buffer): Buffer {
  const cipher = createDecipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}
