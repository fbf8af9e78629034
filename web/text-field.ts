import { virtualKey } from '../client/index.js';
import { element } from './dom.js';
import type { StickyModifiers } from './keyboard-input.js';
import type { ViewerInput } from '../client/index.js';

/** Keeps the field from being empty: phones do not tell of Backspace in an empty one. */
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

/**
 * A field whose text goes to the host as it is written: for the keyboards of phones and for
 * input methods, which compose words before they are final.
 */
export function textField(input: ViewerInput, modifiers: StickyModifiers): HTMLTextAreaElement {
  const field = element('textarea', {
    class: 'text-field',
    rows: 1,
    'aria-label': 'Text for the host',
    placeholder: 'Type here',
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
    input.releaseAll();
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
  // Keys that write nothing: arrows, Escape, combinations of a real keyboard.
  field.addEventListener('keydown', (event) => {
    if (event.isComposing || event.key === 'Process' || event.key === 'Unidentified') return;
    const writes = event.key.length === 1 && !event.ctrlKey && !event.metaKey;
    const keyCode = virtualKey(event);
    if (writes || keyCode === undefined || Object.values(EDIT_KEYS).includes(keyCode)) return;
    event.preventDefault();
    input.keyDown(keyCode, 0);
  });
  field.addEventListener('keyup', (event) => {
    const keyCode = virtualKey(event);
    if (keyCode !== undefined) input.keyUp(keyCode, 0);
  });
  return field;
}
