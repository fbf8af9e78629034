import { attempt, attemptAsync } from '../client/attempt.js';
import {
  PAD_AT_REST,
  PAD_CAPABILITY,
  padLayout,
  type PadFeedback,
  type PadLayout,
  type PadState,
  type ViewerInput,
} from '../client/index.js';
import type { Cleanup } from './dom.js';

/** The protocol has names for so many. */
const MAX_PADS = 16;

/** Unchanged states are repeated after this many milliseconds, as single ones may get lost. */
const REPEAT = 100;

/** How often the state at rest is sent when the page is left and no frames are drawn. */
const FAREWELLS = 5;

/** One effect lasts this long at most, should the message that stops it never come. */
const RUMBLE_DURATION_MS = 1_000;

interface Pad {
  readonly layout: PadLayout;
  sent: string;
  sentAt: number;
}

/** Sends the pads of this browser and lets them rumble. */
export class Gamepads {
  readonly #input: ViewerInput;
  readonly #onUnknown: (name: string) => void;
  readonly #pads = new Map<number, Pad>();
  readonly #rumbling = new Map<number, ReturnType<typeof setInterval>>();
  #frame: number | undefined;
  #farewell: ReturnType<typeof setInterval> | undefined;
  /** The page is not looked at: its pads are at rest, whatever is pressed on them. */
  #isAway = document.hidden;

  /** @param onUnknown is called for a pad that is left out because its layout is unknown */
  constructor(input: ViewerInput, onUnknown: (name: string) => void, cleanup: Cleanup) {
    this.#input = input;
    this.#onUnknown = onUnknown;
    cleanup.listen(window, 'gamepadconnected', ({ gamepad }) => this.#add(gamepad));
    cleanup.listen(window, 'gamepaddisconnected', ({ gamepad }) => this.#remove(gamepad.index));
    cleanup.listen(window, 'blur', () => this.#leave());
    cleanup.listen(window, 'focus', () => this.#return());
    cleanup.listen(document, 'visibilitychange', () => {
      if (document.hidden) this.#leave();
      else this.#return();
    });
    cleanup.add(() => this.#close());
    for (const gamepad of gamepads()) if (gamepad) this.#add(gamepad);
  }

  /** Plays until the next message for the pad, as hosts expect. */
  feedback(feedback: PadFeedback): void {
    clearInterval(this.#rumbling.get(feedback.pad));
    this.#rumbling.delete(feedback.pad);
    const play = (): void => {
      const actuator = gamepads()[feedback.pad]?.vibrationActuator;
      if (!actuator) return;
      const effect =
        feedback.type === 'rumble'
          ? { strongMagnitude: feedback.low, weakMagnitude: feedback.high }
          : { leftTrigger: feedback.left, rightTrigger: feedback.right };
      const type = feedback.type === 'rumble' ? 'dual-rumble' : 'trigger-rumble';
      // A pad without this effect refuses; there is nothing to be done about it.
      void attemptAsync(() =>
        actuator.playEffect(type, { duration: RUMBLE_DURATION_MS, ...effect }),
      );
    };
    play();
    const isStill =
      feedback.type === 'rumble'
        ? feedback.low + feedback.high === 0
        : feedback.left + feedback.right === 0;
    if (!isStill) {
      this.#rumbling.set(feedback.pad, setInterval(play, RUMBLE_DURATION_MS - 100));
    }
  }

  #add(gamepad: Gamepad): void {
    if (gamepad.index >= MAX_PADS || this.#pads.has(gamepad.index)) return;
    const layout = padLayout(gamepad);
    if (layout === undefined) {
      this.#onUnknown(gamepad.id);
      return;
    }
    this.#pads.set(gamepad.index, { layout, sent: '', sentAt: 0 });
    const effects = (gamepad.vibrationActuator as { effects?: readonly string[] } | null)?.effects;
    this.#input.addPad(
      gamepad.index,
      layout.supportedButtons,
      PAD_CAPABILITY.ANALOG_TRIGGERS |
        (effects?.includes('dual-rumble') === true ? PAD_CAPABILITY.RUMBLE : 0) |
        (effects?.includes('trigger-rumble') === true ? PAD_CAPABILITY.TRIGGER_RUMBLE : 0),
    );
    this.#frame ??= requestAnimationFrame(() => this.#poll());
  }

  #remove(pad: number): void {
    if (!this.#pads.delete(pad)) return;
    clearInterval(this.#rumbling.get(pad));
    this.#rumbling.delete(pad);
    this.#input.removePad(pad);
  }

  #poll(): void {
    this.#frame = undefined;
    if (this.#pads.size === 0) return;
    this.#frame = requestAnimationFrame(() => this.#poll());
    const now = gamepads();
    for (const [index, pad] of this.#pads) {
      const gamepad = now[index];
      if (gamepad) this.#send(index, pad, this.#isAway ? PAD_AT_REST : pad.layout.read(gamepad));
    }
  }

  #send(index: number, pad: Pad, state: PadState): void {
    const now = performance.now();
    const text = JSON.stringify(state);
    if (text === pad.sent && now - pad.sentAt < REPEAT) return;
    if (!this.#input.padState(index, state)) return;
    pad.sent = text;
    pad.sentAt = now;
  }

  /** Frames are not drawn in a page that is hidden, so that nothing is read from here on. */
  #leave(): void {
    this.#isAway = true;
    clearInterval(this.#farewell);
    let left = FAREWELLS;
    const rest = (): void => {
      for (const [index, pad] of this.#pads) this.#send(index, pad, PAD_AT_REST);
      left -= 1;
      if (left === 0) clearInterval(this.#farewell);
    };
    this.#farewell = setInterval(rest, REPEAT);
    rest();
  }

  #return(): void {
    if (document.hidden) return;
    this.#isAway = false;
    clearInterval(this.#farewell);
  }

  #close(): void {
    clearInterval(this.#farewell);
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    for (const pad of [...this.#pads.keys()]) this.#remove(pad);
  }
}

/** Empty if the browser, or a page that frames this one, withholds them. */
function gamepads(): readonly (Gamepad | null | undefined)[] {
  return attempt(() => [...navigator.getGamepads()]) ?? [];
}
