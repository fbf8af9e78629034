/** Windows virtual keys by `KeyboardEvent.code` (US positions), as hosts expect them. */
const BY_CODE: Readonly<Record<string, number>> = {
  ...range('Key', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 0x41),
  ...range('Digit', '0123456789', 0x30),
  ...range('Numpad', '0123456789', 0x60),
  ...Object.fromEntries(Array.from({ length: 24 }, (_, n) => [`F${n + 1}`, 0x70 + n])),
  Backspace: 0x08,
  Tab: 0x09,
  NumpadClear: 0x0c,
  Enter: 0x0d,
  NumpadEnter: 0x0d,
  Pause: 0x13,
  CapsLock: 0x14,
  KanaMode: 0x15,
  Lang1: 0x15,
  Lang2: 0x17,
  Escape: 0x1b,
  Convert: 0x1c,
  NonConvert: 0x1d,
  Space: 0x20,
  PageUp: 0x21,
  PageDown: 0x22,
  End: 0x23,
  Home: 0x24,
  ArrowLeft: 0x25,
  ArrowUp: 0x26,
  ArrowRight: 0x27,
  ArrowDown: 0x28,
  Select: 0x29,
  PrintScreen: 0x2c,
  Insert: 0x2d,
  Delete: 0x2e,
  Help: 0x2f,
  MetaLeft: 0x5b,
  OSLeft: 0x5b,
  MetaRight: 0x5c,
  OSRight: 0x5c,
  ContextMenu: 0x5d,
  Sleep: 0x5f,
  NumpadMultiply: 0x6a,
  NumpadAdd: 0x6b,
  NumpadComma: 0x6c,
  NumpadSubtract: 0x6d,
  NumpadDecimal: 0x6e,
  NumpadDivide: 0x6f,
  NumLock: 0x90,
  ScrollLock: 0x91,
  NumpadEqual: 0x92,
  ShiftLeft: 0xa0,
  ShiftRight: 0xa1,
  ControlLeft: 0xa2,
  ControlRight: 0xa3,
  AltLeft: 0xa4,
  AltRight: 0xa5,
  BrowserBack: 0xa6,
  BrowserForward: 0xa7,
  BrowserRefresh: 0xa8,
  BrowserStop: 0xa9,
  BrowserSearch: 0xaa,
  BrowserFavorites: 0xab,
  BrowserHome: 0xac,
  AudioVolumeMute: 0xad,
  VolumeMute: 0xad,
  AudioVolumeDown: 0xae,
  VolumeDown: 0xae,
  AudioVolumeUp: 0xaf,
  VolumeUp: 0xaf,
  MediaTrackNext: 0xb0,
  MediaTrackPrevious: 0xb1,
  MediaStop: 0xb2,
  MediaPlayPause: 0xb3,
  LaunchMail: 0xb4,
  MediaSelect: 0xb5,
  LaunchApp1: 0xb6,
  LaunchApp2: 0xb7,
  Semicolon: 0xba,
  Equal: 0xbb,
  Comma: 0xbc,
  Minus: 0xbd,
  Period: 0xbe,
  Slash: 0xbf,
  Backquote: 0xc0,
  IntlYen: 0xdc,
  BracketLeft: 0xdb,
  Backslash: 0xdc,
  BracketRight: 0xdd,
  Quote: 0xde,
  IntlBackslash: 0xe2,
  IntlRo: 0xe2,
};

/** For keyboards that report no position, e.g. one on a screen. */
const BY_KEY: Readonly<Record<string, number>> = {
  ' ': 0x20,
  Alt: 0xa4,
  AltGraph: 0xa5,
  Clear: 0x0c,
  Control: 0xa2,
  Meta: 0x5b,
  Shift: 0xa0,
};

/** Bits of the wire (signaling.md c.1). */
export const MODIFIER = { SHIFT: 1, CTRL: 2, ALT: 4, META: 8 } as const;

/** What is read of a `KeyboardEvent`. */
export interface KeyLike {
  readonly code: string;
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

/** @returns undefined for a key that has no virtual key */
export function virtualKey({ code, key }: Pick<KeyLike, 'code' | 'key'>): number | undefined {
  return own(BY_CODE, code) ?? own(BY_CODE, key) ?? own(BY_KEY, key);
}

export function modifiersOf(event: Omit<KeyLike, 'code' | 'key'>): number {
  return (
    (event.shiftKey ? MODIFIER.SHIFT : 0) |
    (event.ctrlKey ? MODIFIER.CTRL : 0) |
    (event.altKey ? MODIFIER.ALT : 0) |
    (event.metaKey ? MODIFIER.META : 0)
  );
}

const MODIFIER_BITS: ReadonlyMap<number, number> = new Map([
  [0xa0, MODIFIER.SHIFT],
  [0xa1, MODIFIER.SHIFT],
  [0xa2, MODIFIER.CTRL],
  [0xa3, MODIFIER.CTRL],
  [0xa4, MODIFIER.ALT],
  [0xa5, MODIFIER.ALT],
  [0x5b, MODIFIER.META],
  [0x5c, MODIFIER.META],
]);

/** @returns the bit of a virtual key that is a modifier, 0 for any other */
export function modifierBit(keyCode: number): number {
  return MODIFIER_BITS.get(keyCode) ?? 0;
}

/** The key of an unshifted ASCII letter, digit or space, for combinations typed as text. */
export function keyOfCharacter(character: string): number | undefined {
  return /^[a-z0-9 ]$/i.test(character) ? character.toUpperCase().charCodeAt(0) : undefined;
}

function own(table: Readonly<Record<string, number>>, name: string): number | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function range(prefix: string, names: string, first: number): Record<string, number> {
  return Object.fromEntries(Array.from(names, (name, n) => [prefix + name, first + n]));
}

/** @returns the `KeyboardEvent.code` of a virtual key, the first if there are several */
export function codeOfKey(keyCode: number): string | undefined {
  return Object.entries(BY_CODE).find(([, known]) => known === keyCode)?.[0];
}
