/** Moontee's server in a process of its own, and viewers that come through its socket. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type {
  StreamClientMessage,
  StreamServerMessage,
} from '../../src/protocol/viewer-messages.js';
import type { Viewer } from './contender.js';
import { BenchHost } from './demo-host.js';
import type { MoonteeStats } from './moontee.js';
import { end, forkProgram } from './processes.js';
import { PATIENCE_MS, type ReceiverProcess } from './receiver.js';

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

  /** @param options.streamers each has a host of its own */
  static async start({
    audio = true,
    tls = false,
    streamers = 1,
  }: { audio?: boolean; tls?: boolean; streamers?: number } = {}): Promise<BenchServer> {
    const hosts: BenchHost[] = [];
    for (let count = 0; count < streamers; count += 1) hosts.push(await BenchHost.start({ audio }));
    const child = forkProgram(new URL('./server-process.ts', import.meta.url), [
      ...(tls ? ['tls'] : []),
      ...hosts.map(({ httpPort }) => String(httpPort)),
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

  async stats(): Promise<MoonteeStats> {
    const answer = once(this.#child, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
    this.#child.send('stats');
    const [{ stats }] = (await answer) as [{ stats: MoonteeStats }];
    return stats;
  }

  /** Resolves when the first video packet has come. */
  async join(id: string, receivers: ReceiverProcess): Promise<Viewer> {
    const receiver = receivers.open(id);
    const socket = new WebSocket(this.peerUrl);
    const send = (message: StreamClientMessage): void => socket.send(JSON.stringify(message));
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
}
