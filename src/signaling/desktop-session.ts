import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { rightsOn, type Principal } from '../access/principal.js';
import type { Tenure, Tenures } from '../access/tenures.js';
import { MoonteeError } from '../core/errors.js';
import type { OutcomeCode } from '../core/outcomes.js';
import type { Rights } from '../core/rights.js';
import type { Streamer } from '../streamer/streamer.js';
import type { Viewer } from '../streamer/viewers.js';
import type { DesktopGrant } from './desktop-endpoint.js';
import type { HandOver } from './hand-over.js';

/**
 * Milliseconds that a connection waits for a streamer that has no session. A frontend waits for fifteen
 * seconds.
 */
const HOLD_TIMEOUT_MS = 10_000;

/** A connection on its way to the process of a streamer. */
export interface Arrival {
  readonly stream: Duplex;
  /** `Sec-WebSocket-Key`. */
  readonly key: string;
  /** What came behind the upgrade, in base64. */
  readonly head: string;
  /** What the client has sent since its upgrade was answered; null: the process answers it. */
  readonly received: Buffer | null;
  /** Answers that it goes no further. */
  readonly refuse: (error: MoonteeError) => void;
}

/**
 * A viewer at the desktop socket, as the server knows it: a place among the streamer's viewers. All messages
 * are between the browser and the streamer's process.
 */
export class DesktopSession implements Viewer {
  readonly peerId = randomUUID();
  readonly isPeerless = true;
  readonly isDesktop = true;
  readonly #streamer: Streamer;
  readonly #clientId: string;
  readonly #principal: Principal;
  readonly #tenures: Tenures;
  readonly #handOver: HandOver;
  /** Null once it was given away, or refused. */
  #arrival: Arrival | null;
  readonly #timer: NodeJS.Timeout;
  #tenure: Tenure | null = null;

  constructor(
    streamer: Streamer,
    { clientId, principal }: Pick<DesktopGrant, 'clientId' | 'principal'>,
    arrival: Arrival,
    { handOver, tenures }: { readonly handOver: HandOver; readonly tenures: Tenures },
  ) {
    this.#streamer = streamer;
    this.#clientId = clientId;
    this.#principal = principal;
    this.#tenures = tenures;
    this.#arrival = arrival;
    this.#handOver = handOver;
    this.#timer = setTimeout(() => {
      this.#leave('TIMEOUT', 'The streamer has no session now');
    }, HOLD_TIMEOUT_MS);
    arrival.stream.once('close', () => {
      if (this.#arrival !== null) this.#leave('LEFT', 'The viewer has left');
    });
  }

  get rights(): Rights {
    return rightsOn(this.#principal, this.#streamer.id);
  }

  get name(): string | null {
    return this.#principal.name;
  }

  /** @throws the streamer's refusal, UNAUTHORIZED; nothing is left of the session then */
  start(): void {
    try {
      this.#tenure = this.#tenures.hold(this.#principal, (code, reason) => {
        this.#streamer.dismissViewer(this.peerId, code, reason);
      });
      this.#streamer.addViewer(this);
    } catch (error) {
      this.#tenure?.release();
      this.#take();
      throw error;
    }
  }

  attached(): void {
    const arrival = this.#take();
    if (arrival === null) return;
    const { stream, key, head, received } = arrival;
    const order = { peer_id: this.peerId, client_id: this.#clientId, key, head };
    const open = (socket_id: number) => ({ OpenDesktop: { ...order, socket_id } });
    if (received === null) this.#handOver.give(stream, this.#streamer, open);
    else this.#handOver.giveAnswered(stream, this.#streamer, open, received);
  }

  deliver(): void {
    // What viewers are told over their sockets is told by the streamer's process here.
  }

  deliverChannel(): void {
    // As deliver().
  }

  /** From the streamer, which has forgotten it. */
  end(code: OutcomeCode, reason: string): void {
    this.#tenure?.release();
    // Its credentials will not be good the next time either.
    const isOver = code === 'REVOKED' || code === 'EXPIRED';
    this.#take()?.refuse(new MoonteeError(isOver ? 'UNAUTHORIZED' : 'CLOSED', reason));
  }

  #leave(code: OutcomeCode, reason: string): void {
    this.end(code, reason);
    this.#streamer.removeViewer(this.peerId, code, reason);
  }

  /** The connection, which is the caller's from now on; null if it has gone somewhere already. */
  #take(): Arrival | null {
    const arrival = this.#arrival;
    this.#arrival = null;
    clearTimeout(this.#timer);
    return arrival;
  }
}
