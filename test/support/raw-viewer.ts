/** A viewer made of a bare WebSocket and a receiving peer: none of our client code. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { ReceiverProcess, ReceivingPeer } from './receiver.js';
import { PATIENCE } from './until.js';

/** Any message of the server. */
export type ServerMessage = string | Readonly<Record<string, unknown>>;

interface Description {
  readonly ty: string;
  readonly sdp: string;
}

interface SignalingMessage {
  readonly Description?: Description;
  readonly AddIceCandidate?: { readonly candidate: string };
}

/** How far a viewer goes on its own. */
export type Stage = 'socket' | 'offer' | 'answer' | 'all';

export class RawViewer {
  readonly peer: ReceivingPeer;
  readonly socket: WebSocket;
  readonly messages: ServerMessage[] = [];
  /** What becomes of its answer on the way to the server. */
  rewrite: (sdp: string) => string = (sdp) => sdp;
  readonly #stage: Stage;
  #closed: { readonly code: number; readonly reason: string } | null = null;

  /** @param stage where it stops answering, to leave in the middle of a negotiation */
  constructor(
    url: string,
    receivers: ReceiverProcess,
    id: string,
    stage: Stage = 'all',
    network: Parameters<ReceiverProcess['open']>[2] = {},
    channels: readonly string[] = ['keyboard', 'mouse'],
  ) {
    this.#stage = stage;
    this.peer = receivers.open(id, channels, network);
    this.socket = new WebSocket(url);
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as ServerMessage;
      this.messages.push(message);
      // One that has left meanwhile gets no answer ready.
      this.#answer(message).catch(() => undefined);
    });
    this.socket.on('close', (code, reason) => {
      this.#closed = { code, reason: reason.toString() };
    });
    this.peer.on('candidate', ({ candidate, mid }) => {
      if (this.#stage !== 'all') return;
      this.say({ Signaling: { AddIceCandidate: { candidate, sdp_mid: mid, sdp_mline_index: 0 } } });
    });
  }

  get closed(): { readonly code: number; readonly reason: string } | null {
    return this.#closed;
  }

  say(message: unknown): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** Whether a message with that name came, bare or as a key. */
  heard(name: string): boolean {
    return this.messages.some((message) =>
      typeof message === 'string' ? message === name : name in message,
    );
  }

  async untilHeard(name: string): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE);
    while (!this.heard(name)) await once(this.socket, 'message', { signal });
  }

  async untilClosed(): Promise<{ readonly code: number; readonly reason: string }> {
    if (!this.#closed) await once(this.socket, 'close', { signal: AbortSignal.timeout(PATIENCE) });
    return this.#closed ?? { code: 0, reason: '' };
  }

  /** Closes in good order, or as a dying browser does. */
  leave(how: 'graceful' | 'abrupt'): void {
    if (how === 'graceful') this.socket.close();
    else this.socket.terminate();
    this.peer.close();
  }

  async #answer(message: ServerMessage): Promise<void> {
    if (typeof message === 'string') return;
    const signaling = message['Signaling'] as SignalingMessage | undefined;
    if (signaling?.AddIceCandidate && this.#stage === 'all') {
      this.peer.addCandidate(signaling.AddIceCandidate.candidate, 'video0');
    }
    const offer = signaling?.Description;
    if (offer?.ty !== 'offer' || this.#stage === 'socket' || this.#stage === 'offer') return;
    const sdp = await this.peer.offer(offer.sdp);
    this.say({ Signaling: { Description: { ty: 'answer', sdp: this.rewrite(sdp) } } });
  }
}
