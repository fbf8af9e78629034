import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Moontee, SignalledPeer } from './moontee.js';
import type { FromPointer, ToPointer } from './pointer-process.js';
import { end, forkProgram } from './processes.js';
import { PATIENCE_MS } from './receiver.js';

/** A viewer that moves the pointer; see pointer-process.ts. */
export class PointerViewer implements SignalledPeer {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Joins; resolves when its channel is open. */
  static async join(moontee: Moontee, id: string): Promise<PointerViewer> {
    const child = forkProgram(new URL('./pointer-process.ts', import.meta.url));
    await once(child, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
    const viewer = new PointerViewer(child);
    const open = viewer.#until('open');
    child.on('message', (message: FromPointer) => {
      if (message.type === 'answer') moontee.answer(id, message.sdp);
      if (message.type === 'local') moontee.candidate(id, message.candidate);
    });
    moontee.attach(id, viewer);
    await moontee.orFailure(open);
    return viewer;
  }

  offer(sdp: string): void {
    this.#tell({ type: 'offer', sdp });
  }

  addCandidate(candidate: string): void {
    this.#tell({ type: 'candidate', candidate });
  }

  /** @returns when each position left, by its number */
  async move(ms: number, rate: number, lane: number): Promise<readonly number[]> {
    const moved = this.#until('moved', ms);
    this.#tell({ type: 'move', ms, rate, lane });
    const message = await moved;
    return message.type === 'moved' ? message.times : [];
  }

  async stop(): Promise<void> {
    await end(this.#child);
  }

  #until(type: FromPointer['type'], ms = 0): Promise<FromPointer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#child.off('message', listener);
        reject(new Error(`the pointer's viewer is silent: no ${type}`));
      }, ms + PATIENCE_MS);
      const listener = (message: FromPointer): void => {
        if (message.type !== type) return;
        clearTimeout(timer);
        this.#child.off('message', listener);
        resolve(message);
      };
      this.#child.on('message', listener);
    });
  }

  #tell(message: ToPointer): void {
    if (this.#child.connected) this.#child.send(message);
  }
}
