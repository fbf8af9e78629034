import type { ViewerInput } from './viewer-input.js';

/** What a viewer may do: look on, play with pads of its own, or everything. */
export type Rights = 'view' | 'pads' | 'control';

export type InputKind = 'keyboard' | 'pointer' | 'touch' | 'pads';

const KINDS: Readonly<Record<ViewerInput['type'], InputKind>> = {
  key: 'keyboard',
  text: 'keyboard',
  'mouse-move': 'pointer',
  'mouse-position': 'pointer',
  'mouse-button': 'pointer',
  scroll: 'pointer',
  touch: 'touch',
  'pad-add': 'pads',
  'pad-remove': 'pads',
  'pad-state': 'pads',
};

const ALLOWED: Readonly<Record<Rights, Readonly<Record<InputKind, boolean>>>> = {
  view: { keyboard: false, pointer: false, touch: false, pads: false },
  pads: { keyboard: false, pointer: false, touch: false, pads: true },
  control: { keyboard: true, pointer: true, touch: true, pads: true },
};

export function mayUse(rights: Rights, kind: InputKind): boolean {
  return ALLOWED[rights][kind];
}

export function isAllowed(rights: Rights, input: ViewerInput): boolean {
  return mayUse(rights, KINDS[input.type]);
}
