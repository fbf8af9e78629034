import { randomBytes, sign } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { MoonteeError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import type { HostIdentity } from '../identity.js';
import { parseCertificate } from './certificate.js';
import { isProven, pairingMath } from './pairing-math.js';
import type { XmlNode } from './xml.js';

/** A refusal that the client shall read as this status. */
export class PairingRefusal extends Error {
  override readonly name = 'PairingRefusal';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

interface PairingEvents {
  /** A person has to enter the PIN shown by the client, with this secret. */
  'pin-needed': [{ secret: string; client: string }];
}

type Phase = 'getservercert' | 'clientchallenge' | 'serverchallengeresp' | 'clientpairingsecret';

interface Attempt {
  next: Phase;
  readonly salt: Buffer;
  readonly certificatePem: string;
  key: Buffer;
  serverSecret: Buffer;
  serverChallenge: Buffer;
  clientHash: Buffer;
  /** Rejects the waiting first phase. */
  abandon: (why: Error) => void;
  timer: NodeJS.Timeout | null;
}

export interface PairingOptions {
  /** The PIN is known beforehand, without a person. */
  readonly pin: string | null;
  /** Milliseconds that the first phase is held back. */
  readonly delay: number;
  /** Milliseconds that the first phase waits for the PIN. */
  readonly patience?: number;
}

const MAX_ATTEMPTS = 64;
/** Wolf was seen to give up after 300 s. */
const PATIENCE_MS = 300_000;
/** An attempt that stopped half way is forgotten after this. */
const IDLE_MS = 60_000;
/** Wrong PINs within a minute after which all are refused: four digits are soon guessed. */
const MAX_FAILURES = 20;
const FAILURE_WINDOW_MS = 60_000;

/** Host side of pairing (§2): one attempt a client, each phase once and in order. */
export class Pairing extends EventEmitter<PairingEvents> {
  readonly #identity: HostIdentity;
  readonly #options: PairingOptions;
  readonly #store: (certificatePem: string) => Promise<void>;
  readonly #log: Log;
  readonly #attempts = new Map<string, Attempt>();
  /** Secret → what takes the PIN. */
  readonly #pins = new Map<string, (pin: string) => void>();
  /** When the last wrong PINs came. */
  #failures: number[] = [];
  #closed = false;

  constructor(
    identity: HostIdentity,
    options: PairingOptions,
    store: (certificatePem: string) => Promise<void>,
    log: Log,
  ) {
    super();
    this.#identity = identity;
    this.#options = options;
    this.#store = store;
    this.#log = log;
  }

  /** Secrets that wait for a PIN, oldest first. */
  get waiting(): readonly string[] {
    return [...this.#pins.keys()];
  }

  /** @returns false if no attempt waits under this secret */
  enterPin(secret: string, pin: string): boolean {
    const take = this.#pins.get(secret);
    take?.(pin);
    return take !== undefined;
  }

  /**
   * One request of phases 1 to 4.
   *
   * @param client the key of the attempt: `uniqueid@address`
   * @param signal aborts when the client went away
   * @throws PairingRefusal with what to answer
   */
  async request(
    client: string,
    query: URLSearchParams,
    signal: AbortSignal,
  ): Promise<readonly XmlNode[]> {
    if (this.#closed) throw new PairingRefusal(503, 'The host is closing');
    if (query.get('phrase') === 'getservercert')
      return this.#serverCertificate(client, query, signal);
    for (const phase of [
      'clientchallenge',
      'serverchallengeresp',
      'clientpairingsecret',
    ] as const) {
      const value = query.get(phase);
      if (value === null) continue;
      const attempt = this.#advance(client, phase);
      const data = hex(value);
      if (phase === 'clientchallenge') return this.#challenge(client, attempt, data);
      if (phase === 'serverchallengeresp') return this.#response(client, attempt, data);
      return this.#secret(client, attempt, data);
    }
    throw new PairingRefusal(400, 'Invalid pairing request');
  }

  /** Forgets what a client had begun. */
  drop(client: string): void {
    const attempt = this.#attempts.get(client);
    if (attempt === undefined) return;
    this.#attempts.delete(client);
    if (attempt.timer) clearTimeout(attempt.timer);
    attempt.abandon(new PairingRefusal(400, 'The pairing was given up'));
  }

  close(): void {
    this.#closed = true;
    for (const client of [...this.#attempts.keys()]) this.drop(client);
  }

  /** An attempt's next phase; any other order ends it. */
  #advance(client: string, phase: Phase): Attempt {
    const attempt = this.#attempts.get(client);
    if (attempt === undefined) throw new PairingRefusal(400, 'Invalid uniqueid');
    if (attempt.next !== phase) {
      this.drop(client);
      throw new PairingRefusal(400, `Out of order call to ${phase}`);
    }
    attempt.timer?.refresh();
    return attempt;
  }

  async #serverCertificate(
    client: string,
    query: URLSearchParams,
    signal: AbortSignal,
  ): Promise<readonly XmlNode[]> {
    const salt = query.get('salt') ?? '';
    if (salt.length < 32) throw new PairingRefusal(400, 'Salt too short');
    const certificatePem = hex(query.get('clientcert') ?? '').toString('latin1');
    try {
      parseCertificate(certificatePem);
    } catch {
      throw new PairingRefusal(400, 'Invalid client certificate');
    }
    // A client that starts again has given up what it had begun.
    this.drop(client);
    if (this.#attempts.size >= MAX_ATTEMPTS) throw new PairingRefusal(503, 'Too many pairings');
    const since = performance.now() - FAILURE_WINDOW_MS;
    this.#failures = this.#failures.filter((at) => at > since);
    if (this.#failures.length >= MAX_FAILURES) {
      throw new PairingRefusal(503, 'Too many failed pairings');
    }

    const attempt: Attempt = {
      next: 'getservercert',
      salt: hex(salt.slice(0, 32)),
      certificatePem,
      key: Buffer.alloc(0),
      serverSecret: Buffer.alloc(0),
      serverChallenge: Buffer.alloc(0),
      clientHash: Buffer.alloc(0),
      abandon: () => undefined,
      timer: null,
    };
    this.#attempts.set(client, attempt);
    const gone = (): void => {
      if (this.#attempts.get(client) === attempt) this.drop(client);
    };
    signal.addEventListener('abort', gone, { once: true });
    try {
      attempt.key = pairingMath.key(attempt.salt, await this.#pin(client, attempt));
    } catch (error) {
      gone();
      throw error;
    } finally {
      signal.removeEventListener('abort', gone);
    }
    attempt.next = 'clientchallenge';
    attempt.timer = setTimeout(() => this.drop(client), IDLE_MS).unref();
    const plain = Buffer.from(this.#identity.certificatePem, 'ascii').toString('hex').toUpperCase();
    return [
      ['paired', 1],
      ['plaincert', plain],
    ];
  }

  /** Waits for the PIN; rejects when the attempt is dropped or no PIN is entered. */
  async #pin(client: string, attempt: Attempt): Promise<string> {
    const { pin, delay, patience = PATIENCE_MS } = this.#options;
    const secret = randomBytes(8).toString('hex').toUpperCase();
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<string>((resolve, reject) => {
        attempt.abandon = reject;
        const accept = (entered: string): void => {
          clearTimeout(timer);
          timer = setTimeout(() => resolve(entered), delay);
        };
        if (pin !== null) {
          accept(pin);
          return;
        }
        this.#pins.set(secret, accept);
        timer = setTimeout(
          () => reject(new PairingRefusal(408, 'Nobody entered the PIN')),
          patience,
        );
        this.emit('pin-needed', { secret, client });
      });
    } finally {
      clearTimeout(timer);
      attempt.abandon = () => undefined;
      this.#pins.delete(secret);
    }
  }

  #challenge(client: string, attempt: Attempt, data: Buffer): readonly XmlNode[] {
    if (data.length !== 16) this.#refuse(client, 'clientchallenge');
    const challenge = pairingMath.decrypt(attempt.key, data);
    attempt.serverSecret = randomBytes(16);
    attempt.serverChallenge = randomBytes(16);
    const proof = pairingMath.proof(challenge, this.#identity.signature, attempt.serverSecret);
    const answer = pairingMath.encrypt(
      attempt.key,
      Buffer.concat([proof, attempt.serverChallenge]),
    );
    attempt.next = 'serverchallengeresp';
    return [
      ['paired', 1],
      ['challengeresponse', answer.toString('hex').toUpperCase()],
    ];
  }

  #response(client: string, attempt: Attempt, data: Buffer): readonly XmlNode[] {
    if (data.length !== 32) this.#refuse(client, 'serverchallengeresp');
    attempt.clientHash = pairingMath.decrypt(attempt.key, data);
    const signature = sign('sha256', attempt.serverSecret, this.#identity.privateKeyPem);
    attempt.next = 'clientpairingsecret';
    const secret = Buffer.concat([attempt.serverSecret, signature]);
    return [
      ['paired', 1],
      ['pairingsecret', secret.toString('hex').toUpperCase()],
    ];
  }

  async #secret(client: string, attempt: Attempt, data: Buffer): Promise<readonly XmlNode[]> {
    // Right or wrong, this was the attempt's last phase.
    this.drop(client);
    if (!isProven(attempt, data)) {
      this.#failures.push(performance.now());
      this.#log.warn({ client }, 'pairing failed: wrong PIN or forged client');
      return [['paired', 0]];
    }
    try {
      await this.#store(attempt.certificatePem);
    } catch (error) {
      throw new PairingRefusal(503, MoonteeError.from(error).message);
    }
    this.#log.info({ client }, 'client paired');
    return [['paired', 1]];
  }

  #refuse(client: string, phase: Phase): never {
    this.drop(client);
    throw new PairingRefusal(400, `Invalid ${phase}`);
  }
}

function hex(text: string): Buffer {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) {
    throw new PairingRefusal(400, 'Invalid hexadecimal');
  }
  return Buffer.from(text, 'hex');
}
