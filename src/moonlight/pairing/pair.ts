import {
  createSign,
  createVerify,
  randomBytes,
  timingSafeEqual,
  X509Certificate,
} from 'node:crypto';
import { MoonteeError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import { createUniqueId } from '../identity.js';
import { HostClient, readDocument, requestPath } from '../nvhttp/host-client.js';
import { httpGet, type HttpTls } from '../nvhttp/http.js';
import type { HostDocument } from '../nvhttp/xml.js';
import type { ClientIdentity, PairedHost } from '../types.js';
import {
  certificateSignature,
  decryptBlocks,
  encryptBlocks,
  HASH_LENGTHS,
  padBlocks,
  pairingDigest,
  pairingHash,
  pairingKey,
  SECRET_LENGTH,
} from './crypto.js';

const MAX_DOCUMENT = 64 << 10;
/** Milliseconds a human has to type the PIN at the host. */
const PIN_TIMEOUT_MS = 100_000;
/** Milliseconds for each of the other phases. */
const PHASE_TIMEOUT_MS = 5_000;

export interface PairingOptions {
  /** Name or IP address. */
  readonly address: string;
  readonly httpPort: number;
  readonly identity: ClientIdentity;
  /** Four digits that are entered at the host while this waits. */
  readonly pin: string;
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that the host may wait for the PIN; default 100 s. */
  readonly pinTimeout?: number | undefined;
}

/**
 * Pairs with a host (gamestream.md §2). In five phases each side proves that it knows the PIN and
 * owns the key of its certificate. The host's certificate is returned only when all of it held.
 *
 * @throws MoonteeError PAIRING_FAILED, PAIRING_WRONG_PIN, PAIRING_MITM, PAIRING_IN_PROGRESS,
 * HOST_UNREACHABLE, HOST_ANSWER_INVALID, BAD_REQUEST (PIN), CLOSED (aborted)
 */
export async function pair(options: PairingOptions): Promise<PairedHost> {
  if (!/^\d{4}$/.test(options.pin)) {
    throw new MoonteeError('BAD_REQUEST', 'A PIN has four digits');
  }
  const pairing = new Pairing(options);
  const { address, httpPort, log } = options;
  try {
    const certificatePem = await pairing.run();
    log.info({ address, http_port: httpPort }, 'paired with host');
    return { address, httpPort, certificatePem };
  } catch (thrown) {
    const error = asPairingError(thrown);
    log.warn({ address, http_port: httpPort, code: error.code }, 'pairing failed');
    if (pairing.begun && options.signal?.aborted !== true) await pairing.retract();
    throw error;
  }
}

class Pairing {
  readonly #options: PairingOptions;
  /**
   * Sunshine keeps the state of an abandoned pairing by this id and fails the next one with
   * it (gamestream.md §2.3). Hosts know us by our certificate later on.
   */
  readonly #uniqueId = createUniqueId();
  readonly #host: HostClient;
  /** The host has answered the first phase. */
  #begun = false;

  constructor(options: PairingOptions) {
    this.#options = options;
    const { address, httpPort, log } = options;
    this.#host = new HostClient({ address, httpPort, log, uniqueId: this.#uniqueId });
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** Makes the host forget the attempt. Never throws. */
  async retract(): Promise<void> {
    await this.#host.unpair();
  }

  /** @returns the host's certificate, PEM */
  async run(): Promise<string> {
    const { identity, pin, signal } = this.#options;
    const { httpsPort, appVersion } = await this.#host.serverInfo(signal, PHASE_TIMEOUT_MS);
    const digest = pairingDigest(appVersion[0]);
    const hashLength = HASH_LENGTHS[digest];

    const salt = randomBytes(SECRET_LENGTH);
    const key = pairingKey(digest, salt, pin);
    const { pem: hostPem, certificate: hostCertificate } = await this.#exchangeCertificates(salt);
    const hostSignature = certificateSignature(hostPem);

    const clientChallenge = randomBytes(SECRET_LENGTH);
    const challenged = await this.#phase('clientchallenge', encryptBlocks(key, clientChallenge));
    const answer = bytes(challenged, 'challengeresponse', hashLength + SECRET_LENGTH);
    const response = decryptBlocks(key, answer.subarray(0, answer.length & ~15));
    const hostHash = response.subarray(0, hashLength);
    const hostChallenge = response.subarray(hashLength, hashLength + SECRET_LENGTH);

    const clientSecret = randomBytes(SECRET_LENGTH);
    const clientSignature = certificateSignature(identity.certificatePem);
    const clientHash = pairingHash(digest, hostChallenge, clientSignature, clientSecret);
    const proved = await this.#phase(
      'serverchallengeresp',
      encryptBlocks(key, padBlocks(clientHash)),
    );
    const pairingSecret = bytes(proved, 'pairingsecret', SECRET_LENGTH + 1);
    const hostSecret = pairingSecret.subarray(0, SECRET_LENGTH);
    const hostProof = pairingSecret.subarray(SECRET_LENGTH);
    if (!createVerify('sha256').update(hostSecret).verify(hostCertificate.publicKey, hostProof)) {
      throw new MoonteeError('PAIRING_MITM');
    }
    if (
      !timingSafeEqual(pairingHash(digest, clientChallenge, hostSignature, hostSecret), hostHash)
    ) {
      throw new MoonteeError('PAIRING_WRONG_PIN');
    }

    const clientProof = createSign('sha256').update(clientSecret).sign(identity.privateKeyPem);
    await this.#phase('clientpairingsecret', Buffer.concat([clientSecret, clientProof]));

    // TLS with both certificates must work before ours relies on it.
    await this.#ask([['phrase', 'pairchallenge']], PHASE_TIMEOUT_MS, httpsPort, {
      identity,
      certificatePem: hostPem,
    });
    return hostPem;
  }

  /** Phase 1 waits until a person enters the PIN at the host. */
  async #exchangeCertificates(
    salt: Buffer,
  ): Promise<{ pem: string; certificate: X509Certificate }> {
    const { identity, pinTimeout = PIN_TIMEOUT_MS, httpPort } = this.#options;
    const parameters: [string, string][] = [
      ['phrase', 'getservercert'],
      ['salt', salt.toString('hex')],
      ['clientcert', Buffer.from(identity.certificatePem).toString('hex')],
    ];
    const asked = performance.now();
    const root = await this.#ask(parameters, pinTimeout, httpPort).catch((error: unknown) => {
      if (performance.now() - asked < pinTimeout) throw error;
      const reason = `The PIN was not entered at the host within ${pinTimeout / 1000} s`;
      throw new MoonteeError('PAIRING_FAILED', reason, { cause: error });
    });
    this.#begun = true;
    const hex = root.text('plaincert')?.trim() ?? '';
    if (hex === '') throw new MoonteeError('PAIRING_IN_PROGRESS');
    const pem = bytes(root, 'plaincert', 1).toString('latin1');
    try {
      const certificate = new X509Certificate(pem);
      if (certificate.publicKey.asymmetricKeyType === 'rsa') return { pem, certificate };
    } catch {
      // Reported below.
    }
    throw new MoonteeError('PAIRING_FAILED', 'The host showed no usable certificate');
  }

  async #phase(name: string, value: Buffer): Promise<HostDocument> {
    return this.#ask([[name, value.toString('hex')]], PHASE_TIMEOUT_MS, this.#options.httpPort);
  }

  async #ask(
    parameters: [string, string][],
    timeout: number,
    port: number,
    tls?: HttpTls,
  ): Promise<HostDocument> {
    const { address, signal } = this.#options;
    const path = requestPath('pair', this.#uniqueId, [
      ['devicename', 'roth'],
      ['updateState', '1'],
      ...parameters,
    ]);
    const maxBytes = MAX_DOCUMENT;
    const answer = await httpGet({ address, port, path, timeout, maxBytes, tls, signal });
    const root = readDocument('pair', answer);
    if (root.text('paired')?.trim() !== '1') {
      throw new MoonteeError('PAIRING_FAILED', 'The host refused to pair');
    }
    return root;
  }
}

/** Hexadecimal content of an element, at least `min` bytes long. */
function bytes(root: HostDocument, name: string, min: number): Buffer {
  const hex = root.text(name)?.trim() ?? '';
  if (!/^[\da-f]*$/i.test(hex) || hex.length % 2 !== 0 || hex.length < 2 * min) {
    throw new MoonteeError('PAIRING_FAILED', `The host sent no usable ${name}`);
  }
  return Buffer.from(hex, 'hex');
}

function asPairingError(thrown: unknown): MoonteeError {
  const error = MoonteeError.from(thrown, 'PAIRING_FAILED');
  if (error.code === 'HOST_CERTIFICATE_CHANGED') {
    return new MoonteeError('PAIRING_MITM', undefined, { cause: error });
  }
  if (error.code !== 'HOST_REFUSED' && error.code !== 'HOST_NOT_PAIRED') return error;
  return new MoonteeError('PAIRING_FAILED', `Pairing failed: ${error.message}`, {
    cause: error,
    details: error.details,
  });
}
