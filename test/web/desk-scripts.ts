/** What people and an agent did at one desktop, written down to be done again. */
import type { AgentEvent } from '../../src/protocol/agent-input.js';
import type { ButtonName, Finger, Gesture, KeyName, PadHands } from './desk-model.js';

export type Person = 'ann' | 'ben' | 'cat';

export type Step =
  | readonly [who: Person, gesture: Gesture]
  /** The agent begins a list that ends with a long wait, and what it does until then. */
  | readonly ['agent', events: readonly AgentEvent[], means: readonly Gesture[]]
  /** It goes in the midst of that wait. */
  | readonly ['agent', 'leaves'];

export interface Script {
  readonly name: string;
  /** `each`: the host has each before the next. `burst`: as fast as the browsers do it. */
  readonly pace: 'each' | 'burst';
  readonly steps: readonly Step[];
}

const down = (code: KeyName): Step => ['ann', { do: 'key', down: true, code }];
const up = (code: KeyName): Step => ['ann', { do: 'key', down: false, code }];
const press = (...codes: readonly KeyName[]): Step[] => [
  ...codes.map(down),
  ...codes.toReversed().map(up),
];
const point = (x: number, y: number, who: Person = 'ann'): Step => [who, { do: 'point', x, y }];
const button = (pressed: boolean, name: ButtonName = 'left', who: Person = 'ann'): Step => [
  who,
  { do: 'button', down: pressed, button: name },
];
const wheel = (dx: number, dy: number): Step => ['ann', { do: 'wheel', dx, dy }];
const nudge = (dx: number, dy: number): Step => ['ann', { do: 'nudge', dx, dy }];
const lock = (locked: boolean): Step => ['ann', { do: 'lock', locked }];
const fingers = (...on: readonly (readonly [id: number, x: number, y: number])[]): Step => [
  'ann',
  { do: 'fingers', on: on.map(([id, x, y]): Finger => ({ id, x, y })) },
];
const text = (how: 'write' | 'paste', written: string): Step => ['ann', { do: how, text: written }];
const plug = (who: Person, pad: number): Step => [who, { do: 'plug', pad }];
const unplug = (who: Person, pad: number): Step => [who, { do: 'unplug', pad }];
const play = (who: Person, pad: number, state: PadHands): Step => [who, { do: 'play', pad, state }];

export const SCRIPTS: readonly Script[] = [
  {
    name: 'keys, alone, together and with modifiers',
    pace: 'each',
    steps: [
      ...press('KeyA'),
      ...press('ShiftLeft', 'KeyA'),
      ...press('ControlLeft', 'ShiftRight', 'KeyC'),
      ...press('ControlRight', 'AltLeft', 'Delete'),
      ...press('MetaLeft', 'KeyE'),
      ...press('AltRight', 'KeyQ'),
      ...press('Minus'),
      ...press('Numpad7'),
      ...press('F5'),
      ...press('Tab'),
      ...press('Escape'),
      // Over each other, as quick fingers do.
      ...[down('KeyA'), down('KeyB'), up('KeyA'), down('ArrowUp'), up('KeyB'), up('ArrowUp')],
      // A modifier that goes first, and two that overlap.
      ...[down('ShiftLeft'), down('KeyX'), up('ShiftLeft'), up('KeyX')],
      ...[down('ShiftLeft'), down('ControlLeft'), up('ShiftLeft'), down('Digit1')],
      ...[up('Digit1'), up('ControlLeft')],
    ],
  },
  {
    name: 'keys as fast as they go',
    pace: 'burst',
    steps: [
      ...(['KeyA', 'KeyB', 'KeyC', 'Space', 'KeyE', 'Enter', 'Minus'] as const).flatMap((code) =>
        press(code),
      ),
      ...press('ShiftLeft', 'KeyA', 'KeyB'),
      ...press('ControlLeft', 'KeyZ'),
    ],
  },
  {
    name: 'places, buttons and drags',
    pace: 'each',
    steps: [
      ...[point(0.5, 0.5), point(0, 0), point(0.75, 0.25), point(0.125, 0.875)],
      ...[button(true), button(false), button(true, 'right'), button(false, 'right')],
      ...[button(true, 'middle'), button(false, 'middle')],
      // A double click.
      ...[button(true), button(false), button(true), button(false)],
      // A drag, and one with a second button in it.
      ...[button(true), point(0.25, 0.75), point(0.5, 0.625), button(false)],
      ...[button(true), point(0.625, 0.5), button(true, 'right'), point(0.75, 0.5)],
      ...[button(false), point(0.5, 0.25), button(false, 'right')],
      // With a key held.
      ...[down('ControlLeft'), button(true), button(false), up('ControlLeft')],
    ],
  },
  {
    name: 'the wheel, by notches and finely, both ways',
    pace: 'each',
    steps: [
      point(0.5, 0.5),
      ...[wheel(0, 100), wheel(0, -100), wheel(0, 120), wheel(0, -240), wheel(120, 0)],
      ...[wheel(-100, 0), wheel(50, 30), wheel(0, 7), wheel(0, 7), wheel(0, 7), wheel(0, -7)],
      ...[wheel(3, 0), wheel(3, 0), wheel(-3, 0), wheel(0, 1), wheel(0, 33)],
      ...[wheel(0, 0.5), wheel(0, 0.5), wheel(0, 2.5), wheel(0.25, -1.5), wheel(0, -3)],
    ],
  },
  {
    name: 'a locked pointer',
    pace: 'each',
    steps: [
      ...[point(0.5, 0.5), lock(true)],
      ...[nudge(10, -6), nudge(3, 1), nudge(1, 1), nudge(-40, 20), nudge(1, 0), nudge(1, 0)],
      ...[button(true), nudge(8, 8), button(false), button(true, 'right'), button(false, 'right')],
      ...[wheel(0, 120), lock(false), point(0.25, 0.25)],
    ],
  },
  {
    name: 'fingers, one and several, lifted and taken away',
    pace: 'each',
    steps: [
      ...[fingers([1, 0.5, 0.5]), fingers([1, 0.75, 0.5]), fingers()],
      ...[fingers([1, 0.25, 0.25]), fingers([1, 0.25, 0.25], [2, 0.75, 0.75])],
      ...[fingers([1, 0.375, 0.25], [2, 0.75, 0.75]), fingers([1, 0.375, 0.25], [2, 0.5, 0.5])],
      fingers([1, 0.375, 0.25], [2, 0.5, 0.5], [3, 0.125, 0.875]),
      fingers([1, 0.375, 0.25], [3, 0.125, 0.875]),
      fingers([1, 0.375, 0.25], [3, 0.25, 0.875]),
      ...[fingers([3, 0.25, 0.875]), fingers()],
      // The system takes what it believes to be a gesture of its own.
      ...[fingers([1, 0.5, 0.25]), fingers([1, 0.5, 0.25], [2, 0.5, 0.75])],
      ['ann', { do: 'cancel' }],
      ...[fingers([1, 0.625, 0.625]), fingers()],
    ],
  },
  {
    name: 'text that is written and pasted, between keys',
    pace: 'each',
    steps: [
      ...press('KeyA'),
      text('write', 'Zoë — 😀 ß'),
      text('paste', 'x = "päste" && 字'),
      text('write', 'ok'),
      ...press('KeyB'),
    ],
  },
  {
    name: 'pads that come, play and go',
    pace: 'each',
    steps: [
      plug('cat', 0),
      play('cat', 0, { pressed: [0] }),
      play('cat', 0, { pressed: [0, 3, 5] }),
      play('cat', 0, { pressed: [12, 15, 16], left: 0.5, axes: [1, -1, 0.5, 0] }),
      play('cat', 0, { left: 1, right: 1, axes: [-1, 0.25, 0, 1] }),
      play('cat', 0, {}),
      ...[plug('ann', 0), plug('cat', 1)],
      ...[play('ann', 0, { pressed: [9] }), play('cat', 1, { pressed: [1], right: 0.75 })],
      ...[play('cat', 0, { pressed: [2] }), play('ann', 0, {}), unplug('cat', 0)],
      play('cat', 1, { pressed: [1, 10] }),
      // The slot that is free is taken again; what is pressed goes with its pad.
      ...[plug('cat', 0), play('cat', 0, { pressed: [8] }), unplug('cat', 1), unplug('ann', 0)],
      ...[play('cat', 0, {}), unplug('cat', 0)],
    ],
  },
  {
    name: 'hands and pads at the same time',
    pace: 'burst',
    steps: [
      ...[plug('cat', 0), ...press('KeyW', 'ShiftLeft'), ...press('KeyA')],
      ...[play('cat', 0, { pressed: [0] }), ...press('KeyW'), play('cat', 0, { pressed: [0, 1] })],
      ...[...press('Space'), play('cat', 0, {}), ...press('KeyQ'), unplug('cat', 0)],
    ],
  },
  {
    name: 'a person and an agent at the same keys and the same pointer',
    pace: 'each',
    steps: [
      point(0.25, 0.5),
      // A key is down from the first press to the last release.
      down('KeyW'),
      [
        'agent',
        [
          { type: 'key', key: 'w', action: 'down' },
          { type: 'key', key: 'Shift', action: 'down' },
        ],
        [
          { do: 'key', down: true, code: 'KeyW' },
          { do: 'key', down: true, code: 'ShiftLeft' },
        ],
      ],
      ...[up('KeyW'), ...press('KeyB')],
      ['agent', 'leaves'],
      // Whoever drags keeps the pointer: others move, press and turn nothing.
      [
        'agent',
        [{ type: 'button', action: 'down', x: 64, y: 90 }],
        [
          { do: 'point', x: 0.1, y: 0.25 },
          { do: 'button', down: true, button: 'left' },
        ],
      ],
      ...[point(0.5, 0.5), wheel(0, 120), button(true, 'right'), button(false, 'right')],
      ...press('KeyX'),
      ['agent', 'leaves'],
      // The pointer goes back to where its viewer sees it.
      wheel(0, 120),
      button(true),
      [
        'agent',
        [{ type: 'key', key: 'Enter' }],
        [
          { do: 'key', down: true, code: 'Enter' },
          { do: 'key', down: false, code: 'Enter' },
        ],
      ],
      ['agent', 'leaves'],
      ...[point(0.75, 0.75), button(false)],
      [
        'agent',
        [
          { type: 'text', text: 'hi' },
          { type: 'click', x: 320, y: 180 },
          { type: 'scroll', dy: -2, dx: 1 },
        ],
        [
          { do: 'write', text: 'hi' },
          { do: 'point', x: 0.5, y: 0.5 },
          { do: 'button', down: true, button: 'left' },
          { do: 'button', down: false, button: 'left' },
          { do: 'wheel', dx: 120, dy: 240 },
        ],
      ],
      ['agent', 'leaves'],
      ...[wheel(0, -120), ...press('KeyC')],
    ],
  },
];

/** For when Ben may use pointer and keyboard as well: two pages at one pointer. */
export const TWO_HANDS: Script = {
  name: 'two pages at one pointer and one keyboard',
  pace: 'each',
  steps: [
    ...[point(0.25, 0.25), point(0.75, 0.75, 'ben'), button(true), point(0.5, 0.25)],
    // Ben's are left out while Ann drags, and his release finds nothing to release.
    ...[point(0.5, 0.75, 'ben'), button(true, 'right', 'ben'), button(false, 'right', 'ben')],
    ['ben', { do: 'key', down: true, code: 'KeyA' }],
    ...[down('KeyA'), ['ben', { do: 'key', down: false, code: 'KeyA' }] as const, up('KeyA')],
    ...[button(false), button(true, 'left', 'ben'), button(false, 'left', 'ben')],
    // The same button of two hands goes up with the second.
    ...[point(0.5, 0.5), button(true), button(true, 'left', 'ben'), button(false)],
    ...[down('KeyC'), button(false, 'left', 'ben'), up('KeyC'), wheel(0, 120)],
  ],
};
