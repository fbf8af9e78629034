/**
 * A bad network between two UDP ends of this machine: one of them talks to the link's port
 * instead of the other's. Needs no rights and no `tc netem`, which many kernels do not have.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

export interface LinkCondition {
  /** Bits per second towards the viewer. */
  readonly rate: number;
  /** 0…1, both ways. */
  readonly loss: number;
  /** Milliseconds of packets that wait for their turn; what comes when it is full is lost. */
  readonly queue: number;
}

export const WHOLE: LinkCondition = { rate: 1e9, loss: 0, queue: 1_000 };
/** As of a bad mobile network. */
export const NARROW: LinkCondition = { rate: 1_000_000, loss: 0.05, queue: 200 };
/** Nothing comes through. */
export const CUT: LinkCondition = { ...WHOLE, loss: 1 };

export class LossyLink {
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #target: number;
  #condition: LinkCondition;
  #viewer: RemoteInfo | null = null;
  /** `performance.now()` when the last packet that waits will have gone. */
  #busyUntil = 0;
  /** Of a generator that always gives the same (Park and Miller's). */
  #seed = 17;
  #forwarded = 0;
  #dropped = 0;
  #closed = false;

  private constructor(
    near: Socket,
    far: Socket,
    target: number,
    condition: LinkCondition,
    address: string,
  ) {
    this.#near = near;
    this.#far = far;
    this.#target = target;
    this.#condition = condition;
    near.on('message', (data, viewer) => {
      this.#viewer = viewer;
      if (!this.#isLost()) far.send(data, this.#target, address, () => undefined);
    });
    far.on('message', (data) => this.#towardsViewer(data));
  }

  /**
   * @param target the port that it leads to
   * @param address of this machine, IPv4: where that port is and the link's own
   */
  static async open(
    target: number,
    condition: LinkCondition,
    address = '127.0.0.1',
  ): Promise<LossyLink> {
    const sockets = [createSocket('udp4'), createSocket('udp4')] as const;
    for (const socket of sockets) {
      socket.on('error', () => undefined);
      socket.bind(0, address);
      await once(socket, 'listening');
    }
    return new LossyLink(...sockets, target, condition, address);
  }

  get port(): number {
    return this.#near.address().port;
  }

  /** Packets towards the viewer so far. */
  get counts(): { readonly forwarded: number; readonly dropped: number } {
    return { forwarded: this.#forwarded, dropped: this.#dropped };
  }

  impose(condition: LinkCondition): void {
    this.#condition = condition;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#near.close();
    this.#far.close();
  }

  #towardsViewer(data: Buffer): void {
    const now = performance.now();
    const start = Math.max(now, this.#busyUntil);
    if (this.#isLost() || start - now > this.#condition.queue) {
      this.#dropped += 1;
      return;
    }
    this.#busyUntil = start + (data.length * 8_000) / this.#condition.rate;
    this.#forwarded += 1;
    setTimeout(() => {
      const viewer = this.#viewer;
      if (viewer && !this.#closed) {
        this.#near.send(data, viewer.port, viewer.address, () => undefined);
      }
    }, this.#busyUntil - now);
  }

  #isLost(): boolean {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    return this.#seed / 2_147_483_647 < this.#condition.loss;
  }
}
