import test from 'ava';
import fc from 'fast-check';
import { ALL_RIGHTS, RIGHTS, type Rights } from '../../src/core/rights.js';
import { InputAggregator } from '../../src/input/aggregator.js';
import { decodeChannelMessage } from '../../src/input/channels.js';

import type { ViewerInput } from '../../src/input/viewer-input.js';
import type { HostInput } from '../../src/moonlight/types.js';

/** A host that believes what it is sent and complains about what makes no sense. */
class HostModel {
  readonly keys = new Set<number>();
  readonly buttons = new Set<number>();
  readonly touches = new Set<number>();
  pads = 0;

  take(inputs: readonly HostInput[]): void {
    for (const input of inputs) this.#take(input);
  }

  #take(input: HostInput): void {
    switch (input.type) {
      case 'key': {
        toggle(this.keys, input.keyCode, input.down);
        const own = modifierBits(new Set([input.keyCode]));
        check(
          (modifierBits(this.keys) & ~input.modifiers & ~own) === 0,
          'a held modifier is missing from the field',
        );
        check((input.modifiers & own) === 0, 'a modifier carries its own bit');
        break;
      }
      case 'mouse-button':
        toggle(this.buttons, input.button, input.down);
        break;
      case 'touch':
        if (input.phase === 'move') {
          check(this.touches.has(input.pointerId), 'a finger moved that is not down');
        } else {
          toggle(this.touches, input.pointerId, input.phase === 'down');
        }
        break;
      case 'pad-arrival':
        check((input.activePads & (1 << input.pad)) !== 0, 'a pad arrived without its bit');
        this.pads = input.activePads;
        break;
      case 'pad-state':
        if ((input.activePads & (1 << input.pad)) === 0) {
          check((this.pads & (1 << input.pad)) !== 0, 'a pad left that was not here');
          check(input.buttons === 0, 'a pad left with a button down');
        }
        this.pads = input.activePads;
        break;
      default:
        break;
    }
  }
}

function check(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

function toggle(held: Set<number>, code: number, down: boolean): void {
  check(held.has(code) !== down, `${code} went ${down ? 'down' : 'up'} twice`);
  if (down) held.add(code);
  else held.delete(code);
}

const META = 8;

function bitOf(code: number): number {
  const bits: Record<number, number> = {
    ...{ 0x10: 1, 0xa0: 1, 0xa1: 1 },
    ...{ 0x11: 2, 0xa2: 2, 0xa3: 2 },
    ...{ 0x12: 4, 0xa4: 4, 0xa5: 4 },
    ...{ 0x5b: META, 0x5c: META },
  };
  return bits[code] ?? 0;
}

function modifierBits(keys: ReadonlySet<number>): number {
  return [...keys].reduce((mask, code) => mask | bitOf(code), 0);
}

type Step =
  | { readonly do: 'input'; readonly peer: string; readonly input: ViewerInput }
  | { readonly do: 'join' | 'leave'; readonly peer: string }
  | { readonly do: 'rights'; readonly peer: string; readonly rights: Rights };

const peer = fc.constantFrom('ann', 'bob', 'cleo');
const slots = fc.integer({ min: 1, max: 4 });
const rights = fc.subarray([...RIGHTS]).map((some): Rights => new Set(some));

const input: fc.Arbitrary<ViewerInput> = fc.oneof(
  fc.record({
    type: fc.constant('key' as const),
    down: fc.boolean(),
    keyCode: fc.constantFrom(0x41, 0x42, 0xa0, 0xa1, 0xa2, 0xa4, 0x5b),
    modifiers: fc.constantFrom(0, 1, 15),
  }),
  fc.record({
    type: fc.constant('mouse-button' as const),
    down: fc.boolean(),
    button: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    type: fc.constant('mouse-position' as const),
    x: fc.integer({ min: 0, max: 9 }),
    y: fc.constant(0),
    referenceWidth: fc.constant(9),
    referenceHeight: fc.constant(9),
  }),
  fc.record({
    type: fc.constant('scroll' as const),
    dx: fc.integer({ min: -3, max: 3 }),
    dy: fc.integer({ min: -300, max: 300 }),
    unit: fc.constantFrom('pixels' as const, 'clicks' as const),
  }),
  fc.record({
    type: fc.constant('touch' as const),
    phase: fc.constantFrom('down' as const, 'move' as const, 'up' as const),
    pointerId: fc.integer({ min: 0, max: 2 }),
    x: fc.constant(0.5),
    y: fc.constant(0.5),
    pressure: fc.constant(1),
    rotation: fc.constant(0),
  }),
  fc.record({
    type: fc.constant('pad-add' as const),
    pad: fc.integer({ min: 0, max: 2 }),
    supportedButtons: fc.constant(0xf7ff),
    capabilities: fc.constantFrom(2, 6),
  }),
  fc.record({
    type: fc.constant('pad-remove' as const),
    pad: fc.integer({ min: 0, max: 2 }),
  }),
  fc.record({
    type: fc.constant('pad-state' as const),
    pad: fc.integer({ min: 0, max: 2 }),
    buttons: fc.integer({ min: 0, max: 15 }),
    leftTrigger: fc.constantFrom(0, 255),
    rightTrigger: fc.constant(0),
    leftX: fc.constantFrom(0, 30000),
    leftY: fc.constant(0),
    rightX: fc.constant(0),
    rightY: fc.constant(0),
  }),
);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 20, arbitrary: fc.record({ do: fc.constant('input' as const), peer, input }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('join' as const, 'leave'), peer }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('rights' as const), peer, rights }) },
  ),
  { maxLength: 150 },
);

/** What each viewer holds, by the rules and nothing else. */
class KeyModel {
  readonly #rights = new Map<string, Rights>();
  readonly #held = new Map<string, Set<number>>();
  /** Modifiers whose bits were seen while they were held. */
  readonly #shown = new Map<string, Set<number>>();

  step(step: Step): void {
    if (step.do === 'join' && !this.#rights.has(step.peer)) {
      this.#rights.set(step.peer, ALL_RIGHTS);
      this.#held.set(step.peer, new Set());
      this.#shown.set(step.peer, new Set());
    } else if (step.do === 'leave') {
      this.#rights.delete(step.peer);
      this.#held.delete(step.peer);
    } else if (step.do === 'rights' && this.#rights.has(step.peer)) {
      this.#rights.set(step.peer, step.rights);
      if (!step.rights.has('keyboard')) this.#held.get(step.peer)?.clear();
    } else if (step.do === 'input' && step.input.type === 'key') {
      if (this.#rights.get(step.peer)?.has('keyboard') === true) this.#key(step.peer, step.input);
    }
  }

  #key(peer: string, { down, keyCode, modifiers }: Extract<ViewerInput, { type: 'key' }>): void {
    const held = this.#held.get(peer);
    const shown = this.#shown.get(peer);
    if (held === undefined || shown === undefined) return;
    const had = [...held].some((code) => bitOf(code) === META);
    for (const code of held) {
      if (bitOf(code) === 0 || code === keyCode) continue;
      if ((modifiers & bitOf(code)) !== 0) shown.add(code);
      else if (shown.has(code)) held.delete(code);
    }
    if (!down) held.delete(keyCode);
    if (had && ![...held].some((code) => bitOf(code) === META)) {
      for (const code of held) if (bitOf(code) === 0) held.delete(code);
    }
    for (const code of [...shown]) if (!held.has(code)) shown.delete(code);
    if (down) held.add(keyCode);
    if (down && (modifiers & bitOf(keyCode)) !== 0) shown.add(keyCode);
  }

  get down(): number[] {
    return [...new Set([...this.#held.values()].flatMap((keys) => [...keys]))].sort(ascending);
  }
}

const ascending = (a: number, b: number): number => a - b;

function perform(aggregator: InputAggregator, step: Step, now: number): HostInput[] {
  switch (step.do) {
    case 'join':
      aggregator.join(step.peer, ALL_RIGHTS);
      return [];
    case 'leave':
      return aggregator.leave(step.peer);
    case 'rights':
      return aggregator.setRights(step.peer, step.rights);
    case 'input':
      return aggregator.input(step.peer, step.input, now);
  }
}

/** Slots that the aggregator says somebody owns, as `peer/pad`. */
function owners(aggregator: InputAggregator): string[] {
  return Array.from({ length: 16 }, (_, pad) =>
    aggregator.hostMessage({ type: 'rumble', pad, low: 1, high: 1 }),
  ).flatMap((messages) => messages.map(({ peerId, data }) => `${peerId}/${data.readUInt8(1)}`));
}

test('a host key is down exactly while somebody holds it, and nothing stays held', (t) => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const aggregator = new InputAggregator();
      const host = new HostModel();
      const model = new KeyModel();
      const joins: Step[] = ['ann', 'bob'].map((name) => ({ do: 'join', peer: name }));
      for (const step of [...joins, ...sequence]) {
        host.take(perform(aggregator, step, 0));
        model.step(step);
        check(
          JSON.stringify([...host.keys].sort(ascending)) === JSON.stringify(model.down),
          'the keys of host and viewers differ',
        );
        t.deepEqual(new Set(aggregator.held.buttons), host.buttons);
        t.deepEqual(new Set(aggregator.held.touches), host.touches);
        t.is(aggregator.held.pads, host.pads);
      }
      for (const name of ['bob', 'cleo', 'ann']) host.take(aggregator.leave(name));
      check(host.keys.size === 0, 'a key is stuck');
      check(host.buttons.size === 0, 'a button is stuck');
      check(host.touches.size === 0, 'a touch is stuck');
      check(host.pads === 0, 'a pad is stuck');
    }),
    { seed: 2, numRuns: 300 },
  );
});

test('no two browser pads share a slot, and every active slot has one owner', (t) => {
  fc.assert(
    fc.property(steps, slots, slots, (sequence, padSlots, padShare) => {
      const aggregator = new InputAggregator({ padSlots, padShare });
      for (const name of ['ann', 'bob']) aggregator.join(name, ALL_RIGHTS);
      for (const step of sequence) {
        perform(aggregator, step, 0);
        const names = owners(aggregator);
        t.is(new Set(names).size, names.length);
        t.is(aggregator.held.pads.toString(2).replaceAll('0', '').length, names.length);
        t.true(names.length <= padSlots);
        for (const peer of ['ann', 'bob', 'cleo']) {
          t.true(names.filter((name) => name.startsWith(`${peer}/`)).length <= padShare);
        }
      }
    }),
    { seed: 3, numRuns: 200 },
  );
});

test('a host that begins anew holds nothing, and agrees from then on', (t) => {
  fc.assert(
    fc.property(steps, steps, (before, after) => {
      const aggregator = new InputAggregator();
      const joins: Step[] = ['ann', 'bob'].map((name) => ({ do: 'join', peer: name }));
      for (const step of [...joins, ...before]) perform(aggregator, step, 0);
      const host = new HostModel();
      const releases = aggregator.restart();
      t.false(releases.some((one) => 'down' in one && one.down));
      // Those of a host that has kept what was held are of no interest to one that has not.
      host.take(releases.filter(({ type }) => type.startsWith('pad-')));
      t.deepEqual(aggregator.held, { keys: [], buttons: [], touches: [], pads: host.pads });
      for (const step of after) host.take(perform(aggregator, step, 0));
      host.take(aggregator.reset());
      t.deepEqual([host.keys.size, host.buttons.size, host.touches.size, host.pads], [0, 0, 0, 0]);
    }),
    { seed: 4, numRuns: 200 },
  );
});

test('under a rate limit presses may be lost, releases never', (t) => {
  const budget = { rate: 20, burst: 3 };
  fc.assert(
    fc.property(steps, (sequence) => {
      const aggregator = new InputAggregator({
        budgets: { motion: budget, press: budget, text: budget, statement: budget },
      });
      const host = new HostModel();
      const model = new KeyModel();
      const joins: Step[] = ['ann', 'bob'].map((name) => ({ do: 'join', peer: name }));
      for (const [now, step] of [...joins, ...sequence].entries()) {
        host.take(perform(aggregator, step, now * 10));
        model.step(step);
        for (const code of host.keys) check(model.down.includes(code), 'held without a holder');
      }
      host.take(aggregator.reset());
      t.is(host.keys.size + host.buttons.size + host.touches.size + host.pads, 0);
    }),
    { seed: 5, numRuns: 300 },
  );
});

test('garbage from the wire neither throws nor leaves anything held', (t) => {
  const label = fc.constantFrom('keyboard', 'mouse', 'touch', 'controllers', 'controller0');
  const message = fc
    .tuple(fc.integer({ min: 0, max: 4 }), fc.constantFrom(1, 2, 4, 7, 8, 14, 26))
    .chain(([type, length]) =>
      fc
        .uint8Array({ minLength: length, maxLength: length })
        .map((rest) => Uint8Array.from([type, ...rest])),
    );
  fc.assert(
    fc.property(fc.array(fc.tuple(peer, label, message), { maxLength: 100 }), (messages) => {
      const aggregator = new InputAggregator();
      const host = new HostModel();
      for (const name of ['ann', 'bob', 'cleo']) aggregator.join(name, ALL_RIGHTS);
      for (const [name, channel, data] of messages) {
        for (const decoded of decodeChannelMessage(channel, data) ?? []) {
          host.take(aggregator.input(name, decoded, 0));
        }
      }
      for (const name of ['ann', 'bob', 'cleo']) host.take(aggregator.leave(name));
      t.is(host.keys.size + host.buttons.size + host.touches.size + host.pads, 0);
    }),
    { seed: 6, numRuns: 500 },
  );
});
