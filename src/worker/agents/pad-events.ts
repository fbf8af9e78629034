import type { PadInput } from '../../input/viewer-input.js';
import type { AgentEvent } from '../../protocol/agent-input.js';

/** Bits of signaling.md c.5, by the names that agents use. */
export const PAD_BUTTON_BITS: Readonly<Record<string, number>> = {
  up: 0x1,
  down: 0x2,
  left: 0x4,
  right: 0x8,
  start: 0x10,
  back: 0x20,
  left_stick: 0x40,
  right_stick: 0x80,
  left_bumper: 0x100,
  right_bumper: 0x200,
  guide: 0x400,
  a: 0x1000,
  b: 0x2000,
  x: 0x4000,
  y: 0x8000,
};

/** Analog triggers; an agent feels no rumble. */
export const PAD_CAPABILITIES = {
  supportedButtons: Object.values(PAD_BUTTON_BITS).reduce((all, bit) => all | bit, 0),
  capabilities: 0x1,
} as const;

const FULL_TRIGGER = 255;
const FULL_STICK = 32_767;

/** @param event whose numbers are within their bounds, and whose buttons exist */
export function padInput(pad: number, event: Extract<AgentEvent, { type: 'pad' }>): PadInput {
  const { buttons = [], left, right, left_trigger = 0, right_trigger = 0 } = event;
  return {
    type: 'pad-state',
    pad,
    buttons: buttons.reduce((all, name) => all | (PAD_BUTTON_BITS[name] ?? 0), 0),
    leftTrigger: Math.round(left_trigger * FULL_TRIGGER),
    rightTrigger: Math.round(right_trigger * FULL_TRIGGER),
    leftX: stick(left?.x),
    leftY: stick(left?.y),
    rightX: stick(right?.x),
    rightY: stick(right?.y),
  };
}

function stick(value = 0): number {
  return Math.round(value * FULL_STICK);
}
