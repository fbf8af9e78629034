/** What a list of an agent's events means: inputs of a viewer and the pauses between them. Pure. */
import { MoonteeError } from '../../core/errors.js';
import { keysOfName } from '../../input/key-names.js';
import { modifierBit } from '../../input/keys.js';
import type { ViewerInput } from '../../input/viewer-input.js';
import type { AgentButton, AgentEvent, AgentEventType } from '../../protocol/agent-input.js';
import { PAD_CAPABILITIES, PAD_BUTTON_BITS, padInput } from './pad-events.js';

/** What events are checked against. */
export interface AgentPicture {
  /** Pixels of the stream. */
  readonly width: number;
  readonly height: number;
  /** Whether the host takes touches. */
  readonly touch: boolean;
  /** Pads that one viewer may have. */
  readonly pads: number;
}

export type AgentAct =
  | { readonly kind: 'input'; readonly input: ViewerInput }
  /** Milliseconds. */
  | { readonly kind: 'pause'; readonly ms: number };

/** One event, ready to be executed. */
export interface AgentStep {
  readonly type: AgentEventType;
  readonly acts: readonly AgentAct[];
  /** Something is down, or plugged in, when it is over. */
  readonly holds: boolean;
}

type Of<T extends AgentEventType> = Extract<AgentEvent, { readonly type: T }>;

/** Milliseconds that a key or button is down: a program that looks 60 times a second sees it. */
const HOLD_MS = 20;
/** Milliseconds between two clicks of a double click. */
const CLICK_GAP_MS = 40;
/** Milliseconds between two places of a drag. */
const DRAG_STEP_MS = 8;
const DRAG_STEPS = { fallback: 16, max: 200 } as const;
const MAX_CLICKS = 3;
const MAX_NOTCHES = 100;
/** Of one scroll, in the wheel's pixels. */
const NOTCH = 120;
const MAX_MOVE = 32_767;
const MAX_CHORD = 6;
const MAX_FINGER = 9;
/** UTF-16 units of all texts together. */
const MAX_TEXT = 4_000;
/** Code points of text that are sent at once: a person can take over between two pieces. */
const TEXT_PIECE = 64;
/** Milliseconds of all waits and pauses together. */
const MAX_DURATION_MS = 20_000;
const UNKNOWN_ROTATION = 0xffff;
const ENTER = 0x0d;
const TAB = 0x09;

const BUTTONS: Readonly<Record<AgentButton, number>> = {
  left: 1,
  middle: 2,
  right: 3,
  back: 4,
  forward: 5,
};

/**
 * Everything is checked before anything is returned.
 *
 * @throws BAD_REQUEST naming the event by its index, and what is wrong with it
 */
export function planAgentInput(
  events: readonly AgentEvent[],
  picture: AgentPicture,
): readonly AgentStep[] {
  const planner = new Planner(picture);
  return events.map((event, index) => {
    try {
      return planner.step(event);
    } catch (error) {
      if (!(error instanceof Unfit)) throw error;
      throw new MoonteeError('BAD_REQUEST', `events[${index}]: ${error.message}`);
    }
  });
}

/** An event that does not fit the picture, the bounds or those before it. */
class Unfit extends Error {}

class Planner {
  readonly #picture: AgentPicture;
  /** In the order in which they went down. */
  readonly #keys = new Set<number>();
  readonly #buttons = new Set<number>();
  readonly #fingers = new Set<number>();
  readonly #pads = new Set<number>();
  #acts: AgentAct[] = [];
  #text = 0;
  #duration = 0;

  constructor(picture: AgentPicture) {
    this.#picture = picture;
  }

  step(event: AgentEvent): AgentStep {
    this.#acts = [];
    this.#plan(event);
    const held = [this.#keys, this.#buttons, this.#fingers, this.#pads];
    return { type: event.type, acts: this.#acts, holds: held.some(({ size }) => size > 0) };
  }

  #plan(event: AgentEvent): void {
    switch (event.type) {
      case 'key':
        this.#key(event);
        break;
      case 'text':
        this.#type(event.text);
        break;
      case 'move':
        this.#move(event);
        break;
      case 'move-by':
        within('dx', event.dx, -MAX_MOVE, MAX_MOVE);
        within('dy', event.dy, -MAX_MOVE, MAX_MOVE);
        this.#input({ type: 'mouse-move', dx: event.dx, dy: event.dy });
        break;
      case 'click':
        this.#click(event);
        break;
      case 'button':
        this.#button(event);
        break;
      case 'drag':
        this.#drag(event);
        break;
      case 'scroll':
        this.#scroll(event);
        break;
      case 'touch':
        this.#touch(event);
        break;
      case 'pad':
        this.#pad(event);
        break;
      case 'wait':
        within('ms', event.ms, 0, MAX_DURATION_MS);
        this.#pause(event.ms);
    }
  }

  #key({ key, action = 'press' }: Of<'key'>): void {
    const names = typeof key === 'string' ? [key] : key;
    if (names.length === 0 || names.length > MAX_CHORD) {
      throw new Unfit(`key names 1 to ${MAX_CHORD} keys`);
    }
    const codes = names.flatMap((name) => {
      const found = keysOfName(name);
      // The name is not repeated: it may be a piece of what was to be typed.
      if (found === undefined) throw new Unfit('key is no name of a key; type characters as text');
      return found;
    });
    const chord = [...new Set(codes)];
    if (action === 'up') {
      for (const code of chord.reverse()) this.#release(code);
      return;
    }
    for (const code of chord) this.#press(code);
    if (action === 'down') return;
    this.#pause(HOLD_MS);
    for (const code of chord.reverse()) this.#release(code);
  }

  #press(code: number): void {
    if (this.#keys.has(code)) throw new Unfit('a key is down already');
    this.#keys.add(code);
    this.#keyInput(code, true);
  }

  #release(code: number): void {
    if (!this.#keys.delete(code)) throw new Unfit('a key is not down');
    this.#keyInput(code, false);
  }

  #keyInput(keyCode: number, down: boolean): void {
    const modifiers = [...this.#keys]
      .filter((code) => code !== keyCode)
      .reduce((bits, code) => bits | modifierBit(code), 0);
    this.#input({ type: 'key', down, keyCode, modifiers });
  }

  /** Line ends and tabs are keys to a host. */
  #type(text: string): void {
    this.#text += text.length;
    if (text === '' || this.#text > MAX_TEXT) {
      throw new Unfit(`texts have 1 to ${MAX_TEXT} characters, all together`);
    }
    if (/[^\P{Cc}\n\r\t]|\p{Cs}/u.test(text)) throw new Unfit('text has control characters');
    for (const part of text.split(/(\r\n|[\r\n\t])/)) {
      if (part === '\t' || /^[\r\n]+$/.test(part)) this.#tap(part === '\t' ? TAB : ENTER);
      else this.#typePart(part);
    }
  }

  #typePart(part: string): void {
    const points = Array.from(part);
    for (let at = 0; at < points.length; at += TEXT_PIECE) {
      this.#input({ type: 'text', text: points.slice(at, at + TEXT_PIECE).join('') });
    }
  }

  #tap(code: number): void {
    this.#press(code);
    this.#pause(HOLD_MS);
    this.#release(code);
  }

  #move({ x, y }: { readonly x: number; readonly y: number }, name = ''): void {
    const { width, height } = this.#picture;
    within(`${name}x`, x, 0, width - 1);
    within(`${name}y`, y, 0, height - 1);
    this.#input({
      ...{ type: 'mouse-position', x, y },
      ...{ referenceWidth: width, referenceHeight: height },
    });
  }

  /** Where it says so. */
  #moveFirst({ x, y }: { readonly x?: number; readonly y?: number }): void {
    if (x === undefined && y === undefined) return;
    if (x === undefined || y === undefined) throw new Unfit('x and y belong together');
    this.#move({ x, y });
  }

  #click({ x, y, button = 'left', count = 1 }: Of<'click'>): void {
    within('count', count, 1, MAX_CLICKS);
    this.#moveFirst(place(x, y));
    for (let click = 0; click < count; click += 1) {
      if (click > 0) this.#pause(CLICK_GAP_MS);
      this.#buttonInput(button, true);
      this.#pause(HOLD_MS);
      this.#buttonInput(button, false);
    }
  }

  #button({ action, x, y, button = 'left' }: Of<'button'>): void {
    this.#moveFirst(place(x, y));
    this.#buttonInput(button, action === 'down');
  }

  #buttonInput(name: AgentButton, down: boolean): void {
    const button = BUTTONS[name];
    if (this.#buttons.has(button) === down) {
      throw new Unfit(down ? 'the button is down already' : 'the button is not down');
    }
    if (down) this.#buttons.add(button);
    else this.#buttons.delete(button);
    this.#input({ type: 'mouse-button', down, button });
  }

  #drag({ from, to, button = 'left', steps = DRAG_STEPS.fallback }: Of<'drag'>): void {
    within('steps', steps, 1, DRAG_STEPS.max);
    this.#move(from, 'from.');
    this.#buttonInput(button, true);
    this.#pause(HOLD_MS);
    for (let step = 1; step <= steps; step += 1) {
      const at = (a: number, b: number): number => Math.round(a + ((b - a) * step) / steps);
      this.#move({ x: at(from.x, to.x), y: at(from.y, to.y) }, 'to.');
      this.#pause(DRAG_STEP_MS);
    }
    this.#buttonInput(button, false);
  }

  #scroll({ x, y, dx = 0, dy = 0 }: Of<'scroll'>): void {
    within('dx', dx, -MAX_NOTCHES, MAX_NOTCHES);
    within('dy', dy, -MAX_NOTCHES, MAX_NOTCHES);
    if (dx === 0 && dy === 0) throw new Unfit('dx, dy or both are needed');
    this.#moveFirst(place(x, y));
    this.#input({ type: 'scroll', dx: dx * NOTCH, dy: dy * NOTCH, unit: 'pixels' });
  }

  #touch({ action, x, y, finger = 0, pressure = 0 }: Of<'touch'>): void {
    if (!this.#picture.touch) throw new Unfit('the host takes no touches');
    const { width, height } = this.#picture;
    within('finger', finger, 0, MAX_FINGER);
    within('pressure', pressure, 0, 1);
    within('x', x, 0, width - 1);
    within('y', y, 0, height - 1);
    const isDown = this.#fingers.has(finger);
    const goesDown = action === 'down' || action === 'tap';
    if (isDown === goesDown) throw new Unfit(`the finger is ${isDown ? '' : 'not '}down`);
    const input = (phase: 'down' | 'move' | 'up'): void =>
      this.#input({
        ...{ type: 'touch', phase, pointerId: finger, pressure, rotation: UNKNOWN_ROTATION },
        // The middle of the pixel.
        ...{ x: (x + 0.5) / width, y: (y + 0.5) / height },
      });
    if (action === 'tap') {
      input('down');
      this.#pause(HOLD_MS);
      input('up');
      return;
    }
    if (action === 'down') this.#fingers.add(finger);
    if (action === 'up') this.#fingers.delete(finger);
    input(action);
  }

  #pad(event: Of<'pad'>): void {
    const { pad = 0, action = 'state', buttons = [], left, right } = event;
    within('pad', pad, 0, this.#picture.pads - 1);
    if (action === 'unplug') {
      if (!this.#pads.delete(pad)) throw new Unfit('the pad is not plugged in');
      this.#input({ type: 'pad-remove', pad });
      return;
    }
    for (const name of buttons) {
      if (Object.hasOwn(PAD_BUTTON_BITS, name)) continue;
      throw new Unfit(`buttons are of ${Object.keys(PAD_BUTTON_BITS).join(', ')}`);
    }
    within('left_trigger', event.left_trigger ?? 0, 0, 1);
    within('right_trigger', event.right_trigger ?? 0, 0, 1);
    for (const [name, stick] of Object.entries({ left, right })) {
      within(`${name}.x`, stick?.x ?? 0, -1, 1);
      within(`${name}.y`, stick?.y ?? 0, -1, 1);
    }
    if (!this.#pads.has(pad)) this.#input({ type: 'pad-add', pad, ...PAD_CAPABILITIES });
    this.#pads.add(pad);
    this.#input(padInput(pad, event));
  }

  #input(input: ViewerInput): void {
    this.#acts.push({ kind: 'input', input });
  }

  #pause(ms: number): void {
    this.#duration += ms;
    if (this.#duration > MAX_DURATION_MS) {
      throw new Unfit(`all waits and presses take ${MAX_DURATION_MS} ms together at most`);
    }
    if (ms > 0) this.#acts.push({ kind: 'pause', ms });
  }
}

function place(x: number | undefined, y: number | undefined): { x?: number; y?: number } {
  return { ...(x === undefined ? {} : { x }), ...(y === undefined ? {} : { y }) };
}

function within(name: string, value: number, low: number, high: number): void {
  if (value >= low && value <= high) return;
  throw new Unfit(`${name} must be from ${low} to ${high}`);
}
