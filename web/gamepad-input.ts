import {
  PAD_BUTTON,
  PAD_CAPABILITY,
  type PadFeedback,
  type PadState,
  type ViewerInput,
} from '../client/index.js';
import type { Cleanup } from './dom.js';

/** Bits by index of the W3C standard layout; 6 and 7 are the triggers. */
const BUTTON_BITS: readonly number[] = [
  PAD_BUTTON.A,
  PAD_BUTTON.B,
  PAD_BUTTON.X,
  PAD_BUTTON.Y,
  PAD_BUTTON.LEFT_BUMPER,
  PAD_BUTTON.RIGHT_BUMPER,
  0,
  0,
  PAD_BUTTON.BACK,
  PAD_BUTTON.START,
  PAD_BUTTON.LEFT_STICK,
  PAD_BUTTON.RIGHT_STICK,
  PAD_BUTTON.UP,
  PAD_BUTTON.DOWN,
  PAD_BUTTON.LEFT,
  PAD_BUTTON.RIGHT,
  PAD_BUTTON.GUIDE,
  PAD_BUTTON.TOUCHPAD,
];

/** The protocol has names for so many. */
const MAX_PADS = 16;

/** Unchanged states are repeated after this many milliseconds, as single ones may get lost. */
const REPEAT = 100;

/** One effect lasts this long at most, should the message that stops it never come. */
const RUMBLE_DURATION = 1_000;

/** Of a pad in the W3C standard layout. */
export function padStateOf({ buttons, axes }: Pick<Gamepad, 'buttons' | 'axes'>): PadState {
  let bits = 0;
  for (const [index, bit] of BUTTON_BITS.entries()) {
    if (buttons[index]?.pressed === true) bits |= bit;
  }
  return {
    buttons: bits,
    leftTrigger: buttons[6]?.value ?? 0,
    rightTrigger: buttons[7]?.value ?? 0,
    leftX: axes[0] ?? 0,
    leftY: -(axes[1] ?? 0),
    rightX: axes[2] ?? 0,
    rightY: -(axes[3] ?? 0),
  };
}

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
    const supported = BUTTON_BITS.slice(0, gamepad.buttons.length).reduce((a, b) => a | b, 0);
    this.#input.addPad(
      gamepad.index,
      supported,
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
