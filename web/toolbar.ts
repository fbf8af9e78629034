import { element, icon, type IconName } from './dom.js';

export interface ToolbarButton {
  readonly icon: IconName;
  readonly label: string;
  /** Of the label, for who has no pointer to rest on the button. */
  readonly word: string;
  readonly onPress: () => void;
  /** The letter that does the same with Ctrl, Alt and Shift. */
  readonly shortcut?: string;
  /** For buttons that are on or off. */
  readonly pressed?: boolean;
}

export interface ToolbarItem {
  readonly element: HTMLButtonElement;
  update(changes: { icon?: IconName; label?: string; word?: string; pressed?: boolean }): void;
}

/** What is held with the letter of a shortcut. */
const CHORD = 'Ctrl+Alt+Shift';

/** One button of the bar. */
export function toolbarItem(button: ToolbarButton): ToolbarItem {
  const { icon: name, label, word, onPress, shortcut, pressed } = button;
  const words = element('span', {}, label);
  const short = element('span', { class: 'word' }, word);
  // Shown by the style sheet: the name of the button is the label alone.
  const keys = shortcut === undefined ? undefined : `${CHORD}+${shortcut}`;
  const text = element('span', { class: 'tip', 'data-keys': keys }, words);
  const made = element(
    'button',
    {
      type: 'button',
      'aria-label': label,
      'aria-keyshortcuts': shortcut === undefined ? undefined : `Control+Alt+Shift+${shortcut}`,
      'aria-pressed': pressed === undefined ? undefined : String(pressed),
      onclick: onPress,
    },
    icon(name),
    short,
    text,
  );
  return {
    element: made,
    update: (changes) => {
      if (changes.icon !== undefined) made.replaceChildren(icon(changes.icon), short, text);
      if (changes.word !== undefined) short.textContent = changes.word;
      if (changes.label !== undefined) {
        words.textContent = changes.label;
        made.setAttribute('aria-label', changes.label);
      }
      if (changes.pressed !== undefined) made.setAttribute('aria-pressed', String(changes.pressed));
    },
  };
}

/** A bar at the top that folds into a handle, so that it hides nothing of the picture. */
export class Toolbar {
  readonly element: HTMLElement;
  readonly #handle: HTMLButtonElement;

  /** @param shortcuts letters and what they do, to be read by those who look for them */
  constructor(
    parts: readonly (HTMLElement | ToolbarItem)[],
    shortcuts: readonly (readonly [letter: string, what: string])[],
  ) {
    this.#handle = element(
      'button',
      {
        class: 'handle',
        type: 'button',
        'aria-label': 'Tool bar',
        'aria-expanded': 'true',
        onclick: () => this.fold(!this.isFolded),
      },
      icon('fold'),
    );
    this.element = element(
      'header',
      { class: 'toolbar' },
      element(
        'div',
        { class: 'tools', role: 'toolbar', 'aria-label': 'Viewer' },
        ...parts.map((part) => (part instanceof HTMLElement ? part : part.element)),
      ),
      element(
        'p',
        { class: 'shortcuts for-keyboards' },
        element('span', {}, 'All keys go to the host. With ', element('kbd', {}, CHORD), ':'),
        ...shortcuts.map(([letter, what]) =>
          element('span', {}, element('kbd', {}, letter), ` ${what}`),
        ),
      ),
      this.#handle,
    );
  }

  get isFolded(): boolean {
    return this.element.classList.contains('folded');
  }

  fold(isFolded: boolean): void {
    this.element.classList.toggle('folded', isFolded);
    this.#handle.replaceChildren(icon(isFolded ? 'unfold' : 'fold'));
    this.#handle.setAttribute('aria-expanded', String(!isFolded));
  }

  /** For those who steer by keyboard. */
  focus(): void {
    this.fold(false);
    this.element.querySelector<HTMLElement>('button:not([hidden])')?.focus();
  }
}
