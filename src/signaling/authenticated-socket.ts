import type { Credentials } from '../access/credentials.js';
import { MoonteeError } from '../errors.js';
import type { Log } from '../log.js';
import type { StreamClientMessage, StreamServerMessage } from './messages.js';
import type { SocketGrant } from './upgrade.js';
import { ViewerSocket, type BrowserSocket, type ViewerSocketOptions } from './viewer-socket.js';

export type Init = Extract<
  StreamClientMessage,
  { AuthenticateAndInit: unknown }
>['AuthenticateAndInit'];

/** What all endpoints have in common. */
export interface AuthenticationOptions {
  readonly credentials: Credentials;
  readonly socket: ViewerSocketOptions;
  /** Milliseconds for the first message, where one is needed. */
  readonly authTimeout: number;
  readonly log: Log;
}

export interface AuthenticatedSocketHandlers {
  /** Every `AuthenticateAndInit` whose credentials are right, or were before. */
  readonly onInit: (init: Init) => Promise<void> | void;
  /** Any other message of somebody who has entered. */
  readonly onMessage: (message: StreamClientMessage) => void;
  /** What the other handlers threw, or the check of the credentials. */
  readonly onError: (error: MoonteeError) => void;
  /** Once, unless {@link AuthenticatedSocket.end} came first: it is gone, or was refused. */
  readonly onLeft: (code: string, reason: string) => void;
}

/**
 * A viewer socket that lets nobody in without credentials: those of the upgrade, or of a first
 * message that comes in time. Messages are handled one after another, because checking takes a
 * turn.
 */
export class AuthenticatedSocket {
  readonly #grant: SocketGrant;
  readonly #options: AuthenticationOptions;
  readonly #handlers: AuthenticatedSocketHandlers;
  readonly #socket: ViewerSocket;
  readonly #deadline: NodeJS.Timeout | null;
  #turn: Promise<void> = Promise.resolve();
  #entered: boolean;
  #ended = false;

  /** @param needsInit the message is needed even where the upgrade carried credentials */
  constructor(
    socket: BrowserSocket,
    grant: SocketGrant,
    needsInit: boolean,
    options: AuthenticationOptions,
    handlers: AuthenticatedSocketHandlers,
  ) {
    this.#grant = grant;
    this.#options = options;
    this.#handlers = handlers;
    this.#entered = grant.authenticated && !needsInit;
    this.#deadline = this.#entered
      ? null
      : setTimeout(() => this.#refuse('No credentials came in time'), options.authTimeout);
    this.#socket = new ViewerSocket(
      socket,
      { ...options.socket, log: options.log },
      {
        onMessage: (message) => {
          this.#turn = this.#turn
            .then(() => this.#receive(message))
            .catch((error: unknown) => handlers.onError(MoonteeError.from(error)));
        },
        onClosed: (code, reason) => this.#left(code, reason),
      },
    );
  }

  /** It has shown what it must show. */
  get entered(): boolean {
    return this.#entered;
  }

  deliver(message: StreamServerMessage): void {
    this.#socket.send(message);
  }

  /** Ends it with a status; the handlers are told nothing, the caller knows. Idempotent. */
  end(code: string, reason: string): void {
    this.#stop();
    this.#socket.end(code, reason);
  }

  /** As {@link end}, without a status. */
  endPlainly(): void {
    this.#stop();
    this.#socket.endPlainly();
  }

  async #receive(message: StreamClientMessage): Promise<void> {
    if (this.#ended) return;
    if (!('AuthenticateAndInit' in message)) {
      if (this.#entered) this.#handlers.onMessage(message);
      else this.#refuse('The first message must be AuthenticateAndInit');
      return;
    }
    const init = message.AuthenticateAndInit;
    if (!(await this.#isRight(init))) {
      this.#refuse('Wrong credentials');
      return;
    }
    if (this.#isEnded()) return;
    this.#entered = true;
    this.#stopWaiting();
    await this.#handlers.onInit(init);
  }

  async #isRight({ credentials }: Init): Promise<boolean> {
    const { authenticated, address } = this.#grant;
    if (authenticated || this.#entered) return true;
    return this.#options.credentials.check(credentials ?? '', address);
  }

  #refuse(reason: string): void {
    if (this.#ended) return;
    this.#options.log.warn({ address: this.#grant.address, reason }, 'viewer not authenticated');
    this.deliver({ StageFailed: { stage: 'Authentication', error_code: -1 } });
    this.deliver({ PeerClosed: { code: 'UNAUTHORIZED', reason } });
    this.#left('UNAUTHORIZED', reason);
    this.#socket.end('UNAUTHORIZED', reason);
  }

  #left(code: string, reason: string): void {
    if (this.#ended) return;
    this.#stop();
    this.#handlers.onLeft(code, reason);
  }

  #stop(): void {
    this.#ended = true;
    this.#stopWaiting();
  }

  #stopWaiting(): void {
    if (this.#deadline !== null) clearTimeout(this.#deadline);
  }

  /** Asked after an await, where the compiler believes to know. */
  #isEnded(): boolean {
    return this.#ended;
  }
}
