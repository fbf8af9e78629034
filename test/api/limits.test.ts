/** What is counted by the minute, while somebody sets the wall clock. */
import test from 'ava';
import { CreationLimit } from '../../src/access/creation-limit.js';
import { Credentials } from '../../src/access/credentials.js';
import { MoonteeError } from '../../src/errors.js';

const HOUR = 3_600_000;

async function waitOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (thrown) {
    const { code, details } = MoonteeError.from(thrown);
    return code === 'RATE_LIMITED' ? details['retry_after_s'] : code;
  }
  return null;
}

test('nobody is told to wait for longer than a minute, or for no time at all', async (t) => {
  const creations = new CreationLimit(1);
  const credentials = new Credentials('right', 1);
  await creations.take('a');
  await credentials.check('wrong', 'a');
  const now = Date.now;
  t.teardown(() => (Date.now = now));
  for (const offset of [0, -HOUR]) {
    Date.now = () => now() + offset;
    for (const wait of [
      await waitOf(creations.take('a')),
      await waitOf(credentials.check('right', 'a')),
    ]) {
      t.true(typeof wait === 'number' && wait > 0 && wait <= 60, `${offset}: ${String(wait)}`);
    }
  }
  Date.now = () => now() + HOUR;
  const wait = await waitOf(credentials.check('right', 'a'));
  t.true(typeof wait === 'number' && wait > 0 && wait <= 60, String(wait));
  // Another address is not concerned, whatever the clock says.
  t.true(await credentials.check('right', 'b'));
  t.is(await waitOf(creations.take('b')), null);
});
