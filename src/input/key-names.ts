/**
 * Keys by the names that browsers and people give them: `KeyboardEvent.code` and `key`, characters of
 * a US keyboard, and usual short forms.
 */
import { keyOfUsCharacter } from './keysyms.js';

const SHIFT_LEFT = 0xa0;

/** Virtual keys by `KeyboardEvent.code`, as the browser's client sends them. */
const BY_CODE: Readonly<Record<string, number>> = {
  ...run('Key', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 0x41),
  ...run('Digit', '0123456789', 0x30),
  ...run('Numpad', '0123456789', 0x60),
  ...Object.fromEntries(Array.from({ length: 24 }, (_, index) => [`F${index + 1}`, 0x70 + index])),
  ...{ Backspace: 0x08, Tab: 0x09, Enter: 0x0d, Pause: 0x13, CapsLock: 0x14, Escape: 0x1b },
  ...{ Space: 0x20, PageUp: 0x21, PageDown: 0x22, End: 0x23, Home: 0x24 },
  ...{ ArrowLeft: 0x25, ArrowUp: 0x26, ArrowRight: 0x27, ArrowDown: 0x28 },
  ...{ PrintScreen: 0x2c, Insert: 0x2d, Delete: 0x2e, ContextMenu: 0x5d },
  ...{ MetaLeft: 0x5b, MetaRight: 0x5c, ShiftLeft: SHIFT_LEFT, ShiftRight: 0xa1 },
  ...{ ControlLeft: 0xa2, ControlRight: 0xa3, AltLeft: 0xa4, AltRight: 0xa5 },
  ...{ NumpadEnter: 0x0d, NumpadMultiply: 0x6a, NumpadAdd: 0x6b, NumpadComma: 0x6c },
  ...{ NumpadSubtract: 0x6d, NumpadDecimal: 0x6e, NumpadDivide: 0x6f, NumpadEqual: 0x92 },
  ...{ NumLock: 0x90, ScrollLock: 0x91, Convert: 0x1c, NonConvert: 0x1d, KanaMode: 0x15 },
  ...{ Semicolon: 0xba, Equal: 0xbb, Comma: 0xbc, Minus: 0xbd, Period: 0xbe, Slash: 0xbf },
  ...{ Backquote: 0xc0, BracketLeft: 0xdb, Backslash: 0xdc, BracketRight: 0xdd, Quote: 0xde },
  ...{ IntlBackslash: 0xe2, IntlRo: 0xe2, IntlYen: 0xdc, Lang1: 0x15, Lang2: 0x17 },
  ...{ AudioVolumeMute: 0xad, AudioVolumeDown: 0xae, AudioVolumeUp: 0xaf },
  ...{ MediaTrackNext: 0xb0, MediaTrackPrevious: 0xb1, MediaStop: 0xb2, MediaPlayPause: 0xb3 },
  ...{ BrowserBack: 0xa6, BrowserForward: 0xa7, BrowserRefresh: 0xa8, BrowserStop: 0xa9 },
  ...{ BrowserSearch: 0xaa, BrowserFavorites: 0xab, BrowserHome: 0xac, LaunchMail: 0xb4 },
};

/** What else they are called, in lower case. */
const OTHERS: Readonly<Record<string, string>> = {
  ...{ shift: 'ShiftLeft', control: 'ControlLeft', ctrl: 'ControlLeft', alt: 'AltLeft' },
  ...{ option: 'AltLeft', altgraph: 'AltRight', altgr: 'AltRight', meta: 'MetaLeft' },
  ...{ super: 'MetaLeft', win: 'MetaLeft', windows: 'MetaLeft', cmd: 'MetaLeft' },
  ...{ command: 'MetaLeft', os: 'MetaLeft', return: 'Enter', esc: 'Escape', del: 'Delete' },
  ...{ ins: 'Insert', spacebar: 'Space', pgup: 'PageUp', pgdn: 'PageDown', menu: 'ContextMenu' },
  ...{ up: 'ArrowUp', down: 'ArrowDown', left: 'ArrowLeft', right: 'ArrowRight' },
};

const CODES: ReadonlyMap<string, number> = new Map([
  ...Object.entries(BY_CODE).map(([name, code]): [string, number] => [name.toLowerCase(), code]),
  ...Object.entries(OTHERS).map(([name, code]): [string, number] => [name, BY_CODE[code] ?? 0]),
]);

/**
 * The virtual keys that have to be pressed, one after the other.
 *
 * @returns undefined for a name that no key has; for a character that a US keyboard lacks, too
 */
export function keysOfName(name: string): number[] | undefined {
  const character = name.length === 1 ? keyOfUsCharacter(name) : undefined;
  if (character !== undefined) {
    return character.shift === true ? [SHIFT_LEFT, character.keyCode] : [character.keyCode];
  }
  const code = CODES.get(name.toLowerCase());
  return code === undefined ? undefined : [code];
}

function run(prefix: string, names: string, first: number): Record<string, number> {
  return Object.fromEntries(Array.from(names, (name, index) => [prefix + name, first + index]));
}
