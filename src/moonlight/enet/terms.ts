import { isAcceptable, mtuOf, nextSession, offer, reply, windowOf } from './handshake.js';
import { MTU, NO_PEER, NO_SESSION, WINDOW, type Handshake } from './wire.js';

/** Session numbers of a connection. */
export interface Sessions {
  readonly incoming: number;
  readonly outgoing: number;
}

/** What both sides of a connection agreed on in the handshake, and the numbers that mark it. */
export class PeerTerms {
  /** Our number for the connection. */
  readonly id: number;
  /** The other side's. */
  remoteId = NO_PEER;
  mtu: number = MTU.DEFAULT;
  /** Bytes that may be under way unacknowledged. */
  window: number = WINDOW.MAX;
  channelCount = 0;
  /** Opaque number of the connection, chosen by who connects. */
  connectId = 0;
  /** The number that came with CONNECT. */
  connectData = 0;
  /** What the other side puts into its headers, and what we put into ours. */
  #sessions: Sessions = { incoming: NO_SESSION, outgoing: NO_SESSION };

  constructor(id: number) {
    this.id = id;
  }

  get sessions(): Sessions {
    return this.#sessions;
  }

  /** Whether a header's session number is this connection's. */
  isSession(session: number): boolean {
    const { incoming } = this.#sessions;
    return incoming === NO_SESSION || incoming === session;
  }

  /** The content of our CONNECT. */
  propose(channels: number, data: number, connectId: number): Handshake {
    this.channelCount = channels;
    this.connectId = connectId;
    this.connectData = data;
    return this.#offer(NO_SESSION, NO_SESSION);
  }

  /** What answers a CONNECT. @param previous sessions of the last connection in this place */
  answer(request: Handshake, data: number, channelLimit: number, previous: Sessions): Handshake {
    this.remoteId = request.peerId;
    this.connectId = request.connectId;
    this.connectData = data;
    this.channelCount = Math.min(request.channels, channelLimit);
    const outgoing = nextSession(request.incomingSession, previous.outgoing);
    const incoming = nextSession(request.outgoingSession, previous.incoming);
    this.#sessions = { incoming, outgoing };
    this.#agree(request);
    // Each side names the sessions as it sees them.
    return reply(this.#offer(outgoing, incoming), request);
  }

  /** Applies the terms of a VERIFY_CONNECT. @returns false if they are not what we asked for */
  confirm(answer: Handshake): boolean {
    if (!isAcceptable(answer)) return false;
    this.remoteId = answer.peerId;
    this.#sessions = { incoming: answer.incomingSession, outgoing: answer.outgoingSession };
    this.channelCount = Math.min(this.channelCount, answer.channels);
    this.#agree(answer);
    return true;
  }

  #offer(incomingSession: number, outgoingSession: number): Handshake {
    const { id, mtu, channelCount, connectId } = this;
    return offer({
      peerId: id,
      incomingSession,
      outgoingSession,
      mtu,
      channels: channelCount,
      connectId,
    });
  }

  /** The smaller of both sides' packet size, and the other's window. */
  #agree(other: Handshake): void {
    this.mtu = Math.min(this.mtu, mtuOf(other));
    this.window = windowOf(other);
  }
}
