import type { InputChannels } from './channels.js';
import {
  encodeButton,
  encodeKey,
  encodeMove,
  encodePadAdd,
  encodePadRemove,
  encodePadState,
  encodePosition,
  encodeText,
  encodeTouch,
  encodeWheel,
  type PadState,
  type TouchPhase,
  type TouchPoint,
} from './encode.js';

interface AnnouncedPad {
  readonly supportedButtons: number;
  readonly capabilities: number;
}

/**
 * What the viewer does, over whatever connection there is. It knows what is held, so that
 * {@link releaseAll} leaves nothing down, and which pads there are, so that a connection that
 * comes later hears of them.
 */
export class ViewerInput {
  #channels: InputChannels | undefined;
  readonly #keys = new Set<number>();
  readonly #buttons = new Set<number>();
  readonly #touches = new Map<number, TouchPoint>();
  readonly #pads = new Map<number, AnnouncedPad>();
  /** Parts of a pixel that have not been sent yet. */
  #restX = 0;
  #restY = 0;
  #restWheelX = 0;
  #restWheelY = 0;

  /** The connection is ready for input, or gone: then nothing is held any more. */
  attach(channels: InputChannels | undefined): void {
    this.#channels = channels;
    this.#keys.clear();
    this.#buttons.clear();
    this.#touches.clear();
    for (const [pad, announced] of this.#pads) this.#announce(pad, announced);
  }

  /** Virtual keys that are down. */
  get heldKeys(): readonly number[] {
    return [...this.#keys];
  }

  /** A key that is down already is a repeat and is not sent. */
  keyDown(keyCode: number, modifiers: number): void {
    if (this.#keys.has(keyCode)) return;
    if (this.#send('keyboard', encodeKey(true, keyCode, modifiers))) this.#keys.add(keyCode);
  }

  keyUp(keyCode: number, modifiers: number): void {
    if (!this.#keys.delete(keyCode)) return;
    this.#send('keyboard', encodeKey(false, keyCode, modifiers));
  }

  /** Down and up, e.g. of a key on the screen. */
  keyPress(keyCode: number, modifiers = 0): void {
    this.keyDown(keyCode, modifiers);
    this.keyUp(keyCode, modifiers);
  }

  text(text: string): void {
    for (const data of encodeText(text)) this.#send('keyboard', data);
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
    this.#send('mouseRelative', encodeMove(wholeX, wholeY));
  }

  /** @param x 0…1 of the picture */
  moveTo(x: number, y: number): void {
    this.#channels?.send('mouseAbsolute', encodePosition(x, y), { stale: true });
  }

  /**
   * @param at where, 0…1 of the picture; goes over the same channel, so that the button
   *   cannot overtake it
   */
  buttonDown(button: number, at?: { readonly x: number; readonly y: number }): void {
    if (this.#buttons.has(button)) return;
    if (at !== undefined) this.#send('mouseClicks', encodePosition(at.x, at.y));
    if (this.#send('mouseClicks', encodeButton(true, button))) this.#buttons.add(button);
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
    this.#send('mouseClicks', encodeWheel(wholeX, wholeY));
  }

  touch(phase: TouchPhase, point: TouchPoint): void {
    if (phase !== 'down' && !this.#touches.has(point.id)) return;
    if (phase === 'up') this.#touches.delete(point.id);
    else this.#touches.set(point.id, point);
    this.#send('touch', encodeTouch(phase, point));
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
    for (const keyCode of [...this.#keys]) this.keyUp(keyCode, 0);
    for (const button of [...this.#buttons]) this.buttonUp(button);
    for (const point of [...this.#touches.values()]) this.touch('up', point);
  }

  #announce(pad: number, { supportedButtons, capabilities }: AnnouncedPad): void {
    this.#send('controllers', encodePadAdd(pad, supportedButtons, capabilities));
  }

  #send(...message: Parameters<InputChannels['send']>): boolean {
    return this.#channels?.send(...message) ?? false;
  }
}
