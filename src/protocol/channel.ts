/**
 * One end of the channel between the server and a streamer child. Both ends send notifications,
 * which have no answer, and requests, which have exactly one. Whatever arrives is decoded; what
 * does not decode is dropped and reported without its values, which may be secrets.
 */
import { isLeft } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import type { Socket } from 'node:net';
import { Integer } from '../codec/integer.js';
import { describeIssues } from '../codec/issues.js';
import { Deadline } from '../core/deadline.js';
import { MoonteeError } from '../core/errors.js';
import { ErrorCode } from './outcome-codes.js';

/** Something that one end can ask of the other. */
export interface Method {
  readonly data: t.Mixed;
  readonly result: t.Mixed;
}
export type Methods = Readonly<Record<string, Method>>;
export type MethodName<M extends Methods> = keyof M & string;
export type DataOf<M extends Methods, N extends keyof M> = t.TypeOf<M[N]['data']>;
export type ResultOf<M extends Methods, N extends keyof M> = t.TypeOf<M[N]['result']>;

/** What answers requests. A {@link MoonteeError} arrives with its code, any other as `INTERNAL`. */
export type Handlers<M extends Methods> = {
  readonly [N in keyof M]: (data: DataOf<M, N>) => ResultOf<M, N> | Promise<ResultOf<M, N>>;
};

/** The transport: a forked process, its own `process`, or a message port. */
export interface ChannelPort {
  readonly connected: boolean;
  /**
   * @param sent called once, when the message has left or cannot leave any more
   * @param connection is sent with the message; it stays open at this end too
   */
  send(message: unknown, sent: () => void, connection?: Socket): void;
}

export interface ChannelOptions<Incoming, Asked extends Methods, Served extends Methods> {
  /** Who is at the other end; part of messages. */
  readonly other: 'streamer' | 'server';
  readonly port: ChannelPort;
  /** Notifications of the other end. */
  readonly incoming: t.Type<Incoming, unknown>;
  /** What the other end answers. */
  readonly asked: Asked;
  readonly served: Served;
  readonly handlers: Handlers<Served>;
  readonly onNotification: (message: Incoming, connection?: Socket) => void;
  /** A message was dropped, on its way in or out: called for the first ones, the rest are counted. */
  readonly onDropped: (reason: string) => void;
  /** A handler threw what is not a {@link MoonteeError}. */
  readonly onHandlerFailed: (method: string, error: unknown) => void;
  /** Requests without an answer that may be open at once. */
  readonly maxPending?: number;
}

export interface RequestOptions {
  /** Default: three seconds from now. */
  readonly deadline?: Deadline;
  readonly signal?: AbortSignal;
}

/** Milliseconds for an answer. */
const REQUEST_TIMEOUT_MS = 3_000;
const MAX_PENDING = 256;
/** Messages that may wait in the transport before more are dropped. */
const MAX_BACKLOG = 2_000;
const MAX_REPORTED_DROPS = 20;

const Failure = t.type({ code: ErrorCode, message: t.string });
const Request = t.type({ Request: t.type({ id: Integer, method: t.string, data: t.unknown }) });
const Reply = t.type({
  Reply: t.type({ id: Integer, error: t.union([Failure, t.null]), result: t.unknown }),
});

interface Pending {
  readonly method: Method;
  readonly name: string;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: MoonteeError) => void;
}

export class Channel<
  Outgoing,
  Incoming,
  const Asked extends Methods,
  const Served extends Methods,
> {
  readonly #options: ChannelOptions<Incoming, Asked, Served>;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #backlog = 0;
  #drops = 0;
  #closed: MoonteeError | null = null;

  constructor(options: ChannelOptions<Incoming, Asked, Served>) {
    this.#options = options;
  }

  /** Messages dropped so far, in both directions. */
  get drops(): number {
    return this.#drops;
  }

  /** @returns false if the other end is gone or does not read any more */
  notify(message: Outgoing): boolean {
    return this.#send(message);
  }

  /**
   * Sends a connection with a message. It is open at both ends then, and the caller must destroy
   * its own.
   *
   * @param sent called once, when the connection has left or cannot any more; never if the result
   * is false
   */
  handOver(message: Outgoing, connection: Socket, sent: () => void): boolean {
    return this.#send(message, connection, sent);
  }

  /** @throws the error of the other end with its code; TIMEOUT, LIMIT_REACHED, CLOSED */
  request<N extends MethodName<Asked>>(
    name: N,
    data: DataOf<Asked, N>,
    { deadline = Deadline.in(REQUEST_TIMEOUT_MS), signal }: RequestOptions = {},
  ): Promise<ResultOf<Asked, N>> {
    const { asked, other, maxPending = MAX_PENDING } = this.#options;
    const method = asked[name];
    return new Promise<unknown>((resolve, reject) => {
      if (method === undefined) throw new MoonteeError('INTERNAL', `Unknown method ${name}`);
      if (this.#closed !== null) throw this.#closed;
      if (signal?.aborted === true) throw abortError(signal);
      if (this.#pending.size >= maxPending) {
        throw new MoonteeError('LIMIT_REACHED', `Too many requests to the ${other} are open`);
      }
      const id = this.#nextId;
      this.#nextId += 1;
      const settle = (): void => {
        this.#pending.delete(id);
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const refuse = (error: MoonteeError): void => {
        settle();
        reject(error);
      };
      const onAbort = (): void => refuse(abortError(signal));
      const timer = setTimeout(() => {
        refuse(new MoonteeError('TIMEOUT', `The ${other} did not answer ${name} in time`));
      }, deadline.left);
      signal?.addEventListener('abort', onAbort, { once: true });
      const accept = (result: unknown): void => {
        settle();
        resolve(result);
      };
      this.#pending.set(id, { method, name, resolve: accept, reject: refuse });
      if (!this.#send({ Request: { id, method: name, data } })) {
        refuse(new MoonteeError('CLOSED', `The ${other} process is gone`));
      }
    });
  }

  /**
   * Takes a message of the transport. Throws only what `onNotification` throws.
   *
   * @param connection that came with it; destroyed if the message is not for it
   */
  receive(raw: unknown, connection?: Socket): void {
    if (this.#closed !== null) {
      connection?.destroy();
      return;
    }
    if (hasKey(raw, 'Request')) {
      const request = this.#decode(Request, raw);
      if (request !== null) void this.#answer(request.Request);
    } else if (hasKey(raw, 'Reply')) {
      const reply = this.#decode(Reply, raw);
      if (reply !== null) this.#settle(reply.Reply);
    } else {
      const decoded = this.#options.incoming.decode(raw);
      if (isLeft(decoded)) this.#drop(describeIssues(decoded.left));
      else this.#options.onNotification(decoded.right, connection);
      if (isLeft(decoded)) connection?.destroy();
    }
  }

  /** Nothing is sent or received any more; open requests are rejected with `reason`. Idempotent. */
  close(reason: MoonteeError): void {
    if (this.#closed !== null) return;
    this.#closed = reason;
    for (const { reject } of [...this.#pending.values()]) reject(reason);
  }

  #settle({ id, error, result }: t.TypeOf<typeof Reply>['Reply']): void {
    // The requester of a late answer has stopped waiting.
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    if (error !== null) {
      pending.reject(new MoonteeError(error.code, error.message));
      return;
    }
    const decoded = pending.method.result.decode(result);
    if (isLeft(decoded)) {
      const issues = `the answer to ${pending.name}: ${describeIssues(decoded.left)}`;
      this.#drop(issues);
      pending.reject(new MoonteeError('INTERNAL', `Invalid message, ${issues}`));
    } else {
      pending.resolve(decoded.right);
    }
  }

  /** Never rejects. */
  async #answer({ id, method: name, data }: t.TypeOf<typeof Request>['Request']): Promise<void> {
    try {
      const result = await this.#handle(name, data);
      this.#send({ Reply: { id, error: null, result } });
    } catch (thrown) {
      const isOurs = thrown instanceof MoonteeError;
      if (!isOurs) this.#options.onHandlerFailed(name, thrown);
      const { code, message } = isOurs ? thrown : new MoonteeError('INTERNAL');
      this.#send({ Reply: { id, error: { code, message }, result: null } });
    }
  }

  async #handle(name: string, data: unknown): Promise<unknown> {
    const { served, handlers } = this.#options;
    const method = Object.hasOwn(served, name) ? served[name] : undefined;
    const handler = handlers[name];
    if (method === undefined || handler === undefined) {
      throw new MoonteeError('BAD_REQUEST', 'Unknown method');
    }
    const decoded = method.data.decode(data);
    if (isLeft(decoded)) throw new MoonteeError('BAD_REQUEST', describeIssues(decoded.left));
    return handler(decoded.right as DataOf<Served, string>);
  }

  #send(message: unknown, connection?: Socket, sent?: () => void): boolean {
    const { port } = this.#options;
    if (this.#closed !== null || !port.connected) return false;
    if (this.#backlog >= MAX_BACKLOG) {
      this.#drop('the IPC channel is full');
      return false;
    }
    this.#backlog += 1;
    try {
      const done = (): void => {
        this.#backlog -= 1;
        sent?.();
      };
      if (connection === undefined) port.send(message, done);
      else port.send(message, done, connection);
      return true;
    } catch (error) {
      // It cannot be serialised, e.g. because it is nested too deeply.
      this.#backlog -= 1;
      this.#drop(MoonteeError.from(error).message);
      return false;
    }
  }

  #decode<T>(codec: t.Type<T, unknown>, raw: unknown): T | null {
    const decoded = codec.decode(raw);
    if (!isLeft(decoded)) return decoded.right;
    this.#drop(describeIssues(decoded.left));
    return null;
  }

  #drop(reason: string): void {
    this.#drops += 1;
    if (this.#drops <= MAX_REPORTED_DROPS) this.#options.onDropped(reason);
  }
}

function abortError(signal: AbortSignal | undefined): MoonteeError {
  return MoonteeError.from(signal?.reason, 'TIMEOUT');
}

function hasKey(value: unknown, key: string): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key);
}
