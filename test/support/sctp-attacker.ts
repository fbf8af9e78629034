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
    const messages = this.#messages('its association');
    peer.on('candidate', ({ candidate }) => this.#tell({ type: 'candidate', candidate }));
    this.#tell({ type: 'offer', sdp: await createOffer(peer) });
    for await (const message of messages) {
      if (message.type === 'answer') await acceptAnswer(peer, message.sdp);
      if (message.type === 'candidate') {
        peer.addCandidate({ candidate: message.candidate, sdpMLineIndex: 0, sdpMid: 'video0' });
      }
      if (message.type === 'associated') return;
    }
  }

  /** Resolves once all of it has been sent. */
  async attack(attack: HostileSctp): Promise<void> {
    const messages = this.#messages('the end of its attack');
    this.#tell({ type: 'attack', attack });
    for await (const { type } of messages) if (type === 'done') return;
  }

  /** What it says from now on. @param what is waited for, in the error that ends the patience */
  #messages(what: string): AsyncIterable<FromAttacker> {
    const heard: string[] = [];
    const deadline = new AbortController();
    const timer = setTimeout(() => {
      deadline.abort(new Error(`not within ${PATIENCE} ms: ${what}, after ${heard.join(', ')}`));
    }, PATIENCE);
    const source = on(this.#child, 'message', { signal: deadline.signal });
    const messages = async function* (): AsyncIterable<FromAttacker> {
      try {
        for await (const [message] of source as AsyncIterable<[FromAttacker]>) {
          heard.push(message.type);
          if (message.type === 'failed') throw new Error(message.reason);
          yield message;
        }
      } catch (error) {
        throw deadline.signal.aborted ? deadline.signal.reason : error;
      } finally {
        clearTimeout(timer);
      }
    };
    return messages();
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
