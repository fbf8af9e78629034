/** What somebody holds at the host, in words; pure. */
import { codeOfKey } from '../../client/keys.js';
import type { HeldInput } from '../../client/models.js';

const BUTTONS: Readonly<Record<number, string>> = {
  1: 'left button',
  2: 'middle button',
  3: 'right button',
};

/** @returns an empty text if nothing is held */
export function heldInWords({ keys, buttons, touches, pads }: HeldInput): string {
  return [
    ...keys.map(keyInWords),
    ...buttons.map((button) => BUTTONS[button] ?? `button ${button}`),
    ...(touches > 0 ? [touches === 1 ? 'a finger' : `${touches} fingers`] : []),
    ...pads.map(({ slot, pressed }) => `gamepad ${slot + 1}${pressed ? ' (pressed)' : ''}`),
  ].join(', ');
}

/** By the name that browsers have for it. */
function keyInWords(keyCode: number): string {
  const code = codeOfKey(keyCode) ?? `Key ${keyCode}`;
  return code
    .replace(/^(Key|Digit)(?=.$)/, '')
    .replace(/^(\w+)(Left|Right)$/, (_, name: string, side: string) =>
      name === 'Arrow' || name === 'Bracket'
        ? `${name} ${side.toLowerCase()}`
        : `${name} (${side.toLowerCase()})`,
    )
    .replace(/([a-z])([A-Z])/g, '$1 $2');
}
