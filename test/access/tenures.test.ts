import test from 'ava';
import { ADMINISTRATOR, viewerPrincipal, type Principal } from '../../src/access/principal.js';
import { Tenures } from '../../src/access/tenures.js';

function viewer(id: string, expiresAt: number | null = null): Principal {
  const rights = new Set(['watch'] as const);
  return viewerPrincipal({ id, name: null, rights, streamers: 'all', expiresAt, tokenId: id });
}

test('what is open ends once, with the token that it was opened with', (t) => {
  const tenures = new Tenures(() => true);
  const ended: string[] = [];
  const note = (name: string) => (code: string) => void ended.push(`${name} ${code}`);
  tenures.hold(viewer('a'), note('one'));
  const two = tenures.hold(viewer('a'), note('two'));
  tenures.hold(viewer('b'), note('other'));
  tenures.hold(ADMINISTRATOR, note('administrator'));
  two.release();
  two.release();
  tenures.revoke(['a', 'administrator', 'nobody']);
  tenures.revoke(['a']);
  t.deepEqual(ended, ['one REVOKED']);
  t.is(tenures.size, 1);
  tenures.close();
  t.is(tenures.size, 0);
  tenures.revoke(['b']);
  t.deepEqual(ended, ['one REVOKED']);
});

test('a token that has ended opens nothing, and one opens so much at a time', (t) => {
  const gone = new Set(['gone']);
  const tenures = new Tenures(({ id }) => !gone.has(id));
  t.teardown(() => tenures.close());
  t.throws(() => tenures.hold(viewer('gone'), () => undefined), { message: 'Unauthorized' });
  const held = Array.from({ length: 32 }, () => tenures.hold(viewer('a'), () => undefined));
  t.throws(() => tenures.hold(viewer('a'), () => undefined), { message: /Too much is open/ });
  held[0]?.release();
  t.notThrows(() => tenures.hold(viewer('a'), () => undefined));
  t.notThrows(() => tenures.hold(viewer('b'), () => undefined));
});

test('what is open ends when its token expires', async (t) => {
  const tenures = new Tenures(() => true);
  t.teardown(() => tenures.close());
  const code = await new Promise((resolve) => {
    tenures.hold(viewer('a', Date.now() + 20), resolve);
  });
  t.is(code, 'EXPIRED');
  t.is(tenures.size, 0);
  const late = await new Promise((resolve) => {
    tenures.hold(viewer('a', Date.now() - 1_000), resolve);
  });
  t.is(late, 'EXPIRED');
});
