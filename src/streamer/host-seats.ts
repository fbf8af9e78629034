import { MoonteeError } from '../core/errors.js';

interface Seat {
  /** Streamers that have, or are about to have, a session there. */
  readonly takers: Set<string>;
  /** It distinguishes clients by their address; null while no handshake has shown. */
  byAddress: boolean | null;
  /** Whose handshake showed that it does. */
  owner: string | null;
  /** Those who wait for the first one's handshake. */
  waiters: (() => void)[];
}

/** Milliseconds that the first one's handshake is waited for: one that hangs must not hold up the others. */
const PATIENCE_MS = 8_000;

/** Hosts whose nature is remembered; of more the first that is not in use is forgotten. */
const MAX_HOSTS = 1_000;

/**
 * Which streamers have sessions on which host. A host that distinguishes clients by address takes
 * all streamers of this server for one client. The second would get the session of the first and no
 * picture, and its end would be the first one's. Such a host has one seat. The handshake shows
 * which kind a host is, so the first streamer on an unknown host starts alone.
 */
export class HostSeats {
  readonly #hosts = new Map<string, Seat>();
  readonly #patience: number;

  /** @param patience milliseconds for the handshake of the first on an unknown host */
  constructor(patience = PATIENCE_MS) {
    this.#patience = patience;
  }

  /**
   * Waits for the handshake of another streamer on a host that is not known yet. Idempotent.
   *
   * @param host its name: address and port
   * @throws MoonteeError HOST_BUSY if the only seat is taken, and the signal's reason
   */
  async take(host: string, streamerId: string, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + this.#patience;
    for (;;) {
      signal.throwIfAborted();
      const seat = this.#seat(host);
      const other = [...seat.takers].find((taker) => taker !== streamerId);
      const left = deadline - performance.now();
      if (
        other === undefined ||
        seat.byAddress === false ||
        (seat.byAddress === null && left <= 0)
      ) {
        seat.takers.add(streamerId);
        return;
      }
      if (seat.byAddress === true) throw busy(other);
      await changed(seat, signal, left);
    }
  }

  /**
   * A handshake of that streamer with the host has shown which kind it is. Two may be there at once
   * if the first one's handshake took too long: the one whose handshake came first stays.
   *
   * @throws MoonteeError HOST_BUSY if the only seat is another's
   */
  learn(host: string, streamerId: string, byAddress: boolean): void {
    const seat = this.#seat(host);
    seat.byAddress = byAddress;
    wake(seat);
    if (!byAddress) return;
    seat.owner ??= streamerId;
    if (seat.owner !== streamerId) throw busy(seat.owner);
  }

  /** Whether the host is one that has a single seat. */
  isSingle(host: string): boolean {
    return this.#hosts.get(host)?.byAddress === true;
  }

  /** Idempotent. */
  leave(host: string, streamerId: string): void {
    const seat = this.#hosts.get(host);
    if (seat === undefined || !seat.takers.delete(streamerId)) return;
    if (seat.owner === streamerId) seat.owner = null;
    wake(seat);
  }

  #seat(host: string): Seat {
    const known = this.#hosts.get(host);
    if (known !== undefined) return known;
    for (const [name, { takers, waiters }] of this.#hosts) {
      if (this.#hosts.size < MAX_HOSTS) break;
      if (takers.size === 0 && waiters.length === 0) this.#hosts.delete(name);
    }
    const seat: Seat = { takers: new Set(), byAddress: null, owner: null, waiters: [] };
    this.#hosts.set(host, seat);
    return seat;
  }
}

function wake(seat: Seat): void {
  const { waiters } = seat;
  seat.waiters = [];
  for (const waiter of waiters) waiter();
}

/** Resolves with the next change of the seat, or after `timeout` ms; rejects with the signal's reason. */
function changed(seat: Seat, signal: AbortSignal, timeout: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      seat.waiters = seat.waiters.filter((waiter) => waiter !== onChange);
      onChange();
    }, timeout);
    const onAbort = (): void => {
      clearTimeout(timer);
      seat.waiters = seat.waiters.filter((waiter) => waiter !== onChange);
      reject(MoonteeError.from(signal.reason, 'TIMEOUT'));
    };
    const onChange = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      resolve();
    };
    seat.waiters.push(onChange);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

function busy(other: string): MoonteeError {
  return new MoonteeError(
    'HOST_BUSY',
    `The host tells its clients apart by their address, so this server can have one session there: streamer ${other} has it`,
    { details: { streamer_id: other } },
  );
}
