/**
 * A bad network in front of a TCP port of this machine: whoever connects to the link's port talks to
 * the target. TCP itself loses nothing over loopback, so a loss is what becomes of it above: the
 * segment comes a round trip later, and all behind it wait. Needs no rights and no `tc netem`.
 */
import { once } from 'node:events';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

export interface LinkCondition {
  /** Bits per second towards the viewer. */
  readonly rate: number;
  /** 0…1 of the segments towards the viewer. */
  readonly loss: number;
  /** Milliseconds there and back. */
  readonly roundTrip: number;
}

export const WHOLE: LinkCondition = { rate: 1e9, loss: 0, roundTrip: 0 };

/** Payload of a segment, in bytes. */
const SEGMENT_BYTES = 1_448;
/** Bytes that routers on the way keep; then the sender has to wait. */
const ROUTER_BYTES = 65_536;

/** One direction of one connection. */
class Lane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #link: BadLink;
  readonly #isShaped: boolean;
  /** `performance.now()` when the last segment will have left, and when it will be there. */
  #busyUntil = 0;
  #arrivesAt = 0;
  #waiting = 0;
  #held: Buffer[] = [];

  constructor(from: Socket, to: Socket, link: BadLink, isShaped: boolean) {
    this.#from = from;
    this.#to = to;
    this.#link = link;
    this.#isShaped = isShaped;
    from.on('data', (data: Buffer) => this.#take(data));
  }

  /** The link works again: what waited goes on. */
  resume(): void {
    for (const data of this.#held.splice(0)) this.#schedule(data);
  }

  #take(data: Buffer): void {
    this.#waiting += data.length;
    if (this.#waiting > ROUTER_BYTES) this.#from.pause();
    if (this.#link.isCut) this.#held.push(data);
    else this.#schedule(data);
  }

  #schedule(data: Buffer): void {
    const { rate, loss, roundTrip } = this.#link.condition;
    for (let at = 0; at < data.length; at += SEGMENT_BYTES) {
      const segment = data.subarray(at, at + SEGMENT_BYTES);
      const now = performance.now();
      if (this.#isShaped) {
        this.#busyUntil = Math.max(this.#busyUntil, now) + (segment.length * 8_000) / rate;
      } else {
        this.#busyUntil = now;
      }
      const isLost = this.#isShaped && this.#link.random() < loss;
      const arrival = this.#busyUntil + roundTrip / 2 + (isLost ? roundTrip : 0);
      this.#arrivesAt = Math.max(this.#arrivesAt, arrival);
      setTimeout(() => this.#deliver(segment), this.#arrivesAt - now);
    }
  }

  #deliver(segment: Buffer): void {
    this.#waiting -= segment.length;
    if (this.#waiting <= ROUTER_BYTES && this.#from.isPaused()) this.#from.resume();
    if (this.#to.writable) this.#to.write(segment);
  }
}

export class BadLink {
  readonly #server: Server;
  readonly #lanes = new Set<Lane>();
  readonly #sockets = new Set<Socket>();
  condition: LinkCondition;
  #isCut = false;
  /** Of a generator that always gives the same (Park and Miller's). */
  #seed = 17;

  private constructor(server: Server, target: number, condition: LinkCondition) {
    this.#server = server;
    this.condition = condition;
    server.on('connection', (near) => this.#join(near, target));
  }

  static async open(target: number, condition: LinkCondition): Promise<BadLink> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new BadLink(server, target, condition);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** Nothing comes through until it is restored; connections stay. */
  cut(): void {
    this.#isCut = true;
  }

  restore(): void {
    this.#isCut = false;
    for (const lane of this.#lanes) lane.resume();
  }

  random(): number {
    this.#seed = (this.#seed * 48_271) % 0x7fffffff;
    return this.#seed / 0x7fffffff;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #join(near: Socket, target: number): void {
    const far = connect({ port: target, host: '127.0.0.1', noDelay: true });
    const lanes = [new Lane(far, near, this, true), new Lane(near, far, this, false)];
    for (const lane of lanes) this.#lanes.add(lane);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
        for (const lane of lanes) this.#lanes.delete(lane);
      });
    }
  }
}
