/** Who steers: the rules one by one, and a model over random orders. */
import test from 'ava';
import fc from 'fast-check';
import { MoonteeError } from '../../src/core/errors.js';
import { ALL_RIGHTS, RIGHTS, type Right, type Rights } from '../../src/core/rights.js';
import { Control, CONTROL_MODES, KEPT_MS, type ControlMode } from '../../src/streamer/control.js';

const STEERS: Rights = new Set<Right>(['watch', 'pointer', 'keyboard', 'touch', 'gamepad']);
const WATCHES: Rights = new Set<Right>(['watch', 'gamepad']);

function single(...people: readonly (readonly [string, Rights])[]): Control {
  const control = new Control();
  for (const [peerId, rights] of people) control.join(peerId, rights, `seat of ${peerId}`);
  control.setMode('single');
  return control;
}

test('shared: everybody has what was granted', (t) => {
  const control = new Control();
  control.join('ann', STEERS);
  t.is(control.rights('ann'), STEERS);
  t.is(control.rights('nobody').size, 0);
  t.throws(() => control.ask('ann', 0), { instanceOf: MoonteeError, code: 'FORBIDDEN' });
});

test('locked: nobody steers, whatever was granted, and nobody plays', (t) => {
  const control = single(['ann', ALL_RIGHTS]);
  control.setMode('locked');
  t.deepEqual([...control.rights('ann')].sort(), ['manage', 'share', 'watch']);
});

test('single: the first to ask has control, the others wait, and all keep their pads', (t) => {
  const control = single(['ann', STEERS], ['bob', STEERS], ['cleo', WATCHES]);
  t.deepEqual([...control.rights('ann')].sort(), ['gamepad', 'watch']);
  control.ask('ann', 0);
  control.ask('bob', 0);
  control.ask('bob', 0);
  t.like(control.state, { holder: 'ann', asking: ['bob'] });
  t.is(control.rights('ann'), STEERS);
  t.throws(() => control.ask('cleo', 0), { code: 'FORBIDDEN' });
  t.throws(() => control.ask('dan', 0), { code: 'NOT_FOUND' });
  control.release('ann', 0);
  t.like(control.state, { holder: 'bob', asking: [] });
});

test('the holder gives it, whoever manages takes it, others do neither', (t) => {
  const control = single(['ann', STEERS], ['bob', STEERS], ['max', ALL_RIGHTS]);
  control.ask('ann', 0);
  control.ask('bob', 0);
  t.throws(() => control.take('bob', 0), { code: 'FORBIDDEN' });
  t.throws(() => control.grant('bob', 'bob', 0), { code: 'FORBIDDEN' });
  t.throws(() => control.deny('bob', 'bob'), { code: 'FORBIDDEN' });
  control.grant('ann', 'bob', 0);
  t.like(control.state, { holder: 'bob', asking: [] });
  control.take('max', 0);
  t.is(control.state.holder, 'max');
  control.ask('ann', 0);
  control.deny('max', 'ann');
  t.deepEqual(control.state.asking, []);
});

test('control goes back when its holder leaves, and on when it is released', (t) => {
  const control = single(['ann', STEERS], ['bob', STEERS], ['cleo', STEERS]);
  control.ask('ann', 0);
  control.grant('ann', 'bob', 0);
  control.ask('cleo', 0);
  control.leave('bob', false, 0);
  t.like(control.state, { holder: 'ann', asking: ['cleo'] });
  control.release('ann', 0);
  t.is(control.state.holder, 'cleo');
  control.leave('cleo', false, 0);
  t.is(control.state.holder, null);
});

test('a holder without input loses control, to who waits or to nobody', (t) => {
  const control = single(['ann', STEERS], ['bob', STEERS]);
  control.setMode('single', 1_000);
  control.ask('ann', 0);
  t.is(control.expiresAt, 1_000);
  control.acted('bob', 900);
  control.acted('ann', 800);
  t.false(control.expire(1_700));
  control.ask('bob', 1_700);
  t.true(control.expire(1_800));
  t.is(control.state.holder, 'bob');
  t.true(control.expire(2_800));
  t.like(control.state, { holder: null, mode: 'single' });
  t.is(control.expiresAt, null);
  control.setMode('single', 0);
  control.ask('ann', 3_000);
  t.is(control.expiresAt, null);
  for (const bad of [-1, 0.5, NaN, 1e12]) {
    t.throws(() => control.setMode('single', bad), { code: 'BAD_REQUEST' });
  }
});

test('who loses the right loses control', (t) => {
  const control = single(['ann', STEERS], ['bob', STEERS]);
  control.ask('ann', 0);
  control.ask('bob', 0);
  control.setGranted('ann', WATCHES, 0);
  t.is(control.state.holder, 'bob');
  control.setGranted('bob', new Set<Right>(['keyboard']), 0);
  t.is(control.state.holder, 'bob');
});

test('who acts without a client that could ask has control if nobody has it', (t) => {
  const control = single(['ann', STEERS], ['bob', STEERS], ['cleo', WATCHES]);
  control.claim('cleo', 0);
  control.claim('nobody', 0);
  t.is(control.state.holder, null);
  control.claim('ann', 0);
  control.claim('bob', 0);
  t.like(control.state, { holder: 'ann', asking: [] });
  control.leave('ann', true, 0);
  control.claim('bob', 1);
  t.is(control.state.holder, null, 'it is kept for her');
  control.expire(KEPT_MS);
  control.claim('bob', KEPT_MS);
  t.is(control.state.holder, 'bob');
  control.setMode('locked');
  control.claim('ann', KEPT_MS);
  t.is(control.state.holder, null);
});

test('when nobody is to have control, nobody waits for it either', (t) => {
  const control = single(['ann', STEERS], ['bob', STEERS]);
  control.ask('ann', 0);
  control.ask('bob', 0);
  control.give(null, 0);
  t.like(control.state, { holder: null, asking: [] });
  control.ask('bob', 0);
  t.is(control.state.holder, 'bob');
});

test('who waits comes before who asks when the time is over', (t) => {
  const control = single(['ann', STEERS], ['bob', STEERS], ['max', STEERS]);
  control.ask('ann', 0);
  control.leave('ann', true, 0);
  control.ask('bob', 100);
  // Before anybody has looked at the clock.
  control.ask('max', KEPT_MS);
  t.like(control.state, { holder: 'bob', asking: ['max'] });
});

test('a holder that is expected back has control again, and nobody else meanwhile', (t) => {
  const control = single(['ann', STEERS], ['bob', STEERS]);
  control.ask('ann', 0);
  control.leave('ann', true, 0);
  control.ask('bob', 100);
  t.like(control.state, { holder: null, asking: ['bob'] });
  control.join('ann again', STEERS, 'another seat');
  control.resume('ann again', 'not her seat', 200);
  t.is(control.state.holder, null);
  control.resume('ann again', 'seat of ann', 200);
  t.like(control.state, { holder: 'ann again', asking: ['bob'] });
});

test('one that does not come back in time is waited for no longer', (t) => {
  const control = single(['ann', STEERS], ['bob', STEERS]);
  control.ask('ann', 0);
  control.leave('ann', true, 0);
  control.ask('bob', 100);
  t.is(control.expiresAt, KEPT_MS);
  t.true(control.expire(KEPT_MS));
  t.is(control.state.holder, 'bob');
  control.join('ann again', STEERS);
  control.resume('ann again', 'seat of ann', KEPT_MS + 1);
  t.is(control.state.holder, 'bob');
});

const STEERING: readonly Right[] = ['pointer', 'keyboard', 'touch'];

const person = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
const order = fc.record({
  what: fc.constantFrom(
    ...(['join', 'join', 'leave', 'lost', 'ask', 'ask', 'release', 'take', 'grant'] as const),
    ...([
      'deny',
      'mode',
      'granted',
      'acted',
      'later',
      'resume',
      'claim',
      'give',
      'vacate',
    ] as const),
  ),
  one: person,
  other: person,
  rights: fc.subarray([...RIGHTS]),
  mode: fc.constantFrom<ControlMode>(...CONTROL_MODES, ...Array<'single'>(7).fill('single')),
  gone: fc.nat({ max: 40_000 }),
});
type Order = typeof order extends fc.Arbitrary<infer O> ? O : never;

function follow(control: Control, { what, one, other, rights, mode }: Order, now: number): void {
  if (what === 'join') control.join(one, new Set(rights), one);
  else if (what === 'leave' || what === 'lost') control.leave(one, what === 'lost', now);
  else if (what === 'ask') control.ask(one, now);
  else if (what === 'release') control.release(one, now);
  else if (what === 'take') control.take(one, now);
  else if (what === 'grant') control.grant(one, other, now);
  else if (what === 'deny') control.deny(one, other);
  else if (what === 'claim') control.claim(one, now);
  else if (what === 'give') control.give(one, now);
  else if (what === 'vacate') control.give(null, now);
  else if (what === 'mode') control.setMode(mode);
  else if (what === 'granted') control.setGranted(one, new Set(rights), now);
  else if (what === 'acted') control.acted(one, now);
  else if (what === 'resume') control.resume(one, other, now);
}

test('at most one steers, who is here and was granted it; nobody gets more than was granted', (t) => {
  let holders = 0;
  fc.assert(
    fc.property(fc.array(order, { minLength: 60, maxLength: 120 }), (orders) => {
      const control = new Control();
      control.setMode('single');
      const granted = new Map<string, ReadonlySet<Right>>();
      let now = 0;
      for (const one of orders) {
        if (one.what === 'later') now += one.gone;
        if (one.what === 'join' && granted.has(one.one)) continue;
        const before = JSON.stringify(control.state);
        try {
          follow(control, one, now);
        } catch (error) {
          t.true(error instanceof MoonteeError && error.code !== 'INTERNAL');
          t.is(JSON.stringify(control.state), before, 'what is refused changes nothing');
        }
        if (one.what === 'join') granted.set(one.one, new Set(one.rights));
        if (one.what === 'leave' || one.what === 'lost') granted.delete(one.one);
        if (one.what === 'granted' && granted.has(one.one)) {
          granted.set(one.one, new Set(one.rights));
        }
        control.expire(now);
        const { mode, holder, asking } = control.state;
        t.is(new Set(asking).size, asking.length);
        const maySteer = (id: string): boolean =>
          STEERING.some((right) => granted.get(id)?.has(right) === true);
        t.true(asking.every((id) => maySteer(id) && id !== holder));
        t.true(holder === null || (mode === 'single' && maySteer(holder)));
        // Nobody waits for what nobody has, unless it is kept for somebody for a while.
        if (asking.length > 0 && holder === null) t.not(control.expiresAt, null);
        t.true(asking.length === 0 || mode === 'single');
        if (holder !== null) holders += 1;
        for (const [id, rights] of granted) {
          const has = control.rights(id);
          for (const right of has) t.true(rights.has(right));
          const steers = STEERING.some((each) => has.has(each));
          if (mode === 'single') t.true(!steers || id === holder);
          if (mode === 'locked') t.false(steers || has.has('gamepad'));
          if (mode === 'shared') t.is(has.size, rights.size);
        }
      }
    }),
    { seed: 9, numRuns: 300 },
  );
  t.true(holders > 100, `${holders} orders that somebody in control saw`);
});
