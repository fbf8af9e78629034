import type { Log } from '../core/log.js';
import { ControlCipher } from '../moonlight/control/cipher.js';
import { decodeClientMessage } from '../moonlight/control/client-messages.js';
import { encodeHostMessage, type TerminationMessage } from '../moonlight/control/host-messages.js';
import { EnetHost } from '../moonlight/enet/host.js';
import type { EnetPeer } from '../moonlight/enet/peer.js';
import { decodeInput } from '../moonlight/input/decode.js';
import type { HostMessage } from '../moonlight/types.js';
import { isHdr } from './apps.js';
import { hdrMessage } from './hdr.js';
import type { HostStyle } from './options.js';
import type { Session, Sessions } from './sessions.js';
import type { UdpHole } from './udp-hole.js';

export interface ControlPortOptions {
  readonly bind: string;
  readonly port: number;
  readonly sessions: Sessions;
  readonly style: HostStyle;
  readonly hole: UdpHole;
  readonly log: Log;
}

const MAX_PEERS = 64;
/** Milliseconds of silence that end a session; a client pings every 100 ms (§9.2, §9.3). */
const SILENCE_MS = 10_000;
const CHECK_INTERVAL_MS = 1000;
const CHANNEL = 0;

/** One client's control connection; without a session until a key has opened a message. */
interface Connection {
  readonly peer: EnetPeer;
  session: Session | null;
  incoming: ControlCipher | null;
  outgoing: ControlCipher | null;
  heardAt: number;
}

/**
 * The ENet port for the control streams of all sessions (§7). The number that came with CONNECT
 * suggests a session, and the key that opens the first message proves it. So clients behind one
 * address, and hosts that give no number (Wolf), need no guessing.
 */
export class ControlPort {
  readonly #options: ControlPortOptions;
  readonly #host: EnetHost;
  readonly #connections = new Set<Connection>();
  readonly #timer: NodeJS.Timeout;

  private constructor(options: ControlPortOptions) {
    this.#options = options;
    const { bind, port, hole, log } = options;
    const profile = hole.over(null);
    this.#host = new EnetHost({
      log,
      local: { address: bind, port },
      accepts: true,
      maxPeers: MAX_PEERS,
      limits: { maxMessageSize: 4096, maxBufferedBytes: 64 * 1024 },
      admit: () => this.#candidates().length > 0,
      faults: profile === null ? undefined : { seed: 1, incoming: profile, outgoing: profile },
    });
    this.#host.on('peer', (peer) => this.#accept(peer));
    this.#timer = setInterval(() => this.#checkSilence(), CHECK_INTERVAL_MS);
  }

  static async open(options: ControlPortOptions): Promise<ControlPort> {
    const control = new ControlPort(options);
    try {
      await control.#host.open();
    } catch (error) {
      control.close();
      throw error;
    }
    return control;
  }

  get port(): number {
    return this.#host.port;
  }

  /** Idempotent. */
  close(): void {
    clearInterval(this.#timer);
    this.#host.close();
    this.#connections.clear();
  }

  /** Sessions that have no control stream yet. */
  #candidates(): readonly Session[] {
    const taken = new Set([...this.#connections].map(({ session }) => session));
    return this.#options.sessions.all.filter(
      (session) => session.stream !== null && !taken.has(session),
    );
  }

  #accept(peer: EnetPeer): void {
    const connection: Connection = {
      peer,
      session: null,
      incoming: null,
      outgoing: null,
      heardAt: performance.now(),
    };
    this.#connections.add(connection);
    peer.on('message', ({ data }) => this.#receive(connection, data));
    peer.once('disconnect', ({ reason }) => {
      this.#connections.delete(connection);
      connection.session?.close(reason === 'timeout' ? 'client fell silent' : 'client left');
    });
  }

  #receive(connection: Connection, data: Buffer): void {
    const plain =
      connection.incoming === null
        ? this.#identify(connection, data)
        : connection.incoming.open(data);
    const { session } = connection;
    if (plain === undefined || session === null) {
      this.#options.log.debug({ session_id: session?.id }, 'control message does not authenticate');
      return;
    }
    connection.heardAt = performance.now();
    const message = decodeClientMessage(plain);
    switch (message?.type) {
      case 'request-idr':
        session.requestKeyframe();
        break;
      case 'invalidate-reference-frames':
        session.invalidate(message.first, message.last);
        break;
      case 'input': {
        const input = decodeInput(message.packet);
        if (input !== undefined) session.input(input);
        break;
      }
      case 'termination':
        session.close('client left');
        break;
      case 'frame-fec-status':
        session.log.debug(message.status, 'frame fec status');
        break;
      default:
        break;
    }
  }

  /** Finds the session whose key opens a first message, and takes the connection into it. */
  #identify(connection: Connection, data: Buffer): Buffer | undefined {
    const { peer } = connection;
    const candidates = this.#candidates();
    const likely = candidates.find((session) => session.connectData === peer.connectData);
    const ordered = likely ? [likely, ...candidates.filter((one) => one !== likely)] : candidates;
    for (const session of ordered) {
      const plain = openWith(session, session, data);
      if (plain === undefined) continue;
      // Plain RTSP cannot distinguish two launches from one address; the keys can.
      const named = likely !== undefined && likely !== session ? likely : session;
      if (named !== session) named.swapRequests(session);
      this.#bind(connection, named);
      return plain;
    }
    return undefined;
  }

  #bind(connection: Connection, session: Session): void {
    connection.session = session;
    connection.incoming = hostCipher(session);
    connection.outgoing = hostCipher(session);
    session.on('message', (message) => this.#send(connection, message));
    session.once('terminate', (code) => {
      this.#send(connection, { type: 'termination', code });
      // After what is queued; a client that has understood leaves by itself.
      connection.peer.disconnect('later');
    });
    session.once('closed', () => {
      if (connection.peer.state === 'connected') connection.peer.disconnect('now');
    });
    if (this.#options.style === 'sunshine') {
      const enabled = session.stream?.bitDepth === 10 && isHdr(session.game.app);
      this.#send(connection, hdrMessage(enabled));
    }
    session.connected();
  }

  #send(connection: Connection, message: HostMessage | TerminationMessage): void {
    const { peer, session } = connection;
    if (session === null) return;
    // Wolf's sequence number is always 0 (§7.3).
    if (this.#options.style === 'wolf') connection.outgoing = hostCipher(session);
    const sealed = connection.outgoing?.seal(encodeHostMessage(message));
    if (sealed !== undefined) peer.send(CHANNEL, sealed, 'reliable');
  }

  #checkSilence(): void {
    const now = performance.now();
    for (const connection of this.#connections) {
      if (now - connection.heardAt < SILENCE_MS) continue;
      connection.session?.log.info('control stream is silent');
      connection.peer.disconnect('now');
    }
  }
}

function hostCipher(session: Session, key = session.request.key): ControlCipher {
  const encryption = session.stream?.controlVersion ?? 1;
  return new ControlCipher({ key, encryption, role: 'host' });
}

/** Opens with one session's key under another's negotiated version. */
function openWith(owner: Session, negotiated: Session, data: Buffer): Buffer | undefined {
  return hostCipher(negotiated, owner.request.key).open(data);
}
