import { MoonteeError } from '../core/errors.js';

/** Whether the server lets further streamers and viewers in. */
export class Doors {
  #open = true;

  get isOpen(): boolean {
    return this.#open;
  }

  /** Who is in stays in. Idempotent. */
  close(): void {
    this.#open = false;
  }

  /** @throws DRAINING */
  assertOpen(): void {
    if (!this.#open) throw new MoonteeError('DRAINING');
  }
}
