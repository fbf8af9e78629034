import { modifiersOf, virtualKey, type KeyLike } from './keys.js';

/** Systems whose browsers report some keys in a way of their own. */
export type Platform = 'mac' | 'windows' | 'other';

/** @param userAgent as `navigator.userAgent` gives it */
export function platformOf(userAgent: string): Platform {
  if (/Mac|iPhone|iPad/.test(userAgent)) return 'mac';
  return userAgent.includes('Windows') ? 'windows' : 'other';
}

/** The modifiers that every keyboard and mouse event reports. */
export interface ModifierLevels {
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
  readonly getModifierState?: (name: string) => boolean;
}

/** What is read of a `KeyboardEvent`. */
export interface KeyEvent extends KeyLike, ModifierLevels {
  /** `keydown` or `keyup`. */
  readonly type: string;
  readonly location?: number;
  readonly repeat?: boolean;
  readonly isComposing?: boolean;
  readonly keyCode?: number;
}

/** What the host shall be sent. */
export type KeyAction =
  | {
      readonly type: 'key';
      readonly down: boolean;
      /** Windows virtual key. */
      readonly keyCode: number;
      /** Shift 1, ctrl 2, alt 4, meta 8: as the event reports them, without those of AltGr. */
      readonly modifiers: number;
    }
  | { readonly type: 'text'; readonly text: string };

/** Milliseconds that a left Ctrl waits for the AltGr that it may belong to. */
export const CTRL_DELAY_MS = 50;

const MODIFIER_NAMES = ['Shift', 'Control', 'Alt', 'Meta', 'AltGraph'] as const;
type Modifier = (typeof MODIFIER_NAMES)[number];

/** Left and right. */
const MODIFIER_KEYS: Readonly<Record<Modifier, readonly [number, number]>> = {
  Shift: [0xa0, 0xa1],
  Control: [0xa2, 0xa3],
  Alt: [0xa4, 0xa5],
  Meta: [0x5b, 0x5c],
  AltGraph: [0xa5, 0xa5],
};

const LEVELS: Readonly<Record<Modifier, (event: ModifierLevels) => boolean>> = {
  Shift: ({ shiftKey }) => shiftKey,
  Control: ({ ctrlKey }) => ctrlKey,
  Alt: ({ altKey }) => altKey,
  Meta: ({ metaKey }) => metaKey,
  AltGraph: (event) => event.getModifierState?.('AltGraph') ?? false,
};

/** `KeyboardEvent.key` if the browser has no name. */
const NAMELESS = new Set(['', 'Unidentified', 'Process']);

/** `KeyboardEvent.location` of the right one of two. */
const RIGHT = 2;

const CTRL = 2;
const CAPS_LOCK = 0x14;
const PRINT_SCREEN = 0x2c;

/** The key of an event that an input method has taken. */
const PROCESS = 229;

/**
 * Keys that switch a mode when they go down. Korean and Japanese keyboards under Windows do not
 * report their way up, or report it with the next press.
 */
const SWITCHES = new Set([
  'Alphanumeric',
  'CodeInput',
  'Eisu',
  'FinalMode',
  'HangulMode',
  'HanjaMode',
  'Hankaku',
  'Hiragana',
  'HiraganaKatakana',
  'JunjaMode',
  'KanaMode',
  'KanjiMode',
  'Katakana',
  'Romaji',
  'Zenkaku',
  'ZenkakuHankaku',
]);
const SWITCH_CODES = new Set(['Lang1', 'Lang2', 'Lang3', 'Lang4', 'Lang5', 'KanaMode']);

interface HeldKey {
  readonly keyCode: number;
  readonly modifier: Modifier | undefined;
  /** Went down while Meta was held: its way up may never be reported. */
  readonly isUnderMeta: boolean;
}

/**
 * Turns a browser's key events into those of the host's keyboard. Edges get lost: the system takes
 * a shortcut for itself, another window has the focus. So held keys are checked against the
 * modifiers that every event reports. Keys that a platform reports by one edge are whole presses.
 * Pure: it has no clock and sends nothing.
 */
export class Keyboard {
  readonly #platform: Platform;
  /** By physical key. */
  readonly #held = new Map<string, HeldKey>();
  /** A left Ctrl that may be the beginning of AltGr. */
  #delayed: { readonly id: string; readonly key: HeldKey } | undefined;
  /** This browser reports AltGr among its modifiers, so that its absence means something. */
  #reportsAltGraph = false;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** Virtual keys that the host shall hold. */
  get held(): readonly number[] {
    return [...new Set([...this.#held.values()].map(({ keyCode }) => keyCode))];
  }

  /** A left Ctrl waits; call {@link settle} after {@link CTRL_DELAY_MS}. */
  get isDelaying(): boolean {
    return this.#delayed !== undefined;
  }

  /** AltGr is down, by what was pressed or by what this event reports. */
  isAltGraph(event: ModifierLevels): boolean {
    return LEVELS.AltGraph(event) || this.#holds('AltGraph');
  }

  /**
   * A key that is down already is given again when it repeats. The caller knows whether the host
   * has received it.
   */
  take(event: KeyEvent): KeyAction[] {
    const isDown = event.type === 'keydown';
    const modifier = modifierOf(event);
    const isPlaced = event.code !== '' && event.code !== 'Unidentified';
    const id = isPlaced ? event.code : `vk${virtualKey(event) ?? 0}`;
    const actions = this.#decide(event, isDown, id, modifier);
    actions.push(...this.#follow(event, isDown ? modifier : undefined));
    actions.push(...(isDown ? this.#down(event, id, modifier) : this.#up(event, id)));
    return actions;
  }

  /** @returns the release of the modifiers that an event, e.g. of the mouse, reports as up */
  follow(event: ModifierLevels): KeyAction[] {
    if (this.#delayed !== undefined && !event.ctrlKey) this.#delayed = undefined;
    return [...this.settle(), ...this.#follow(event)];
  }

  /** The left Ctrl that waited was one. */
  settle(): KeyAction[] {
    const delayed = this.#delayed;
    if (delayed === undefined) return [];
    this.#delayed = undefined;
    this.#held.set(delayed.id, delayed.key);
    return [{ type: 'key', down: true, keyCode: delayed.key.keyCode, modifiers: CTRL }];
  }

  /** The host was asked to release everything, or never received a press. */
  reset(): void {
    this.#held.clear();
    this.#delayed = undefined;
  }

  /** What a left Ctrl that waits was. */
  #decide(event: KeyEvent, isDown: boolean, id: string, modifier?: Modifier): KeyAction[] {
    if (this.#delayed === undefined) return [];
    const isOwn = this.#delayed.id === id;
    if (isOwn && isDown) return [];
    const isAltGraphs = isDown && modifier === 'AltGraph';
    if (isAltGraphs || (!isOwn && !event.ctrlKey)) this.#delayed = undefined;
    return this.settle();
  }

  #down(event: KeyEvent, id: string, modifier?: Modifier): KeyAction[] {
    if (event.isComposing === true || event.key === 'Process' || event.keyCode === PROCESS) {
      // Its result comes as text.
      return [];
    }
    const keyCode = modifier === undefined ? virtualKey(event) : sided(modifier, event);
    const modifiers = this.#modifiers(event, modifier === 'AltGraph');
    if (keyCode === undefined) {
      return Array.from(event.key).length === 1 ? [{ type: 'text', text: event.key }] : [];
    }
    const isRepeat = event.repeat === true;
    const isUnderMeta = event.metaKey;
    if (modifier === undefined) {
      if (SWITCHES.has(event.key) || SWITCH_CODES.has(event.code) || this.#isLock(keyCode)) {
        return isRepeat ? [] : press(keyCode, modifiers);
      }
      // Only the press is reported while Command is held.
      if (this.#platform === 'mac' && isUnderMeta && !this.#held.has(id)) {
        return press(keyCode, modifiers);
      }
    }
    if (this.#platform === 'windows' && keyCode === MODIFIER_KEYS.Control[0]) {
      if (!this.#held.has(id)) {
        if (!isRepeat || !this.#holds('AltGraph')) {
          this.#delayed = { id, key: { keyCode, modifier, isUnderMeta } };
        }
        return [];
      }
    }
    this.#held.set(id, { keyCode, modifier, isUnderMeta });
    return [{ type: 'key', down: true, keyCode, modifiers }];
  }

  #up(event: KeyEvent, id: string): KeyAction[] {
    const modifiers = this.#modifiers(event, false);
    if (this.#held.has(id)) return this.#release([id], modifiers);
    const keyCode = virtualKey(event);
    // macOS reports the lock going off as its key going up, Windows only the end of PrintScreen.
    const isWhole =
      keyCode !== undefined &&
      (this.#isLock(keyCode) || (this.#platform === 'windows' && keyCode === PRINT_SCREEN));
    return isWhole && modifierOf(event) === undefined ? press(keyCode, modifiers) : [];
  }

  /** @param own a modifier whose own press the event is: some platforms report it one late */
  #follow(event: ModifierLevels, own?: Modifier): KeyAction[] {
    if (LEVELS.AltGraph(event)) this.#reportsAltGraph = true;
    const gone = [...this.#held].filter(
      ([, { modifier }]) =>
        modifier !== undefined && modifier !== own && !this.#isDown(event, modifier),
    );
    return this.#release(
      gone.map(([id]) => id),
      this.#modifiers(event, own === 'AltGraph'),
    );
  }

  #isDown(event: ModifierLevels, modifier: Modifier): boolean {
    if (LEVELS[modifier](event)) return true;
    if (modifier === 'AltGraph') return event.altKey || !this.#reportsAltGraph;
    // A character typed with AltGr takes the Ctrl and Alt that AltGr is under Windows.
    const isTaken = this.#platform === 'windows' && LEVELS.AltGraph(event);
    return isTaken && (modifier === 'Control' || modifier === 'Alt');
  }

  /** Lets go of keys, and of those that their modifier has hidden from us. */
  #release(ids: readonly string[], modifiers: number): KeyAction[] {
    const going = new Set(ids);
    const isMetaGoing = ids.some((id) => this.#held.get(id)?.modifier === 'Meta');
    for (const [id, { modifier, isUnderMeta }] of this.#held) {
      if (!isMetaGoing || modifier !== undefined) continue;
      // macOS hides every key that is released meanwhile, others those of their own shortcuts.
      if (this.#platform === 'mac' || isUnderMeta) going.add(id);
    }
    const keys = [...this.#held].filter(([id]) => going.has(id));
    for (const id of going) this.#held.delete(id);
    const codes = new Set(
      // Modifiers go last, so that nothing turns into another character on the way.
      [...keys.filter(([, key]) => !key.modifier), ...keys.filter(([, key]) => key.modifier)].map(
        ([, { keyCode }]) => keyCode,
      ),
    );
    const stay = this.held;
    return [...codes]
      .filter((keyCode) => !stay.includes(keyCode))
      .map((keyCode) => ({ type: 'key', down: false, keyCode, modifiers }));
  }

  #isLock(keyCode: number): boolean {
    return this.#platform === 'mac' && keyCode === CAPS_LOCK;
  }

  #holds(modifier: Modifier): boolean {
    return [...this.#held.values()].some((key) => key.modifier === modifier);
  }

  /** Under Windows, AltGr is reported as a Ctrl that was not pressed. */
  #modifiers(event: ModifierLevels, isAltGraph: boolean): number {
    const isItsCtrl =
      this.#platform === 'windows' &&
      (isAltGraph || this.isAltGraph(event)) &&
      !this.#holds('Control');
    return modifiersOf(event) & (isItsCtrl ? ~CTRL : ~0);
  }
}

function press(keyCode: number, modifiers: number): KeyAction[] {
  return [true, false].map((down) => ({ type: 'key', down, keyCode, modifiers }));
}

/**
 * Which modifier a key is. Its position and its name may differ. A keyboard may be set up so that
 * CapsLock is Control, and X11 calls Alt with Shift Meta. The modifiers that the event itself
 * reports decide.
 */
function modifierOf(event: KeyEvent): Modifier | undefined {
  const { code, key } = event;
  const named = key === 'OS' ? 'Meta' : MODIFIER_NAMES.find((name) => name === key);
  const placed = code.startsWith('OS')
    ? 'Meta'
    : MODIFIER_NAMES.find((name) => code === `${name}Left` || code === `${name}Right`);
  if (named === 'AltGraph' || placed === undefined || named === placed) return named;
  if (named === undefined && NAMELESS.has(key)) return placed;
  if (LEVELS[placed](event)) return placed;
  return named !== undefined && !LEVELS[named](event) ? placed : named;
}

function sided(modifier: Modifier, { code, location }: KeyEvent): number {
  const [left, right] = MODIFIER_KEYS[modifier];
  return code.endsWith('Right') || location === RIGHT ? right : left;
}
