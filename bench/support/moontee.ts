/** Moontee's streamer child as a contender: the real program, fed by the demo host's clip. */
import type { ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { KEYS } from '../../src/config/schema.js';
import { silentLog } from '../../src/core/log.js';
import { RIGHTS } from '../../src/core/rights.js';
import { Deadline } from '../../src/core/deadline.js';
import { Channel, type ResultOf } from '../../src/protocol/channel.js';
import {
  CHILD_METHODS,
  ChildMessage,
  SERVER_METHODS,
  type ChildChannel,
  type ParentMessage,
} from '../../src/protocol/ipc.js';
import { launchChild } from '../../src/streamer/supervisor/launch.js';
import { createDtlsIdentity } from '../../src/streamer/dtls-identity.js';
import { threadStates } from '../../src/streamer/supervisor/thread-states.js';
import { PIPELINES, STREAMER_SETTINGS } from '../../test/support/stream-settings.js';
import { PACKET_RATE, type Contender, type Viewer } from './contender.js';
import { BenchHost, type BenchHostOptions } from './demo-host.js';
import { end, keep, logLevel } from './processes.js';
import { PATIENCE_MS, type Receiver, type ReceiverProcess } from './receiver.js';

const MAX_PEERS = 200;
/** Milliseconds between the child's heartbeats, and of silence after which it hangs. */
const HEARTBEAT_MS = 1_000;
const SILENCE_MS = 15_000;

/** The other end of a viewer, as far as signaling goes. */
export interface SignalledPeer {
  offer(sdp: string): void;
  addCandidate(candidate: string): void;
}

export type Detour = (candidate: string) => Promise<string | null>;

interface StreamerEvents {
  /** A peer is gone; `code` is the reason. */
  removed: [{ peer_id: string; code: string }];
  /** What ended the child, if it was not us. */
  failed: [Error];
  'first-frame': [];
}

export interface MoonteeStats {
  readonly session: { readonly idrRequests: number; readonly framesLost: number };
  readonly pipeline: { readonly keyframeRequests: number; readonly unitsDropped: number } | null;
}

export class Moontee extends EventEmitter<StreamerEvents> implements Contender {
  readonly name = 'moontee';
  readonly frontPid = null;
  readonly fullRate = PACKET_RATE;
  readonly carriesHundreds = false;
  readonly host: BenchHost;
  readonly #child: ChildProcess;
  readonly #receivers = new Map<
    string,
    { readonly receiver: SignalledPeer; readonly detour: Detour | undefined }
  >();
  readonly #channel: ChildChannel;
  /** Rejections of waits for something that a dead child will not do. */
  readonly #waiting = new Set<(error: Error) => void>();
  readonly #watch: NodeJS.Timeout;
  #beat = performance.now();
  #stopping = false;

  private constructor(host: BenchHost, child: ChildProcess) {
    super();
    this.host = host;
    this.#child = child;
    // One listener for every viewer that is going.
    this.setMaxListeners(0);
    this.on('failed', (error) => {
      for (const fail of this.#waiting) fail(error);
    });
    let lookedAt = performance.now();
    this.#watch = setInterval(() => {
      const now = performance.now();
      // If we were late ourselves, its messages may still be waiting for us.
      if (now - lookedAt > 2 * HEARTBEAT_MS) this.#beat = now;
      lookedAt = now;
      if (now - this.#beat < SILENCE_MS) return;
      clearInterval(this.#watch);
      const threads = threadStates(child.pid ?? 0).join('; ');
      this.emit(
        'failed',
        new Error(`the streamer hangs: no heartbeat for ${SILENCE_MS} ms; ${threads}`),
      );
    }, HEARTBEAT_MS);
    this.#channel = new Channel({
      other: 'streamer',
      port: {
        get connected() {
          return child.connected;
        },
        send: (message, sent) => void child.send(message as object, sent),
      },
      incoming: ChildMessage,
      asked: CHILD_METHODS,
      served: SERVER_METHODS,
      handlers: { may_quit_app: () => false },
      onNotification: (message) => this.#hear(message),
      onDropped: (reason) => this.emit('failed', new Error(`an IPC message: ${reason}`)),
      onHandlerFailed: (_, error) => this.emit('failed', error as Error),
    });
    child.on('message', (message) => {
      this.#beat = performance.now();
      this.#channel.receive(message);
    });
    child.on('exit', (code, signal) => {
      if (!this.#stopping) {
        this.emit('failed', new Error(`the streamer ended with ${String(code ?? signal)}`));
      }
    });
  }

  /** Host and child run, and the first picture is in the pipeline. */
  static async start(options: BenchHostOptions = {}): Promise<Moontee> {
    const host = await BenchHost.start(options);
    const { target, appId } = await host.target();
    process.env['MOONTEE_LOG'] ??= logLevel();
    const module = new URL('../../src/worker/main.ts', import.meta.url);
    // Just as the server starts it: environment, allocator, libraries, priority.
    const child = keep(launchChild(module, KEYS.streamer_niceness.fallback, silentLog()));
    await once(child, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
    const moontee = new Moontee(host, child);
    const firstFrame = moontee.orFailure(once(moontee, 'first-frame'));
    moontee.#send({
      Init: {
        ...target,
        dtls_identity_pem: await createDtlsIdentity(),
        streamer_id: 'bench',
        app_id: appId,
        max_peers: MAX_PEERS,
        outputs: [],
        outputs_allowed: [],
        pipelines: PIPELINES,
        max_pads: 4,
        heartbeat_interval: HEARTBEAT_MS,
        // The clip has its own bitrate whatever is asked for.
        settings: STREAMER_SETTINGS,
        network: {
          ice_servers: [],
          port_range: null,
          nat_1to1: null,
          local_addresses: [],
          relay_only: false,
          tcp_candidates: false,
          ipv6: false,
        },
      },
    });
    moontee.#send('StartMoonlight');
    await firstFrame;
    return moontee;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get senderPid(): number {
    return this.host.pid;
  }

  /**
   * Begins a viewer without waiting for anything.
   *
   * @param detour replaces the server's candidate for the receiver. The server then does not get
   * the receiver's own, and learns only the way through the detour. Such a receiver is a demanding
   * one by default.
   */
  open(
    id: string,
    receivers: ReceiverProcess,
    detour?: Detour,
    demanding = detour !== undefined,
  ): Receiver {
    const receiver = receivers.open(id, demanding);
    this.#receivers.set(id, { receiver, detour });
    receiver.on('answer', ({ sdp, candidate }) => {
      this.answer(id, sdp);
      if (!detour) this.candidate(id, candidate);
    });
    this.#send({ AddPeer: { peer_id: id, rights: [...RIGHTS] } });
    return receiver;
  }

  /** Begins a viewer whose other end is not a {@link ReceiverProcess}'s; it answers by {@link answer}. */
  attach(id: string, peer: SignalledPeer): void {
    this.#receivers.set(id, { receiver: peer, detour: undefined });
    this.#send({ AddPeer: { peer_id: id, rights: [...RIGHTS] } });
  }

  answer(id: string, sdp: string): void {
    this.#signal(id, { Description: { ty: 'answer', sdp } });
  }

  candidate(id: string, candidate: string): void {
    this.#signal(id, {
      AddIceCandidate: {
        candidate,
        sdp_mid: null,
        sdp_mline_index: 0,
        username_fragment: null,
      },
    });
  }

  /** The server's side of a viewer ends; the receiver's ends by itself. */
  remove(id: string): Promise<void> {
    const removed = this.untilRemoved(id);
    this.#send({ RemovePeer: { peer_id: id, code: 'LEFT', reason: 'left' } });
    return removed;
  }

  async untilRemoved(id: string): Promise<void> {
    await this.orFailure(
      new Promise<void>((resolve) => {
        const listener = ({ peer_id }: { peer_id: string }): void => {
          if (peer_id !== id) return;
          this.off('removed', listener);
          resolve();
        };
        this.on('removed', listener);
      }),
    );
    this.#receivers.delete(id);
  }

  async join(id: string, receivers: ReceiverProcess, demanding = false): Promise<Viewer> {
    const receiver = this.open(id, receivers, undefined, demanding);
    await this.orFailure(receiver.untilMedia());
    return {
      receiver,
      leave: async () => {
        receiver.close();
        await this.remove(id);
      },
    };
  }

  async stats(): Promise<MoonteeStats> {
    return await this.#ask('stats');
  }

  async collectGarbage(): Promise<void> {
    await this.#ask('collect_garbage');
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#watch);
    this.#send({ Stop: { within_ms: 4_000 } });
    await Promise.race([
      once(this.#child, 'exit'),
      new Promise((resolve) => setTimeout(resolve, 5_000)),
    ]);
    await end(this.#child);
    await this.host.stop();
  }

  /** Waits, but not longer than the child lives, nor than {@link PATIENCE_MS}. */
  async orFailure<T>(wish: Promise<T>): Promise<T> {
    wish.catch(() => undefined);
    let fail: (error: Error) => void = () => undefined;
    const failed = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const timer = setTimeout(() => fail(new Error('the streamer is silent')), PATIENCE_MS);
    this.#waiting.add(fail);
    try {
      return await Promise.race([wish, failed]);
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(fail);
    }
  }

  #ask<M extends 'stats' | 'collect_garbage'>(
    method: M,
  ): Promise<ResultOf<typeof CHILD_METHODS, M>> {
    const deadline = Deadline.in(PATIENCE_MS);
    return this.orFailure(this.#channel.request(method, null, { deadline }));
  }

  #signal(
    id: string,
    message: Extract<
      Extract<ParentMessage, { FromPeer: unknown }>['FromPeer']['message'],
      { Signaling: unknown }
    >['Signaling'],
  ): void {
    this.#send({ FromPeer: { peer_id: id, message: { Signaling: message } } });
  }

  #send(message: ParentMessage): void {
    this.#channel.notify(message);
  }

  #hear(message: ChildMessage): void {
    if (message === 'FirstFrame') {
      this.emit('first-frame');
    } else if (message === 'Stop' || message === 'Draining') {
      // The exit follows.
    } else if ('ToPeer' in message) {
      this.#toPeer(message.ToPeer);
    } else if ('PeerRemoved' in message) {
      this.emit('removed', message.PeerRemoved);
    } else if ('MoonlightDisconnected' in message || 'Failed' in message) {
      if (!this.#stopping) this.emit('failed', new Error(JSON.stringify(message)));
    }
  }

  #toPeer({ peer_id, message }: Extract<ChildMessage, { ToPeer: unknown }>['ToPeer']): void {
    const entry = this.#receivers.get(peer_id);
    if (!entry || typeof message === 'string' || !('Signaling' in message)) return;
    const { receiver, detour } = entry;
    const signaling = message.Signaling;
    if ('AddIceCandidate' in signaling) {
      const { candidate } = signaling.AddIceCandidate;
      void Promise.resolve(detour ? detour(candidate) : candidate).then((told) => {
        if (told !== null) receiver.addCandidate(told);
      });
    } else if (signaling.Description.ty === 'offer') {
      const { sdp } = signaling.Description;
      receiver.offer(detour ? sdp.replace(/^a=candidate:.*\r?\n/gm, '') : sdp);
    }
  }
}
