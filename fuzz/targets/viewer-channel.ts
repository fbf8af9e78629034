import { ALL_RIGHTS, NO_RIGHTS, type Rights } from '../../src/core/rights.js';
import { InputAggregator } from '../../src/input/aggregator.js';
import { decodeChannelMessage, isInputLabel } from '../../src/input/channels.js';
import { decodeInput } from '../../src/moonlight/input/decode.js';
import { encodeInput } from '../../src/moonlight/input/encode.js';
import { ByteReader } from '../byte-reader.js';
import { expect, type FuzzTarget } from '../target.js';
import type { HostInput } from '../../src/moonlight/types.js';

const LABELS = [
  'keyboard',
  'mouse',
  'mouseClicks',
  'mouse_absolute',
  'touch',
  'controllers',
  'controller0',
  'controller15',
  'general',
] as const;
const PEERS = ['a', 'b', 'c'] as const;
const GAMEPAD: Rights = new Set(['gamepad']);
const MAX_STEPS = 100;

const MESSAGE = 0;
const JOIN = 1;
const LEAVE = 2;
const RIGHTS = 3;
const RESET = 4;

const floats = (...values: number[]): number[] => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeFloatBE(value, index * 4));
  return [...bytes];
};
const message = (label: (typeof LABELS)[number], ...bytes: number[]): number[] => [
  MESSAGE,
  0,
  LABELS.indexOf(label),
  bytes.length,
  ...bytes,
];

/** Data channel messages of several viewers, merged into what a host is sent. */
export const viewerChannel: FuzzTarget = {
  name: 'viewer-channel',
  seeds: [
    [JOIN, 0, ...message('keyboard', 0, 1, 2, 0, 0x41), ...message('keyboard', 1, 2, 0x68, 0x69)],
    [JOIN, 0, ...message('mouse', 0, 0, 5, 0xff, 0xfb), ...message('mouseClicks', 2, 1, 1)],
    [JOIN, 0, ...message('mouse_absolute', 1, 0, 5, 0, 6, 2, 0x80, 1, 0x68)],
    [JOIN, 0, ...message('mouse', 3, 0, 0, 0, 120), ...message('mouse', 4, 1, 0xff)],
    [JOIN, 0, ...message('touch', 0, 0, 0, 0, 7, ...floats(0.5, 0.5, 1, 1, 1).slice(0, 20), 0, 9)],
    [
      JOIN,
      0,
      ...message('controllers', 0, 15, 0, 0, 0xff, 0xff, 0, 3),
      ...message('controller15', 0, 0, 0, 0x10, 1, 9, 9, 1, 1, 2, 2, 3, 3, 4, 4),
      ...message('controllers', 1, 15),
      LEAVE,
      0,
    ],
    [JOIN, 0, ...message('keyboard', 2, 0, 0, 0, 9, 0x41, 0xa0)],
    [JOIN, 0, ...message('mouseClicks', 5, 0, 0, 0, 9, 3), ...message('touch', 3, 0, 0, 0, 9)],
    [JOIN, 0, JOIN, 1, RIGHTS, 0, 1, ...message('keyboard', 0, 1, 0, 0, 9), RESET, LEAVE, 1],
  ].map((bytes) => Buffer.from(bytes)),
  words: LABELS.map((label, index) =>
    Buffer.from([MESSAGE, 0, index, 5, 0, 1, 0, 0, label.length]),
  ),
  run: (input) => {
    const reader = new ByteReader(input);
    const aggregator = new InputAggregator();
    let now = 0;
    const send = (inputs: readonly HostInput[]): void => {
      for (const one of inputs) {
        for (const { packet } of encodeInput(one)) {
          expect(decodeInput(packet) !== undefined, `a ${one.type} that hosts cannot read`);
        }
      }
    };
    for (let step = 0; step < MAX_STEPS && !reader.done; step++) {
      now += 5;
      send(aggregator.letGoOfSilent(now));
      switch (reader.below(5)) {
        case MESSAGE: {
          const peer = reader.choose([...PEERS]);
          const label = reader.choose([...LABELS]);
          const data = reader.take(reader.byte());
          const inputs = decodeChannelMessage(label, data);
          expect(inputs === undefined || isInputLabel(label), 'input on a channel that has none');
          for (const one of inputs ?? []) send(aggregator.input(peer, one, now));
          break;
        }
        case JOIN:
          aggregator.join(reader.choose([...PEERS]), ALL_RIGHTS);
          break;
        case LEAVE:
          send(aggregator.leave(reader.choose([...PEERS])));
          break;
        case RIGHTS:
          send(
            aggregator.setRights(
              reader.choose([...PEERS]),
              reader.choose([ALL_RIGHTS, NO_RIGHTS, GAMEPAD]),
            ),
          );
          break;
        default:
          send(reader.flag() ? aggregator.reset() : aggregator.restart());
      }
    }
    for (const peer of PEERS) send(aggregator.leave(peer));
    const { keys, buttons, touches, pads } = aggregator.held;
    expect(
      keys.length === 0 && buttons.length === 0 && touches.length === 0 && pads === 0,
      'something stays pressed when everybody has left',
    );
  },
};
