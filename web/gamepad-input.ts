import {
  PAD_CAPABILITY,
  padButtons,
  padStateOf,
  type PadFeedback,
  type ViewerInput,
} from '../client/index.js';
import type { Cleanup } from './dom.js';

/** The protocol has names for so many. */
const MAX_PADS = 16;

/** Unchanged states are repeated after this many milliseconds, as single ones may get lost. */
const REPEAT = 100;

/** One effect lasts this long at most, should the message that stops it never come. */
const RUMBLE_DURATION = 1_000;

interface Sent {
  state: string;
  at: number;
}

/** Sends the pads of this browser and lets them rumble. */
export class Gamepads {
  readonly #input: ViewerInput;
  readonly #sent = new Map<number, Sent>();
  readonly #rumbling = new Map<number, ReturnType<typeof setInterval>>();
  #frame: number | undefined;

  constructor(input: ViewerInput, cleanup: Cleanup) {
    this.#input = input;
    cleanup.listen(window, 'gamepadconnected', ({ gamepad }) => this.#add(gamepad));
    cleanup.listen(window, 'gamepaddisconnected', ({ gamepad }) => this.#remove(gamepad.index));
    cleanup.add(() => this.#close());
    for (const gamepad of navigator.getGamepads()) if (gamepad !== null) this.#add(gamepad);
  }

  get count(): number {
    return this.#sent.size;
  }

  /** Plays until the next message for the pad, as hosts expect. */
  feedback(feedback: PadFeedback): void {
    clearInterval(this.#rumbling.get(feedback.pad));
    this.#rumbling.delete(feedback.pad);
    const play = (): void => {
      const actuator = navigator.getGamepads()[feedback.pad]?.vibrationActuator;
      if (actuator === undefined) return;
      const effect =
        feedback.type === 'rumble'
          ? { strongMagnitude: feedback.low, weakMagnitude: feedback.high }
          : { leftTrigger: feedback.left, rightTrigger: feedback.right };
      const type = feedback.type === 'rumble' ? 'dual-rumble' : 'trigger-rumble';
      // A pad without this effect refuses; there is nothing to be done about it.
      actuator.playEffect(type, { duration: RUMBLE_DURATION, ...effect }).catch(() => undefined);
    };
    play();
    const isStill =
      feedback.type === 'rumble'
        ? feedback.low + feedback.high === 0
        : feedback.left + feedback.right === 0;
    if (!isStill) {
      this.#rumbling.set(feedback.pad, setInterval(play, RUMBLE_DURATION - 100));
    }
  }

  #add(gamepad: Gamepad): void {
    if (gamepad.index >= MAX_PADS || this.#sent.has(gamepad.index)) return;
    this.#sent.set(gamepad.index, { state: '', at: 0 });
    const effects = (gamepad.vibrationActuator as { effects?: readonly string[] } | null)?.effects;
    this.#input.addPad(
      gamepad.index,
      padButtons(gamepad.buttons.length),
      PAD_CAPABILITY.ANALOG_TRIGGERS |
        (effects?.includes('dual-rumble') === true ? PAD_CAPABILITY.RUMBLE : 0) |
        (effects?.includes('trigger-rumble') === true ? PAD_CAPABILITY.TRIGGER_RUMBLE : 0),
    );
    this.#frame ??= requestAnimationFrame(() => this.#poll());
  }

  #remove(pad: number): void {
    if (!this.#sent.delete(pad)) return;
    clearInterval(this.#rumbling.get(pad));
    this.#rumbling.delete(pad);
    this.#input.removePad(pad);
  }

  #poll(): void {
    this.#frame = undefined;
    if (this.#sent.size === 0) return;
    this.#frame = requestAnimationFrame(() => this.#poll());
    const now = performance.now();
    const gamepads = navigator.getGamepads();
    for (const [pad, sent] of this.#sent) {
      const gamepad = gamepads[pad];
      if (gamepad === null || gamepad === undefined) continue;
      const state = padStateOf(gamepad);
      const text = JSON.stringify(state);
      if (text === sent.state && now - sent.at < REPEAT) continue;
      if (!this.#input.padState(pad, state)) continue;
      sent.state = text;
      sent.at = now;
    }
  }

  #close(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    for (const pad of [...this.#sent.keys()]) this.#remove(pad);
  }
}
