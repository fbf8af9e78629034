import type { HostInput } from '../moonlight/types.js';
import { HeldUnion } from './held-union.js';

const SHIFT = 1;
const CTRL = 2;
const ALT = 4;
const META = 8;

/** Virtual keys that are modifiers, generic, left and right, and their bits. */
const MODIFIER_BITS: ReadonlyMap<number, number> = new Map([
  [0x10, SHIFT],
  [0xa0, SHIFT],
  [0xa1, SHIFT],
  [0x11, CTRL],
  [0xa2, CTRL],
  [0xa3, CTRL],
  [0x12, ALT],
  [0xa4, ALT],
  [0xa5, ALT],
  [0x5b, META],
  [0x5c, META],
]);

/** The one keyboard of the host, on which all viewers type. */
export class Keys {
  readonly #held = new HeldUnion();

  get down(): number[] {
    return this.#held.codes();
  }

  /**
   * A repeat, and a key that somebody else holds already, press nothing.
   *
   * @param reported modifiers that the browser saw; they matter where it missed their own key,
   *   because it was pressed before the page had the focus
   */
  press(peerId: string, keyCode: number, reported: number): HostInput[] {
    return this.#held.press(keyCode, peerId) ? [this.#key(true, keyCode, reported)] : [];
  }

  release(peerId: string, keyCode: number): HostInput[] {
    return this.#held.release(keyCode, peerId) ? [this.#key(false, keyCode)] : [];
  }

  /** Modifiers go last, so that nothing held turns into another character on the way. */
  releaseAll(peerId: string): HostInput[] {
    const codes = this.#held.heldBy(peerId);
    return [...codes.filter((code) => !isModifier(code)), ...codes.filter(isModifier)].flatMap(
      (keyCode) => this.release(peerId, keyCode),
    );
  }

  /** Presses for a host that has forgotten everything, modifiers first. */
  again(): HostInput[] {
    const codes = this.down;
    return [...codes.filter(isModifier), ...codes.filter((code) => !isModifier(code))].map(
      (keyCode) => this.#key(true, keyCode),
    );
  }

  /**
   * A modifier's own event never carries its own bit: to Wolf that is a combination, after which
   * it lets go of the modifier at once.
   */
  #key(down: boolean, keyCode: number, reported = 0): HostInput {
    let modifiers = reported;
    for (const [code, bit] of MODIFIER_BITS) if (this.#held.has(code)) modifiers |= bit;
    modifiers &= ~(MODIFIER_BITS.get(keyCode) ?? 0);
    return { type: 'key', down, keyCode, modifiers };
  }
}

function isModifier(code: number): boolean {
  return MODIFIER_BITS.has(code);
}
