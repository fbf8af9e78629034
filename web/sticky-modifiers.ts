import type { ViewerInput } from '../client/input.js';
import { MODIFIER, keyOfCharacter } from '../client/keys.js';

/** By the bit that they have in a message. */
const LEFT_KEYS: readonly (readonly [bit: number, keyCode: number])[] = [
  [MODIFIER.META, 0x5b],
  [MODIFIER.CTRL, 0xa2],
  [MODIFIER.ALT, 0xa4],
  [MODIFIER.SHIFT, 0xa0],
];

/** Modifiers that keys on the screen hold until the next key. */
export class StickyModifiers {
  readonly #input: ViewerInput;
  readonly #held = new Map<number, () => void>();

  constructor(input: ViewerInput) {
    this.#input = input;
  }

  /** @param onRelease is called when the modifier is released */
  toggle(keyCode: number, onRelease: () => void): boolean {
    if (this.#held.has(keyCode)) {
      this.release();
      return false;
    }
    this.#held.set(keyCode, onRelease);
    this.#input.keyDown(keyCode);
    return true;
  }

  press(keyCode: number): void {
    this.#input.keyPress(keyCode);
    this.release();
  }

  /** @param modifiers that go down and up with the key, as bits of a message */
  combine(keyCode: number, modifiers: number): void {
    const keys = LEFT_KEYS.filter(([bit]) => (modifiers & bit) !== 0).map(([, key]) => key);
    for (const key of keys) this.#input.keyDown(key);
    this.#input.keyPress(keyCode);
    for (const key of keys.reverse()) this.#input.keyUp(key);
    this.release();
  }

  /** A letter under a held modifier is a key, everything else is text. */
  type(text: string): void {
    const keyCode = this.#held.size > 0 ? keyOfCharacter(text) : undefined;
    if (keyCode === undefined) this.#input.text(text);
    else this.press(keyCode);
  }

  release(): void {
    for (const [keyCode, onRelease] of [...this.#held]) {
      this.#held.delete(keyCode);
      this.#input.keyUp(keyCode);
      onRelease();
    }
  }
}
