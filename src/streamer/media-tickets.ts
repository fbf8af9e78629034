import { createHash, randomBytes } from 'node:crypto';
import { MoonteeError } from '../core/errors.js';

/** Milliseconds in which a ticket is good. */
export const TICKET_LIFETIME_MS = 15_000;
const TICKET_BYTES = 16;
/** Tickets of one viewer that are good at once; another one takes the place of the oldest. */
const MAX_TICKETS = 4;

/** Whose media socket a ticket opens. */
export interface MediaGrant {
  readonly streamerId: string;
  readonly peerId: string;
  /** Whether the viewer can play sound. */
  readonly sound: boolean;
}

interface Entry {
  readonly grant: MediaGrant;
  readonly expiresAt: number;
}

/**
 * A browser's credential for a media socket, whose upgrade cannot carry others. A ticket is given
 * over a viewer socket, opens one media socket of that viewer, and is valid for some seconds.
 */
export class MediaTickets {
  readonly #now: () => number;
  /**
   * By the hash of the ticket, so that the duration of a look-up reveals nothing; the oldest first.
   */
  readonly #entries = new Map<string, Entry>();

  /** @param now milliseconds of a clock that does not jump */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @returns the ticket, in base64url */
  issue(grant: MediaGrant): string {
    this.#forget((entry) => entry.expiresAt <= this.#now());
    const own = [...this.#entries].filter(([, entry]) => entry.grant.peerId === grant.peerId);
    for (const [key] of own.slice(0, Math.max(0, own.length - MAX_TICKETS + 1))) {
      this.#entries.delete(key);
    }
    const ticket = randomBytes(TICKET_BYTES).toString('base64url');
    this.#entries.set(keyOf(ticket), { grant, expiresAt: this.#now() + TICKET_LIFETIME_MS });
    return ticket;
  }

  /**
   * Uses a ticket up. One that is shown for another streamer is used up as well.
   *
   * @throws FORBIDDEN for a ticket that is unknown, used, too old, or of another streamer
   */
  redeem(streamerId: string, ticket: string): MediaGrant {
    const key = keyOf(ticket);
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    const isGood =
      entry !== undefined && entry.expiresAt > this.#now() && entry.grant.streamerId === streamerId;
    if (!isGood) throw new MoonteeError('FORBIDDEN', 'Invalid or expired ticket');
    return entry.grant;
  }

  /** The viewer has left. */
  revoke(peerId: string): void {
    this.#forget((entry) => entry.grant.peerId === peerId);
  }

  #forget(isOver: (entry: Entry) => boolean): void {
    for (const [key, entry] of this.#entries) if (isOver(entry)) this.#entries.delete(key);
  }
}

function keyOf(ticket: string): string {
  return createHash('sha256').update(ticket).digest('base64url');
}
