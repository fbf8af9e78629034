import { fieldEffect, type FieldEvent } from '../client/index.js';
import { element } from './dom.js';
import type { StickyModifiers } from './sticky-modifiers.js';

/** Keeps the field from being empty: phones do not report Backspace in an empty one. */
const SENTINEL = '\u200b';

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
  const follow = (event: Event, read: FieldEvent): void => {
    const { actions, prevents, clears } = fieldEffect(read);
    for (const action of actions) {
      if (action.type === 'text') modifiers.type(action.text);
      else if (action.type === 'key') modifiers.press(action.keyCode);
      else modifiers.combine(action.keyCode, action.modifiers);
    }
    if (prevents) event.preventDefault();
    if (clears) clear();
  };

  field.addEventListener('focus', clear);
  field.addEventListener('blur', () => {
    field.value = '';
    modifiers.release();
  });
  field.addEventListener('beforeinput', (event) => {
    const { inputType, isComposing } = event;
    const text = event.data ?? event.dataTransfer?.getData('text/plain') ?? '';
    follow(event, { type: 'beforeinput', inputType, isComposing, text });
  });
  field.addEventListener('compositionend', (event) => {
    follow(event, { type: 'compositionend', text: event.data });
  });
  // Keys that write nothing: arrows, combinations of a real keyboard.
  field.addEventListener('keydown', (event) => {
    const { code, key, shiftKey, ctrlKey, altKey, metaKey, isComposing } = event;
    const levels = { shiftKey, ctrlKey, altKey, metaKey };
    follow(event, { type: 'keydown', code, key, isComposing, ...levels });
    if (key === 'Escape' && !isComposing) onLeave();
  });
  return field;
}
