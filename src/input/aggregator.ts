import type { HostInput, HostMessage } from '../moonlight/types.js';
import { MAX_PADS } from './channels.js';
import { encodeFeedback, type ChannelMessage } from './feedback.js';
import { Keys } from './keys.js';
import { Pads } from './pads.js';
import { Pointer } from './pointer.js';
import { isAllowed, mayUse, type Rights } from './policy.js';
import { DEFAULT_BUDGETS, InputRate, type InputBudgets } from './rate.js';
import { Touches } from './touches.js';
import type { ViewerInput } from './viewer-input.js';

export interface InputAggregatorOptions {
  /** Pads that the host can have; default and maximum 16. */
  readonly padSlots?: number;
  /** Pads that one viewer can have; default 4. */
  readonly padShare?: number;
  /** Rate limits of each viewer. */
  readonly budgets?: InputBudgets;
}

/** As many as sit on one sofa, and as many as Chromium reports. */
const PAD_SHARE = 4;

/** What the host believes to be held. */
export interface HeldInput {
  readonly keys: readonly number[];
  readonly buttons: readonly number[];
  readonly touches: readonly number[];
  /** Bit per host slot. */
  readonly pads: number;
}

interface Viewer {
  rights: Rights;
  readonly rate: InputRate;
  refused: number;
}

/**
 * Merges the inputs of all viewers of a streamer into one sequence for the host. Pure: it has no
 * clock, no timer and no connection. The inputs it returns must reach the host in order and all of
 * them.
 *
 * - Keys and buttons are a union: down with the first press, up with the last release.
 * - The pointer follows the last writer, and a viewer that drags keeps it (see {@link Pointer}).
 * - Every browser pad has a host slot of its own; rumble finds back to its owner.
 * - A viewer that leaves, or loses a right, releases all that it held with it.
 */
export class InputAggregator {
  readonly #viewers = new Map<string, Viewer>();
  readonly #budgets: InputBudgets;
  readonly #keys = new Keys();
  readonly #pointer = new Pointer();
  readonly #touches = new Touches();
  readonly #pads: Pads;

  constructor({
    padSlots = MAX_PADS,
    padShare = PAD_SHARE,
    budgets = DEFAULT_BUDGETS,
  }: InputAggregatorOptions = {}) {
    this.#pads = new Pads(padSlots, padShare);
    this.#budgets = budgets;
  }

  get held(): HeldInput {
    return {
      keys: this.#keys.down,
      buttons: this.#pointer.down,
      touches: this.#touches.down,
      pads: this.#pads.active,
    };
  }

  /** A viewer that has joined already keeps its rights; see {@link setRights}. */
  join(peerId: string, rights: Rights = 'control'): void {
    if (this.#viewers.has(peerId)) return;
    this.#viewers.set(peerId, { rights, rate: new InputRate(this.#budgets), refused: 0 });
  }

  /**
   * @param now milliseconds of any clock that does not jump
   * @returns inputs for the host: none for viewers who are not here, may not do this, do it too
   * often, or change nothing by it
   */
  input(peerId: string, input: ViewerInput, now: number): HostInput[] {
    const viewer = this.#viewers.get(peerId);
    if (viewer === undefined) return [];
    if (!isAllowed(viewer.rights, input)) {
      if (input.type === 'pad-add') this.#pads.note(peerId, input);
      if (input.type === 'pad-remove') this.#pads.remove(peerId, input.pad);
      return [];
    }
    // Clients send a pad's state every frame, changed or not: that costs nothing.
    if (input.type === 'pad-state' && this.#pads.isKnown(peerId, input)) return [];
    if (!viewer.rate.admit(input, now)) {
      viewer.refused += 1;
      if (input.type === 'key') return this.#keys.follow(peerId, input, now);
      return input.type === 'pad-state' ? this.#pads.letGo(peerId, input) : [];
    }
    return this.#apply(peerId, input, now);
  }

  /** How many inputs of a viewer the rate limit has refused. */
  refused(peerId: string): number {
    return this.#viewers.get(peerId)?.refused ?? 0;
  }

  rights(peerId: string): Rights | undefined {
    return this.#viewers.get(peerId)?.rights;
  }

  /**
   * @returns the release of everything that the viewer held and may not hold any more; the arrival
   * of its pads if it may play from now on
   */
  setRights(peerId: string, rights: Rights): HostInput[] {
    const viewer = this.#viewers.get(peerId);
    if (viewer === undefined) return [];
    viewer.rights = rights;
    const releases = this.#release(peerId, rights);
    return mayUse(rights, 'pads') ? [...releases, ...this.#pads.plugAll(peerId)] : releases;
  }

  /** @returns the release of everything that the viewer held */
  leave(peerId: string): HostInput[] {
    if (!this.#viewers.delete(peerId)) return [];
    const releases = this.#release(peerId, 'view');
    this.#pointer.forget(peerId);
    this.#pads.forget(peerId);
    return releases;
  }

  /**
   * Lets go of everything that anybody holds and unplugs all pads. The viewers stay; their pads
   * come back with their next states.
   */
  reset(): HostInput[] {
    return [...this.#viewers.keys()].flatMap((peerId) => this.#release(peerId, 'view'));
  }

  /** For a host that has forgotten everything: pads announced, held things pressed again. */
  resynchronise(): HostInput[] {
    return [
      ...this.#pads.again(),
      ...this.#keys.again(),
      ...this.#pointer.again(),
      ...this.#touches.again(),
    ];
  }

  /** The host's message to a pad, as bytes for the viewer who owns that pad. */
  hostMessage(message: HostMessage): ChannelMessage[] {
    if (message.type === 'hdr') return [];
    const owner = this.#pads.owner(message.pad);
    if (owner === undefined) return [];
    const data = encodeFeedback(message, owner.pad);
    return data === undefined ? [] : [{ peerId: owner.peerId, label: 'controllers', data }];
  }

  #apply(peerId: string, input: ViewerInput, now: number): HostInput[] {
    switch (input.type) {
      case 'key':
        return input.down
          ? this.#keys.press(peerId, input, now)
          : this.#keys.release(peerId, input, now);
      case 'text':
        return [input];
      case 'mouse-move':
        return this.#pointer.move(peerId, input.dx, input.dy);
      case 'mouse-position':
        return this.#pointer.point(peerId, input);
      case 'mouse-button':
        return input.down
          ? this.#pointer.press(peerId, input.button)
          : this.#pointer.release(peerId, input.button);
      case 'scroll':
        return this.#pointer.scroll(peerId, input, now);
      case 'touch':
        return this.#touches.touch(peerId, input);
      case 'pad-add':
        return this.#pads.add(peerId, input);
      case 'pad-remove':
        return this.#pads.remove(peerId, input.pad);
      case 'pad-state':
        return this.#pads.state(peerId, input);
    }
  }

  #release(peerId: string, rights: Rights): HostInput[] {
    return [
      ...(mayUse(rights, 'keyboard') ? [] : this.#keys.releaseAll(peerId)),
      ...(mayUse(rights, 'pointer') ? [] : this.#pointer.releaseAll(peerId)),
      ...(mayUse(rights, 'touch') ? [] : this.#touches.releaseAll(peerId)),
      ...(mayUse(rights, 'pads') ? [] : this.#pads.unplugAll(peerId)),
    ];
  }
}
