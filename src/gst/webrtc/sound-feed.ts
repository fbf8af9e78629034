import type { Log } from '../../core/log.js';
import type { QueueElement } from '../binding.js';
import type { PeerBranch } from './branch.js';

/**
 * Admits sound to a peer. A peer whose queue has been full for a while gets none until it is empty.
 * A queue that kept dropping would put gaps of any length into the sequence numbers.
 */
export class SoundFeed {
  readonly #branch: PeerBranch;
  readonly #peerId: string;
  readonly #log: Log;
  #started = false;
  /** The last poll found it full. */
  #overdue = false;
  #ended = false;

  constructor(branch: PeerBranch, peerId: string, log: Log) {
    this.#branch = branch;
    this.#peerId = peerId;
    this.#log = log;
  }

  /** There is a path. */
  start(): void {
    if (this.#ended) return;
    this.#started = true;
    this.#branch.link('audio');
  }

  /** Checks for a queue that is full. Cheap, several times a second. */
  pollQueue(): void {
    if (this.#ended || !this.#started) return;
    const queue = this.#branch.element('audio-queue') as QueueElement;
    const waiting = queue.currentLevelBuffers;
    if (!this.#branch.linked('audio')) {
      if (waiting === 0) this.#branch.link('audio');
      return;
    }
    const again = this.#overdue;
    this.#overdue = waiting >= queue.maxSizeBuffers;
    if (!this.#overdue || !again) return;
    this.#overdue = false;
    this.#branch.unlink('audio');
    this.#log.info({ peer_id: this.#peerId, waiting }, 'peer too slow, sound cut');
  }

  /** No more sound. Idempotent. */
  end(): void {
    this.#ended = true;
    this.#branch.unlink('audio');
  }
}
