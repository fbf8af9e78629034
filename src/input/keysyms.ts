/** What a keysym of X11 (`keysymdef.h`, `XF86keysym.h`) means to a host. */

/** `shift`: a US keyboard has the character behind the shift key; null: the key has no character. */
export type Keysym =
  | { readonly kind: 'key'; readonly keyCode: number; readonly shift: boolean | null }
  /** A character that no key of a US keyboard has. */
  | { readonly kind: 'text'; readonly text: string };

/** Keysyms of Unicode characters have this added. */
const UNICODE = 0x0100_0000;
const EURO_SIGN = 0x20ac;
const MULTIMEDIA = 0x1008_ff00;

/** The keysym of the first key of each run, and the virtual keys from there on; 0 is no key. */
const RUNS: readonly (readonly [number, readonly number[]])[] = [
  // Right alt as it is called where it is AltGr; a tab to the left.
  [0xfe03, [0xa5]],
  [0xfe20, [0x09]],
  // Backspace, tab, line feed, clear; return; pause, scroll lock, system request; escape.
  [0xff08, [0x08, 0x09, 0x0d, 0x0c, 0, 0x0d]],
  [0xff13, [0x13, 0x91, 0x2c]],
  [0xff1b, [0x1b]],
  // Kanji, muhenkan, henkan; hiragana, katakana, both; zenkaku/hankaku; hangul, hanja.
  [0xff21, [0x19, 0x1d, 0x1c, 0, 0x15, 0x15, 0x15]],
  [0xff2a, [0x19]],
  [0xff31, [0x15, 0, 0, 0x17]],
  // Home, left, up, right, down, page up, page down, end, begin.
  [0xff50, [0x24, 0x25, 0x26, 0x27, 0x28, 0x21, 0x22, 0x23, 0x0c]],
  // Select, print, execute, insert; menu; cancel, help, break.
  [0xff60, [0x29, 0x2c, 0x2b, 0x2d]],
  [0xff67, [0x5d]],
  [0xff69, [0x03, 0x2f, 0x03]],
  [0xff7f, [0x90]],
  // The keypad: space; tab; enter; F1 to F4; what its digits are without num lock.
  [0xff80, [0x20]],
  [0xff89, [0x09]],
  [0xff8d, [0x0d]],
  [0xff91, [0x70, 0x71, 0x72, 0x73]],
  [0xff95, [0x24, 0x25, 0x26, 0x27, 0x28, 0x21, 0x22, 0x23, 0x0c, 0x2d, 0x2e]],
  // Its operators, point and digits; its equal.
  [0xffaa, upTo(0x6a, 6)],
  [0xffb0, upTo(0x60, 10)],
  [0xffbd, [0x92]],
  // F1 to F24.
  [0xffbe, upTo(0x70, 24)],
  // Shift, control, caps and shift lock, meta, alt, super: left, then right.
  [0xffe1, [0xa0, 0xa1, 0xa2, 0xa3, 0x14, 0x14, 0x5b, 0x5c, 0xa4, 0xa5, 0x5b, 0x5c]],
  [0xffff, [0x2e]],
  // Volume down, mute, up; play, stop, previous, next; home page, mail; search; calculator.
  [MULTIMEDIA + 0x11, [0xae, 0xad, 0xaf, 0xb3, 0xb2, 0xb1, 0xb0, 0xac, 0xb4]],
  [MULTIMEDIA + 0x1b, [0xaa, 0, 0xb7]],
  // Back, forward, stop, refresh; sleep, favourites, pause, media, computer.
  [MULTIMEDIA + 0x26, [0xa6, 0xa7, 0xa9, 0xa8]],
  [MULTIMEDIA + 0x2f, [0x5f, 0xab, 0xb3, 0xb5, 0xb6]],
];

const KEYS: ReadonlyMap<number, number> = new Map(
  RUNS.flatMap(([first, keys]) =>
    keys
      .map((keyCode, index): [number, number] => [first + index, keyCode])
      .filter(([, keyCode]) => keyCode !== 0),
  ),
);

/** The keys of a US keyboard that have two characters: without shift, with it, the virtual key. */
const PAIRS: readonly (readonly [string, string, number])[] = [
  ...Array.from(
    '1!2@3#4$5%6^7&8*9(0)'.matchAll(/(.)(.)/g),
    ([, plain = '', shifted = '']): [string, string, number] => [
      plain,
      shifted,
      plain.charCodeAt(0),
    ],
  ),
  ...Array.from('abcdefghijklmnopqrstuvwxyz', (letter): [string, string, number] => {
    const upper = letter.toUpperCase();
    return [letter, upper, upper.charCodeAt(0)];
  }),
  [';', ':', 0xba],
  ['=', '+', 0xbb],
  [',', '<', 0xbc],
  ['-', '_', 0xbd],
  ['.', '>', 0xbe],
  ['/', '?', 0xbf],
  ['`', '~', 0xc0],
  ['[', '{', 0xdb],
  ['\\', '|', 0xdc],
  [']', '}', 0xdd],
  ["'", '"', 0xde],
];

const CHARACTERS: ReadonlyMap<string, Keysym> = new Map<string, Keysym>([
  [' ', { kind: 'key', keyCode: 0x20, shift: null }],
  ...PAIRS.flatMap(([plain, shifted, keyCode]): [string, Keysym][] => [
    [plain, { kind: 'key', keyCode, shift: false }],
    [shifted, { kind: 'key', keyCode, shift: true }],
  ]),
]);

/** @returns undefined for a keysym that means nothing to a host */
export function readKeysym(keysym: number): Keysym | undefined {
  const keyCode = KEYS.get(keysym);
  if (keyCode !== undefined) return { kind: 'key', keyCode, shift: null };
  const character = characterOf(keysym);
  if (character === undefined) return undefined;
  return CHARACTERS.get(character) ?? { kind: 'text', text: character };
}

/** The key of a US keyboard that has this character; undefined if none has. */
export function keyOfUsCharacter(character: string): Extract<Keysym, { kind: 'key' }> | undefined {
  const found = CHARACTERS.get(character);
  return found?.kind === 'key' ? found : undefined;
}

function characterOf(keysym: number): string | undefined {
  if (keysym === EURO_SIGN) return '€';
  const isLatin = keysym <= 0xff;
  const point = isLatin ? keysym : keysym - UNICODE;
  return isCharacter(point) ? String.fromCodePoint(point) : undefined;
}

/** Control characters and halves of surrogate pairs are none. */
function isCharacter(point: number): boolean {
  if (point < 0x20 || point > 0x10_ffff) return false;
  const isControl = point >= 0x7f && point <= 0x9f;
  const isSurrogate = point >= 0xd800 && point <= 0xdfff;
  return !isControl && !isSurrogate;
}

function upTo(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
