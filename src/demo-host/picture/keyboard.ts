/** The keyboard of the picture: US positions, Windows virtual keys. */

export interface Key {
  readonly label: string;
  /** Virtual keys that light it; the generic code of a modifier lights both sides. */
  readonly codes: readonly number[];
  readonly row: number;
  /** In units of a letter key. */
  readonly left: number;
  readonly width: number;
}

/** Units of a row. */
export const KEYBOARD_UNITS = 15;
export const KEYBOARD_ROWS = 6;

type Cap = readonly [label: string, width: number, ...codes: number[]];

const letters = (text: string): Cap[] => Array.from(text, (c): Cap => [c, 1, c.charCodeAt(0)]);

const PUNCTUATION: Readonly<Record<string, readonly [code: number, shifted: string]>> = {
  '`': [0xc0, '~'],
  '-': [0xbd, '_'],
  '=': [0xbb, '+'],
  '[': [0xdb, '{'],
  ']': [0xdd, '}'],
  '\\': [0xdc, '|'],
  ';': [0xba, ':'],
  "'": [0xde, '"'],
  ',': [0xbc, '<'],
  '.': [0xbe, '>'],
  '/': [0xbf, '?'],
};
const SHIFTED_DIGITS = ')!@#$%^&*(';

const mark = (label: string, width = 1): Cap => [label, width, PUNCTUATION[label]?.[0] ?? 0];

const ROWS: readonly (readonly Cap[])[] = [
  [
    ['Esc', 1.5, 0x1b],
    ...Array.from({ length: 12 }, (_, index): Cap => [`F${index + 1}`, 1, 0x70 + index]),
    ['Del', 1.5, 0x2e],
  ],
  [mark('`'), ...letters('1234567890'), mark('-'), mark('='), ['←', 2, 0x08]],
  [['Tab', 1.5, 0x09], ...letters('QWERTYUIOP'), mark('['), mark(']'), mark('\\', 1.5)],
  [['Caps', 1.75, 0x14], ...letters('ASDFGHJKL'), mark(';'), mark("'"), ['Enter', 2.25, 0x0d]],
  [
    ['Shift', 2.25, 0xa0, 0x10],
    ...letters('ZXCVBNM'),
    mark(','),
    mark('.'),
    mark('/'),
    ['Shift', 1.75, 0xa1, 0x10],
    ['↑', 1, 0x26],
  ],
  [
    ['Ctrl', 1.5, 0xa2, 0x11],
    ['Meta', 1.25, 0x5b],
    ['Alt', 1.25, 0xa4, 0x12],
    ['', 5.5, 0x20],
    ['Alt', 1.25, 0xa5, 0x12],
    ['Ctrl', 1.25, 0xa3, 0x11],
    ['←', 1, 0x25],
    ['↓', 1, 0x28],
    ['→', 1, 0x27],
  ],
];

export const KEYS: readonly Key[] = ROWS.flatMap((caps, row) => {
  let left = 0;
  return caps.map(([label, width, ...codes]): Key => {
    const key = { label, codes, row, left, width };
    left += width;
    return key;
  });
});

/** Codes that have a key in the picture. */
export const SHOWN_CODES: ReadonlySet<number> = new Set(KEYS.flatMap(({ codes }) => codes));

/** The text of a key on a US keyboard; undefined without one. */
export function typedCharacter(code: number, shifted: boolean): string | undefined {
  if (code === 0x20) return ' ';
  const character = String.fromCharCode(code);
  if (code >= 0x41 && code <= 0x5a) return shifted ? character : character.toLowerCase();
  if (code >= 0x30 && code <= 0x39) return shifted ? SHIFTED_DIGITS[code - 0x30] : character;
  if (code >= 0x60 && code <= 0x69) return String(code - 0x60);
  const found = Object.entries(PUNCTUATION).find(([, [vk]]) => vk === code);
  return found && (shifted ? found[1][1] : found[0]);
}
