/** Asks a STUN server for our address and a TURN server (RFC 8656) for a relay, as ICE would. */
import { createSocket } from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { isIP } from 'node:net';
import type { StunConnection, Answer } from './stun-connection.js';
import {
  ATTRIBUTE,
  attributeOf,
  CLASS,
  decodeXorAddress,
  encodeXorAddress,
  errorOf,
  isAuthentic,
  longTermKey,
  METHOD,
  type Attribute,
  type Endpoint,
  type StunMessage,
} from './stun-message.js';

/** Milliseconds between two datagrams of {@link Allocation.echo}. */
const REPEAT = 250;

/** The server refused: an error of STUN (§14.8) or TURN. */
export class StunError extends Error {
  override readonly name = 'StunError';
  readonly code: number;

  constructor(code: number, reason: string) {
    super(`${code} ${reason}`.trim());
    this.code = code;
  }
}

/** Our address as the server sees it. @throws StunError, LinkError */
export async function bindingOf(connection: StunConnection): Promise<Endpoint> {
  const { message } = await connection.request(METHOD.BINDING, () => []);
  throwRefusal(message);
  return addressIn(message, ATTRIBUTE.XOR_MAPPED_ADDRESS);
}

export interface TurnUser {
  readonly username: string;
  readonly credential: string;
}

/** A relay on a TURN server. Close it, and with it its connection. */
export class Allocation {
  readonly relayed: Endpoint;
  readonly mapped: Endpoint;
  /** Seconds. */
  readonly lifetime: number;
  readonly #session: Session;

  private constructor(session: Session, { message }: Answer) {
    this.#session = session;
    this.relayed = addressIn(message, ATTRIBUTE.XOR_RELAYED_ADDRESS);
    this.mapped = addressIn(message, ATTRIBUTE.XOR_MAPPED_ADDRESS);
    const lifetime = attributeOf(message, ATTRIBUTE.LIFETIME);
    this.lifetime = lifetime?.length === 4 ? lifetime.readUInt32BE(0) : 0;
  }

  /**
   * @throws StunError with 401 for wrong credentials, 403, 486 (quota), 508 (no port) …, LinkError
   */
  static async request(connection: StunConnection, user: TurnUser): Promise<Allocation> {
    const session = new Session(connection, user);
    // UDP (§14.7, protocol number 17) from the relay on, whatever leads to it.
    const transport = { type: ATTRIBUTE.REQUESTED_TRANSPORT, value: Buffer.from([17, 0, 0, 0]) };
    return new Allocation(session, await session.request(METHOD.ALLOCATE, () => [transport]));
  }

  /**
   * Sends a datagram to the relay from a socket of its own and checks that it comes back through
   * the server. A firewall in front of the relay's ports would swallow it.
   *
   * @param deadline milliseconds
   * @returns `unknown` if it cannot be tried: we and the relay share no family of addresses, or the
   * server does not relay for our own address
   * @throws LinkError
   */
  async echo(deadline: number): Promise<'ok' | 'lost' | 'unknown'> {
    if (isIP(this.mapped.address) !== isIP(this.relayed.address)) return 'unknown';
    try {
      await this.#session.request(METHOD.CREATE_PERMISSION, (transaction) => [
        { type: ATTRIBUTE.XOR_PEER_ADDRESS, value: encodeXorAddress(this.mapped, transaction) },
      ]);
    } catch (error) {
      if (error instanceof StunError) return 'unknown';
      throw error;
    }
    const { connection } = this.#session;
    const content = randomBytes(16);
    const socket = createSocket(isIP(this.relayed.address) === 6 ? 'udp6' : 'udp4');
    // Silence means the same as an error.
    socket.on('error', () => undefined);
    const send = (): void => {
      socket.send(content, this.relayed.port, this.relayed.address, () => undefined);
    };
    const repeat = setInterval(send, REPEAT);
    try {
      const signal = AbortSignal.timeout(deadline);
      send();
      for (;;) {
        const [message] = (await once(connection, 'indication', { signal })) as [StunMessage];
        if (attributeOf(message, ATTRIBUTE.DATA)?.equals(content) === true) return 'ok';
      }
    } catch {
      return 'lost';
    } finally {
      clearInterval(repeat);
      socket.close();
    }
  }

  /** Gives the relay back; a server that does not answer lets it expire. */
  async close(): Promise<void> {
    const lifetime = { type: ATTRIBUTE.LIFETIME, value: Buffer.alloc(4) };
    await this.#session.request(METHOD.REFRESH, () => [lifetime]).catch(() => undefined);
  }
}

/** Requests with long-term credentials (RFC 8489 §9.2). */
class Session {
  readonly connection: StunConnection;
  readonly #user: TurnUser;
  #realm = '';
  #nonce: Buffer | null = null;

  constructor(connection: StunConnection, user: TurnUser) {
    this.connection = connection;
    this.#user = user;
  }

  async request(
    method: number,
    attributes: (transaction: Buffer) => readonly Attribute[],
  ): Promise<Answer> {
    // The first request is sent without credentials to learn the realm and a nonce; a nonce may be
    // stale (438) once more.
    for (let attempt = 0; ; attempt += 1) {
      const key = this.#key();
      const answer = await this.connection.request(
        method,
        (transaction) => [...attributes(transaction), ...(key ? this.#identity() : [])],
        key ?? undefined,
      );
      const error = answer.message.class === CLASS.ERROR ? errorOf(answer.message) : null;
      const repeatable = (error?.code === 401 && key === null) || error?.code === 438;
      if (repeatable && attempt < 2) {
        this.#challenge(answer.message);
        continue;
      }
      throwRefusal(answer.message);
      if (key && !isAuthentic(answer.bytes, key)) {
        throw new StunError(0, 'the answer is not signed with these credentials');
      }
      return answer;
    }
  }

  #key(): Buffer | null {
    const { username, credential } = this.#user;
    return this.#nonce ? longTermKey(username, this.#realm, credential) : null;
  }

  #identity(): Attribute[] {
    return [
      { type: ATTRIBUTE.USERNAME, value: Buffer.from(this.#user.username) },
      { type: ATTRIBUTE.REALM, value: Buffer.from(this.#realm) },
      { type: ATTRIBUTE.NONCE, value: this.#nonce ?? Buffer.alloc(0) },
    ];
  }

  #challenge(message: StunMessage): void {
    const nonce = attributeOf(message, ATTRIBUTE.NONCE);
    const realm = attributeOf(message, ATTRIBUTE.REALM);
    if (!nonce) throw new StunError(0, 'the server refused without a nonce');
    this.#nonce = Buffer.from(nonce);
    if (realm) this.#realm = realm.toString();
  }
}

function throwRefusal(message: StunMessage): void {
  if (message.class === CLASS.SUCCESS) return;
  const { code, reason } = errorOf(message) ?? { code: 0, reason: 'an answer that makes no sense' };
  throw new StunError(code, reason);
}

function addressIn(message: StunMessage, type: number): Endpoint {
  const value = attributeOf(message, type);
  const endpoint = value && decodeXorAddress(value, message.transaction);
  if (!endpoint) throw new StunError(0, 'the answer has no address');
  return endpoint;
}
