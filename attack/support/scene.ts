import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import * as t from 'io-ts';
import { isRight } from 'fp-ts/lib/Either.js';
import { ensureClip } from '../../bench/support/clip.js';
import { end, forkProgram, logLevel } from '../../bench/support/processes.js';
import { RawViewer } from '../../test/support/raw-viewer.js';
import { ReceiverProcess } from '../../test/support/receiver.js';
import { PATIENCE } from '../../test/support/until.js';
import { PASSWORD_VARIABLE, STREAMER, type Picture } from './terms.js';

const Stats = t.type({
  stats: t.type({
    session: t.type({ framesLost: t.number }),
    pipeline: t.type({ videoUnits: t.number }),
  }),
});
const Sessions = t.type({
  sessions: t.array(t.type({ session_id: t.string, streamer_pid: t.union([t.number, t.null]) })),
});

export interface JoinOptions {
  readonly channels?: readonly string[];
  readonly raw?: boolean;
}

/** Of the host's frames since the beginning, and of those that the healthy viewer has. */
export interface Frames {
  readonly sent: number;
  readonly shown: number;
}

/**
 * A server with credentials, a host, a streamer, and a healthy viewer who watches, each in a
 * process of its own. Attackers use other addresses of the loopback network than the viewer.
 */
export class Scene {
  readonly password: string;
  readonly port: number;
  /** For viewers that mean no good. */
  readonly hostile: ReceiverProcess;
  readonly #healthy: ReceiverProcess;
  readonly #host: ChildProcess;
  readonly #server: ChildProcess;
  #witness: RawViewer | null = null;
  #streamerPid: number | null = null;
  #viewers = 0;

  private constructor(
    password: string,
    port: number,
    processes: { host: ChildProcess; server: ChildProcess },
    receivers: { healthy: ReceiverProcess; hostile: ReceiverProcess },
  ) {
    this.password = password;
    this.port = port;
    this.#host = processes.host;
    this.#server = processes.server;
    this.#healthy = receivers.healthy;
    this.hostile = receivers.hostile;
  }

  static async start(picture: Picture): Promise<Scene> {
    const password = randomBytes(12).toString('hex');
    const clip = picture === 'clip' ? [(await ensureClip()).unitsFile] : [];
    const host = forkProgram(new URL('./host-process.ts', import.meta.url), clip);
    const hostPort = await portOf(host);
    const environment = { [PASSWORD_VARIABLE]: password, MOONTEE_LOG: logLevel() };
    const program = new URL('./server-process.ts', import.meta.url);
    const server = forkProgram(program, [String(hostPort), picture], { environment });
    const port = await portOf(server);
    const [healthy, hostile] = await Promise.all([
      ReceiverProcess.start(),
      ReceiverProcess.start(),
    ]);
    const scene = new Scene(password, port, { host, server }, { healthy, hostile });
    scene.#streamerPid = await scene.#pid();
    scene.#witness = await scene.join(healthy, 'witness');
    return scene;
  }

  /** The server process has not ended. */
  get running(): boolean {
    return this.#server.exitCode === null && this.#server.signalCode === null;
  }

  get serverPid(): number {
    return this.#server.pid ?? 0;
  }

  /**
   * A viewer with the right credentials; resolves when it has pictures, rejects when it is thrown out.
   *
   * @param channels labels of the data channels that it opens
   * @param raw nothing answers for it: what it sends is what a flood makes
   */
  async join(
    receivers: ReceiverProcess,
    name: string,
    { channels = ['keyboard', 'mouse'], raw = false }: JoinOptions = {},
  ): Promise<RawViewer> {
    this.#viewers += 1;
    const url = `ws://127.0.0.1:${this.port}/api/streamers/${STREAMER}/peer`;
    const id = `${name}-${this.#viewers}`;
    const viewer = new RawViewer(url, receivers, id, 'all', { raw }, channels);
    await once(viewer.socket, 'open', { signal: AbortSignal.timeout(PATIENCE) });
    viewer.say({ AuthenticateAndInit: { credentials: this.password } });
    const closed = viewer.untilClosed().then(({ code }) => {
      throw new Error(`thrown out with ${code}`);
    });
    const watching = viewer.peer.until(({ video }) => video.markers > 3);
    try {
      await Promise.race([watching, closed]);
    } catch (error) {
      viewer.leave('abrupt');
      throw error;
    } finally {
      for (const wish of [closed, watching]) wish.catch(() => undefined);
    }
    return viewer;
  }

  async frames(): Promise<Frames> {
    const { stats } = await this.#ask(`/api/streamers/${STREAMER}/stats`, Stats);
    if (this.#witness === null) throw new Error('nobody watches');
    const { video } = await this.#witness.peer.stats();
    return { sent: stats.pipeline.videoUnits + stats.session.framesLost, shown: video.markers };
  }

  /** What has ended that should not have; null if nothing has. */
  async ended(): Promise<string | null> {
    if (!this.running) return 'the server process ended';
    if ((await this.#pid()) !== this.#streamerPid) return 'the streamer process ended';
    const closed = this.#witness?.closed ?? null;
    return closed === null ? null : `the healthy viewer was closed (${closed.code})`;
  }

  async stop(): Promise<void> {
    this.#witness?.leave('abrupt');
    if (this.#server.connected) {
      const gone = once(this.#server, 'exit');
      this.#server.send('stop');
      await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 6_000))]);
    }
    await Promise.all([
      end(this.#server),
      end(this.#host),
      this.#healthy.kill(),
      this.hostile.kill(),
    ]);
  }

  async #pid(): Promise<number | null> {
    const { sessions } = await this.#ask('/api/sessions', Sessions);
    return sessions.find(({ session_id: id }) => id === STREAMER)?.streamer_pid ?? null;
  }

  async #ask<T>(path: string, codec: t.Type<T>): Promise<T> {
    const answer = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      headers: { Authorization: `Bearer ${this.password}` },
      signal: AbortSignal.timeout(PATIENCE),
    });
    const text = await answer.text();
    const decoded = codec.decode(JSON.parse(text));
    if (!isRight(decoded)) throw new Error(`${path}: ${answer.status} ${text.slice(0, 200)}`);
    return decoded.right;
  }
}

async function portOf(child: ChildProcess): Promise<number> {
  const [{ port }] = (await once(child, 'message', {
    signal: AbortSignal.timeout(PATIENCE),
  })) as [{ port: number }];
  return port;
}
