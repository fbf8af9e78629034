import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type JWK, type JWTPayload } from 'jose';
import { IdentityProvider, type IdentityOptions } from '../../src/access/identity-provider.js';
import { temporaryFolder } from '../support/server.js';

const ISSUER = 'https://id.example';
const AUDIENCE = 'moontee';
const CLAIMS = {
  iss: ISSUER,
  aud: AUDIENCE,
  name: 'Ann\u202e',
  moontee_rights: ['watch', 'pointer', 'fly'],
  moontee_streamers: ['a'],
};

interface Signer {
  readonly jwk: JWK;
  readonly spki: string;
  sign(claims: JWTPayload, header?: { alg?: string; kid?: string }): Promise<string>;
}

async function signer(kid: string, alg = 'RS256'): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return {
    jwk: { ...(await exportJWK(publicKey)), kid },
    spki: await exportSPKI(publicKey),
    sign: (claims, header = {}) =>
      new SignJWT({ exp: now() + 60, ...claims })
        .setProtectedHeader({ alg, kid, ...header })
        .sign(privateKey),
  };
}

function now(): number {
  return Math.floor(Date.now() / 1_000);
}

interface KeyServer {
  readonly url: string;
  answer: { status: number; body: string };
  asked: number;
}

async function keyServer(t: ExecutionContext, keys: readonly JWK[]): Promise<KeyServer> {
  const stage = { url: '', asked: 0, answer: { status: 200, body: JSON.stringify({ keys }) } };
  const server = createServer((_request, response) => {
    stage.asked += 1;
    response.writeHead(stage.answer.status, { 'Content-Type': 'application/json' });
    response.end(stage.answer.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  stage.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  return stage;
}

function open(options: Partial<IdentityOptions>): Promise<IdentityProvider> {
  return IdentityProvider.open({ issuer: ISSUER, audience: AUDIENCE, ...options });
}

test('a token of the provider is good for what its claims say', async (t) => {
  const key = await signer('1');
  const { url } = await keyServer(t, [key.jwk]);
  const provider = await open({ jwks_url: url });
  const token = await key.sign(CLAIMS);
  t.true(provider.claims(token));
  const ann = await provider.verify(token);
  t.like(ann, { kind: 'viewer', name: 'Ann', tokenId: null });
  t.deepEqual([...(ann?.rights ?? [])], ['watch', 'pointer']);
  t.deepEqual(ann?.streamers, new Set(['a']));
  t.true(Math.abs((ann?.expiresAt ?? 0) - Date.now() - 60_000) < 30_000);
});

test('claims may have other names, be nested, be words, and name all streamers', async (t) => {
  const key = await signer('1', 'ES256');
  const { url } = await keyServer(t, [key.jwk]);
  const claims = { name: 'https://x/name', rights: 'realm.roles', streamers: 'scope' };
  const provider = await open({ jwks_url: url, claims });
  const token = await key.sign({
    ...{ iss: ISSUER, aud: [AUDIENCE, 'other'], 'https://x/name': 'Bo' },
    realm: { roles: 'openid watch manage' },
    scope: '*',
  });
  const bo = await provider.verify(token);
  t.like(bo, { name: 'Bo', streamers: 'all' });
  t.deepEqual([...(bo?.rights ?? [])], ['watch', 'manage']);
});

test('what is wrong with a token makes it good for nothing', async (t) => {
  const key = await signer('1');
  const stranger = await signer('1');
  const { url } = await keyServer(t, [key.jwk]);
  const provider = await open({ jwks_url: url });
  const good = await key.sign(CLAIMS);
  const [head = '', body = '', signature = ''] = good.split('.');
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const bySecret = (secret: string) =>
    new SignJWT({ ...CLAIMS, exp: now() + 60 })
      .setProtectedHeader({ alg: 'HS256', kid: '1' })
      .sign(new TextEncoder().encode(secret));
  const wrong = {
    'another key': await stranger.sign(CLAIMS),
    'another audience': await key.sign({ ...CLAIMS, aud: 'other' }),
    'another issuer': await key.sign({ ...CLAIMS, iss: 'https://evil.example' }),
    'no audience': await key.sign({ ...CLAIMS, aud: undefined as unknown as string }),
    expired: await key.sign({ ...CLAIMS, exp: now() - 60 }),
    'not yet': await key.sign({ ...CLAIMS, nbf: now() + 600 }),
    'no end': await key.sign({ ...CLAIMS, exp: undefined as unknown as number }),
    'no rights': await key.sign({ ...CLAIMS, moontee_rights: ['fly'] }),
    'no streamers': await key.sign({ ...CLAIMS, moontee_streamers: [] }),
    'no algorithm': `${part({ alg: 'none' })}.${body}.`,
    'no algorithm, signed': `${part({ alg: 'none', kid: '1' })}.${body}.${signature}`,
    'the public key as a secret': await bySecret(key.spki),
    'the public JWK as a secret': await bySecret(JSON.stringify(key.jwk)),
    'another algorithm': `${part({ alg: 'PS256', kid: '1' })}.${body}.${signature}`,
    'a critical extension': `${part({ alg: 'RS256', kid: '1', crit: ['x'], x: 1 })}.${body}.${signature}`,
    'a key in the header': `${part({ alg: 'RS256', jwk: stranger.jwk })}.${body}.${signature}`,
    'no signature': `${head}.${body}.`,
  };
  for (const [name, token] of Object.entries(wrong)) t.is(await provider.verify(token), null, name);
  t.not(await provider.verify(good), null);
});

test('a set with a symmetric key in it makes no token good', async (t) => {
  const secret = new Uint8Array(32).fill(7);
  const k = Buffer.from(secret).toString('base64url');
  const { url } = await keyServer(t, [{ kty: 'oct', k, kid: '1', alg: 'HS256' }]);
  const provider = await open({ jwks_url: url });
  const token = await new SignJWT({ ...CLAIMS, exp: now() + 60 })
    .setProtectedHeader({ alg: 'HS256', kid: '1' })
    .sign(secret);
  t.is(await provider.verify(token), null);
});

test('keys are remembered, and strangers cannot have the provider asked again and again', async (t) => {
  const key = await signer('1');
  const server = await keyServer(t, [key.jwk]);
  const provider = await open({ jwks_url: server.url });
  for (let i = 0; i < 5; i += 1) t.not(await provider.verify(await key.sign(CLAIMS)), null);
  t.is(server.asked, 1);
  for (let i = 0; i < 5; i += 1) {
    t.is(await provider.verify(await key.sign(CLAIMS, { kid: `other${i}` })), null);
  }
  t.true(server.asked <= 2);
});

test('a provider that fails is told apart from a wrong token, and is left alone for a while', async (t) => {
  const key = await signer('1');
  const server = await keyServer(t, [key.jwk]);
  for (const answer of [
    { status: 500, body: '' },
    { status: 200, body: 'no JSON' },
    { status: 200, body: ' '.repeat(300_000) },
  ]) {
    server.answer = answer;
    server.asked = 0;
    const provider = await open({ jwks_url: server.url });
    for (let i = 0; i < 3; i += 1) {
      await t.throwsAsync(provider.verify(await key.sign(CLAIMS)), {
        message: /identity provider cannot be had/,
      });
    }
    t.is(server.asked, 1, answer.body.slice(0, 20));
  }
  const nobody = await open({ jwks_url: 'http://127.0.0.1:1/' });
  await t.throwsAsync(nobody.verify(await key.sign(CLAIMS)), {
    message: /identity provider cannot be had/,
  });
});

test('keys of a file are read again once it has changed', async (t) => {
  const [old, fresh] = [await signer('1'), await signer('2')];
  const path = join(await temporaryFolder(t), 'jwks.json');
  await t.throwsAsync(open({ jwks_path: path }), { message: /identity\.jwks_path/ });
  await writeFile(path, 'x');
  await t.throwsAsync(open({ jwks_path: path }), { message: /identity\.jwks_path/ });
  await writeFile(path, JSON.stringify({ keys: [old.jwk] }));
  const provider = await open({ jwks_path: path });
  t.not(await provider.verify(await old.sign(CLAIMS)), null);
  t.is(await provider.verify(await fresh.sign(CLAIMS)), null);
  await writeFile(path, JSON.stringify({ keys: [fresh.jwk, { kty: 'RSA' }] }));
  t.not(await provider.verify(await fresh.sign(CLAIMS)), null);
  t.is(await provider.verify(await old.sign(CLAIMS)), null);
  await rm(path);
  t.not(await provider.verify(await fresh.sign(CLAIMS)), null, 'the last ones stay');
});
