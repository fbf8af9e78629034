/** Slots of the host that belong to viewers. */
import test from 'ava';
import fc from 'fast-check';
import { ALL_RIGHTS, NO_RIGHTS } from '../../src/core/rights.js';
import { InputAggregator } from '../../src/input/aggregator.js';
import type { ViewerInput } from '../../src/input/viewer-input.js';

const PEOPLE = ['ann', 'bob', 'cleo'] as const;
const SLOTS = 6;

const added = (pad: number): ViewerInput => ({
  ...{ type: 'pad-add', pad, supportedButtons: 0xf000, capabilities: 2 },
});

/** By slot: whose pad is in it. */
function inSlots(all: InputAggregator): (string | undefined)[] {
  return Array.from(
    { length: SLOTS },
    (_, pad) => all.hostMessage({ type: 'rumble', pad, low: 1, high: 1 })[0]?.peerId,
  );
}

function players(): InputAggregator {
  const all = new InputAggregator({ padSlots: SLOTS, padShare: 2 });
  for (const peerId of PEOPLE) all.join(peerId, ALL_RIGHTS);
  return all;
}

test('a slot that is given away is left, and its owner comes into it', (t) => {
  const all = players();
  all.input('ann', added(0), 0);
  all.input('bob', added(0), 0);
  t.deepEqual(inSlots(all).slice(0, 3), ['ann', 'bob', undefined]);
  const inputs = all.assignPads(['bob']);
  t.deepEqual(inSlots(all).slice(0, 3), ['bob', 'ann', undefined]);
  t.true(inputs.some((one) => one.type === 'pad-arrival' && one.pad === 0));
  all.assignPads([null, 'bob', 'ann']);
  t.deepEqual(inSlots(all).slice(0, 3), [undefined, 'bob', 'ann']);
  all.input('cleo', added(0), 0);
  t.is(inSlots(all)[0], 'cleo');
  t.deepEqual(all.assignPads([null, 'bob', 'ann']), []);
});

test('a slot stays free for its owner', (t) => {
  const all = players();
  all.assignPads(['ann', 'ann', 'ann', 'ann', 'ann', 'ann']);
  t.deepEqual(all.input('bob', added(0), 0), []);
  all.assignPads(['ann', 'ann', 'ann', 'ann', 'ann']);
  t.is(inSlots(all)[5], 'bob');
});

const step = fc.oneof(
  fc.record({
    do: fc.constantFrom('add' as const, 'remove', 'leave', 'join', 'rights'),
    who: fc.constantFrom(...PEOPLE),
    pad: fc.nat({ max: 2 }),
    may: fc.boolean(),
  }),
  fc.record({
    do: fc.constant('assign' as const),
    owners: fc.array(fc.constantFrom(null, ...PEOPLE), { maxLength: SLOTS }),
  }),
);

test('nobody is in a slot of another, and a free slot of one’s own is used first', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const all = players();
      let owners: readonly (string | null)[] = [];
      let pads = 0;
      for (const one of steps) {
        const inputs =
          one.do === 'assign'
            ? all.assignPads((owners = one.owners))
            : one.do === 'add'
              ? all.input(one.who, added(one.pad), 0)
              : one.do === 'remove'
                ? all.input(one.who, { type: 'pad-remove', pad: one.pad }, 0)
                : one.do === 'leave'
                  ? all.leave(one.who)
                  : one.do === 'rights'
                    ? all.setRights(one.who, one.may ? ALL_RIGHTS : NO_RIGHTS)
                    : [];
        if (one.do === 'join') all.join(one.who, ALL_RIGHTS);
        for (const input of inputs) if ('activePads' in input) pads = input.activePads;
        t.is(pads, all.held.pads, 'the host knows which pads there are');
        const slots = inSlots(all);
        for (const [slot, peerId] of slots.entries()) {
          const owner = owners[slot] ?? null;
          if (peerId !== undefined) t.true(owner === null || owner === peerId);
        }
        if (one.do !== 'assign') continue;
        for (const [slot, peerId] of slots.entries()) {
          if (peerId === undefined || (owners[slot] ?? null) === peerId) continue;
          const free = slots.some((pad, each) => pad === undefined && owners[each] === peerId);
          t.false(free, `${peerId} has a slot of its own`);
        }
      }
    }),
    { seed: 16, numRuns: 400 },
  );
});
