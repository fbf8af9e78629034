import { IncomingMessage } from 'node:http';

/** Requests that ask for another protocol, as the parser reports. */
const wanting = new WeakSet<IncomingMessage>();

/**
 * A request whose `Upgrade` is ignored unless we have the protocol, as RFC 9110, section 7.8,
 * requires: WebSocket, by GET, from HTTP/1.1 on. Every other request is a plain one with its body,
 * for instance that of a client which prefers HTTP/2 (`h2c`).
 *
 * Node's server reads this property, after the headers were read, to decide whether to emit
 * `upgrade`.
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
