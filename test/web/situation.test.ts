import test from 'ava';
import { inkOn } from '../../web/people/ink.js';
import { heldInWords } from '../../web/people/held-words.js';
import { idleInWords, spanInWords } from '../../web/people/idle-words.js';
import { padSlots, withPadOwner } from '../../web/people/pad-slots.js';
import {
  controlInWords,
  otherChoices,
  ownChoices,
  rightsInWords,
  type Right,
  type Situation,
} from '../../web/people/situation.js';

const STEERS: Right[] = ['watch', 'pointer'];
const one = (peer_id: string, granted: Right[]): Situation['you'] => ({
  ...{ peer_id, name: peer_id, color: '#000000', rights: granted, granted },
  is_name_certain: false,
});

function situation(
  granted: Right[],
  control: Partial<Situation['control']> = {},
  other = STEERS,
): Situation {
  const you = one('me', granted);
  return {
    you,
    viewers: [you, one('bo', other)],
    control: { mode: 'single', holder: null, asking: [], idle_timeout_ms: 0, pads: [], ...control },
  };
}

/** Names of what is true. */
const offered = (choices: object): string[] =>
  Object.entries(choices).flatMap(([name, isOffered]) => (isOffered === true ? [name] : []));

test('what is offered for oneself', (t) => {
  const rows: readonly [Right[], Partial<Situation['control']>, string[]][] = [
    [['watch'], {}, []],
    [['watch', 'gamepad', 'manage'], { holder: 'bo' }, []],
    [STEERS, {}, ['ask']],
    [STEERS, { holder: 'bo' }, ['ask']],
    [STEERS, { holder: 'bo', asking: ['me'] }, ['withdraw']],
    [STEERS, { holder: 'me' }, ['giveUp']],
    [[...STEERS, 'manage'], {}, ['ask']],
    [[...STEERS, 'manage'], { holder: 'bo' }, ['ask', 'take']],
    [STEERS, { mode: 'shared' }, []],
    [STEERS, { mode: 'locked' }, []],
  ];
  for (const [granted, control, choices] of rows) {
    t.deepEqual(offered(ownChoices(situation(granted, control))), choices);
  }
});

test('what is offered about others', (t) => {
  const about = (
    granted: Right[],
    control: Partial<Situation['control']>,
    other?: Right[],
  ): string[] => {
    const all = situation(granted, control, other);
    t.deepEqual(offered(otherChoices(all, all.you)), []);
    return offered(otherChoices(all, all.viewers[1] ?? all.you));
  };
  t.deepEqual(about(STEERS, { holder: 'bo' }), []);
  t.deepEqual(about(STEERS, { holder: 'me' }), ['give']);
  t.deepEqual(about(STEERS, { holder: 'me', asking: ['bo'] }), ['give', 'refuse']);
  t.deepEqual(about(['watch', 'manage'], { asking: ['bo'] }), ['give', 'refuse']);
  t.deepEqual(about(['watch', 'manage'], { holder: 'bo' }), []);
  t.deepEqual(about(STEERS, { holder: 'me' }, ['watch']), []);
  t.deepEqual(about(['watch', 'manage'], { mode: 'shared' }), []);
});

test('words', (t) => {
  t.is(rightsInWords(['watch']), 'Watches only');
  t.is(rightsInWords(['watch', 'keyboard', 'manage']), 'Keyboard · manages');
  t.is(rightsInWords(['watch', 'touch', 'pointer', 'gamepad']), 'Mouse, touch and gamepad');
  t.is(controlInWords(situation(STEERS, { holder: 'bo' })), 'bo has control.');
  t.is(controlInWords(situation(STEERS, { holder: 'gone' })), 'Somebody has control.');
  const nothing = { peer_id: 'a', name: null, keys: [], buttons: [], touches: 0, pads: [] };
  t.is(heldInWords(nothing), '');
  t.is(
    heldInWords({ ...nothing, keys: [0x41, 0x31, 0xa2, 0x25, 0x22, 0xff], buttons: [3, 5] }),
    'A, 1, Control (left), Arrow left, Page Down, Key 255, right button, button 5',
  );
});

test('ink can be read on any colour', (t) => {
  t.is(inkOn('#ffffff'), '#000000');
  t.is(inkOn('#000000'), '#ffffff');
  t.is(inkOn('#ffb000'), '#000000');
  t.is(inkOn('#7d2ae8'), '#ffffff');
  t.is(inkOn('odd'), '#ffffff');
});

test('an idle time is told in the unit that it is whole in', (t) => {
  t.deepEqual(
    [0, 500, 1_000, 30_000, 60_000, 90_000, 120_000, 3_600_000, 86_400_000].map(spanInWords),
    [
      ...['never', '0.5 seconds', '1 second', '30 seconds', '1 minute', '90 seconds', '2 minutes'],
      ...['1 hour', '24 hours'],
    ],
  );
  const control = {
    mode: 'single',
    holder: null,
    asking: [],
    idle_timeout_ms: 60_000,
    pads: [],
  } as const;
  const words = (change: object) => idleInWords({ ...control, asking: [], pads: [], ...change });
  t.is(words({}), 'Who does nothing for 1 minute loses control.');
  t.is(words({ idle_timeout_ms: 0 }), '');
  t.is(words({ mode: 'shared' }), '');
});

test('slots of gamepads: a few, one more than is owned, and none of who has left', (t) => {
  const slots = (pads: (string | null)[]) =>
    padSlots({ control: { mode: 'shared', holder: null, asking: [], idle_timeout_ms: 0, pads } });
  t.deepEqual(slots([]), [null, null, null, null]);
  t.deepEqual(slots([null, 'a']), [null, 'a', null, null]);
  t.is(slots([null, null, null, 'a']).length, 5);
  t.is(slots(Array<string>(16).fill('a')).length, 16);
  t.deepEqual(withPadOwner([], 2, 'a', ['a']), [null, null, 'a']);
  t.deepEqual(withPadOwner(['a', 'b'], 0, null, ['a', 'b']), [null, 'b']);
  t.deepEqual(withPadOwner(['a', 'gone'], 0, 'b', ['a', 'b']), ['b', null]);
});
