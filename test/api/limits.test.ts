/** What is counted by the minute and by address. */
import test from 'ava';
import fc from 'fast-check';
import { AddressBudget } from '../../src/access/address-budget.js';
import { addressGroup } from '../../src/access/address-group.js';
import { CreationLimit } from '../../src/access/creation-limit.js';
import { Credentials } from '../../src/access/credentials.js';
import { RefusalLog } from '../../src/access/refusal-log.js';
import { MoonteeError } from '../../src/core/errors.js';
import { createLogTo } from '../../src/core/log.js';

const HOUR = 3_600_000;

function waitOf(work: () => unknown): unknown {
  try {
    work();
  } catch (thrown) {
    const { code, details } = MoonteeError.from(thrown);
    return code === 'RATE_LIMITED' ? details['retry_after_s'] : code;
  }
  return null;
}

test.serial('nobody is told to wait for longer than a minute, or for no time at all', (t) => {
  const creations = new CreationLimit(1);
  const credentials = new Credentials('right', 1);
  creations.take('a');
  credentials.check(['wrong'], 'a');
  const now = Date.now;
  t.teardown(() => (Date.now = now));
  for (const offset of [0, -HOUR, HOUR]) {
    Date.now = () => now() + offset;
    for (const wait of [
      waitOf(() => creations.take('a')),
      waitOf(() => credentials.check(['wrong'], 'a')),
    ]) {
      t.true(typeof wait === 'number' && wait > 0 && wait <= 60, `${offset}: ${String(wait)}`);
    }
  }
  // Another address is not concerned, whatever the clock says.
  t.false(credentials.check(['wrong'], 'b'));
  t.is(
    waitOf(() => creations.take('b')),
    null,
  );
});

test('the right credentials are let in, whatever came from their address before', (t) => {
  const credentials = new Credentials('right', 60);
  const answers = Array.from({ length: 200 }, () =>
    waitOf(() => credentials.check(['wrong'], 'a')),
  );
  t.is(answers.filter((wait) => wait === null).length, 60);
  t.true(credentials.check(['right'], 'a'));
  t.not(
    waitOf(() => credentials.check(['wrong'], 'a')),
    null,
    'it takes nothing back',
  );
  t.is(credentials.failures, 201);
});

test('memory of a budget is bounded, and the oldest are forgotten first', (t) => {
  const budget = new AddressBudget(1, 100);
  for (let i = 0; i < 10_000; i += 1) t.is(budget.take(`10.0.${i >> 8}.${i & 255}`), null);
  t.is(budget.size, 100);
  const last = `10.0.${9_999 >> 8}.${9_999 & 255}`;
  t.true(Number(budget.take(last)) > 0);
});

test('all of a /64 is one address', (t) => {
  for (const [address, group] of [
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002:ffff::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['', ''],
  ] as const) {
    t.is(addressGroup(address), group, address);
  }
  const budget = new AddressBudget(5);
  const waits = Array.from({ length: 50 }, (_, i) => budget.take(`2001:db8:1:2:${i}::${i}`));
  t.is(waits.filter((wait) => wait === null).length, 5);
  t.is(budget.take('2001:db8:1:3::1'), null);
});

test('an address is in the group of its network, however it is written', (t) => {
  const group = fc.integer({ min: 0, max: 0xffff });
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const plain = groups.map((each) => each.toString(16)).join(':');
        const long = groups
          .map((each) => each.toString(16).padStart(4, '0').toUpperCase())
          .join(':');
        const short = new URL(`http://[${plain}]`).hostname.slice(1, -1);
        const all = new Set([plain, long, short].map(addressGroup));
        const [only = ''] = all;
        return all.size === 1 && only === `${plain.split(':').slice(0, 4).join(':')}::/64`;
      }),
    ),
  );
});

test('strangers do not fill the log: their lines are cut, counted and told', (t) => {
  let text = '';
  const refusals = new RefusalLog(createLogTo({ write: (line) => void (text += line) }, 'test'));
  for (let i = 0; i < 10_000; i += 1) {
    const path = `/${'x'.repeat(10_000)}\u202e\n${i}`;
    refusals.note(`10.0.${i >> 8}.${i & 255}`, { method: 'GET', path }, 'upgrade refused');
    refusals.note('192.0.2.1', { path }, 'upgrade refused');
  }
  refusals.close();
  const lines = text.trimEnd().split('\n');
  t.true(lines.length <= 121, String(lines.length));
  t.true(lines.filter((line) => line.includes('"192.0.2.1"')).length <= 10);
  t.true(text.length < 121 * 300, String(text.length));
  t.like(JSON.parse(lines.at(-1) ?? ''), { suppressed: 20_000 - (lines.length - 1) });
});
