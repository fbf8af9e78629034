import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import fc from 'fast-check';
import { decodeJwt, SignJWT } from 'jose';
import {
  ADMINISTRATOR,
  isWithin,
  viewerPrincipal,
  type Principal,
} from '../../src/access/principal.js';
import { MoonteeError } from '../../src/core/errors.js';
import { RIGHTS } from '../../src/core/rights.js';
import { grant, openAccess } from '../support/viewer-access.js';

const HOUR_MS = 3_600_000;

function holder(principal: Principal | null): Principal {
  if (principal === null) throw new Error('the token is not good');
  return principal;
}

test('a token is good for its streamer and its rights, and names its holder', async (t) => {
  const { access } = await openAccess(t);
  const { tokens } = access;
  const request = { ...grant('a', ['watch', 'keyboard'], HOUR_MS), name: 'Ann' };
  const { record, token } = await tokens.issue(request, ADMINISTRATOR);
  const ann = holder(await tokens.verify(token));
  t.like(ann, { kind: 'viewer', id: record.id, name: 'Ann', tokenId: record.id });
  t.deepEqual([...ann.rights], ['watch', 'keyboard']);
  t.deepEqual(ann.streamers, new Set(['a']));
  t.is(ann.expiresAt, record.expires_at);
  t.true(tokens.claims(token));
  t.like(decodeJwt(token), { iss: 'moontee', aud: 'a', name: 'Ann' });
  t.deepEqual(
    tokens.list('a').map(({ id }) => id),
    [record.id],
  );
  t.deepEqual(tokens.list('b'), []);
});

test('key and tokens survive a restart, and nobody else can read them', async (t) => {
  const { access, folder } = await openAccess(t);
  const { token } = await access.tokens.issue(grant('a', ['watch']), ADMINISTRATOR);
  const { access: again } = await openAccess(t, { folder });
  t.not(await again.tokens.verify(token), null);
  for (const name of ['token-key', 'access.json']) {
    t.is((await stat(join(folder, name))).mode & 0o777, 0o600, name);
  }
  t.is(Buffer.from(await readFile(join(folder, 'token-key'), 'utf8'), 'base64url').length, 32);
  t.false((await readFile(join(folder, 'access.json'), 'utf8')).includes(token));
});

test('a token that was taken back stays so after a restart', async (t) => {
  const { access, folder } = await openAccess(t);
  const { record, token } = await access.tokens.issue(grant('a', ['watch']), ADMINISTRATOR);
  await t.throwsAsync(access.tokens.revoke('b', record.id), { message: 'No such token' });
  await access.tokens.revoke('a', record.id);
  t.is(await access.tokens.verify(token), null);
  await t.throwsAsync(access.tokens.revoke('a', record.id), { message: 'No such token' });
  const { access: again } = await openAccess(t, { folder });
  t.is(await again.tokens.verify(token), null);
});

test('what was signed by somebody else, or by nobody, is not good', async (t) => {
  const { access } = await openAccess(t);
  const { record, token } = await access.tokens.issue(grant('a', ['watch']), ADMINISTRATOR);
  const claims = {
    iss: 'moontee',
    aud: 'a',
    jti: record.id,
    exp: Math.ceil(Date.now() / 1_000) + 60,
  };
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const [head = '', body = '', signature = ''] = token.split('.');
  const other = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new Uint8Array(32));
  const forged = [
    other,
    `${part({ alg: 'none' })}.${body}.`,
    `${part({ alg: 'none' })}.${body}.${signature}`,
    `${part({ alg: 'HS512' })}.${body}.${signature}`,
    `${head}.${part({ ...claims, jti: 'x' })}.${signature}`,
    `${head}.${body}.`,
    `${head}.${body}.${signature.slice(1)}`,
    `${head}.${body}`,
    '',
    '..',
  ];
  for (const text of forged) t.is(await access.tokens.verify(text), null, text);
  t.not(await access.tokens.verify(token), null);
});

test('a key of another server makes all tokens worthless, and a broken one is told', async (t) => {
  const { access, folder } = await openAccess(t);
  const { token } = await access.tokens.issue(grant('a', ['watch']), ADMINISTRATOR);
  const path = join(folder, 'token-key');
  await writeFile(path, `${Buffer.alloc(32, 1).toString('base64url')}\n`);
  const { access: again } = await openAccess(t, { folder });
  t.is(await again.tokens.verify(token), null);
  await writeFile(path, 'x');
  await t.throwsAsync(openAccess(t, { folder }), { message: /token-key holds no key/ });
});

test('nobody gives rights, streamers or time that they do not have', async (t) => {
  const { access } = await openAccess(t);
  await fc.assert(
    fc.asyncProperty(
      fc.subarray([...RIGHTS]),
      fc.subarray([...RIGHTS], { minLength: 1 }),
      fc.constantFrom('a', 'b'),
      fc.integer({ min: 1, max: 10 }),
      async (own, asked, streamerId, hours) => {
        const giver = viewerPrincipal({
          id: 'giver',
          name: null,
          rights: new Set(own),
          streamers: new Set(['a']),
          expiresAt: Date.now() + 5 * HOUR_MS,
        });
        const isFine = streamerId === 'a' && isWithin(new Set(asked), new Set(own));
        const issuing = access.tokens.issue(grant(streamerId, asked, hours * HOUR_MS), giver);
        if (!isFine) {
          await t.throwsAsync(issuing, { message: /rights that they do not have/ });
          return;
        }
        const { record } = await issuing;
        t.true(record.expires_at <= (giver.expiresAt ?? 0));
        await access.tokens.revoke('a', record.id);
      },
    ),
    { numRuns: 60 },
  );
  await t.throwsAsync(access.tokens.issue(grant('a', []), ADMINISTRATOR), {
    message: 'At least one right is needed',
  });
});

test('what a holder has given ends with its own token', async (t) => {
  const { access } = await openAccess(t);
  const { tokens, shares } = access;
  const first = await tokens.issue(grant('a', ['watch', 'share', 'manage']), ADMINISTRATOR);
  const giver = holder(await tokens.verify(first.token));
  const second = await tokens.issue(grant('a', ['watch', 'manage']), giver);
  const third = await tokens.issue(
    grant('a', ['watch']),
    holder(await tokens.verify(second.token)),
  );
  const link = await shares.create({ ...grant('a', ['watch']), maxUses: null, pin: null }, giver);
  const fourth = await shares.redeem({ secret: link.secret, pin: null, name: null });
  const ended: string[] = [];
  for (const { token, record } of [third, fourth]) {
    access.tenures.hold(holder(await tokens.verify(token)), (code) => {
      ended.push(`${record.id} ${code}`);
    });
  }
  await tokens.revoke('a', first.record.id);
  t.deepEqual(ended.sort(), [`${third.record.id} REVOKED`, `${fourth.record.id} REVOKED`].sort());
  for (const { token } of [first, second, third, fourth]) t.is(await tokens.verify(token), null);
  await t.throwsAsync(shares.redeem({ secret: link.secret, pin: null, name: null }), {
    message: /link does not exist/,
  });
});

test('tokens are bounded for each streamer, and go with it', async (t) => {
  const { access, folder } = await openAccess(t, { maxTokens: 2 });
  const { tokens } = access;
  const make = (streamer: string) => tokens.issue(grant(streamer, ['watch']), ADMINISTRATOR);
  const [one] = [await make('a'), await make('a')];
  await t.throwsAsync(make('a'), { message: /Too many tokens/ });
  const other = await make('b');
  access.forgetStreamer('a');
  t.is(await tokens.verify(one.token), null);
  t.not(await tokens.verify(other.token), null);
  await make('a');
  access.keepStreamers(['a', 'c']);
  t.is(await tokens.verify(other.token), null);
  t.is(tokens.list('a').length, 1);
  await make('c');
  const { access: again } = await openAccess(t, { folder });
  t.is(again.tokens.list('b').length, 0);
});

test('an expired token is not good, and is forgotten', async (t) => {
  const { access, folder } = await openAccess(t);
  const { record, token } = await access.tokens.issue(grant('a', ['watch'], 1), ADMINISTRATOR);
  while (Date.now() <= record.expires_at) await new Promise((resolve) => setTimeout(resolve, 2));
  t.is(await access.tokens.verify(token), null);
  t.deepEqual(access.tokens.list('a'), []);
  await access.tokens.issue(grant('a', ['watch']), ADMINISTRATOR);
  t.false((await readFile(join(folder, 'access.json'), 'utf8')).includes(record.id));
});

test('a file that is no list of tokens is told, not replaced', async (t) => {
  const { folder } = await openAccess(t);
  for (const text of ['x', '{}', '{"tokens":[{"id":1}],"shares":[]}']) {
    await writeFile(join(folder, 'access.json'), text);
    await t.throwsAsync(openAccess(t, { folder }), { message: /access\.json/ }, text);
  }
});

test('what is made while its streamer ends is good for no later one of that name', async (t) => {
  const { access, folder } = await openAccess(t);
  const { tokens, shares } = access;
  const link = { ...grant('a', ['watch']), maxUses: null, pin: '4711' };
  const makings: readonly (() => Promise<unknown>)[] = [
    () => tokens.issue(grant('a', ['watch']), ADMINISTRATOR),
    () => shares.create(link, ADMINISTRATOR),
  ];
  const ends = new Set<string>();
  const over = new Set<Promise<string>>();
  for (const make of makings) {
    // The end comes at each moment of the making, until it comes after it.
    for (let turns = 0, end = ''; end !== 'made'; turns = Math.ceil(turns * 1.2) + 1) {
      const making = make().then(
        () => 'made',
        (error: unknown) => MoonteeError.from(error).code,
      );
      void making.then(() => over.add(making));
      for (let turn = 0; turn < turns && !over.has(making); turn += 1) await setImmediate();
      const wanted = over.has(making) ? 'made' : 'STREAMER_NOT_FOUND';
      access.forgetStreamer('a');
      end = await making;
      t.is(end, wanted, `after ${turns} turns`);
      ends.add(end);
      t.deepEqual([tokens.list('a'), shares.list('a', ADMINISTRATOR)], [[], []]);
    }
  }
  t.is(ends.size, 2);
  await tokens.issue(grant('b', ['watch']), ADMINISTRATOR);
  const { access: again } = await openAccess(t, { folder });
  t.deepEqual([again.tokens.list('a'), again.tokens.list('b').length], [[], 1]);
});
