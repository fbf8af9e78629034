/** A process of receiving peers, as the benchmark that owns it sees it. */
import type { ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { end, forkProgram } from './processes.js';
import type { FrameArrival, FromReceiver, ReceiverStats, ToReceiver } from './receiver-messages.js';

export type { FrameArrival, ReceiverStats } from './receiver-messages.js';

/** Milliseconds until something that must happen counts as not happening. */
export const PATIENCE_MS = 30_000;

export interface ReceiverEvents {
  answer: [{ sdp: string; candidate: string }];
  state: [string];
  media: [];
  failed: [Error];
}

/** One receiving peer: give it the server's offer and candidates, send back its answer. */
export class Receiver extends EventEmitter<ReceiverEvents> {
  readonly id: string;
  readonly #owner: ReceiverProcess;
  #sawMedia = false;
  /** What happened so far, for the message of a failure. */
  readonly #history: string[] = [];

  constructor(owner: ReceiverProcess, id: string) {
    super();
    this.#owner = owner;
    this.id = id;
    this.once('media', () => {
      this.#sawMedia = true;
    });
    this.once('answer', () => this.#history.push('answered'));
    this.on('state', (state) => this.#history.push(state));
  }

  offer(sdp: string): void {
    this.#owner.send({ type: 'offer', id: this.id, sdp });
  }

  addCandidate(candidate: string): void {
    this.#owner.send({ type: 'candidate', id: this.id, candidate });
  }

  /** Resolves when the first video packet has come. */
  async untilMedia(): Promise<void> {
    if (this.#sawMedia) return;
    if (this.#owner.killed) throw new Error('the receiver was killed');
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${this.id}: no media (${this.#history.join(', ')})`));
      }, PATIENCE_MS);
      this.once('media', () => {
        clearTimeout(timer);
        resolve();
      });
      this.once('failed', (error) => {
        clearTimeout(timer);
        reject(error);
      });
    });
  }

  arrivals(): Promise<readonly FrameArrival[]> {
    return this.#owner.arrivals(this.id);
  }

  close(): void {
    this.#owner.close(this.id);
  }
}

export class ReceiverProcess {
  readonly #child: ChildProcess;
  readonly #receivers = new Map<string, Receiver>();
  readonly #requests = new Map<number, (message: FromReceiver) => void>();
  #request = 0;
  #killed = false;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message: FromReceiver) => this.#hear(message));
  }

  static async start(): Promise<ReceiverProcess> {
    const child = forkProgram(new URL('./receiver-process.ts', import.meta.url));
    await once(child, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
    return new ReceiverProcess(child);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @param demanding asks for key frames and for what is missing, every second */
  open(id: string, demanding = false): Receiver {
    const receiver = new Receiver(this, id);
    // A failure without a waiter shows in the figures.
    receiver.on('failed', () => undefined);
    this.#receivers.set(id, receiver);
    this.send({ type: 'open', id, demanding });
    return receiver;
  }

  /** One whose media comes over a WebSocket. */
  watch(id: string, peerUrl: string): Receiver {
    const receiver = new Receiver(this, id);
    receiver.on('failed', () => undefined);
    this.#receivers.set(id, receiver);
    this.send({ type: 'watch', id, peerUrl });
    return receiver;
  }

  close(id: string): void {
    this.#receivers.delete(id);
    this.send({ type: 'close', id });
  }

  reset(): void {
    this.send({ type: 'reset' });
  }

  async stats(): Promise<readonly ReceiverStats[]> {
    const message = await this.#ask((request) => ({ type: 'stats', request }));
    return message.type === 'stats' ? message.stats : [];
  }

  async arrivals(id: string): Promise<readonly FrameArrival[]> {
    const message = await this.#ask((request) => ({ type: 'arrivals', id, request }));
    return message.type === 'arrivals' ? message.arrivals : [];
  }

  send(message: ToReceiver): void {
    // Without a callback a message to a process that was just killed would be an error event.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  /** Whether {@link kill} was called. */
  get killed(): boolean {
    return this.#killed;
  }

  /** Stops reading, without a word: the process is frozen until it is killed. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  /** Ends it the hard way: no peer says goodbye. */
  async kill(): Promise<void> {
    this.#killed = true;
    for (const receiver of this.#receivers.values()) {
      receiver.emit('failed', new Error('the receiver was killed'));
    }
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  async stop(): Promise<void> {
    await end(this.#child);
  }

  async #ask(question: (request: number) => ToReceiver): Promise<FromReceiver> {
    this.#request += 1;
    const request = this.#request;
    try {
      return await new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('the receivers are silent')), PATIENCE_MS);
        this.#requests.set(request, (message) => {
          clearTimeout(timer);
          resolve(message);
        });
        this.send(question(request));
      });
    } finally {
      this.#requests.delete(request);
    }
  }

  #hear(message: FromReceiver): void {
    switch (message.type) {
      case 'ready':
        return;
      case 'stats':
      case 'arrivals':
        this.#requests.get(message.request)?.(message);
        return;
      case 'answer':
        this.#receivers.get(message.id)?.emit('answer', message);
        return;
      case 'state':
        this.#receivers.get(message.id)?.emit('state', message.state);
        return;
      case 'media':
        this.#receivers.get(message.id)?.emit('media');
        return;
      case 'error':
        this.#receivers.get(message.id)?.emit('failed', new Error(message.message));
    }
  }
}
