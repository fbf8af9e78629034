import {
  createHash,
  createVerify,
  createSign,
  createCipheriv,
  createDecipheriv,
  X509Certificate,
} from 'node:crypto';
import type { ClientIdentity } from '../../../src/moonlight/types.js';
import { FakeHost, xml, type HostReply, type HostRequest } from '../nvhttp/fake-host.js';

/** What a test lets the host do otherwise. */
export interface PairingFaults {
  /** Replaces the reply of the phase with this number. */
  readonly reply?: (phase: number, usual: HostReply) => HostReply;
  /** Signs with a key that is not the one of the certificate. */
  readonly foreignKeyPem?: string;
  /** Speaks TLS with another certificate than it showed. */
  readonly tlsIdentity?: ClientIdentity;
  /** Of the generation before 7, whose hashes are SHA-1. */
  readonly old?: boolean;
}

interface Attempt {
  key: Buffer;
  clientPem: string;
  clientHash: Buffer;
}

const SS = Buffer.alloc(16, 0x51);
const SC = Buffer.alloc(16, 0x52);

/** The host's side of gamestream.md §2.1, written from that page and apart from the client. */
export class PairingHost {
  readonly http: FakeHost;
  readonly uniqueIds = new Set<string>();
  /** Certificates that completed phase 4, DER. */
  readonly clients: Buffer[] = [];
  readonly #identity: ClientIdentity;
  readonly #pin: string;
  readonly #faults: PairingFaults;
  readonly #attempts = new Map<string, Attempt>();

  private constructor(
    http: FakeHost,
    identity: ClientIdentity,
    pin: string,
    faults: PairingFaults,
  ) {
    this.http = http;
    this.#identity = identity;
    this.#pin = pin;
    this.#faults = faults;
  }

  static async start(
    identity: ClientIdentity,
    pin: string,
    faults: PairingFaults = {},
  ): Promise<PairingHost> {
    const http = await FakeHost.start(faults.tlsIdentity ?? identity);
    const host = new PairingHost(http, identity, pin, faults);
    http.on('pair', (request) => {
      const [phase, reply] = host.#answer(request);
      return faults.reply?.(phase, reply) ?? reply;
    });
    http.on('unpair', () => xml(''));
    if (faults.old) http.on('serverinfo', () => http.serverInfo({ appversion: '6.9.0.0' }));
    return host;
  }

  #answer({ query, secure, clientCertificate }: HostRequest): [number, HostReply] {
    const id = query.get('uniqueid') ?? '';
    this.uniqueIds.add(id);
    if (query.get('phrase') === 'getservercert') {
      const salt = Buffer.from(query.get('salt') ?? '', 'hex');
      const key = this.#hash(salt, Buffer.from(this.#pin)).subarray(0, 16);
      const clientPem = Buffer.from(query.get('clientcert') ?? '', 'hex').toString();
      this.#attempts.set(id, { key, clientPem, clientHash: Buffer.alloc(0) });
      return [1, reply({ plaincert: Buffer.from(this.#identity.certificatePem) })];
    }
    if (query.get('phrase') === 'pairchallenge') {
      const known = this.clients.some((der) => secure && clientCertificate?.equals(der) === true);
      return [5, known ? reply({}) : xml('', 401)];
    }
    const attempt = this.#attempts.get(id);
    if (attempt === undefined) return [0, xml('', 400, 'Invalid uniqueid')];
    const bytes = (name: string): Buffer => Buffer.from(query.get(name) ?? '', 'hex');
    if (query.has('clientchallenge')) {
      const challenge = this.#ecb(attempt.key, bytes('clientchallenge'), false);
      const hash = this.#hash(challenge, signatureOf(this.#identity.certificatePem), SS);
      const plain = Buffer.concat([hash, SC, Buffer.alloc(this.#faults.old ? 12 : 0)]);
      return [2, reply({ challengeresponse: this.#ecb(attempt.key, plain, true) })];
    }
    if (query.has('serverchallengeresp')) {
      attempt.clientHash = this.#ecb(attempt.key, bytes('serverchallengeresp'), false);
      const key = this.#faults.foreignKeyPem ?? this.#identity.privateKeyPem;
      const proof = createSign('sha256').update(SS).sign(key);
      return [3, reply({ pairingsecret: Buffer.concat([SS, proof]) })];
    }
    const secret = bytes('clientpairingsecret');
    const certificate = new X509Certificate(attempt.clientPem);
    const hash = this.#hash(SC, signatureOf(attempt.clientPem), secret.subarray(0, 16));
    const good =
      hash.equals(attempt.clientHash.subarray(0, hash.length)) &&
      createVerify('sha256')
        .update(secret.subarray(0, 16))
        .verify(certificate.publicKey, secret.subarray(16));
    if (good) this.clients.push(certificate.raw);
    return [4, good ? reply({}) : xml('<paired>0</paired>')];
  }

  #hash(...parts: Buffer[]): Buffer {
    const name = this.#faults.old ? 'sha1' : 'sha256';
    return createHash(name).update(Buffer.concat(parts)).digest();
  }

  #ecb(key: Buffer, data: Buffer, encrypt: boolean): Buffer {
    const make = encrypt ? createCipheriv : createDecipheriv;
    return make('aes-128-ecb', key, null).setAutoPadding(false).update(data);
  }
}

/** Values in upper case, as hosts send them. */
function reply(fields: Readonly<Record<string, Buffer>>): string {
  const elements = Object.entries(fields).map(
    ([name, value]) => `<${name}>${value.toString('hex').toUpperCase()}</${name}>`,
  );
  return xml(`<paired>1</paired>${elements.join('')}`);
}

/** A certificate ends with its signature: 256 bytes for RSA 2048. */
function signatureOf(pem: string): Buffer {
  return new X509Certificate(pem).raw.subarray(-256);
}
