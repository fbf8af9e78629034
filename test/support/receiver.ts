/** Receiving peers in a process of their own, for tests and benchmarks. */
import { fork, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';

import { kernelDrops } from './kernel-drops.js';
import type {
  FloodKind,
  FromReceiver,
  OfferedSection,
  ReceiverNetwork,
  ReceiverStats,
  ToReceiver,
} from './receiver-messages.js';
import { TYPESCRIPT } from './typescript.js';

export type { ReceiverStats } from './receiver-messages.js';

/** Milliseconds until something that must happen counts as not happening. */
const PATIENCE = 60_000;

export interface ReceivingPeerEvents {
  description: [{ kind: string; sdp: string }];
  candidate: [{ candidate: string; mid: string }];
  state: [string];
  channel: [string];
  message: [{ label: string; data: Buffer | string }];
}

/** One receiving peer as its owner sees it. */
export class ReceivingPeer extends EventEmitter<ReceivingPeerEvents> {
  readonly id: string;
  readonly #process: ReceiverProcess;
  /** Candidates that came before a description. */
  #early: [candidate: string, mid: string][] | null = [];
  state = 'new';
  readonly channels = new Set<string>();
  /** Complaints of the other stack about what it was fed. */
  readonly errors: string[] = [];

  constructor(process: ReceiverProcess, id: string) {
    super();
    this.#process = process;
    this.id = id;
    this.on('state', (state) => {
      this.state = state;
    });
    this.on('channel', (label) => this.channels.add(label));
  }

  offer(sdp: string): Promise<string> {
    const answer = this.#describe({ type: 'offer', id: this.id, sdp });
    this.#described();
    return answer;
  }

  answer(sdp: string): void {
    this.#process.tell({ type: 'answer', id: this.id, sdp });
    this.#described();
  }

  /** The peer's own offer: its data channels, and in front of them these sections. */
  negotiate(sections: readonly OfferedSection[] = []): Promise<string> {
    return this.#describe({ type: 'negotiate', id: this.id, sections });
  }

  /** Once it knows a description, which a test may pass on later than candidates. */
  addCandidate(candidate: string, mid: string): void {
    if (this.#early) this.#early.push([candidate, mid]);
    else this.#process.tell({ type: 'candidate', id: this.id, candidate, mid });
  }

  #described(): void {
    const early = this.#early ?? [];
    this.#early = null;
    for (const [candidate, mid] of early) this.addCandidate(candidate, mid);
  }

  send(label: string, data: Buffer | string): void {
    const binary = typeof data !== 'string';
    this.#process.tell({
      type: 'send',
      id: this.id,
      label,
      binary,
      data: binary ? data.toString('base64') : data,
    });
  }

  /** Sends a PLI. */
  requestKeyframe(): void {
    this.#process.tell({ type: 'keyframe', id: this.id });
  }

  /** @param perSecond left out: all at once */
  flood(what: FloodKind, count: number, perSecond?: number): void {
    const pace = perSecond === undefined ? {} : { perSecond };
    this.#process.tell({ type: 'flood', id: this.id, what, count, ...pace });
  }

  /** Sends a REMB, bit/s. */
  requestBitrate(bitrate: number): void {
    this.#process.tell({ type: 'bitrate', id: this.id, bitrate });
  }

  stats(): Promise<ReceiverStats> {
    return this.#process.stats(this.id);
  }

  /** Waits until `done` says so about the statistics. */
  async until(done: (stats: ReceiverStats) => boolean): Promise<ReceiverStats> {
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      const stats = await this.stats();
      if (done(stats)) return stats;
      if (Date.now() > deadline) throw new Error(`never happened: ${JSON.stringify(stats)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async untilState(wanted: string): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE);
    while (this.state !== wanted) await once(this, 'state', { signal });
  }

  async untilChannel(label: string): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE);
    while (!this.channels.has(label)) await once(this, 'channel', { signal });
  }

  close(): void {
    this.#process.tell({ type: 'close', id: this.id });
    this.#process.forget(this);
    this.removeAllListeners();
  }

  async #describe(message: ToReceiver): Promise<string> {
    const description = once(this, 'description', { signal: AbortSignal.timeout(PATIENCE) });
    this.#process.tell(message);
    const [{ sdp }] = (await description) as [{ sdp: string }];
    return sdp;
  }
}

/** For statistics. */
interface Request {
  readonly resolve: (stats: ReceiverStats) => void;
  readonly reject: (error: Error) => void;
}

/** A process that holds any number of receiving peers. */
export class ReceiverProcess {
  readonly #child: ChildProcess;
  readonly #peers = new Map<string, ReceivingPeer>();
  readonly #requests = new Map<number, Request>();
  #request = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message: FromReceiver) => this.#hear(message));
    child.once('exit', (code, signal) => {
      const error = new Error(`the receiver has ended: ${signal ?? code}`);
      for (const { reject } of this.#requests.values()) reject(error);
      this.#requests.clear();
    });
  }

  static async start(): Promise<ReceiverProcess> {
    const child = fork(new URL('./receiver-process.ts', import.meta.url), {
      execArgv: [...TYPESCRIPT],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(child, 'message', { signal: AbortSignal.timeout(PATIENCE) });
    return new ReceiverProcess(child);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @param channels labels of the data channels that the peer makes */
  open(id: string, channels: readonly string[] = [], network: ReceiverNetwork = {}): ReceivingPeer {
    const peer = new ReceivingPeer(this, id);
    this.#peers.set(id, peer);
    this.tell({ type: 'open', id, channels, network });
    return peer;
  }

  forget(peer: ReceivingPeer): void {
    if (this.#peers.get(peer.id) === peer) this.#peers.delete(peer.id);
  }

  tell(message: ToReceiver): void {
    if (this.#child.connected) this.#child.send(message);
  }

  async stats(id: string): Promise<ReceiverStats> {
    this.#request += 1;
    const request = this.#request;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the receiver is silent')), PATIENCE);
      this.#requests.set(request, {
        resolve: (stats) => {
          clearTimeout(timer);
          resolve(stats);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.tell({ type: 'stats', id, request });
    });
  }

  /** @see kernelDrops */
  kernelDrops(): number {
    return kernelDrops(this.pid);
  }

  /** Stops reading for good, without a word: the process is frozen. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }

  #hear(message: FromReceiver): void {
    if (message.type === 'ready') return;
    if (message.type === 'stats') {
      this.#requests.get(message.request)?.resolve(message.stats);
      this.#requests.delete(message.request);
      return;
    }
    const peer = this.#peers.get(message.id);
    if (!peer) return;
    switch (message.type) {
      case 'description':
        peer.emit('description', message);
        return;
      case 'candidate':
        peer.emit('candidate', message);
        return;
      case 'state':
        peer.emit('state', message.state);
        return;
      case 'channel':
        peer.emit('channel', message.label);
        return;
      case 'message':
        peer.emit('message', {
          label: message.label,
          data: message.binary ? Buffer.from(message.data, 'base64') : message.data,
        });
        return;
      case 'error':
        peer.errors.push(message.message);
    }
  }
}
