import { NO_RIGHTS, type Rights } from '../core/rights.js';
import type { HostInput, HostMessage } from '../moonlight/types.js';
import { MAX_PADS } from './channels.js';
import { encodeFeedback, type ChannelMessage } from './feedback.js';
import { Keys } from './keys.js';
import { Pads } from './pads.js';
import { Pointer } from './pointer.js';
import { Attention } from './attention.js';
import { deviceOf, isAllowed, type InputRight } from './policy.js';
import { DEFAULT_BUDGETS, InputRate, type InputBudgets } from './rate.js';
import { Touches } from './touches.js';
import type { HeldStatement, ViewerInput } from './viewer-input.js';

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

/** Inputs of all viewers so far that the host did not get. */
export interface RefusedInputs {
  /** Without the right, for now or for good. */
  readonly forbidden: number;
  /** Beyond the rate limit. */
  readonly limited: number;
}

/** What one viewer holds. */
export interface ViewerHold {
  readonly peerId: string;
  readonly keys: readonly number[];
  readonly buttons: readonly number[];
  /** Ids that the host knows them by. */
  readonly touches: readonly number[];
  /** Slots of pads on which something is pressed. */
  readonly pads: readonly number[];
  /** Slots of all pads that it has. */
  readonly slots: readonly number[];
}

type PlainInput = Exclude<ViewerInput, HeldStatement>;

interface Viewer {
  rights: Rights;
  readonly attention: Attention;
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
 * - A client that states what it holds is believed for half a second (see {@link Attention}).
 * - A viewer that leaves, or loses a right, releases all that it held with it.
 */
export class InputAggregator {
  readonly #viewers = new Map<string, Viewer>();
  readonly #budgets: InputBudgets;
  readonly #keys = new Keys();
  readonly #pointer = new Pointer();
  readonly #touches = new Touches();
  readonly #pads: Pads;
  #forbidden = 0;
  #limited = 0;

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
  join(peerId: string, rights: Rights): void {
    if (this.#viewers.has(peerId)) return;
    this.#viewers.set(peerId, {
      rights,
      attention: new Attention(),
      rate: new InputRate(this.#budgets),
      refused: 0,
    });
  }

  /**
   * @param now milliseconds of any clock that does not jump
   * @returns inputs for the host: none for viewers who are not here, may not do this, do it too
   * often, or change nothing by it
   */
  input(peerId: string, input: ViewerInput, now: number): HostInput[] {
    const viewer = this.#viewers.get(peerId);
    if (viewer === undefined) return [];
    if (isStatement(input)) return this.#stated(peerId, viewer, input, now);
    viewer.attention.hear(deviceOf(input), now);
    if (!isAllowed(viewer.rights, input)) {
      this.#forbidden += 1;
      if (input.type === 'pad-add') this.#pads.note(peerId, input);
      if (input.type === 'pad-remove') this.#pads.remove(peerId, input.pad);
      return [];
    }
    // Clients send a pad's state every frame, changed or not: that costs nothing.
    if (input.type === 'pad-state' && this.#pads.isKnown(peerId, input)) return [];
    if (!viewer.rate.admit(input, now)) {
      viewer.refused += 1;
      this.#limited += 1;
      if (input.type === 'key') return this.#keys.follow(peerId, input, now);
      return input.type === 'pad-state' ? this.#pads.letGo(peerId, input) : [];
    }
    return this.#apply(peerId, input, now);
  }

  /** How many inputs of a viewer the rate limit has refused. */
  refused(peerId: string): number {
    return this.#viewers.get(peerId)?.refused ?? 0;
  }

  /** Of all viewers so far, those that left too. */
  get refusals(): RefusedInputs {
    return { forbidden: this.#forbidden, limited: this.#limited };
  }

  /** Something was refused for want of a right before it came here. */
  countForbidden(): void {
    this.#forbidden += 1;
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
    return rights.has('gamepad') ? [...releases, ...this.#pads.plugAll(peerId)] : releases;
  }

  /**
   * Whether somebody may have to be taken for gone, so that {@link letGoOfSilent} has to be called
   * again and again.
   */
  get isWatching(): boolean {
    for (const [peerId, { attention }] of this.#viewers) {
      if (attention.restates && this.#holdsAnything(peerId)) return true;
    }
    return false;
  }

  /** @returns the release of what viewers held who state what they hold, and have not done so in time */
  letGoOfSilent(now: number): HostInput[] {
    return [...this.#viewers].flatMap(([peerId, { attention }]) =>
      attention.restates ? this.#letGo(peerId, (device) => attention.isSilent(device, now)) : [],
    );
  }

  /**
   * @returns the release of everything that the viewer holds, or all viewers; it stays so, whatever
   * their clients state, until they press anew
   */
  letGoOfAll(peerId?: string): HostInput[] {
    const peers = [...this.#viewers.keys()].filter((id) => peerId === undefined || id === peerId);
    return peers.flatMap((id) => {
      for (const held of [this.#keys, this.#pointer, this.#touches, this.#pads]) held.mute(id);
      return this.#letGo(id, () => true);
    });
  }

  /**
   * @param owners by slot: whose pads alone may be in it; null, or further slots: anybody's
   * @returns what pads leave their slots and come into others
   */
  assignPads(owners: readonly (string | null)[]): HostInput[] {
    const players = [...this.#viewers]
      .filter(([, { rights }]) => rights.has('gamepad'))
      .map(([peerId]) => peerId);
    return [
      ...this.#pads.assign(owners),
      ...players.flatMap((peerId) => this.#pads.plugAll(peerId)),
    ];
  }

  /** Of viewers who hold something, or have a pad. */
  get holds(): ViewerHold[] {
    return [...this.#viewers.keys()]
      .map((peerId) => ({
        peerId,
        keys: this.#keys.heldBy(peerId),
        buttons: this.#pointer.heldBy(peerId),
        touches: this.#touches.heldBy(peerId),
        pads: this.#pads.pressedBy(peerId),
        slots: this.#pads.slotsOf(peerId),
      }))
      .filter(
        ({ keys, buttons, touches, slots }) =>
          keys.length + buttons.length + touches.length + slots.length > 0,
      );
  }

  /** @returns the release of everything that the viewer held */
  leave(peerId: string): HostInput[] {
    if (!this.#viewers.delete(peerId)) return [];
    const releases = this.#release(peerId, NO_RIGHTS);
    this.#keys.forget(peerId);
    this.#pointer.forget(peerId);
    this.#touches.forget(peerId);
    this.#pads.forget(peerId);
    return releases;
  }

  /**
   * Lets go of everything that anybody holds and unplugs all pads. The viewers stay; their pads
   * come back with their next states.
   */
  reset(): HostInput[] {
    return [...this.#viewers.keys()].flatMap((peerId) => this.#release(peerId, NO_RIGHTS));
  }

  /**
   * For a host that begins anew, whether it has forgotten everything or not: what was held is let go,
   * pads are announced, and the pointer is where it was. Viewers who hold something and state it
   * press it again.
   */
  restart(): HostInput[] {
    return [
      ...[...this.#viewers.keys()].flatMap((peerId) =>
        this.#letGo(peerId, (device) => device !== 'gamepad'),
      ),
      ...this.#pads.again(),
      ...this.#pointer.again(),
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

  #stated(peerId: string, viewer: Viewer, input: HeldStatement, now: number): HostInput[] {
    const isFresh = viewer.attention.state(deviceOf(input), input.at, now);
    if (!isAllowed(viewer.rights, input)) {
      this.#forbidden += 1;
      return [];
    }
    if (!viewer.rate.admit(input, now)) {
      viewer.refused += 1;
      this.#limited += 1;
      return [];
    }
    const admit = (): boolean => isFresh && viewer.rate.admitPress(now);
    switch (input.type) {
      case 'held-keys':
        return this.#keys.state(peerId, input.keyCodes, now, admit);
      case 'held-buttons':
        return this.#pointer.state(peerId, input.buttons, admit);
      case 'held-touches':
        return this.#touches.state(peerId, input.touches, admit);
    }
  }

  #holdsAnything(peerId: string): boolean {
    return [
      this.#keys.heldBy(peerId),
      this.#pointer.heldBy(peerId),
      this.#touches.heldBy(peerId),
      this.#pads.pressedBy(peerId),
    ].some(({ length }) => length > 0);
  }

  /** @param isOver for each device, whether what is held with it is let go; pads stay plugged in */
  #letGo(peerId: string, isOver: (device: InputRight) => boolean): HostInput[] {
    return [
      ...(isOver('keyboard') ? this.#keys.releaseAll(peerId) : []),
      ...(isOver('pointer') ? this.#pointer.releaseAll(peerId) : []),
      ...(isOver('touch') ? this.#touches.releaseAll(peerId) : []),
      ...(isOver('gamepad') ? this.#pads.rest(peerId) : []),
    ];
  }

  #apply(peerId: string, input: PlainInput, now: number): HostInput[] {
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
      ...(rights.has('keyboard') ? [] : this.#keys.releaseAll(peerId)),
      ...(rights.has('pointer') ? [] : this.#pointer.releaseAll(peerId)),
      ...(rights.has('touch') ? [] : this.#touches.releaseAll(peerId)),
      ...(rights.has('gamepad') ? [] : this.#pads.unplugAll(peerId)),
    ];
  }
}

function isStatement(input: ViewerInput): input is HeldStatement {
  return (
    input.type === 'held-keys' || input.type === 'held-buttons' || input.type === 'held-touches'
  );
}
