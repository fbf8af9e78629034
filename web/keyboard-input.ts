import {
  CTRL_DELAY_MS,
  Keyboard,
  platformOf,
  type ModifierLevels,
  type ViewerInput,
} from '../client/index.js';
import type { Cleanup } from './dom.js';

/** What the page itself does on Ctrl+Alt+Shift and a letter, by the letter. */
export type Shortcuts = Readonly<Record<string, () => void>>;

export interface KeyboardOptions {
  /** The page: its shortcuts work everywhere in it. */
  readonly root: HTMLElement;
  /** The picture: keys pressed while it has the focus go to the host. */
  readonly stage: HTMLElement;
  readonly input: ViewerInput;
  readonly shortcuts: Shortcuts;
  /** Without a connection keys are the page's own, so that its buttons can be reached. */
  readonly isActive: () => boolean;
  readonly cleanup: Cleanup;
}

export interface CapturedKeyboard {
  /** Another connection, which has not received any key. */
  restart(): void;
}

/**
 * Sends the keys pressed while the stage has the focus. Everything that a page can keep from
 * the browser is kept from it.
 */
export function captureKeyboard(options: KeyboardOptions): CapturedKeyboard {
  const { root, stage, input, shortcuts, isActive, cleanup } = options;
  const keyboard = new Keyboard(platformOf(navigator.userAgent));
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** AltGr is down, even if the stage has not received it. */
  let isAltGraph = false;

  const followAltGraph = (event: KeyboardEvent): void => {
    if (event.key === 'AltGraph') isAltGraph = event.type === 'keydown';
    else if (!event.altKey && !keyboard.isAltGraph(event)) isAltGraph = false;
  };
  const act = (actions: ReturnType<Keyboard['take']>): void => {
    input.act(actions);
    clearTimeout(timer);
    if (keyboard.isDelaying) timer = setTimeout(() => input.act(keyboard.settle()), CTRL_DELAY_MS);
  };
  const releaseAll = (): void => {
    clearTimeout(timer);
    isAltGraph = false;
    keyboard.reset();
    input.releaseAll();
  };
  const follow = (event: ModifierLevels): void => {
    if (isActive()) act(keyboard.follow(event));
  };

  cleanup.listen(
    root,
    'keydown',
    (event) => {
      followAltGraph(event);
      const letter = letterOf(event);
      const shortcut = Object.hasOwn(shortcuts, letter) ? shortcuts[letter] : undefined;
      const isChord = event.ctrlKey && event.altKey && event.shiftKey;
      // Characters are typed with AltGr, which is Ctrl and Alt under Windows.
      if (!isChord || isAltGraph || keyboard.isAltGraph(event) || shortcut === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      releaseAll();
      if (!event.repeat) shortcut();
    },
    { capture: true },
  );
  cleanup.listen(root, 'keyup', followAltGraph, { capture: true });
  for (const name of ['keydown', 'keyup'] as const) {
    cleanup.listen(stage, name, (event) => {
      if (!isActive()) return;
      if (!event.isComposing) event.preventDefault();
      act(keyboard.take(event));
    });
  }
  // The mouse's events report the modifiers too, and the host shall have them before a click.
  for (const name of ['pointerdown', 'pointermove', 'pointerup', 'wheel'] as const) {
    cleanup.listen(
      stage,
      name,
      (event) => {
        if (!('pointerType' in event) || event.pointerType !== 'touch') follow(event);
      },
      { capture: true, passive: true },
    );
  }
  // Key-ups go elsewhere from here on.
  cleanup.listen(stage, 'blur', releaseAll);
  cleanup.listen(window, 'blur', releaseAll);
  cleanup.listen(document, 'visibilitychange', () => {
    if (document.hidden) releaseAll();
  });
  cleanup.add(() => clearTimeout(timer));
  return {
    restart: () => {
      clearTimeout(timer);
      keyboard.reset();
    },
  };
}

/** The letter on the key if the layout has Latin ones, otherwise that of its position. */
function letterOf({ key, code }: KeyboardEvent): string {
  return /^[a-z]$/i.test(key) ? key.toUpperCase() : code.replace(/^Key/, '');
}
