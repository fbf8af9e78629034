import type { Right, Rights } from '../core/rights.js';
import type { ViewerInput } from './viewer-input.js';

/** The rights that input needs, one for each device of the host. */
export type InputRight = Extract<Right, 'keyboard' | 'pointer' | 'touch' | 'gamepad'>;

const NEEDED: Readonly<Record<ViewerInput['type'], InputRight>> = {
  key: 'keyboard',
  text: 'keyboard',
  'mouse-move': 'pointer',
  'mouse-position': 'pointer',
  'mouse-button': 'pointer',
  scroll: 'pointer',
  touch: 'touch',
  'pad-add': 'gamepad',
  'pad-remove': 'gamepad',
  'pad-state': 'gamepad',
  'held-keys': 'keyboard',
  'held-buttons': 'pointer',
  'held-touches': 'touch',
};

/** The device that an input is of, which is also the right that it needs. */
export function deviceOf(input: ViewerInput): InputRight {
  return NEEDED[input.type];
}

export function isAllowed(rights: Rights, input: ViewerInput): boolean {
  return rights.has(deviceOf(input));
}
