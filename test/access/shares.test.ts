import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { ADMINISTRATOR, viewerPrincipal } from '../../src/access/principal.js';
import { stateOf } from '../../src/access/shares.js';
import { MoonteeError } from '../../src/core/errors.js';
import { grant, openAccess } from '../support/viewer-access.js';

const OPEN = { maxUses: null, pin: null };

function codesOf(results: readonly PromiseSettledResult<unknown>[]): string[] {
  return results.map((result) =>
    result.status === 'fulfilled' ? 'ok' : MoonteeError.from(result.reason).code,
  );
}

test('who comes by a link gets its rights until its end, and is listed', async (t) => {
  const { access, folder } = await openAccess(t);
  const { shares, tokens } = access;
  const wish = { ...grant('a', ['watch', 'gamepad'], 60_000), ...OPEN };
  const { record, secret } = await shares.create(wish, ADMINISTRATOR);
  const issued = await shares.redeem({ secret, pin: null, name: 'Bo' });
  const bo = await tokens.verify(issued.token);
  t.like(bo, { name: 'Bo', expiresAt: record.expires_at });
  t.deepEqual([...(bo?.rights ?? [])], ['watch', 'gamepad']);
  const [listed] = shares.list('a', ADMINISTRATOR);
  t.like(listed, { uses: 1, visitors: [{ name: 'Bo', token_id: issued.record.id }] });
  const text = await readFile(join(folder, 'access.json'), 'utf8');
  t.false(text.includes(secret));
  const { access: again } = await openAccess(t, { folder });
  await t.notThrowsAsync(again.shares.redeem({ secret, pin: null, name: null }));
});

test('a number of uses holds, however many come at once', async (t) => {
  const { access } = await openAccess(t);
  const { shares } = access;
  const wish = { ...grant('a', ['watch']), maxUses: 3, pin: '4711' };
  const { record, secret } = await shares.create(wish, ADMINISTRATOR);
  const come = () => shares.redeem({ secret, pin: '4711', name: null });
  const codes = codesOf(await Promise.allSettled(Array.from({ length: 8 }, come)));
  t.is(codes.filter((code) => code === 'ok').length, 3);
  t.is(codes.filter((code) => code === 'SHARE_ENDED').length, 5);
  t.is(stateOf(record), 'used_up');
  await t.throwsAsync(come(), { message: /link does not exist/ });
  t.is(access.tokens.list('a').length, 3);
});

test('ten wrong PINs end a link for newcomers, also at once, and nobody who is in', async (t) => {
  const { access, folder } = await openAccess(t);
  const { shares, tokens } = access;
  const wish = { ...grant('a', ['watch']), maxUses: null, pin: '4711' };
  const { record, secret } = await shares.create(wish, ADMINISTRATOR);
  const come = (pin: string | null) => shares.redeem({ secret, pin, name: null });
  const { token } = await come('4711');
  await t.throwsAsync(come(null), { message: /needs its PIN/ });
  t.is(record.wrong_pins, 0, 'none is not a wrong one');
  const codes = codesOf(
    await Promise.allSettled(Array.from({ length: 15 }, (_, i) => come(String(1_000 + i)))),
  );
  t.is(codes.filter((code) => code === 'SHARE_PIN_WRONG').length, 10);
  t.is(codes.filter((code) => code === 'RATE_LIMITED').length, 5);
  t.is(record.wrong_pins, 10);
  t.is(stateOf(record), 'locked');
  await t.throwsAsync(come('4711'), { message: /link does not exist/ });
  t.not(await tokens.verify(token), null);
  const { access: again } = await openAccess(t, { folder });
  await t.throwsAsync(again.shares.redeem({ secret, pin: '4711', name: null }), {
    message: /link does not exist/,
  });
});

test('taking a link back ends who came by it, unless they are to stay', async (t) => {
  const { access } = await openAccess(t);
  const { shares, tokens } = access;
  for (const keeps of [false, true]) {
    const { record, secret } = await shares.create(
      { ...grant('a', ['watch']), ...OPEN },
      ADMINISTRATOR,
    );
    const { token } = await shares.redeem({ secret, pin: null, name: null });
    const visitor = await tokens.verify(token);
    const ended: string[] = [];
    if (visitor !== null) access.tenures.hold(visitor, (code) => ended.push(code));
    await t.throwsAsync(shares.revoke('b', record.id, ADMINISTRATOR, keeps), {
      message: 'No such link',
    });
    await shares.revoke('a', record.id, ADMINISTRATOR, keeps);
    t.deepEqual(ended, keeps ? [] : ['REVOKED']);
    t.is((await tokens.verify(token)) === null, !keeps);
    await t.throwsAsync(shares.redeem({ secret, pin: null, name: null }), {
      message: /link does not exist/,
    });
  }
});

test('who may share, and not manage, sees and ends the links of its own', async (t) => {
  const { access } = await openAccess(t);
  const { shares, tokens } = access;
  const foreign = await shares.create({ ...grant('a', ['watch']), ...OPEN }, ADMINISTRATOR);
  const { token } = await tokens.issue(grant('a', ['watch', 'share']), ADMINISTRATOR);
  const sharer = await tokens.verify(token);
  if (sharer === null) throw new Error('the token is not good');
  await t.throwsAsync(shares.create({ ...grant('a', ['keyboard']), ...OPEN }, sharer), {
    message: /rights that they do not have/,
  });
  const own = await shares.create({ ...grant('a', ['watch']), ...OPEN }, sharer);
  t.deepEqual(
    shares.list('a', sharer).map(({ id }) => id),
    [own.record.id],
  );
  await t.throwsAsync(shares.revoke('a', foreign.record.id, sharer, false), {
    message: 'No such link',
  });
  t.is(shares.list('a', ADMINISTRATOR).length, 2);
  const manager = viewerPrincipal({
    ...{ id: 'm', name: null, streamers: new Set(['a']) },
    rights: new Set(['share', 'manage'] as const),
  });
  t.is(shares.list('a', manager).length, 2);
  await shares.revoke('a', own.record.id, sharer, false);
  t.is(shares.list('a', sharer).length, 0);
});

test('what is taken back while something is made of it leaves nothing behind', async (t) => {
  const { access } = await openAccess(t);
  const { shares, tokens } = access;
  const rights = ['watch', 'share'] as const;
  const { record, token } = await tokens.issue(
    { ...grant('a', [...rights]), name: null },
    ADMINISTRATOR,
  );
  const giver = await tokens.verify(token);
  if (giver === null) throw new Error('no giver');
  // A PIN takes a while to be hashed.
  const link = shares.create({ ...grant('a', ['watch']), maxUses: null, pin: '4711' }, giver);
  const child = tokens.issue({ ...grant('a', ['watch']), name: null }, giver);
  await tokens.revoke('a', record.id);
  t.deepEqual(codesOf(await Promise.allSettled([link, child])), ['UNAUTHORIZED', 'UNAUTHORIZED']);
  t.deepEqual([tokens.list('a'), shares.list('a', ADMINISTRATOR)], [[], []]);

  const open = await shares.create({ ...grant('a', ['watch']), ...OPEN }, ADMINISTRATOR);
  const coming = shares.redeem({ secret: open.secret, pin: null, name: null });
  await shares.revoke('a', open.record.id, ADMINISTRATOR, false);
  t.deepEqual(codesOf(await Promise.allSettled([coming])), ['SHARE_ENDED']);
  t.deepEqual(tokens.list('a'), []);
});
