import type { HostInput } from '../moonlight/types.js';
import { HeldUnion } from './held-union.js';
import { Muted } from './muted.js';
import type { ViewerInput } from './viewer-input.js';

type KeyEvent = Extract<ViewerInput, { type: 'key' }>;

const SHIFT = 1;
const CTRL = 2;
const ALT = 4;
const META = 8;

const RIGHT_ALT = 0xa5;

/** Virtual keys that are modifiers, generic, left and right, and their bits. */
const MODIFIER_BITS: ReadonlyMap<number, number> = new Map([
  [0x10, SHIFT],
  [0xa0, SHIFT],
  [0xa1, SHIFT],
  [0x11, CTRL],
  [0xa2, CTRL],
  [0xa3, CTRL],
  [0x12, ALT],
  [0xa4, ALT],
  [RIGHT_ALT, ALT],
  [0x5b, META],
  [0x5c, META],
]);

/** Milliseconds after which AltGr is up again, unless an event shows that it is held. */
const ALT_GRAPH_AGE_MS = 10_000;

/** What is known of a modifier that a viewer holds. */
interface HeldModifier {
  /** An event has shown its bit: the viewer's events show whether it is held. */
  shown: boolean;
  /** When it was pressed, or repeated. */
  at: number;
}

/**
 * The one keyboard of the host, on which all viewers type. Presses and releases show what a viewer
 * holds, but some of them get lost: with the focus, or because the system keeps them for itself. So
 * the modifiers of each event, which are levels, correct the earlier belief.
 */
export class Keys {
  readonly #held = new HeldUnion();
  readonly #muted = new Muted();
  /** Viewers whose clients state what they hold. */
  readonly #trusted = new Set<string>();
  readonly #modifiers = new Map<string, Map<number, HeldModifier>>();

  get down(): number[] {
    return this.#held.codes();
  }

  /**
   * A repeat presses nothing, and neither does a key that another viewer holds already. The event's
   * modifiers are still sent to the host. They matter if the browser missed their own key, because
   * it was pressed before the page had the focus.
   *
   * @param now milliseconds of any clock that does not jump
   */
  press(peerId: string, event: KeyEvent, now: number): HostInput[] {
    const { keyCode, modifiers } = event;
    const inputs = this.follow(peerId, event, now);
    this.#muted.end(peerId, keyCode);
    if (isModifier(keyCode)) this.#note(peerId, keyCode, modifiers, now);
    if (this.#held.press(keyCode, peerId)) inputs.push(this.#key(true, keyCode, modifiers));
    return inputs;
  }

  release(peerId: string, event: KeyEvent, now: number): HostInput[] {
    this.#muted.end(peerId, event.keyCode);
    return [...this.follow(peerId, event, now), ...this.#letGo(peerId, [event.keyCode])];
  }

  /** Lets go of the modifiers that the viewer does not hold any more, as its event shows. */
  follow(peerId: string, { keyCode, modifiers }: KeyEvent, now: number): HostInput[] {
    const gone: number[] = [];
    for (const [code, held] of this.#modifiers.get(peerId) ?? []) {
      // Its own event already decides it.
      if (code === keyCode) continue;
      if ((modifiers & bitOf(code)) === 0) {
        const aged = code === RIGHT_ALT && now - held.at > ALT_GRAPH_AGE_MS;
        if (held.shown || aged) gone.push(code);
      } else if (shows(code, modifiers, keyCode)) held.shown = true;
    }
    return this.#letGo(peerId, gone);
  }

  /**
   * The viewer states all keys that it holds. Others are let go, and those of which the press was
   * lost go down, modifiers first.
   *
   * @param admit whether one more may go down
   */
  state(
    peerId: string,
    keyCodes: readonly number[],
    now: number,
    admit: () => boolean,
  ): HostInput[] {
    this.#trusted.add(peerId);
    const stated = new Set(keyCodes);
    this.#muted.keep(peerId, stated);
    const held = this.heldBy(peerId);
    const inputs = this.#release(
      peerId,
      held.filter((code) => !stated.has(code)),
    );
    const missing = [...stated].filter(
      (code) => !held.includes(code) && !this.#muted.has(peerId, code),
    );
    for (const code of modifiersFirst(missing)) {
      if (!admit()) break;
      if (isModifier(code)) this.#note(peerId, code, 0, now);
      if (this.#held.press(code, peerId)) inputs.push(this.#key(true, code));
    }
    return inputs;
  }

  heldBy(peerId: string): number[] {
    return this.#held.heldBy(peerId);
  }

  /** What the viewer holds now counts no more until it is let go. */
  mute(peerId: string): void {
    this.#muted.mute(peerId, this.heldBy(peerId));
  }

  forget(peerId: string): void {
    this.#muted.forget(peerId);
    this.#trusted.delete(peerId);
  }

  releaseAll(peerId: string): HostInput[] {
    return this.#release(peerId, this.heldBy(peerId));
  }

  #note(peerId: string, code: number, modifiers: number, now: number): void {
    const held = this.#modifiers.get(peerId) ?? new Map<number, HeldModifier>();
    this.#modifiers.set(peerId, held);
    const known = held.get(code);
    held.set(code, { shown: known?.shown === true || shows(code, modifiers, code), at: now });
  }

  /** With the last Meta go the keys that it has hidden from us. */
  #letGo(peerId: string, codes: readonly number[]): HostInput[] {
    if (codes.length === 0) return [];
    // Its client says what is still held, and knows its system.
    if (this.#trusted.has(peerId)) return this.#release(peerId, codes);
    const held = this.#held.heldBy(peerId);
    const meta = held.filter((code) => bitOf(code) === META);
    // A Mac does not report keys that are released while Meta is held: they end with it.
    const metaEnds = meta.length > 0 && meta.every((code) => codes.includes(code));
    const hidden = metaEnds ? held.filter((code) => !isModifier(code)) : [];
    return this.#release(peerId, [...new Set([...hidden, ...codes])]);
  }

  /** Modifiers go last, so that nothing held turns into another character on the way. */
  #release(peerId: string, codes: readonly number[]): HostInput[] {
    const known = this.#modifiers.get(peerId);
    for (const code of codes) known?.delete(code);
    if (known?.size === 0) this.#modifiers.delete(peerId);
    const keys = codes.filter((code) => !isModifier(code));
    return [...keys, ...codes.filter(isModifier)].flatMap((code) =>
      this.#held.release(code, peerId) ? [this.#key(false, code)] : [],
    );
  }

  /**
   * A modifier's own event never carries its own bit. Wolf takes that for a combination, after
   * which it releases the modifier at once.
   */
  #key(down: boolean, keyCode: number, reported = 0): HostInput {
    let modifiers = reported;
    for (const [code, bit] of MODIFIER_BITS) if (this.#held.has(code)) modifiers |= bit;
    modifiers &= ~bitOf(keyCode);
    return { type: 'key', down, keyCode, modifiers };
  }
}

function bitOf(code: number): number {
  return MODIFIER_BITS.get(code) ?? 0;
}

/** The bit of a virtual key that is a modifier; 0 of any other. */
export const modifierBit = bitOf;

function isModifier(code: number): boolean {
  return MODIFIER_BITS.has(code);
}

function modifiersFirst(codes: readonly number[]): number[] {
  return [...codes.filter(isModifier), ...codes.filter((code) => !isModifier(code))];
}

/**
 * Whether an event's modifiers show that a key is held, so that those of another event show that it
 * is not. With AltGr the bit is only set together with Ctrl's, in events of modifiers, and not in
 * those of characters. Clients that leave all modifiers out never show anything.
 *
 * @param keyCode of the event
 */
function shows(code: number, modifiers: number, keyCode: number): boolean {
  if ((modifiers & bitOf(code)) === 0) return false;
  return code !== RIGHT_ALT || !isModifier(keyCode) || (modifiers & CTRL) === 0;
}
