import { IncomingMessage } from 'node:http';

/** Requests of which the parser says that they want another protocol. */
const wanting = new WeakSet<IncomingMessage>();

/**
 * A request whose `Upgrade` is ignored unless we have the protocol, as RFC 9110, section 7.8,
 * wants it: WebSocket, by GET, from HTTP/1.1 on. Everything else is a plain request with its
 * body, for instance that of a client which would rather speak HTTP/2 (`h2c`).
 *
 * Node's server asks this property, after the headers were read, whether to emit `upgrade`.
 */
export class Incoming extends IncomingMessage {
  get upgrade(): boolean {
    if (!wanting.has(this)) return false;
    if (this.method === 'CONNECT') return true;
    return (
      this.method === 'GET' &&
      this.httpVersion === '1.1' &&
      this.headers.upgrade?.trim().toLowerCase() === 'websocket'
    );
  }

  set upgrade(isWanted: boolean) {
    if (isWanted) wanting.add(this);
    else wanting.delete(this);
  }
}
