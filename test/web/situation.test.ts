import test from 'ava';
import { inkOn } from '../../web/people/ink.js';
import { heldInWords } from '../../web/people/held-words.js';
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
