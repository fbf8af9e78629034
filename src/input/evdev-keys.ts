/** Virtual keys by the key codes of Linux (`input-event-codes.h`), by their place on a US keyboard. */

/** The code of the first key of each run, and the virtual keys from there on; 0 is no key. */
const RUNS: readonly (readonly [number, readonly number[]])[] = [
  // Escape, 1 to 0, minus, equal, backspace.
  [1, [0x1b, ...upTo(0x31, 9), 0x30, 0xbd, 0xbb, 0x08]],
  // Tab to enter; left control to the grave accent.
  [15, [0x09, ...letters('QWERTYUIOP'), 0xdb, 0xdd, 0x0d]],
  [29, [0xa2, ...letters('ASDFGHJKL'), 0xba, 0xde, 0xc0]],
  // Left shift to right shift; the keypad's asterisk, left alt, space, caps lock.
  [42, [0xa0, 0xdc, ...letters('ZXCVBNM'), 0xbc, 0xbe, 0xbf, 0xa1]],
  [55, [0x6a, 0xa4, 0x20, 0x14]],
  // F1 to F10, num lock, scroll lock.
  [59, [...upTo(0x70, 10), 0x90, 0x91]],
  // The keypad: 7 8 9 minus, 4 5 6 plus, 1 2 3, 0, point.
  [71, [...upTo(0x67, 3), 0x6d, ...upTo(0x64, 3), 0x6b, ...upTo(0x61, 3), 0x60, 0x6e]],
  // Zenkaku/hankaku, the key beside left shift, F11, F12.
  [85, [0x19, 0xe2, 0x7a, 0x7b]],
  // Ro, katakana, hiragana, henkan, katakana/hiragana, muhenkan, the keypad's comma.
  [89, [0xe2, 0x15, 0x15, 0x1c, 0x15, 0x1d, 0x6c]],
  // The keypad's enter, right control, the keypad's slash, print, right alt.
  [96, [0x0d, 0xa3, 0x6f, 0x2c, 0xa5]],
  // Home, up, page up, left, right, end, down, page down, insert, delete.
  [102, [0x24, 0x26, 0x21, 0x25, 0x27, 0x23, 0x28, 0x22, 0x2d, 0x2e]],
  // Mute, volume down and up; the keypad's equal; pause; the keypad's comma.
  [113, [0xad, 0xae, 0xaf]],
  [117, [0x92, 0, 0x13]],
  [121, [0x6c]],
  // Hangul, hanja, yen, left and right meta, menu, stop.
  [122, [0x15, 0x17, 0xdc, 0x5b, 0x5c, 0x5d, 0xa9]],
  // Help, menu, calculator; sleep.
  [138, [0x2f, 0x5d, 0xb7, 0, 0x5f]],
  // Mail, bookmarks, computer, back, forward.
  [155, [0xb4, 0xab, 0xb6, 0xa6, 0xa7]],
  // Next, play or pause, previous, stop.
  [163, [0xb0, 0xb3, 0xb1, 0xb2]],
  // Home page, refresh.
  [172, [0xac, 0xa8]],
  // F13 to F24.
  [183, upTo(0x7c, 12)],
  // Play, pause; play; print; mail; search; cancel; media.
  [200, [0xb3, 0xb3]],
  [207, [0xb3]],
  [210, [0x2a]],
  [215, [0xb4]],
  [217, [0xaa]],
  [223, [0x03]],
  [226, [0xb5]],
  // Select; clear.
  [0x161, [0x29, 0, 0x0c]],
];

const VIRTUAL_KEYS: ReadonlyMap<number, number> = new Map(
  RUNS.flatMap(([first, keys]) =>
    keys
      .map((keyCode, index): [number, number] => [first + index, keyCode])
      .filter(([, keyCode]) => keyCode !== 0),
  ),
);

/** @returns undefined for a key that has no virtual key */
export function virtualKeyOfEvdev(code: number): number | undefined {
  return VIRTUAL_KEYS.get(code);
}

function upTo(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

function letters(names: string): number[] {
  return Array.from(names, (name) => name.charCodeAt(0));
}
