import type { HostInput } from '../../moonlight/types.js';
import { typedCharacter } from './keyboard.js';

export interface PadView {
  readonly buttons: number;
  readonly leftTrigger: number;
  readonly rightTrigger: number;
  readonly leftX: number;
  readonly leftY: number;
  readonly rightX: number;
  readonly rightY: number;
}

export interface TouchView {
  readonly x: number;
  readonly y: number;
  readonly hover: boolean;
}

const IDLE_PAD: PadView = {
  buttons: 0,
  leftTrigger: 0,
  rightTrigger: 0,
  leftX: 0,
  leftY: 0,
  rightX: 0,
  rightY: 0,
};

/** Bounds on what a client can make us remember. */
const MAX_TEXT = 200;
const MAX_TOUCHES = 32;

/** What the picture shows of the input that arrived: a plain state, one step an event. */
export class Desktop {
  /** Pointer, 0…1 of the picture. */
  pointerX = 0.5;
  pointerY = 0.5;
  readonly buttons = new Set<number>();
  /** Windows virtual keys. */
  readonly keys = new Set<number>();
  text = '';
  /** Notches since the start, positive is up and right. */
  scroll = 0;
  horizontalScroll = 0;
  readonly pads = new Map<number, PadView>();
  /** Fingers by pointer id; the pen is -1. */
  readonly touches = new Map<number, TouchView>();
  /** Events so far. */
  events = 0;

  /** @param width pixels of the picture that relative moves are measured in */
  apply(input: HostInput, width: number, height: number): void {
    this.events += 1;
    switch (input.type) {
      case 'key':
        this.#key(input.down, input.keyCode, input.modifiers);
        break;
      case 'text':
        this.#type(input.text);
        break;
      case 'mouse-move':
        this.#point(this.pointerX + input.dx / width, this.pointerY + input.dy / height);
        break;
      case 'mouse-position':
        if (input.referenceWidth > 0 && input.referenceHeight > 0) {
          this.#point(input.x / input.referenceWidth, input.y / input.referenceHeight);
        }
        break;
      case 'mouse-button':
        if (input.down) this.buttons.add(input.button);
        else this.buttons.delete(input.button);
        break;
      case 'scroll':
        this.scroll += input.amount / 120;
        break;
      case 'horizontal-scroll':
        this.horizontalScroll += input.amount / 120;
        break;
      case 'touch':
        this.#touch(input.pointerId, input.phase, input.x, input.y);
        break;
      case 'pen':
        this.#touch(-1, input.phase, input.x, input.y);
        break;
      case 'pad-arrival':
        if (!this.pads.has(input.pad)) this.pads.set(input.pad, IDLE_PAD);
        break;
      case 'pad-state':
        this.#pad(input);
        break;
      case 'pad-touch':
      case 'pad-motion':
      case 'pad-battery':
        break;
    }
  }

  /** Everything is let go, as when the player who held it has left. */
  release(): void {
    this.keys.clear();
    this.buttons.clear();
    this.touches.clear();
    this.pads.clear();
  }

  #point(x: number, y: number): void {
    this.pointerX = Math.min(1, Math.max(0, x));
    this.pointerY = Math.min(1, Math.max(0, y));
  }

  #key(down: boolean, code: number, modifiers: number): void {
    if (!down) {
      this.keys.delete(code);
      return;
    }
    this.keys.add(code);
    if (code === 0x08) this.text = Array.from(this.text).slice(0, -1).join('');
    else if (code === 0x0d) this.text = '';
    else if ((modifiers & ~1) === 0) {
      const shifted = (modifiers & 1) !== 0 || [0x10, 0xa0, 0xa1].some((key) => this.keys.has(key));
      this.#type(typedCharacter(code, shifted) ?? '');
    }
  }

  #type(text: string): void {
    this.text = Array.from(this.text + text)
      .slice(-MAX_TEXT)
      .join('');
  }

  #touch(id: number, phase: string, x: number, y: number): void {
    if (phase === 'cancel-all') this.touches.clear();
    else if (phase === 'up' || phase === 'cancel' || phase === 'hover-leave') {
      this.touches.delete(id);
    } else if (this.touches.size < MAX_TOUCHES || this.touches.has(id)) {
      this.touches.set(id, { x, y, hover: phase === 'hover' });
    }
  }

  #pad(input: Extract<HostInput, { type: 'pad-state' }>): void {
    if ((input.activePads & (1 << input.pad)) === 0) {
      this.pads.delete(input.pad);
      return;
    }
    const { buttons, leftTrigger, rightTrigger, leftX, leftY, rightX, rightY } = input;
    this.pads.set(input.pad, {
      buttons,
      leftTrigger,
      rightTrigger,
      leftX,
      leftY,
      rightX,
      rightY,
    });
  }
}
