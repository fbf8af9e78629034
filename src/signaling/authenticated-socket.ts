import type { Authenticator } from '../access/authenticator.js';
import type { Principal } from '../access/principal.js';
import type { RefusalLog } from '../access/refusal-log.js';
import { MoonteeError, type ErrorCode } from '../core/errors.js';
import type { OutcomeCode } from '../core/outcomes.js';
import type { Log } from '../core/log.js';
import type { StreamClientMessage, StreamServerMessage } from '../protocol/viewer-messages.js';
import type { SocketGrant } from './upgrade.js';
import { ViewerSocket, type BrowserSocket, type ViewerSocketOptions } from './viewer-socket.js';

export type Init = Extract<
  StreamClientMessage,
  { AuthenticateAndInit: unknown }
>['AuthenticateAndInit'];

/** What all endpoints have in common. */
export interface AuthenticationOptions {
  readonly authenticator: Authenticator;
  readonly socket: Omit<ViewerSocketOptions, 'log' | 'refusals' | 'address' | 'stranger'>;
  /** Milliseconds for the first message, if one is needed. */
  readonly authTimeout: number;
  /** For lines whose number strangers decide. */
  readonly refusals: RefusalLog;
  readonly log: Log;
}

/** Messages that wait while an earlier one is handled; browsers send hardly any before an offer. */
const MAX_WAITING = 64;

export interface AuthenticatedSocketHandlers {
  /** Whether who showed these credentials may enter. @throws why not */
  readonly assertAdmitted: (principal: Principal) => void;
  /** Every `AuthenticateAndInit` whose credentials are right, or were before. */
  readonly onInit: (init: Init) => Promise<void> | void;
  /** Any other message of a viewer who has entered. */
  readonly onMessage: (message: StreamClientMessage) => void;
  /** Bytes of a data channel, by its number, of a viewer who has entered. */
  readonly onChannel: (channel: number, data: Buffer) => void;
  /** What the other handlers threw, or the check of the credentials. */
  readonly onError: (error: MoonteeError) => void;
  /** Once, unless {@link AuthenticatedSocket.end} came first: it is gone, or was refused. */
  readonly onLeft: (code: OutcomeCode, reason: string) => void;
}

/**
 * A viewer socket that requires credentials: those of the upgrade, or of a first message. That must
 * come in time and be the only one until then. Messages are handled one after another, because a
 * first one may take long.
 */
export class AuthenticatedSocket {
  readonly #grant: SocketGrant;
  readonly #options: AuthenticationOptions;
  readonly #handlers: AuthenticatedSocketHandlers;
  readonly #socket: ViewerSocket;
  readonly #deadline: NodeJS.Timeout | null;
  #turn: Promise<void> = Promise.resolve();
  /** Messages that were received and not handled. */
  #waiting = 0;
  /** Whose credentials it has shown; null: none yet. */
  #principal: Principal | null;
  /** It may also speak: a first message that was needed has come. */
  #entered: boolean;
  #ended = false;

  /** @param needsInit the message is needed even if the upgrade carried credentials */
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
    this.#principal = grant.principal;
    this.#entered = grant.principal !== null && !needsInit;
    this.#deadline = this.#entered
      ? null
      : setTimeout(() => this.#refuse('No credentials came in time'), options.authTimeout);
    const { log, refusals } = options;
    this.#socket = new ViewerSocket(
      socket,
      {
        ...options.socket,
        log,
        refusals,
        address: grant.address,
        stranger: grant.principal === null,
      },
      {
        onMessage: (message) => this.#receive(message),
        onChannel: (channel, data) => this.#receiveChannel(channel, data),
        onStray: (reason) => this.#refuse(reason),
        onClosed: (code, reason) => this.#left(code, reason),
      },
    );
  }

  /** Whose it is, once it has entered. */
  get principal(): Principal {
    if (this.#principal === null) throw new MoonteeError('UNAUTHORIZED');
    return this.#principal;
  }

  /** It has shown what it must show. */
  get entered(): boolean {
    return this.#entered;
  }

  /** As {@link ViewerSocket.send}. */
  deliver(message: StreamServerMessage, skippable = false): void {
    this.#socket.send(message, skippable);
  }

  deliverChannel(channel: number, data: Buffer): void {
    this.#socket.sendChannel(channel, data);
  }

  /** Ends it with a status. The handlers are not called: the caller knows. Idempotent. */
  end(code: OutcomeCode, reason: string): void {
    this.#stop();
    this.#socket.end(code, reason);
  }

  /** As {@link end}, without a status, and without a reason unless one is given. */
  endPlainly(reason?: string): void {
    this.#stop();
    this.#socket.endPlainly(reason);
  }

  /**
   * Credentials are checked first. A token takes a moment, in which nothing behind it is read; the rest
   * takes turns.
   */
  #receive(message: StreamClientMessage): void {
    if (this.#ended) return;
    if (this.#principal !== null) {
      this.#queue(message);
      return;
    }
    const init = 'AuthenticateAndInit' in message ? message.AuthenticateAndInit : null;
    if (init === null) {
      this.#refuse('The first message must be AuthenticateAndInit');
      return;
    }
    try {
      const found = this.#options.authenticator.identify(
        [init.credentials ?? ''],
        this.#grant.address,
      );
      if (found instanceof Promise) {
        this.#socket.hold();
        found.then(
          (principal) => this.#admit(principal, message),
          (error: unknown) => this.#refuseFor(error),
        );
      } else {
        this.#admit(found, message);
      }
    } catch (error) {
      this.#refuseFor(error);
    }
  }

  #admit(principal: Principal, message: StreamClientMessage): void {
    if (this.#ended) return;
    try {
      this.#handlers.assertAdmitted(principal);
    } catch (error) {
      this.#refuseFor(error);
      return;
    }
    this.#principal = principal;
    this.#grant.onKnown();
    this.#queue(message);
    // What came behind it follows.
    this.#socket.admit();
  }

  #queue(message: StreamClientMessage): void {
    if (this.#waiting >= MAX_WAITING) {
      const reason = 'Too many messages';
      this.#left('RATE_LIMITED', reason);
      this.#socket.end('RATE_LIMITED', reason);
      return;
    }
    this.#waiting += 1;
    this.#turn = this.#turn.then(() => this.#take(message));
  }

  /** Input does not wait for what a message before it takes: none of them is about input. */
  #receiveChannel(channel: number, data: Buffer): void {
    if (this.#ended || !this.#entered) return;
    try {
      this.#handlers.onChannel(channel, data);
    } catch (error) {
      this.#options.log.error({ err: error }, 'input of a viewer failed');
    }
  }

  /** Never rejects. */
  async #take(message: StreamClientMessage): Promise<void> {
    try {
      try {
        await this.#handle(message);
      } catch (error) {
        this.#handlers.onError(MoonteeError.from(error));
      }
    } catch (error) {
      this.#options.log.error({ err: error }, 'error not sent to the viewer');
      this.end('INTERNAL', 'Internal server error');
    } finally {
      this.#waiting -= 1;
    }
  }

  async #handle(message: StreamClientMessage): Promise<void> {
    if (this.#ended) return;
    if ('AuthenticateAndInit' in message) {
      this.#entered = true;
      this.#stopWaiting();
      await this.#handlers.onInit(message.AuthenticateAndInit);
    } else if (this.#entered) {
      this.#handlers.onMessage(message);
    } else {
      this.#refuse('The first message must be AuthenticateAndInit');
    }
  }

  #refuseFor(thrown: unknown): void {
    const { code, message } = MoonteeError.from(thrown);
    if (code === 'INTERNAL') this.#options.log.error({ err: thrown }, 'viewer not authenticated');
    // One answer for whatever is wrong with credentials.
    this.#refuse(code === 'UNAUTHORIZED' ? 'Wrong credentials' : message, code);
  }

  #refuse(reason: string, code: ErrorCode = 'UNAUTHORIZED'): void {
    if (this.#ended) return;
    const { refusals, log } = this.#options;
    refusals.note(
      this.#grant.address,
      { ...log.bindings(), reason },
      'viewer not authenticated',
      'warn',
    );
    this.deliver({ StageFailed: { stage: 'Authentication', error_code: -1 } });
    this.deliver({ PeerClosed: { code, reason } });
    this.#left(code, reason);
    this.#socket.end(code, reason);
  }

  #left(code: OutcomeCode, reason: string): void {
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
}
