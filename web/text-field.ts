import { modifiersOf, virtualKey } from '../client/index.js';
import { element } from './dom.js';
import type { StickyModifiers } from './keyboard-input.js';

/** Keeps the field from being empty: phones do not report Backspace in an empty one. */
const SENTINEL = '\u200b';

const BACKSPACE = 0x08;
const ENTER = 0x0d;
const DELETE = 0x2e;

/** Edits that stand for a key. */
const EDIT_KEYS: Readonly<Record<string, number>> = {
  deleteContentBackward: BACKSPACE,
  deleteWordBackward: BACKSPACE,
  deleteContentForward: DELETE,
  insertLineBreak: ENTER,
  insertParagraph: ENTER,
};

/** Keys that belong to the page: by them the field can be left. */
const PAGE_KEYS = new Set(['Tab', 'F6', 'Escape']);

/**
 * A field whose text is sent to the host as it is written or pasted. It serves the keyboards of
 * phones and input methods, which compose words before they are final. Nothing in it is held: a key
 * is a whole press, together with the modifiers that its event reports.
 *
 * @param onLeave Escape was pressed
 */
export function textField(
  modifiers: StickyModifiers,
  describedBy: string,
  onLeave: () => void,
): HTMLTextAreaElement {
  const field = element('textarea', {
    class: 'text-field',
    rows: 1,
    'aria-label': 'Text for the host',
    'aria-describedby': describedBy,
    autocapitalize: 'off',
    autocomplete: 'off',
    spellcheck: 'false',
    enterkeyhint: 'enter',
  });
  const clear = (): void => {
    field.value = SENTINEL;
    field.setSelectionRange(1, 1);
  };

  field.addEventListener('focus', clear);
  field.addEventListener('blur', () => {
    field.value = '';
    modifiers.release();
  });
  field.addEventListener('beforeinput', (event) => {
    if (event.isComposing || event.inputType === 'insertCompositionText') return;
    const keyCode = EDIT_KEYS[event.inputType];
    const text = event.data ?? event.dataTransfer?.getData('text/plain') ?? '';
    if (keyCode !== undefined) modifiers.press(keyCode);
    else if (event.inputType.startsWith('insert') && text !== '') modifiers.type(text);
    event.preventDefault();
  });
  field.addEventListener('compositionend', ({ data }) => {
    if (data !== '') modifiers.type(data);
    clear();
  });
  // Keys that write nothing: arrows, combinations of a real keyboard.
  field.addEventListener('keydown', (event) => {
    if (event.isComposing || event.key === 'Process' || event.key === 'Unidentified') return;
    if (event.key === 'Escape') {
      event.preventDefault();
      onLeave();
    }
    if (PAGE_KEYS.has(event.key) || isPaste(event) || isWriting(event)) return;
    const keyCode = virtualKey(event);
    if (keyCode === undefined || Object.values(EDIT_KEYS).includes(keyCode)) return;
    event.preventDefault();
    if (!MODIFIERS.has(event.key)) modifiers.combine(keyCode, modifiersOf(event));
  });
  return field;
}

const MODIFIERS = new Set(['Alt', 'AltGraph', 'Control', 'Meta', 'OS', 'Shift']);

/** The browser pastes, and the pasted text is sent to the host. */
function isPaste(event: KeyboardEvent): boolean {
  if (event.key === 'Insert') return event.shiftKey;
  return (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'v';
}

/** A character, also one that needs AltGr, which is Ctrl and Alt under Windows. */
function isWriting(event: KeyboardEvent): boolean {
  if (event.key === 'Dead') return true;
  if (Array.from(event.key).length !== 1) return false;
  const isCommand = event.ctrlKey || event.metaKey;
  return !isCommand || (event.ctrlKey && event.altKey && /[^a-z0-9 ]/i.test(event.key));
}
