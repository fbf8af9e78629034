import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { EventEmitter, once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { randomBytes } from 'node:crypto';
import { isSecure, type IceUrl } from '../ice-url.js';
import {
  CLASS,
  decodeStun,
  encodeStun,
  stunLength,
  type Attribute,
  type Endpoint,
  type StunMessage,
} from './stun-message.js';

/** What went wrong below STUN. */
export type LinkFault = 'unresolvable' | 'unreachable' | 'certificate' | 'timeout';

export class LinkError extends Error {
  override readonly name = 'LinkError';
  readonly fault: LinkFault;

  constructor(fault: LinkFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

/** An answer as it came, for the check of its integrity. */
export interface Answer {
  readonly message: StunMessage;
  readonly bytes: Buffer;
}

interface ConnectionEvents {
  indication: [StunMessage];
}

/** Milliseconds until the first repetition over UDP; doubles (RFC 8489 §6.2.1). */
const FIRST_WAIT_MS = 500;
const LARGEST_MESSAGE = 65_555;

/** Requests to one STUN or TURN server over UDP, TCP or TLS. */
export class StunConnection extends EventEmitter<ConnectionEvents> {
  readonly #link: Link;
  readonly #deadline: number;
  readonly #waiting = new Map<string, (answer: Answer) => void>();
  #failed: LinkError | null = null;
  #fail: (error: LinkError) => void = () => undefined;
  readonly #failure: Promise<never>;

  private constructor(link: Link, deadline: number) {
    super();
    this.#link = link;
    this.#deadline = deadline;
    this.#failure = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#failure.catch(() => undefined);
    link.listen(
      (bytes) => this.#receive(bytes),
      (error) => {
        this.#failed ??= new LinkError('unreachable', error);
        this.#fail(this.#failed);
      },
    );
  }

  /**
   * @param deadline milliseconds, for the connection and for every request
   * @throws LinkError
   */
  static async open(url: IceUrl, deadline: number): Promise<StunConnection> {
    const remote = await resolve(url, deadline);
    const link =
      url.transport === 'udp' && !isSecure(url)
        ? await DatagramLink.open(remote)
        : await StreamLink.open(url, remote, deadline);
    return new StunConnection(link, deadline);
  }

  /** Our own end. */
  get local(): Endpoint {
    return this.#link.local;
  }

  /**
   * @param attributes made for the transaction, which masks addresses
   * @param key adds MESSAGE-INTEGRITY
   * @throws LinkError
   */
  async request(
    method: number,
    attributes: (transaction: Buffer) => readonly Attribute[],
    key?: Buffer,
  ): Promise<Answer> {
    if (this.#failed) throw this.#failed;
    const transaction = randomBytes(12);
    const message = { method, class: CLASS.REQUEST, transaction };
    const bytes = encodeStun({ ...message, attributes: attributes(transaction) }, key);
    const name = transaction.toString('hex');
    let repeat: NodeJS.Timeout | undefined;
    let late: NodeJS.Timeout | undefined;
    const send = (wait: number): void => {
      this.#link.send(bytes);
      if (!this.#link.reliable) repeat = setTimeout(() => send(wait * 2), wait);
    };
    try {
      const answer = new Promise<Answer>((resolve, reject) => {
        this.#waiting.set(name, resolve);
        late = setTimeout(() => {
          reject(new LinkError('timeout', `no answer within ${this.#deadline} ms`));
        }, this.#deadline);
      });
      send(FIRST_WAIT_MS);
      return await Promise.race([answer, this.#failure]);
    } finally {
      clearTimeout(repeat);
      clearTimeout(late);
      this.#waiting.delete(name);
    }
  }

  close(): void {
    this.#link.close();
    this.removeAllListeners();
  }

  #receive(bytes: Buffer): void {
    const message = decodeStun(bytes);
    if (!message) return;
    if (message.class === CLASS.INDICATION) this.emit('indication', message);
    else this.#waiting.get(message.transaction.toString('hex'))?.({ message, bytes });
  }
}

async function resolve(url: IceUrl, deadline: number): Promise<Endpoint & { family: 4 | 6 }> {
  const late = AbortSignal.timeout(deadline);
  const tooLate = once(late, 'abort').then(() => {
    throw new LinkError('unresolvable', `${url.host}: the name server does not answer`);
  });
  try {
    const { address, family } = await Promise.race([lookup(url.host), tooLate]);
    return { address, port: url.port, family: family === 6 ? 6 : 4 };
  } catch (error) {
    if (error instanceof LinkError) throw error;
    throw new LinkError('unresolvable', `${url.host}: ${codeOf(error)}`);
  }
}

interface Link {
  readonly reliable: boolean;
  readonly local: Endpoint;
  listen(onMessage: (bytes: Buffer) => void, onError: (reason: string) => void): void;
  send(bytes: Buffer): void;
  close(): void;
}

class DatagramLink implements Link {
  readonly reliable = false;
  readonly #socket: Datagrams;

  private constructor(socket: Datagrams) {
    this.#socket = socket;
  }

  static async open(remote: Endpoint & { family: 4 | 6 }): Promise<DatagramLink> {
    const socket = createSocket(remote.family === 6 ? 'udp6' : 'udp4');
    try {
      // Connected, so that only this peer is received from, and ICMP errors arrive.
      socket.connect(remote.port, remote.address);
      await once(socket, 'connect');
      return new DatagramLink(socket);
    } catch (error) {
      socket.close();
      throw new LinkError('unreachable', codeOf(error));
    }
  }

  get local(): Endpoint {
    const { address, port } = this.#socket.address();
    return { address, port };
  }

  listen(onMessage: (bytes: Buffer) => void, onError: (reason: string) => void): void {
    this.#socket.on('message', onMessage);
    this.#socket.on('error', (error) => onError(codeOf(error)));
  }

  send(bytes: Buffer): void {
    // Errors come as events too.
    this.#socket.send(bytes, () => undefined);
  }

  close(): void {
    this.#socket.close();
  }
}

class StreamLink implements Link {
  readonly reliable = true;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(url: IceUrl, remote: Endpoint, deadline: number): Promise<StreamLink> {
    const where = { host: remote.address, port: remote.port };
    const socket = isSecure(url)
      ? connectTls({ ...where, ...(url.host === remote.address ? {} : { servername: url.host }) })
      : connectTcp(where);
    try {
      const event = isSecure(url) ? 'secureConnect' : 'connect';
      await once(socket, event, { signal: AbortSignal.timeout(deadline) });
      socket.setNoDelay(true);
      return new StreamLink(socket);
    } catch (error) {
      socket.on('error', () => undefined);
      socket.destroy();
      if (error instanceof Error && error.name === 'AbortError') {
        throw new LinkError('timeout', `no connection within ${deadline} ms`);
      }
      const code = codeOf(error);
      const certificate = isSecure(url) && /CERT|SELF_SIGNED|ALTNAME|UNABLE_TO/.test(code);
      throw new LinkError(certificate ? 'certificate' : 'unreachable', code);
    }
  }

  get local(): Endpoint {
    return { address: this.#socket.localAddress ?? '', port: this.#socket.localPort ?? 0 };
  }

  listen(onMessage: (bytes: Buffer) => void, onError: (reason: string) => void): void {
    let rest = Buffer.alloc(0);
    this.#socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const length = stunLength(rest);
        if (length === null || rest.length < length) break;
        onMessage(rest.subarray(0, length));
        rest = rest.subarray(length);
      }
      if (rest.length > LARGEST_MESSAGE) this.#socket.destroy();
    });
    this.#socket.on('error', (error) => onError(codeOf(error)));
    this.#socket.on('close', () => onError('the server closed the connection'));
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.destroy();
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return code ?? error.message;
}
