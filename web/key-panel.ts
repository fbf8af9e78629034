import { MODIFIER, type ViewerInput } from '../client/index.js';
import { element } from './dom.js';
import { StickyModifiers } from './sticky-modifiers.js';
import { textField } from './text-field.js';

const DELETE = 0x2e;

type Key = readonly [label: string, keyCode: number, name?: string];

const MODIFIERS: readonly Key[] = [
  ['Ctrl', 0xa2, 'Control'],
  ['Alt', 0xa4],
  ['Shift', 0xa0],
  ['Win', 0x5b, 'Windows or Command'],
];

const KEYS: readonly Key[] = [
  ['Esc', 0x1b, 'Escape'],
  ['Tab', 0x09],
  ['←', 0x25, 'Left'],
  ['↑', 0x26, 'Up'],
  ['↓', 0x28, 'Down'],
  ['→', 0x27, 'Right'],
  ['Home', 0x24],
  ['End', 0x23],
  ['PgUp', 0x21, 'Page up'],
  ['PgDn', 0x22, 'Page down'],
  ['Ins', 0x2d, 'Insert'],
  ['Del', DELETE, 'Delete'],
  ['Menu', 0x5d],
  ...Array.from({ length: 12 }, (_, n): Key => [`F${n + 1}`, 0x70 + n]),
];

export interface KeyPanel {
  readonly element: HTMLElement;
  /** Shows or hides it; shown, its field has the focus (and a phone its keyboard). */
  toggle(): boolean;
  /** Idempotent. */
  hide(): void;
}

const HINT = 'key-panel-hint';

/**
 * The text field and the keys that phones, or browsers, do not have or do not give away.
 *
 * @param onHide Escape in the field has closed it
 */
export function keyPanel(input: ViewerInput, onHide: () => void): KeyPanel {
  const modifiers = new StickyModifiers(input);
  const field = textField(modifiers, HINT, () => {
    hide();
    onHide();
  });

  /** A key on the screen must not take the focus, or the phone's keyboard would go. */
  const button = (label: string, name: string, press: (made: HTMLButtonElement) => void) => {
    const made = element(
      'button',
      {
        class: 'key',
        type: 'button',
        // Who speaks what is to be seen is understood, too.
        'aria-label': label === name || /^\W/.test(label) ? name : `${label}, ${name}`,
        onpointerdown: (event) => event.preventDefault(),
        onclick: () => press(made),
      },
      label,
    );
    return made;
  };

  const panel = element(
    'section',
    { class: 'key-panel', 'aria-label': 'Keyboard', hidden: true },
    element(
      'p',
      { class: 'hint', id: HINT },
      'What you type or paste here goes to the host. ',
      element('span', { class: 'for-keyboards' }, 'Tab leaves this field, Escape closes it.'),
    ),
    field,
    element(
      'div',
      { class: 'key-row' },
      ...MODIFIERS.map(([label, keyCode, name]) => {
        const made = button(label, name ?? label, () => {
          const isHeld = modifiers.toggle(keyCode, () =>
            made.setAttribute('aria-pressed', 'false'),
          );
          made.setAttribute('aria-pressed', String(isHeld));
        });
        made.setAttribute('aria-pressed', 'false');
        return made;
      }),
      button('Ctrl Alt Del', 'Control, Alt and Delete', () => {
        modifiers.combine(DELETE, MODIFIER.CTRL | MODIFIER.ALT);
      }),
      ...KEYS.map(([label, keyCode, name]) =>
        button(label, name ?? label, () => modifiers.press(keyCode)),
      ),
    ),
  );
  const hide = (): void => {
    panel.hidden = true;
    modifiers.release();
  };
  return {
    element: panel,
    toggle: () => {
      if (panel.hidden) {
        panel.hidden = false;
        field.focus();
      } else hide();
      return !panel.hidden;
    },
    hide,
  };
}
