import test from 'ava';
import fc from 'fast-check';
import { decodeInput } from '../../../src/moonlight/input/decode.js';
import { HAPTICS_ENABLE, type InputPacket } from '../../../src/moonlight/input/encode.js';
import { InputQueue } from '../../../src/moonlight/input/queue.js';
import type { HostInput } from '../../../src/moonlight/types.js';

const ALL = { extensions: true, touchAndPen: true, padTouchAndMotion: true };

function fixture(support = ALL) {
  const link = { room: true, urgent: true, idle: true, sent: [] as InputPacket[] };
  const queue = new InputQueue(support, {
    send: (packet) => {
      link.sent.push(packet);
      return true;
    },
    hasRoom: (urgent) => link.room || (urgent && link.urgent),
    isIdle: () => link.idle,
  });
  queue.start();
  link.sent.length = 0;
  const take = (): (HostInput | undefined)[] =>
    link.sent.splice(0).map(({ packet }) => decodeInput(packet));
  return { queue, link, take };
}

const move = (dx: number, dy = 0): HostInput => ({ type: 'mouse-move', dx, dy });
const button = (down: boolean): HostInput => ({ type: 'mouse-button', down, button: 1 });
const key = (keyCode: number, down = true): HostInput => ({
  type: 'key',
  down,
  keyCode,
  modifiers: 0,
  flags: 0,
});
const pad = (over: object = {}): HostInput => ({
  type: 'pad-state',
  pad: 0,
  activePads: 1,
  buttons: 0,
  leftTrigger: 0,
  rightTrigger: 0,
  leftX: 0,
  leftY: 0,
  rightX: 0,
  rightY: 0,
  ...over,
});
const pen = (over: object = {}): HostInput => ({
  type: 'pen',
  phase: 'move',
  tool: 1,
  buttons: 0,
  x: 0,
  y: 0,
  pressure: 0,
  rotation: 0,
  tilt: 0,
  contactMajor: 0,
  contactMinor: 0,
  ...over,
});

test('haptics come before everything else, once', (t) => {
  const sent: InputPacket[] = [];
  const queue = new InputQueue(ALL, {
    send: (packet) => sent.push(packet) > 0,
    hasRoom: () => true,
    isIdle: () => true,
  });
  queue.push(key(1), 0);
  queue.start();
  t.is(sent.length, 2);
  t.is(sent[0], HAPTICS_ENABLE);
});

test('keys and buttons leave at once', (t) => {
  const { queue, take } = fixture();
  for (const event of [key(1), key(2), button(true), key(1, false)]) {
    queue.push(event, 5);
    t.deepEqual(take(), [event]);
  }
  t.is(queue.wait(), Infinity);
});

test('movement within a millisecond adds up and leaves before a click', (t) => {
  const { queue, take } = fixture();
  queue.push(move(1), 10);
  t.deepEqual(take(), [move(1)]);
  queue.push(move(2, 1), 10.1);
  queue.push(move(3, 1), 10.2);
  t.deepEqual(take(), []);
  t.is(queue.wait(), 1);
  queue.push(button(true), 10.3);
  t.deepEqual(take(), [move(5, 2), button(true)]);
  queue.push(move(7), 10.4);
  queue.service(11);
  t.deepEqual(take(), []);
  queue.service(11.4);
  t.deepEqual(take(), [move(7)]);
});

test('without room movement merges and clicks keep their place', (t) => {
  const { queue, link, take } = fixture();
  link.room = false;
  link.urgent = false;
  for (const event of [move(1), move(2), button(true), move(4), move(8), button(false)]) {
    t.is(queue.push(event, 50), 'taken');
  }
  t.is(queue.length, 4);
  link.room = true;
  queue.service(60);
  t.deepEqual(take(), [move(3), button(true), move(12), button(false)]);
});

test('a click does not wait for the room that movement lacks', (t) => {
  const { queue, link, take } = fixture();
  link.room = false;
  queue.push(move(1), 50);
  queue.push(move(2), 52);
  t.deepEqual(take(), []);
  queue.push(button(true), 53);
  t.deepEqual(take(), [move(3), button(true)]);
  queue.push(key(1), 53);
  t.deepEqual(take(), [key(1)]);
});

test('of positions the latest counts', (t) => {
  const { queue, link, take } = fixture();
  link.room = false;
  link.urgent = false;
  const at = (x: number): HostInput => ({
    type: 'mouse-position',
    x,
    y: 0,
    referenceWidth: 100,
    referenceHeight: 100,
  });
  for (const event of [at(1), at(2), move(5), at(3), at(4)]) queue.push(event, 0);
  link.room = true;
  queue.service(10);
  t.deepEqual(take(), [at(2), move(5), at(4)]);
});

test('a pad state is updated while the same buttons are down, each pad for itself', (t) => {
  const { queue, link, take } = fixture();
  link.room = false;
  link.urgent = false;
  const events = [
    pad({ leftX: 1 }),
    pad({ leftX: 2 }),
    pad({ pad: 1, leftX: 9 }),
    pad({ leftX: 3 }),
    pad({ buttons: 0x1000, leftX: 3 }),
    pad({ leftX: 4 }),
  ];
  for (const event of events) queue.push(event, 0);
  link.room = true;
  queue.service(10);
  t.deepEqual(take(), [
    pad({ leftX: 3 }),
    pad({ pad: 1, leftX: 9 }),
    pad({ buttons: 0x1000, leftX: 3 }),
    pad({ leftX: 4 }),
  ]);
});

test('a pen skips to the newest place, but not over a change of its buttons, which is reliable', (t) => {
  const { queue, link } = fixture();
  link.room = false;
  link.urgent = false;
  for (const event of [
    pen({ x: 0.25 }),
    pen({ x: 0.5 }),
    pen({ buttons: 1 }),
    pen({ buttons: 1, x: 0.75 }),
  ]) {
    queue.push(event, 0);
  }
  link.room = true;
  queue.service(10);
  t.deepEqual(
    link.sent.map(({ packet, delivery }) => [decodeInput(packet), delivery]),
    [
      [pen({ x: 0.5 }), 'unreliable'],
      [pen({ buttons: 1, x: 0.75 }), 'reliable'],
    ],
  );
});

test('150 events wait at most; what releases something still finds a place', (t) => {
  const { queue, link, take } = fixture();
  link.room = false;
  link.urgent = false;
  for (let count = 0; count < 150; count += 1) t.is(queue.push(button(true), 0), 'taken');
  t.is(queue.push(button(true), 0), 'full');
  t.is(queue.push(button(false), 0), 'taken');
  for (let count = 0; count < 150; count += 1) queue.push(key(count), 0);
  t.is(queue.push(key(1), 0), 'full');
  t.is(queue.push(key(1, false), 0), 'taken');
  for (let count = 0; count < 1000; count += 1) queue.push(button(false), 0);
  t.is(queue.length, 300 + 151);
  queue.drain();
  t.is(take().length, 451);
  t.is(queue.length, 0);
});

test('what the host does not know is not sent', (t) => {
  const extensions: HostInput[] = [
    { type: 'horizontal-scroll', amount: 120 },
    { type: 'pad-battery', pad: 0, state: 1, percent: 1 },
  ];
  const motion: HostInput = { type: 'pad-motion', pad: 0, sensor: 'gyro', x: 1, y: 1, z: 1 };
  const plain = fixture({ extensions: false, touchAndPen: true, padTouchAndMotion: true });
  for (const event of [...extensions, pen(), motion]) {
    t.is(plain.queue.push(event, 0), 'unsupported', event.type);
  }
  t.is(plain.queue.push({ type: 'scroll', amount: 120 }, 0), 'taken');
  const arrival: HostInput = {
    type: 'pad-arrival',
    pad: 2,
    kind: 1,
    capabilities: 0,
    supportedButtons: 0,
    activePads: 4,
  };
  plain.take();
  t.is(plain.queue.push(arrival, 0), 'taken');
  t.deepEqual(plain.take(), [pad({ pad: 2, activePads: 4 })]);

  const wolf = fixture({ extensions: true, touchAndPen: false, padTouchAndMotion: false });
  t.is(wolf.queue.push(pen(), 0), 'unsupported');
  t.is(wolf.queue.push(motion, 0), 'unsupported');
  for (const event of extensions) t.is(wolf.queue.push(event, 0), 'taken');
});

test('text waits until the last key has arrived and 50 ms more; keys wait for text', (t) => {
  const { queue, link, take } = fixture();
  link.idle = false;
  queue.push(key(1), 0);
  queue.push(key(1, false), 0);
  take();
  queue.push({ type: 'text', text: 'hé' }, 1);
  queue.push(key(2), 1);
  queue.push(move(1), 5);
  t.deepEqual(take(), [move(1)]);
  queue.service(30);
  t.deepEqual(take(), []);
  link.idle = true;
  queue.service(40);
  queue.service(89);
  t.deepEqual(take(), []);
  link.idle = false;
  queue.service(90);
  t.deepEqual(take(), []);
  link.idle = true;
  queue.service(100);
  queue.service(150);
  t.deepEqual(take(), [{ type: 'text', text: 'h' }, { type: 'text', text: 'é' }, key(2)]);
  t.is(queue.length, 0);
});

test('a link that never falls silent delays text by a second at most', (t) => {
  const { queue, link, take } = fixture();
  link.idle = false;
  queue.push(key(1), 0);
  take();
  queue.push({ type: 'text', text: 'a' }, 10);
  queue.service(1009);
  t.deepEqual(take(), []);
  queue.service(1010);
  t.deepEqual(take(), [{ type: 'text', text: 'a' }]);
});

test('text is bounded', (t) => {
  const { queue, link } = fixture();
  link.room = false;
  link.urgent = false;
  t.is(queue.push({ type: 'text', text: 'x'.repeat(4096) }, 0), 'taken');
  t.is(queue.push({ type: 'text', text: 'x' }, 0), 'full');
  link.room = true;
  queue.service(0);
  t.is(link.sent.length, 4096);
  t.is(queue.push({ type: 'text', text: 'x'.repeat(1e6) }, 0), 'full');
});

test('whatever comes and however the link behaves: movement sums up and clicks keep order', (t) => {
  const event = fc.oneof(
    fc.integer({ min: -50, max: 50 }).map((dx) => move(dx, 1)),
    fc.boolean().map(button),
  );
  const step = fc.record({ event, room: fc.boolean(), wait: fc.constantFrom(0, 0.3, 2) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const { queue, link, take } = fixture();
      let now = 0;
      for (const { event: input, room, wait } of steps) {
        link.room = room;
        link.urgent = room;
        queue.push(input, now);
        now += wait;
        queue.service(now);
      }
      queue.drain();
      const summary = (events: (HostInput | undefined)[]): string => {
        const parts: string[] = [];
        let x = 0;
        let y = 0;
        for (const input of events) {
          if (input?.type === 'mouse-move') {
            x += input.dx;
            y += input.dy;
          } else if (input?.type === 'mouse-button') {
            parts.push(`${x},${y}:${input.down}`);
          }
        }
        return [...parts, `${x},${y}`].join(' ');
      };
      t.is(summary(take()), summary(steps.map(({ event: input }) => input)));
    }),
    { seed: 17, numRuns: 300 },
  );
});
