import type { Log } from '../../core/log.js';
import { DatagramSocket, type Endpoint, type FaultProfile } from '../../moonlight/datagram.js';
import type { Faults } from '../faults.js';
import { plainAddress } from '../http/nvhttp.js';
import type { Session } from '../sessions.js';
import type { UdpHole } from '../udp-hole.js';

export interface MediaPortOptions {
  readonly bind: string;
  readonly port: number;
  /** The one session that the port serves; null if all share it. */
  readonly owner: Session | null;
  readonly faults: Faults;
  readonly hole: UdpHole;
  readonly log: Log;
}

const PAYLOAD_LENGTH = 16;
const SESSION_PING_LENGTH = 20;

/** The faults on order, in the words of the injector; null without any. */
function faultProfile(faults: Faults): FaultProfile | null {
  const { loss, burst, reorder, duplicate, jitter } = faults;
  if (loss === 0 && reorder === 0 && duplicate === 0 && jitter === 0) return null;
  const losing =
    burst > 1 ? { burst: { probability: loss / burst, length: Math.round(burst) } } : { loss };
  return { ...losing, reorder, duplicate, jitter };
}

/**
 * A UDP port that media leaves from. Pings show the destination (gamestream.md §4). On a shared
 * port their payload, or for old clients their address, identifies the session; on a session's own
 * port any datagram does. The latest ping counts, so that a client may move.
 */
export class MediaPort {
  readonly #owner: Session | null;
  readonly #socket: DatagramSocket;
  readonly #listeners = new Map<Session, (from: Endpoint) => void>();
  /** The destination of each session's media. */
  readonly #destinations = new Map<Session, Endpoint>();

  constructor(options: MediaPortOptions) {
    const { bind, port, owner, faults, hole, log } = options;
    this.#owner = owner;
    const outgoing = hole.over(faultProfile(faults));
    const incoming = hole.over(null);
    this.#socket = new DatagramSocket({
      remote: null,
      local: { address: bind, port },
      receive: (datagram, from) => this.#receive(datagram, from),
      receiveBufferBytes: 64 * 1024,
      log,
      ...(outgoing === null
        ? {}
        : { faults: { seed: faults.seed, outgoing, ...(incoming === null ? {} : { incoming }) } }),
    });
  }

  get port(): number {
    return this.#socket.localPort;
  }

  /** @throws MoonteeError if the port cannot be bound */
  open(): Promise<void> {
    return this.#socket.open();
  }

  /**
   * Takes part in a session.
   *
   * @param arrived called for the first ping
   */
  attach(session: Session, arrived: () => void): void {
    this.#listeners.set(session, arrived);
    if (this.#destinations.has(session)) arrived();
  }

  detach(session: Session): void {
    this.#listeners.delete(session);
    this.#destinations.delete(session);
  }

  /** Sends to the address of the session's ping. */
  send(session: Session, datagram: Buffer): void {
    const to = this.#destinations.get(session);
    if (to !== undefined) this.#socket.send(datagram, to);
  }

  /** Idempotent. */
  close(): void {
    this.#socket.close();
    this.#listeners.clear();
    this.#destinations.clear();
  }

  #receive(datagram: Buffer, from: Endpoint): void {
    const session = this.#owner ?? this.#sessionOf(datagram, from);
    if (session === null || !this.#listeners.has(session)) return;
    const known = this.#destinations.get(session);
    if (known?.address === from.address && known.port === from.port) return;
    this.#destinations.set(session, { address: from.address, port: from.port });
    if (known === undefined) this.#listeners.get(session)?.(from);
  }

  #sessionOf(datagram: Buffer, from: Endpoint): Session | null {
    const sessions = [...this.#listeners.keys()];
    if (datagram.length >= SESSION_PING_LENGTH) {
      const payload = datagram.toString('latin1', 0, PAYLOAD_LENGTH);
      return sessions.find((session) => session.pingPayload === payload) ?? null;
    }
    if (datagram.toString('latin1') !== 'PING') return null;
    const local = sessions.filter(
      (session) => session.request.address === plainAddress(from.address),
    );
    const same = local.find((session) => {
      const known = this.#destinations.get(session);
      return known?.port === from.port;
    });
    const unbound = local.find((session) => !this.#destinations.has(session));
    // With only one session, no other can have moved.
    return same ?? unbound ?? (local.length === 1 ? local[0] : undefined) ?? null;
  }
}
