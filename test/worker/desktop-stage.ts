/** Desktop sockets in this process: a bus that a test publishes on, and clients over loopback. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { ExecutionContext } from 'ava';
import { ALL_RIGHTS } from '../../src/core/rights.js';
import { Deadline } from '../../src/core/deadline.js';
import { silentLog } from '../../src/core/log.js';
import { InputAggregator } from '../../src/input/aggregator.js';
import { MediaBus } from '../../src/media/bus.js';
import type { HostInput } from '../../src/moonlight/types.js';
import type { ClientOptions } from 'ws';
import type { DesktopTimes } from '../../src/worker/desktop-socket/viewer.js';
import { DesktopSockets } from '../../src/worker/desktop-socket/sockets.js';
import { DesktopClient } from '../support/desktop-client.js';
import { NEGOTIATED, picture } from './media-stage.js';

export class DesktopStage {
  readonly bus = new MediaBus(silentLog());
  readonly said: string[] = [];
  /** What the host gets. */
  readonly inputs: HostInput[] = [];
  readonly aggregator = new InputAggregator();
  readonly sockets: DesktopSockets;
  /** The servers' ends, in the order in which they came. */
  readonly connections: Socket[] = [];
  /** Nanoseconds. */
  #time = 1_000_000;
  readonly #server = createServer();
  readonly #t: ExecutionContext;

  private constructor(t: ExecutionContext, times?: DesktopTimes) {
    this.#t = t;
    this.sockets = new DesktopSockets({
      bus: this.bus,
      onOpened: (id) => this.said.push(`opened ${id}`),
      onQuality: (id, quality) => this.said.push(`${quality} ${id}`),
      onInput: (id, input) => {
        const inputs = this.aggregator.input(id, input, performance.now());
        this.inputs.push(...inputs);
        return inputs.length > 0;
      },
      onClosed: (id, code) => this.said.push(`closed ${id} ${code}`),
      lateness: () => ({ p50: 1, p99: 2, max: 3 }),
      ...(times === undefined ? {} : { times }),
      log: silentLog(),
    });
  }

  static async start(t: ExecutionContext, times?: DesktopTimes): Promise<DesktopStage> {
    const stage = new DesktopStage(t, times);
    stage.sockets.negotiated(NEGOTIATED);
    stage.#server.on('upgrade', (request, socket: Socket, head: Buffer) => {
      const url = new URL(request.url ?? '', 'http://stage');
      socket.on('error', () => void socket.destroy());
      const socket_id = stage.connections.push(socket);
      const peer_id = url.pathname.slice(1);
      stage.aggregator.join(peer_id, ALL_RIGHTS);
      const order = {
        ...{ socket_id, peer_id, client_id: url.searchParams.get('client_id') ?? '' },
        key: request.headers['sec-websocket-key'] ?? '',
        head: head.toString('base64'),
      };
      stage.sockets.open(order, socket);
    });
    stage.#server.listen(0, '127.0.0.1');
    await once(stage.#server, 'listening');
    t.teardown(async () => {
      stage.#server.close();
      await stage.sockets.close(Deadline.in(5_000));
      stage.bus.close();
    });
    return stage;
  }

  /** @param id of the viewer, with a query if it has one */
  connect(id: string, options: ClientOptions = {}): DesktopClient {
    const { port } = this.#server.address() as AddressInfo;
    const client = new DesktopClient(`ws://127.0.0.1:${port}/${id}`, options);
    this.#t.teardown(() => client.socket.terminate());
    return client;
  }

  show(keyframe: boolean, size?: number): void {
    this.#time += 16_666_667;
    const data = picture(keyframe, size);
    this.bus.publish('video', { data, pts: this.#time, duration: null, keyframe });
  }
}
