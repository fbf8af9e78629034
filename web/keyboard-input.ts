import { keyOfCharacter, modifiersOf, virtualKey, type ViewerInput } from '../client/index.js';
import type { Cleanup } from './dom.js';

/** What the page itself does on Ctrl+Alt+Shift and a letter, by `KeyboardEvent.code`. */
export type Shortcuts = Readonly<Record<string, () => void>>;

const META_KEYS = [0x5b, 0x5c];

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

/**
 * Sends the keys pressed while the stage has the focus. Everything that a page can keep from
 * the browser is kept from it.
 */
export function captureKeyboard(
  stage: HTMLElement,
  input: ViewerInput,
  shortcuts: Shortcuts,
  cleanup: Cleanup,
): void {
  cleanup.listen(stage, 'keydown', (event) => {
    if (event.ctrlKey && event.altKey && event.shiftKey && Object.hasOwn(shortcuts, event.code)) {
      event.preventDefault();
      input.releaseAll();
      shortcuts[event.code]?.();
      return;
    }
    // An input method is composing: its result comes as text.
    if (event.isComposing || event.key === 'Process') return;
    const keyCode = virtualKey(event);
    event.preventDefault();
    if (keyCode !== undefined) input.keyDown(keyCode, modifiersOf(event));
    else if (Array.from(event.key).length === 1) input.text(event.key);
  });
  cleanup.listen(stage, 'keyup', (event) => {
    const keyCode = virtualKey(event);
    if (keyCode === undefined) return;
    event.preventDefault();
    input.keyUp(keyCode, modifiersOf(event));
    // macOS never tells of keys let go while Command was held.
    if (isMac && META_KEYS.includes(keyCode)) {
      for (const held of input.heldKeys) input.keyUp(held, 0);
    }
  });
  // Key-ups go elsewhere from here on.
  cleanup.listen(stage, 'blur', () => input.releaseAll());
  cleanup.listen(document, 'visibilitychange', () => {
    if (document.hidden) input.releaseAll();
  });
}

/** Modifiers that keys on the screen hold until the next key. */
export class StickyModifiers {
  readonly #input: ViewerInput;
  readonly #held = new Map<number, () => void>();

  constructor(input: ViewerInput) {
    this.#input = input;
  }

  /** @param onRelease is told when the modifier goes up */
  toggle(keyCode: number, onRelease: () => void): boolean {
    if (this.#held.has(keyCode)) {
      this.release();
      return false;
    }
    this.#held.set(keyCode, onRelease);
    this.#input.keyDown(keyCode, 0);
    return true;
  }

  press(keyCode: number): void {
    this.#input.keyPress(keyCode);
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
      this.#input.keyUp(keyCode, 0);
      onRelease();
    }
  }
}
