import type { HostInput } from '../moonlight/types.js';
import { MAX_PADS } from './channels.js';
import type { PadControls, PadInput, ViewerInput } from './viewer-input.js';

type PadAdd = Extract<ViewerInput, { type: 'pad-add' }>;

/** A pad of one browser. */
interface Pad {
  readonly peerId: string;
  /** The browser's number. */
  readonly number: number;
  /** Undefined until it was added: a state may overtake the message that adds its pad. */
  announced: PadAdd | undefined;
  /** The host's number; undefined while all slots, or all of its viewer's, are taken. */
  slot: number | undefined;
  /** Unplugged; a state brings it back as it was announced. */
  isRemoved: boolean;
  controls: PadControls;
  /** What was pressed on it when it was let go by order; it counts no more until it changes. */
  muted: PadControls | undefined;
}

const AT_REST: PadControls = {
  buttons: 0,
  leftTrigger: 0,
  rightTrigger: 0,
  leftX: 0,
  leftY: 0,
  rightX: 0,
  rightY: 0,
};

const TRIGGER_REST = 32;
const STICK_REST = 8192;

/**
 * Gives every browser pad a slot of the host's own, and finds back from slot to browser. A viewer
 * has no more slots than its share; further pads of it wait until one is unplugged.
 */
export class Pads {
  readonly #pads = new Map<string, Map<number, Pad>>();
  readonly #slots: (Pad | undefined)[];

  readonly #share: number;
  /** By slot: whose pads alone may be in it. */
  #owners: readonly (string | null)[] = [];

  /**
   * @param slots how many pads the host can have, at most 16
   * @param share how many of them one viewer can have
   */
  constructor(slots: number, share: number) {
    this.#share = share;
    this.#slots = Array.from({ length: Math.min(slots, MAX_PADS) }, () => undefined);
  }

  /** Bit per slot in use. */
  get active(): number {
    let mask = 0;
    for (const [slot, pad] of this.#slots.entries()) if (pad !== undefined) mask |= 1 << slot;
    return mask;
  }

  /** Whose pad is in a slot, and what the browser calls it. */
  owner(slot: number): { readonly peerId: string; readonly pad: number } | undefined {
    const pad = this.#slots[slot];
    return pad === undefined ? undefined : { peerId: pad.peerId, pad: pad.number };
  }

  /** A pad that is known already is only refreshed. */
  add(peerId: string, input: PadAdd): HostInput[] {
    const pad = this.#pad(peerId, input.pad);
    const before = pad.announced;
    pad.announced = input;
    pad.isRemoved = false;
    if (pad.slot === undefined) return this.#place(pad);
    const isSame =
      before?.capabilities === input.capabilities &&
      before.supportedButtons === input.supportedButtons;
    return isSame ? [] : [this.#arrival(pad.slot, input)];
  }

  /** Some clients go on with the channel of a pad that is plugged in again, and add nothing. */
  state(peerId: string, input: PadInput): HostInput[] {
    const pad = this.#pad(peerId, input.pad);
    pad.isRemoved = false;
    if (pad.muted !== undefined) {
      if (isEqual(pad.muted, input)) return [];
      pad.muted = undefined;
    }
    const isSame = isEqual(pad.controls, input);
    pad.controls = controlsOf(input);
    if (pad.slot === undefined) return this.#place(pad);
    return isSame ? [] : [this.#state(pad, pad.slot)];
  }

  /** Whether a state adds nothing to the last one. */
  isKnown(peerId: string, input: PadInput): boolean {
    const pad = this.#pads.get(peerId)?.get(input.pad);
    if (pad?.slot === undefined) return false;
    return isEqual(pad.muted ?? pad.controls, input);
  }

  /**
   * The releases of a state that may not pass: buttons that are up again, triggers and sticks that
   * are back at rest. Bounded by what was pressed before.
   */
  letGo(peerId: string, input: PadInput): HostInput[] {
    const pad = this.#pads.get(peerId)?.get(input.pad);
    if (pad === undefined || pad.isRemoved) return [];
    const { controls } = pad;
    return this.state(peerId, {
      type: 'pad-state',
      pad: input.pad,
      buttons: controls.buttons & input.buttons,
      leftTrigger: rested(controls.leftTrigger, input.leftTrigger, TRIGGER_REST),
      rightTrigger: rested(controls.rightTrigger, input.rightTrigger, TRIGGER_REST),
      leftX: rested(controls.leftX, input.leftX, STICK_REST),
      leftY: rested(controls.leftY, input.leftY, STICK_REST),
      rightX: rested(controls.rightX, input.rightX, STICK_REST),
      rightY: rested(controls.rightY, input.rightY, STICK_REST),
    });
  }

  /** A pad that is not known is ignored: browsers may name the wrong one. */
  remove(peerId: string, number: number): HostInput[] {
    const pad = this.#pads.get(peerId)?.get(number);
    if (pad === undefined) return [];
    pad.isRemoved = true;
    return this.#unplug(pad);
  }

  /** Notes a pad of a viewer who may not play yet, for {@link plugAll}. */
  note(peerId: string, input: PadAdd): void {
    const pad = this.#pad(peerId, input.pad);
    pad.announced = input;
    pad.isRemoved = false;
  }

  /** Gives slots to the pads of a viewer who may play from now on. */
  plugAll(peerId: string): HostInput[] {
    return this.#of(peerId).flatMap((pad) =>
      pad.slot === undefined && !pad.isRemoved ? this.#place(pad) : [],
    );
  }

  /** Takes the slots away; the pads stay known and come back with {@link plugAll} or a state. */
  unplugAll(peerId: string): HostInput[] {
    return this.#of(peerId).flatMap((pad) => this.#unplug(pad));
  }

  /** Whatever is pressed on the viewer's pads is let go; they stay plugged in. */
  rest(peerId: string): HostInput[] {
    return this.#of(peerId).flatMap((pad) => {
      if (pad.slot === undefined || isEqual(pad.controls, AT_REST)) return [];
      pad.controls = AT_REST;
      return [this.#state(pad, pad.slot)];
    });
  }

  /** Slots of the viewer's pads on which something is pressed. */
  pressedBy(peerId: string): number[] {
    return this.#of(peerId).flatMap(({ slot, controls }) =>
      slot === undefined || isEqual(controls, AT_REST) ? [] : [slot],
    );
  }

  /** Slots of the viewer's pads. */
  slotsOf(peerId: string): number[] {
    return this.#of(peerId).flatMap(({ slot }) => (slot === undefined ? [] : [slot]));
  }

  /** What is pressed on the viewer's pads counts no more until it changes. */
  mute(peerId: string): void {
    for (const pad of this.#of(peerId)) {
      if (!isEqual(pad.controls, AT_REST)) pad.muted = pad.controls;
    }
  }

  /** Nothing is left of a viewer's pads. */
  forget(peerId: string): HostInput[] {
    const inputs = this.unplugAll(peerId);
    this.#pads.delete(peerId);
    return inputs;
  }

  /** Announces every pad again, at rest, to a host that may have forgotten them. */
  again(): HostInput[] {
    for (const pad of this.#slots) if (pad !== undefined) pad.controls = AT_REST;
    return this.#slots.flatMap((pad, slot) => (pad === undefined ? [] : this.#announce(pad, slot)));
  }

  /**
   * Slots may belong to viewers; their pads are in those first.
   *
   * @returns the leaving of pads that are in a slot of another's, or not in one of their own; they
   * find another with {@link plugAll}
   */
  assign(owners: readonly (string | null)[]): HostInput[] {
    this.#owners = owners;
    const strangers = this.#slots.flatMap((pad, slot) => {
      const owner = owners[slot] ?? null;
      return pad === undefined || owner === null || owner === pad.peerId ? [] : this.#unplug(pad);
    });
    const movers = this.#slots.flatMap((pad, slot) => {
      if (pad === undefined || (owners[slot] ?? null) !== null) return [];
      return this.#freeSlot(pad.peerId, true) === -1 ? [] : this.#unplug(pad);
    });
    return [...strangers, ...movers];
  }

  /** @param isOwn only one that belongs to the viewer @returns -1 if there is none */
  #freeSlot(peerId: string, isOwn = false): number {
    const find = (owner: string | null): number =>
      this.#slots.findIndex(
        (pad, slot) => pad === undefined && (this.#owners[slot] ?? null) === owner,
      );
    const own = find(peerId);
    return own !== -1 || isOwn ? own : find(null);
  }

  #plugged(peerId: string): number {
    return this.#slots.filter((pad) => pad?.peerId === peerId).length;
  }

  #of(peerId: string): Pad[] {
    return [...(this.#pads.get(peerId)?.values() ?? [])];
  }

  #pad(peerId: string, number: number): Pad {
    let pads = this.#pads.get(peerId);
    if (pads === undefined) {
      pads = new Map();
      this.#pads.set(peerId, pads);
    }
    let pad = pads.get(number);
    if (pad === undefined) {
      pad = {
        peerId,
        number,
        announced: undefined,
        slot: undefined,
        isRemoved: false,
        controls: AT_REST,
        muted: undefined,
      };
      pads.set(number, pad);
    }
    return pad;
  }

  #place(pad: Pad): HostInput[] {
    if (pad.announced === undefined) return [];
    const slot = this.#freeSlot(pad.peerId);
    if (slot === -1 || this.#plugged(pad.peerId) >= this.#share) return [];
    pad.slot = slot;
    this.#slots[slot] = pad;
    return this.#announce(pad, slot);
  }

  /** Hosts without arrival messages see a pad by its first state, which is one at rest. */
  #announce(pad: Pad, slot: number): HostInput[] {
    const inputs: HostInput[] = [];
    if (pad.announced !== undefined) inputs.push(this.#arrival(slot, pad.announced));
    inputs.push(this.#state({ ...pad, controls: AT_REST }, slot));
    if (!isEqual(pad.controls, AT_REST)) inputs.push(this.#state(pad, slot));
    return inputs;
  }

  #unplug(pad: Pad): HostInput[] {
    const { slot } = pad;
    if (slot === undefined) return [];
    this.#slots[slot] = undefined;
    pad.slot = undefined;
    pad.controls = AT_REST;
    return [this.#state(pad, slot)];
  }

  #arrival(slot: number, { capabilities, supportedButtons }: PadAdd): HostInput {
    return {
      type: 'pad-arrival',
      pad: slot,
      // Browsers do not report the make.
      kind: 0,
      capabilities,
      supportedButtons,
      activePads: this.active,
    };
  }

  #state(pad: Pad, slot: number): HostInput {
    return { type: 'pad-state', pad: slot, activePads: this.active, ...pad.controls };
  }
}

function controlsOf(input: PadControls): PadControls {
  const { buttons, leftTrigger, rightTrigger, leftX, leftY, rightX, rightY } = input;
  return { buttons, leftTrigger, rightTrigger, leftX, leftY, rightX, rightY };
}

function isEqual(a: PadControls, b: PadControls): boolean {
  return (
    a.buttons === b.buttons &&
    a.leftTrigger === b.leftTrigger &&
    a.rightTrigger === b.rightTrigger &&
    a.leftX === b.leftX &&
    a.leftY === b.leftY &&
    a.rightX === b.rightX &&
    a.rightY === b.rightY
  );
}

function rested(before: number, after: number, rest: number): number {
  return Math.abs(after) < rest ? 0 : before;
}
