/** A receiver by WHIP (RFC 9725) on libdatachannel, over HTTP on loopback. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ReceiverProcess, type ReceivingPeer } from './receiver.js';

export interface WhipRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Answers a request in the place of the receiver. @returns whether it did */
export type WhipFault = (request: WhipRequest, response: ServerResponse) => boolean;

export class WhipReceiver {
  readonly requests: WhipRequest[] = [];
  readonly sessions = new Map<string, ReceivingPeer>();
  /** Of the session that began last. */
  peer: ReceivingPeer | null = null;
  fault: WhipFault = () => false;
  readonly receivers: ReceiverProcess;
  readonly #server: Server;
  #next = 1;

  private constructor(receivers: ReceiverProcess, server: Server) {
    this.receivers = receivers;
    this.#server = server;
    server.on('request', (request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  static async start(): Promise<WhipReceiver> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new WhipReceiver(await ReceiverProcess.start(), server);
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  count(method: string): number {
    return this.requests.filter((each) => each.method === method).length;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await this.receivers.kill();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { method = '', url: path = '', headers } = request;
    const seen = { method, path, headers, body: Buffer.concat(chunks).toString() };
    this.requests.push(seen);
    if (this.fault(seen, response)) return;
    if (method === 'POST') {
      const id = `session-${this.#next++}`;
      const answer = await this.#answer(id, seen.body);
      response.writeHead(201, {
        'Content-Type': 'application/sdp',
        Location: `/whip/resource/${id}`,
        ETag: '"1"',
      });
      response.end(answer);
      return;
    }
    const id = path.split('/').at(-1) ?? '';
    const session = this.sessions.get(id);
    session?.close();
    this.sessions.delete(id);
    response.writeHead(session ? 200 : 404).end();
  }

  /** With all candidates, as WHIP wants it. */
  async #answer(id: string, offer: string): Promise<string> {
    const peer = this.receivers.open(id, [], { bindAddress: '127.0.0.1' });
    this.sessions.set(id, peer);
    this.peer = peer;
    const candidate = once(peer, 'candidate') as Promise<[{ candidate: string }]>;
    const sdp = await peer.offer(offer);
    const [first] = await candidate;
    const line = `a=${first.candidate.replace(/^a=/, '')}`;
    return sdp.includes(line) ? sdp : sdp.replace(/(m=video[^]*?)(?=m=|$)/, `$1${line}\r\n`);
  }
}
