import { modifiersOf, virtualKey, type KeyLike } from './keys.js';

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

const MODIFIERS = new Set(['Alt', 'AltGraph', 'Control', 'Meta', 'OS', 'Shift']);

/** What is read of the events of a text field. */
export type FieldEvent =
  | {
      readonly type: 'beforeinput';
      readonly inputType: string;
      /** What is inserted, or pasted. */
      readonly text: string;
      readonly isComposing: boolean;
    }
  | { readonly type: 'compositionend'; readonly text: string }
  | (KeyLike & { readonly type: 'keydown'; readonly isComposing: boolean });

/** What the host shall be sent: text, a key, or a key that is pressed with modifiers. */
export type FieldAction =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'key'; readonly keyCode: number }
  | { readonly type: 'combination'; readonly keyCode: number; readonly modifiers: number };

export interface FieldEffect {
  readonly actions: readonly FieldAction[];
  /** The browser must not do what it would do. */
  readonly prevents: boolean;
  /** The field is to be as it was. */
  readonly clears: boolean;
}

const NOTHING: FieldEffect = { actions: [], prevents: false, clears: false };

/**
 * What an event of a text field means for the host. The keyboards of phones and input methods compose
 * words there, and report their keys badly or not at all. So text comes from edits, and keys only
 * where they write nothing. Pure.
 */
export function fieldEffect(event: FieldEvent): FieldEffect {
  if (event.type === 'compositionend') {
    return { actions: textActions(event.text), prevents: false, clears: true };
  }
  if (event.type === 'beforeinput') return editEffect(event);
  // Its result comes as text.
  if (event.isComposing || event.key === 'Process' || event.key === 'Unidentified') return NOTHING;
  if (PAGE_KEYS.has(event.key) || isPaste(event) || isWriting(event)) {
    return { ...NOTHING, prevents: event.key === 'Escape' };
  }
  const keyCode = virtualKey(event);
  // Edits tell of these, on every keyboard.
  if (keyCode === undefined || Object.values(EDIT_KEYS).includes(keyCode)) return NOTHING;
  const modifiers = modifiersOf(event);
  const isModifier = MODIFIERS.has(event.key);
  const actions: FieldAction[] = isModifier ? [] : [{ type: 'combination', keyCode, modifiers }];
  return { actions, prevents: true, clears: false };
}

function editEffect({
  inputType,
  text,
  isComposing,
}: Extract<FieldEvent, { type: 'beforeinput' }>): FieldEffect {
  if (isComposing || inputType === 'insertCompositionText') return NOTHING;
  const keyCode = EDIT_KEYS[inputType];
  if (keyCode !== undefined) {
    return { actions: [{ type: 'key', keyCode }], prevents: true, clears: false };
  }
  const actions = inputType.startsWith('insert') ? textActions(text) : [];
  return { actions, prevents: true, clears: false };
}

function textActions(text: string): FieldAction[] {
  return text === '' ? [] : [{ type: 'text', text }];
}

/** The browser pastes, and the pasted text is sent to the host. */
function isPaste(event: KeyLike): boolean {
  if (event.key === 'Insert') return event.shiftKey;
  return (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'v';
}

/** A character, also one that needs AltGr, which is Ctrl and Alt under Windows. */
function isWriting(event: KeyLike): boolean {
  if (event.key === 'Dead') return true;
  if (Array.from(event.key).length !== 1) return false;
  const isCommand = event.ctrlKey || event.metaKey;
  return !isCommand || (event.ctrlKey && event.altKey && /[^a-z0-9 ]/i.test(event.key));
}
