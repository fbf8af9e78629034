/** A viewer with an SCTP of its own making, as its owner sees it. */
import { fork, type ChildProcess } from 'node:child_process';
import { on, once } from 'node:events';
import type { Peer } from '../../src/media/types.js';
import type { FromAttacker, ToAttacker } from './sctp-attacker-process.js';
import type { HostileSctp } from './sctp-packets.js';
import { acceptAnswer, createOffer } from './peer-signaling.js';
import { TYPESCRIPT } from './typescript.js';

/** Milliseconds until something that must happen counts as not happening. */
const PATIENCE = 60_000;

export class SctpAttacker {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(): Promise<SctpAttacker> {
    const child = fork(new URL('./sctp-attacker-process.ts', import.meta.url), {
      execArgv: [...TYPESCRIPT],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(child, 'message', { signal: AbortSignal.timeout(PATIENCE) });
    return new SctpAttacker(child);
  }

  /** Joins as that peer; resolves once it has an association. */
  async join(peer: Peer): Promise<void> {
    const messages = on(this.#child, 'message', { signal: AbortSignal.timeout(PATIENCE) });
    peer.on('candidate', ({ candidate }) => this.#tell({ type: 'candidate', candidate }));
    this.#tell({ type: 'offer', sdp: await createOffer(peer) });
    for await (const [message] of messages as AsyncIterable<[FromAttacker]>) {
      if (message.type === 'failed') throw new Error(message.reason);
      if (message.type === 'answer') await acceptAnswer(peer, message.sdp);
      if (message.type === 'candidate') {
        peer.addCandidate({ candidate: message.candidate, sdpMLineIndex: 0, sdpMid: 'video0' });
      }
      if (message.type === 'associated') return;
    }
  }

  /** Resolves once all of it has been sent. */
  async attack(attack: HostileSctp): Promise<void> {
    const messages = on(this.#child, 'message', { signal: AbortSignal.timeout(PATIENCE) });
    this.#tell({ type: 'attack', attack });
    for await (const [message] of messages as AsyncIterable<[FromAttacker]>) {
      if (message.type === 'failed') throw new Error(message.reason);
      if (message.type === 'done') return;
    }
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }

  #tell(message: ToAttacker): void {
    if (this.#child.connected) this.#child.send(message);
  }
}
