import {
  encodeButton,
  encodeHeldButtons,
  encodeHeldKeys,
  encodeHeldTouches,
  encodeKey,
  encodeMove,
  encodePadAdd,
  encodePadRemove,
  encodePadState,
  encodePosition,
  encodeText,
  encodeTouch,
  encodeWheel,
  type Bytes,
  type PadState,
  type TouchPhase,
  type TouchPoint,
} from './encode.js';
import type { KeyAction } from './keyboard.js';
import { modifierBit } from './keys.js';

/** Channels of every viewer (signaling.md b.5). */
export type InputLabel =
  'keyboard' | 'mouseClicks' | 'mouseAbsolute' | 'mouseRelative' | 'touch' | 'controllers';

/** Where input goes. */
export interface InputOutlet {
  /**
   * @param options `stale`: the next message makes this one worthless
   * @returns false if it did not get out
   */
  send(label: InputLabel, data: Bytes, options?: { stale?: boolean }): boolean;
  sendPad(pad: number, data: Bytes): boolean;
}

/** Milliseconds between two statements of what is held. */
const STATEMENT_MS = 100;

/** More than these at once cannot be stated. */
const MAX_STATED_KEYS = 64;
const MAX_STATED_TOUCHES = 16;

/** Devices whose hold is stated; pads send their state over and over by themselves. */
const STATED = ['keyboard', 'mouseClicks', 'touch'] as const;
type StatedLabel = (typeof STATED)[number];

interface AnnouncedPad {
  readonly supportedButtons: number;
  readonly capabilities: number;
}

/**
 * What the viewer does, over whatever connection there is. It knows what is held, so that
 * {@link releaseAll} leaves nothing down, and which pads there are, so that a connection that
 * comes later hears of them. While something is down it says so every 100 ms: a server that hears
 * nothing lets go, and one that lost a message is put right.
 */
export class ViewerInput {
  #channels: InputOutlet | undefined;
  readonly #keys = new Set<number>();
  readonly #buttons = new Set<number>();
  readonly #touches = new Map<number, TouchPoint>();
  readonly #pads = new Map<number, AnnouncedPad>();
  /** Devices of which the last statement is due, or was not empty. */
  readonly #unstated = new Set<StatedLabel>();
  #statements: ReturnType<typeof setInterval> | undefined;
  /** Parts of a pixel that have not been sent yet. */
  #restX = 0;
  #restY = 0;
  #restWheelX = 0;
  #restWheelY = 0;
  #actedAt = -Infinity;

  /** The connection is ready for input, or gone: then nothing is held any more. */
  attach(channels: InputOutlet | undefined): void {
    this.#channels = channels;
    this.#keys.clear();
    this.#buttons.clear();
    this.#touches.clear();
    this.#unstated.clear();
    clearInterval(this.#statements);
    this.#statements = undefined;
    // From the first on the server knows that it may rely on them.
    if (channels !== undefined) for (const label of STATED) this.#note(label);
    for (const [pad, announced] of this.#pads) this.#announce(pad, announced);
  }

  /** Another way to the same place: what is held stays so. */
  moveOver(channels: InputOutlet): void {
    this.#channels = channels;
    // Nothing orders the two: what is still under way on the other may be late.
    for (const label of STATED) this.#note(label);
  }

  /**
   * `performance.now()` of the last input that a desktop usually answers with a change of its
   * picture: not a modifier, and nothing of a pad.
   */
  get actedAt(): number {
    return this.#actedAt;
  }

  /** Virtual keys that are down. */
  get heldKeys(): readonly number[] {
    return [...this.#keys];
  }

  /**
   * A key that is down already is a repeat and is not sent.
   *
   * @param modifiers that are down beside those that this viewer holds: every message tells them
   *   all, because a server lets go of those that are missing
   */
  keyDown(keyCode: number, modifiers = 0): void {
    if (this.#keys.has(keyCode)) return;
    this.#keys.add(keyCode);
    const isSent = this.#send('keyboard', encodeKey(true, keyCode, modifiers | this.#modifiers));
    if (!isSent) this.#keys.delete(keyCode);
    else if (modifierBit(keyCode) === 0) this.#act();
    this.#note('keyboard');
  }

  keyUp(keyCode: number, modifiers = 0): void {
    if (!this.#keys.delete(keyCode)) return;
    this.#send('keyboard', encodeKey(false, keyCode, modifiers | this.#modifiers));
  }

  /** Down and up, e.g. of a key on the screen. */
  keyPress(keyCode: number, modifiers = 0): void {
    this.keyDown(keyCode, modifiers);
    this.keyUp(keyCode, modifiers);
  }

  /** What {@link Keyboard} says. */
  act(actions: readonly KeyAction[]): void {
    for (const action of actions) {
      if (action.type === 'text') this.text(action.text);
      else if (action.down) this.keyDown(action.keyCode, action.modifiers);
      else this.keyUp(action.keyCode, action.modifiers);
    }
  }

  text(text: string): void {
    for (const data of encodeText(text)) if (this.#send('keyboard', data)) this.#act();
  }

  /** Pixels of the host's desktop, with fractions. */
  moveBy(dx: number, dy: number): void {
    this.#restX += dx;
    this.#restY += dy;
    const wholeX = Math.trunc(this.#restX);
    const wholeY = Math.trunc(this.#restY);
    if (wholeX === 0 && wholeY === 0) return;
    this.#restX -= wholeX;
    this.#restY -= wholeY;
    if (this.#send('mouseRelative', encodeMove(wholeX, wholeY))) this.#act();
  }

  /** @param x 0…1 of the picture */
  moveTo(x: number, y: number): void {
    if (this.#send('mouseAbsolute', encodePosition(x, y), { stale: true })) this.#act();
  }

  /**
   * @param at where, 0…1 of the picture; goes over the same channel, so that the button
   *   cannot overtake it
   */
  buttonDown(button: number, at?: { readonly x: number; readonly y: number }): void {
    if (this.#buttons.has(button)) return;
    if (at !== undefined) this.#send('mouseClicks', encodePosition(at.x, at.y));
    if (!this.#send('mouseClicks', encodeButton(true, button))) return;
    this.#buttons.add(button);
    this.#note('mouseClicks');
    this.#act();
  }

  buttonUp(button: number, at?: { readonly x: number; readonly y: number }): void {
    if (!this.#buttons.delete(button)) return;
    if (at !== undefined) this.#send('mouseClicks', encodePosition(at.x, at.y));
    this.#send('mouseClicks', encodeButton(false, button));
  }

  /** Pixels as the DOM counts them: positive is right and down. */
  wheel(deltaX: number, deltaY: number): void {
    this.#restWheelX += deltaX;
    this.#restWheelY += deltaY;
    const wholeX = Math.trunc(this.#restWheelX);
    const wholeY = Math.trunc(this.#restWheelY);
    if (wholeX === 0 && wholeY === 0) return;
    this.#restWheelX -= wholeX;
    this.#restWheelY -= wholeY;
    if (this.#send('mouseClicks', encodeWheel(wholeX, wholeY))) this.#act();
  }

  touch(phase: TouchPhase, point: TouchPoint): void {
    if (phase !== 'down' && !this.#touches.has(point.id)) return;
    if (phase === 'up') this.#touches.delete(point.id);
    else this.#touches.set(point.id, point);
    this.#note('touch');
    if (this.#send('touch', encodeTouch(phase, point))) this.#act();
  }

  /** The browser has taken the finger away: it was not lifted, and must not count as a tap. */
  cancelTouch(point: TouchPoint): void {
    if (!this.#touches.delete(point.id)) return;
    this.#note('touch');
    // A statement without it cancels it. Servers that know no statements see it lifted.
    this.#send('touch', this.#statementOf('touch', performance.now()).data);
    this.#send('touch', encodeTouch('up', point));
  }

  /** A pad that was added stays announced over reconnections until it is removed. */
  addPad(pad: number, supportedButtons: number, capabilities: number): void {
    const announced = { supportedButtons, capabilities };
    this.#pads.set(pad, announced);
    this.#announce(pad, announced);
  }

  removePad(pad: number): void {
    if (this.#pads.delete(pad)) this.#send('controllers', encodePadRemove(pad));
  }

  /** @returns false if it did not get out and should be sent again */
  padState(pad: number, state: PadState): boolean {
    return this.#channels?.sendPad(pad, encodePadState(state)) ?? false;
  }

  /** Lets go of every key, button and touch. */
  releaseAll(): void {
    // Modifiers go last, so that nothing turns into another character on the way.
    const keys = [...this.#keys].sort((a, b) => modifierBit(a) - modifierBit(b));
    for (const keyCode of keys) this.keyUp(keyCode);
    for (const button of [...this.#buttons]) this.buttonUp(button);
    for (const point of [...this.#touches.values()]) this.cancelTouch(point);
  }

  /** Something of that device went down, or may be believed to be. */
  #note(label: StatedLabel): void {
    this.#unstated.add(label);
    if (this.#channels === undefined || this.#statements !== undefined) return;
    this.#statements = setInterval(() => this.#state(), STATEMENT_MS);
  }

  /** One that does not get out at once is of no use later, but for the last. */
  #state(): void {
    const now = performance.now();
    for (const label of this.#unstated) {
      const { data, isEmpty } = this.#statementOf(label, now);
      if (this.#send(label, data, { stale: true }) && isEmpty) this.#unstated.delete(label);
    }
    if (this.#unstated.size > 0) return;
    clearInterval(this.#statements);
    this.#statements = undefined;
  }

  #statementOf(label: StatedLabel, now: number): { data: Bytes; isEmpty: boolean } {
    switch (label) {
      case 'keyboard': {
        const keys = this.heldKeys.slice(0, MAX_STATED_KEYS);
        return { data: encodeHeldKeys(keys, now), isEmpty: keys.length === 0 };
      }
      case 'mouseClicks': {
        const buttons = [...this.#buttons];
        return { data: encodeHeldButtons(buttons, now), isEmpty: buttons.length === 0 };
      }
      case 'touch': {
        const points = [...this.#touches.values()].slice(0, MAX_STATED_TOUCHES);
        return { data: encodeHeldTouches(points, now), isEmpty: points.length === 0 };
      }
    }
  }

  #act(): void {
    this.#actedAt = performance.now();
  }

  /** Bits of the modifiers that are down. */
  get #modifiers(): number {
    return [...this.#keys].reduce((bits, keyCode) => bits | modifierBit(keyCode), 0);
  }

  #announce(pad: number, { supportedButtons, capabilities }: AnnouncedPad): void {
    this.#send('controllers', encodePadAdd(pad, supportedButtons, capabilities));
  }

  #send(...message: Parameters<InputOutlet['send']>): boolean {
    return this.#channels?.send(...message) ?? false;
  }
}
