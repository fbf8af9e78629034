/** Moontee's server in a process of its own, and viewers that come through its socket. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type {
  StreamClientMessage,
  StreamServerMessage,
} from '../../src/protocol/viewer-messages.js';
import type { IpcSettings } from '../../src/protocol/ipc.js';
import type { Viewer } from './contender.js';
import { BenchHost, type BenchApp } from './demo-host.js';
import type { MoonteeStats } from './moontee.js';
import { end, forkProgram } from './processes.js';
import { PATIENCE_MS, type Receiver, type ReceiverProcess } from './receiver.js';
import type { FrameDeparture } from './timed-host-process.js';

/** Where the desktop socket is. */
export const DESKTOP_PATH = '/ws/stream';
/** Milliseconds between two looks. */
const POLL_MS = 100;

/** What the server's process is to do. */
export interface ServerOrder {
  readonly tls: boolean;
  /** The hosts' HTTP ports, one for each streamer. */
  readonly ports: readonly number[];
  readonly app: BenchApp;
  readonly settings: Partial<IpcSettings>;
  /** Folder of the built page, if it is to be served. */
  readonly page: string | null;
}

export interface BenchServerOptions {
  readonly audio?: boolean;
  readonly tls?: boolean;
  /** Each has a host of its own. */
  readonly streamers?: number;
  readonly app?: BenchApp;
  readonly settings?: Partial<IpcSettings>;
  readonly page?: string | null;
}

/** What the server's process says first. */
export interface ServerReady {
  readonly page: string;
  /** Of the viewer sockets, one a streamer, from the page. */
  readonly peers: readonly string[];
  readonly streamerPid: number;
}

export class BenchServer {
  /** Of a page of the server's origin. */
  readonly pageUrl: string;
  /** Of the viewer socket of the first streamer, and of each. */
  readonly peerUrl: string;
  readonly peerUrls: readonly string[];
  /** Of the streamer's process, as long as it is the first one. */
  readonly streamerPid: number;
  readonly #hosts: readonly BenchHost[];
  readonly #child: ChildProcess;

  private constructor(hosts: readonly BenchHost[], child: ChildProcess, ready: ServerReady) {
    this.#hosts = hosts;
    this.#child = child;
    this.pageUrl = ready.page;
    this.peerUrls = ready.peers.map((peer) => {
      return new URL(peer, ready.page).href.replace(/^http/, 'ws');
    });
    this.peerUrl = this.peerUrls[0] ?? '';
    this.streamerPid = ready.streamerPid;
  }

  static async start({
    audio = true,
    tls = false,
    streamers = 1,
    app = 'Clip',
    settings = {},
    page = null,
  }: BenchServerOptions = {}): Promise<BenchServer> {
    const hosts: BenchHost[] = [];
    for (let count = 0; count < streamers; count += 1) hosts.push(await BenchHost.start({ audio }));
    const ports = hosts.map(({ httpPort }) => httpPort);
    const order: ServerOrder = { tls, ports, app, settings, page };
    const child = forkProgram(new URL('./server-process.ts', import.meta.url), [
      JSON.stringify(order),
    ]);
    const [ready] = (await once(child, 'message', {
      signal: AbortSignal.timeout(PATIENCE_MS * streamers),
    })) as [ServerReady];
    return new BenchServer(hosts, child, ready);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Of the first host. */
  get hostPid(): number {
    return this.#hosts[0]?.pid ?? 0;
  }

  /** When the first host's latest pictures left it. */
  async departures(): Promise<readonly FrameDeparture[]> {
    return (await this.#hosts[0]?.departures()) ?? [];
  }

  stats(): Promise<MoonteeStats> {
    return this.#ask('stats');
  }

  /** In the server and in the first streamer. */
  async collectGarbage(): Promise<void> {
    await this.#ask('collect');
  }

  /** Until no viewer is left. */
  async untilEmpty(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const viewers = await this.#ask<readonly unknown[]>('viewers');
      if (viewers.length === 0) return;
      if (performance.now() > deadline) {
        throw new Error(`viewers stay: ${JSON.stringify(viewers)}`);
      }
      await delay(POLL_MS);
    }
  }

  /** Begins a viewer over WebRTC without waiting for anything. */
  open(id: string, receivers: ReceiverProcess): { receiver: Receiver; socket: WebSocket } {
    const receiver = receivers.open(id);
    const socket = new WebSocket(this.peerUrl);
    const send = (message: StreamClientMessage): void => {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    };
    socket.on('error', (error) => receiver.emit('failed', error));
    socket.on('close', () => receiver.emit('failed', new Error('the server closed the socket')));
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as StreamServerMessage;
      if (typeof message === 'string' || !('Signaling' in message)) return;
      const signaling = message.Signaling;
      if ('AddIceCandidate' in signaling) {
        receiver.addCandidate(signaling.AddIceCandidate.candidate);
      } else {
        receiver.offer(signaling.Description.sdp);
      }
    });
    receiver.on('answer', ({ sdp, candidate }) => {
      send({ Signaling: { Description: { ty: 'answer', sdp } } });
      send({ Signaling: { AddIceCandidate: { candidate, sdp_mline_index: 0 } } });
    });
    return { receiver, socket };
  }

  /** Resolves when the first video packet has come. */
  async join(id: string, receivers: ReceiverProcess): Promise<Viewer> {
    const { receiver, socket } = this.open(id, receivers);
    await receiver.untilMedia();
    return {
      receiver,
      leave: async () => {
        const closed = once(socket, 'close');
        socket.close();
        receiver.close();
        await closed;
      },
    };
  }

  async stop(): Promise<void> {
    if (this.#child.connected) {
      const gone = once(this.#child, 'exit');
      this.#child.send('stop');
      await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 6_000))]);
    }
    await end(this.#child);
    for (const host of this.#hosts) await host.stop();
  }

  async #ask<T>(question: 'stats' | 'collect' | 'viewers'): Promise<T> {
    const answer = once(this.#child, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
    this.#child.send(question);
    const [{ result }] = (await answer) as [{ result: T }];
    return result;
  }
}
