import type { TouchPhase } from '../moonlight/types.js';

/**
 * One input of a viewer, decoded from a data channel (signaling.md c) and bounds-checked. It is
 * neither permitted nor merged with the inputs of others yet.
 */
export type ViewerInput =
  | {
      readonly type: 'key';
      readonly down: boolean;
      /** Windows virtual key, 1…254. */
      readonly keyCode: number;
      /** Shift 1, ctrl 2, alt 4, meta 8, as the browser reported them. */
      readonly modifiers: number;
    }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'mouse-move'; readonly dx: number; readonly dy: number }
  | MousePosition
  | {
      readonly type: 'mouse-button';
      readonly down: boolean;
      /** 1 left, 2 middle, 3 right, 4 X1, 5 X2. */
      readonly button: number;
    }
  | {
      readonly type: 'scroll';
      /** In `unit`, positive is right. */
      readonly dx: number;
      /** In `unit`, positive is up. */
      readonly dy: number;
      readonly unit: ScrollUnit;
    }
  | TouchInput
  | {
      readonly type: 'pad-add';
      /** The browser's own number of the pad, 0…15. */
      readonly pad: number;
      readonly supportedButtons: number;
      readonly capabilities: number;
    }
  | { readonly type: 'pad-remove'; readonly pad: number }
  | PadInput
  | HeldStatement;

/** What a viewer holds with a device, all of it, stated again and again while there is something. */
export type HeldStatement =
  | {
      readonly type: 'held-keys';
      /** Windows virtual keys, 1…254. */
      readonly keyCodes: readonly number[];
      /** When it was true: milliseconds of the client's clock, modulo 2³². */
      readonly at: number;
    }
  | {
      readonly type: 'held-buttons';
      /** 1…5, as of a button's own input. */
      readonly buttons: readonly number[];
      readonly at: number;
    }
  | { readonly type: 'held-touches'; readonly touches: readonly TouchInput[]; readonly at: number };

/** What clients call clicks is notches with some and pixels with others. */
export type ScrollUnit = 'pixels' | 'clicks';

export interface TouchInput {
  readonly type: 'touch';
  readonly phase: Extract<TouchPhase, 'down' | 'move' | 'up'>;
  /** Of the browser: unique for this viewer only. */
  readonly pointerId: number;
  /** 0…1 of the picture. */
  readonly x: number;
  readonly y: number;
  /** 0…1; 0 is unknown. */
  readonly pressure: number;
  /** Degrees 0…359, or 0xFFFF for unknown. */
  readonly rotation: number;
}

export interface MousePosition {
  readonly type: 'mouse-position';
  readonly x: number;
  readonly y: number;
  readonly referenceWidth: number;
  readonly referenceHeight: number;
}

/** What is pressed on a pad and how far. */
export interface PadControls {
  readonly buttons: number;
  /** 0…255. */
  readonly leftTrigger: number;
  readonly rightTrigger: number;
  /** −32768…32767, positive is right and up. */
  readonly leftX: number;
  readonly leftY: number;
  readonly rightX: number;
  readonly rightY: number;
}

export interface PadInput extends PadControls {
  readonly type: 'pad-state';
  /** The browser's own number of the pad, 0…15. */
  readonly pad: number;
}

/** Whether somebody does this on purpose, and not by touching a mouse. */
export function isDeliberate(input: ViewerInput): boolean {
  switch (input.type) {
    case 'key':
    case 'mouse-button':
      return input.down;
    case 'touch':
      return input.phase === 'down';
    case 'text':
    case 'scroll':
      return true;
    default:
      return false;
  }
}

/** Whether it states that something is held: whoever holds still acts. */
export function holdsSomething(input: ViewerInput): boolean {
  switch (input.type) {
    case 'held-keys':
      return input.keyCodes.length > 0;
    case 'held-buttons':
      return input.buttons.length > 0;
    case 'held-touches':
      return input.touches.length > 0;
    default:
      return false;
  }
}
