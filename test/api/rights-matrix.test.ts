/**
 * Every declared route × who calls × how it shows who it is × how the path is spelled, against a real
 * server. What may is reckoned here once more, from the declarations alone.
 */
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { inParallel } from '../../attack/support/requests.js';
import { spellings } from '../../attack/support/spellings.js';
import { AddressList } from '../../src/access/address-list.js';
import type { Access, Gate } from '../../src/access/gate.js';
import { OPERATIONS } from '../../src/api/operations.js';
import { RIGHTS, type Right } from '../../src/core/rights.js';
import { Routes } from '../../src/http/routes.js';
import { socketRoutes, type Endpoint } from '../../src/signaling/upgrade.js';
import {
  addHost,
  createBody,
  PASSWORD,
  serve,
  temporaryFolder,
  type TestServer,
  type Undoing,
} from '../support/server.js';
import { makeShare, makeToken, redeem } from '../support/tokens.js';

const WORKERS = 12;
const ANSWER_TIMEOUT_MS = 30_000;
const WEBSOCKET = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
const DESKTOP = '/ws/stream';
const ISSUER = 'https://id.example';

interface Caller {
  readonly name: string;
  readonly kind: 'stranger' | 'viewer' | 'administrator';
  /** On streamer `a`. */
  readonly rights: readonly Right[];
  readonly headers: readonly string[];
  /** Of a link. */
  readonly token?: string;
}

interface Row {
  readonly method: string;
  /** With parameters in braces. */
  readonly path: string;
  readonly access: Access;
}

const REST: readonly Row[] = OPERATIONS.flatMap(({ method, path, access = 'administrator' }) => {
  // These two answer as plain requests, too.
  const row = { method: method.toUpperCase(), path, access };
  return method === 'get' ? [row, { ...row, method: 'HEAD' }] : [row];
});

function sockets(): readonly Row[] {
  const routes = new Routes<Endpoint>({} as unknown as Gate, (_context, next) => next());
  socketRoutes(routes, { path: DESKTOP, streamer: null, openTo: new AddressList([]) });
  return routes.sockets.map(({ path, access }) => ({
    method: 'GET',
    path: path.replaceAll(/:(\w+)/g, '{$1}'),
    access,
  }));
}

/** The same decision as the server's, from the words of SECURITY.md. */
function may({ kind, rights }: Caller, access: Access): boolean {
  if (access === 'open' || kind === 'administrator') return true;
  if (kind === 'stranger' || access === 'administrator') return false;
  if (access === 'known') return true;
  return access === 'member' ? rights.length > 0 : rights.includes(access);
}

/** The status of a refusal. A stranger, and who has nothing to do with the streamer, are told the same. */
function refusalOf({ kind, rights }: Caller, { path }: Row): number {
  if (kind === 'stranger') return 401;
  return path.includes('{id}') && rights.length === 0 ? 401 : 403;
}

/** What exists is only touched by requests that are refused. */
function targetOf({ path }: Row, caller: Caller): string {
  const id = caller.kind === 'administrator' ? 'nothing' : 'a';
  const target = path.replace('{id}', id).replaceAll(/\{\w+\}/g, 'x');
  return path.startsWith('/api/host') ? `${target}?host_id=99` : target;
}

function withToken(target: string, token: string): string {
  return `${target}${target.includes('?') ? '&' : '?'}token=${token}`;
}

/** The status, and the head, of an answer; the rest is not waited for. */
function ask(
  port: number,
  method: string,
  target: string,
  headers: readonly string[],
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer to ${method} ${target}`));
    }, ANSWER_TIMEOUT_MS);
    socket.on('connect', () => {
      const head = [`${method} ${target} HTTP/1.1`, 'Host: 127.0.0.1', ...headers];
      const lines = method === 'GET' || method === 'HEAD' ? head : [...head, 'Content-Length: 0'];
      socket.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
    });
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end === -1) return;
      const length = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0);
      if (method === 'HEAD' || text.length >= end + 4 + length) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text });
    });
  });
}

interface Stage {
  readonly server: TestServer;
  readonly callers: readonly Caller[];
}

async function stage(t: Undoing): Promise<Stage> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwks = join(await temporaryFolder(t), 'jwks.json');
  await writeFile(jwks, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: '1' }] }));
  const server = await serve(t, {
    identity: JSON.stringify({ issuer: ISSUER, audience: 'us', jwks_path: jwks }),
    user_header: 'X-User',
    trusted_proxies: '127.0.0.2',
    desktop_socket: JSON.stringify({ path: DESKTOP, streamer: 'a' }),
    auth_failures_per_minute: '1000000',
    redemptions_per_minute: '1000000',
    creations_per_minute: '1000000',
  });
  await addHost(t, server);
  for (const id of ['a', 'b']) {
    const { status, text } = await server.ask('POST', '/api/streamers', { body: createBody(id) });
    if (status !== 200) throw new Error(text);
  }
  const provided = (streamers: readonly string[], rights: readonly Right[]): Promise<string> =>
    new SignJWT({ moontee_rights: rights, moontee_streamers: streamers })
      .setProtectedHeader({ alg: 'ES256', kid: '1' })
      .setIssuer(ISSUER)
      .setAudience('us')
      .setExpirationTime('1h')
      .sign(privateKey);
  const callers = [
    ...strangers(await worthlessTokens(server)),
    ...(await viewers(server)),
    caller('provider, a', 'viewer', ['watch'], await provided(['a'], ['watch'])),
    caller('provider, b', 'viewer', [], await provided(['b'], RIGHTS)),
    caller('provider, all', 'viewer', ['manage'], await provided(['*'], ['manage'])),
    { ...caller('administrator', 'administrator', RIGHTS), headers: [bearer(PASSWORD)] },
  ];
  return { server, callers };
}

function caller(
  name: string,
  kind: Caller['kind'],
  rights: readonly Right[],
  token?: string,
): Caller {
  if (token === undefined) return { name, kind, rights, headers: [] };
  return { name, kind, rights, headers: [bearer(token)], token };
}

function bearer(token: string): string {
  return `Authorization: Bearer ${token}`;
}

async function viewers(server: TestServer): Promise<Caller[]> {
  const made: Caller[] = [];
  for (const right of RIGHTS) {
    const { token } = await makeToken(server, 'a', [right]);
    made.push(caller(`a: ${right}`, 'viewer', [right], token));
    const others = RIGHTS.filter((each) => each !== right);
    const rest = await makeToken(server, 'a', others);
    made.push(caller(`a: all but ${right}`, 'viewer', others, rest.token));
  }
  const all = await makeToken(server, 'a', RIGHTS);
  const other = await makeToken(server, 'b', RIGHTS);
  const { secret } = await makeShare(server, 'a', ['watch', 'pointer']);
  const { token } = (await redeem(server, { secret })).json as { token: string };
  return [
    ...made,
    caller('a: all', 'viewer', RIGHTS, all.token),
    caller('b: all', 'viewer', [], other.token),
    caller('a: by a link', 'viewer', ['watch', 'pointer'], token),
  ];
}

/** Tokens that were good, or look like it. */
async function worthlessTokens(server: TestServer): Promise<Record<string, string>> {
  const revoked = await makeToken(server, 'a', RIGHTS);
  await server.ask('DELETE', `/api/streamers/a/tokens/${revoked.id}`);
  const [head = '', body = '', signature = ''] = revoked.token.split('.');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  return {
    revoked: revoked.token,
    unsigned: `${none}.${body}.`,
    cut: `${head}.${body}.${signature.slice(0, -2)}`,
  };
}

function strangers(tokens: Readonly<Record<string, string>>): Caller[] {
  const named = Object.entries(tokens).map(([name, token]) =>
    caller(`stranger, ${name}`, 'stranger', [], token),
  );
  const by = (name: string, ...headers: string[]): Caller => ({
    ...caller(`stranger, ${name}`, 'stranger', []),
    headers,
  });
  return [
    ...named,
    by('nothing'),
    by('a wrong password', bearer('wrong')),
    by('a header of no proxy', 'X-User: ann'),
    by('as if from a proxy', 'X-User: ann', 'X-Forwarded-For: 127.0.0.2'),
  ];
}

let shared: Promise<Stage> | null = null;

const undo: (() => unknown)[] = [];

/** Of one server for the whole file, which outlives each test. */
function sharedStage(): Promise<Stage> {
  shared ??= stage({ teardown: (work) => void undo.push(work) });
  return shared;
}

test.after.always(async () => {
  for (const work of undo.reverse()) await work();
});

test.serial('each route lets in who has what it asks for, and nobody else', async (t) => {
  const { server, callers } = await sharedStage();
  const cases = REST.flatMap((row) =>
    callers.flatMap((who) => [
      { row, who, how: 'header', target: targetOf(row, who), headers: who.headers },
      ...(who.token === undefined
        ? []
        : [
            {
              ...{ row, who, how: 'query', headers: [] as readonly string[] },
              target: withToken(targetOf(row, who), who.token),
            },
          ]),
    ]),
  );
  t.true(cases.length > 1_000);
  const problems: string[] = [];
  await inParallel(cases, WORKERS, async ({ row, who, how, target, headers }) => {
    const { status } = await ask(server.port, row.method, target, headers);
    const isIn = status !== 401 && status !== 403 && status < 500 && status > 0;
    // Where nothing is asked for, wrong credentials may be told nevertheless.
    const isTold = row.access === 'open' && who.kind === 'stranger' && status === 401;
    const isFine = may(who, row.access) ? isIn || isTold : status === refusalOf(who, row);
    if (!isFine) problems.push(`${row.method} ${row.path}, ${who.name} by ${how}: ${status}`);
  });
  t.deepEqual(problems, []);
});

test.serial('a viewer of another streamer is told what a stranger is', async (t) => {
  const { server, callers } = await sharedStage();
  const other = callers.find(({ name }) => name === 'b: all');
  const stranger = callers.find(({ name }) => name === 'stranger, nothing');
  if (other === undefined || stranger === undefined) throw new Error('no such callers');
  const problems: string[] = [];
  const rows = REST.filter(({ path, access }) => path.includes('{id}') && access !== 'open');
  await inParallel(rows, WORKERS, async (row) => {
    const there = row.path.replace('{id}', 'a').replaceAll(/\{\w+\}/g, 'x');
    const missing = row.path.replace('{id}', 'nothing').replaceAll(/\{\w+\}/g, 'x');
    const texts = [];
    for (const [who, target] of [
      [other, there],
      [other, missing],
      [stranger, there],
    ] as const) {
      const { text } = await ask(server.port, row.method, target, who.headers);
      texts.push(text.replace(/^date:.*$/im, ''));
    }
    if (new Set(texts).size !== 1) problems.push(`${row.method} ${row.path}: ${texts.join('\n')}`);
  });
  t.deepEqual(problems, []);
});

test.serial('no spelling of a path opens what its own does not', async (t) => {
  const { server, callers } = await sharedStage();
  const rows = [...REST, ...sockets()].filter(({ access }) => access !== 'open');
  const cases = rows.flatMap((row) => {
    // As near to it as one can be: all rights there but the one, or all there are if none is enough.
    const nearest = row.access === 'administrator' ? 'a: all' : `a: all but ${row.access}`;
    const missing = callers.filter(
      (who) => !may(who, row.access) && ['b: all', 'a: all', nearest].includes(who.name),
    );
    const path = row.path.replace('{id}', 'a').replaceAll(/\{\w+\}/g, 'x');
    return spellings(path).flatMap((target) => missing.map((who) => ({ row, who, target })));
  });
  t.true(cases.length > 3_000);
  const socketPaths = new Set(sockets().map(({ path }) => path));
  const problems: string[] = [];
  await inParallel(cases, WORKERS, async ({ row, who, target }) => {
    const upgrade = socketPaths.has(row.path) ? WEBSOCKET : [];
    const headers = [...who.headers, ...upgrade];
    const { status } = await ask(server.port, row.method, target, headers);
    if (status < 400 || status >= 500) {
      problems.push(`${row.method} ${JSON.stringify(target)}, ${who.name}: ${status}`);
    }
  });
  t.deepEqual(problems, []);
});

test.serial('sockets let in who has what they ask for, by each way to show it', async (t) => {
  const { server, callers } = await sharedStage();
  const problems: string[] = [];
  const cases = sockets().flatMap((row) => callers.map((who) => ({ row, who })));
  await inParallel(cases, WORKERS, async ({ row, who }) => {
    const target = row.path.replace('{id}', who.kind === 'administrator' ? 'nothing' : 'a');
    const isMedia = row.path.endsWith('/media');
    const isOfMessage = row.path.endsWith('/peer') || row.path.endsWith('/host/stream');
    // Of the desktop socket the configuration names the streamer.
    const refusal = row.path === DESKTOP && who.rights.length === 0 ? 401 : refusalOf(who, row);
    const ways = [
      { how: 'header', at: target, headers: who.headers },
      ...(who.token === undefined
        ? []
        : [{ how: 'query', at: withToken(target, who.token), headers: [] as readonly string[] }]),
    ];
    for (const { how, at, headers } of ways) {
      const { status } = await ask(server.port, 'GET', at, [...headers, ...WEBSOCKET]);
      const isQuiet = !headers.some((line) => line.startsWith('Authorization')) && how === 'header';
      // A ticket is what counts there, and wrong credentials beside it.
      const isWrong = who.kind === 'stranger' && !isQuiet;
      const isFine = isMedia
        ? status === (isWrong ? 401 : 403)
        : isOfMessage && isQuiet
          ? status === 101
          : may(who, row.access)
            ? status !== 401 && status !== 403
            : status === refusal;
      if (!isFine) problems.push(`${row.path}, ${who.name} by ${how}: ${status}`);
    }
  });
  t.deepEqual(problems, []);
});

test.serial('a first message lets in who may watch that streamer', async (t) => {
  const { server, callers } = await sharedStage();
  const problems: string[] = [];
  await inParallel(callers, WORKERS, async (who) => {
    const credentials =
      who.token ?? (who.kind === 'administrator' ? PASSWORD : who.name.slice('stranger'.length));
    const socket = await server.viewer('a', { headers: {} });
    socket.send({ AuthenticateAndInit: { credentials } });
    if (may(who, 'watch')) {
      await socket.until('Resume').catch(() => problems.push(`${who.name} is not in`));
      socket.socket.close();
      return;
    }
    const { code } = await socket.closed;
    const expected = who.rights.length > 0 ? 4410 : 4401;
    if (code !== expected) problems.push(`${who.name}: ${code}`);
    if (socket.names().includes('Resume')) problems.push(`${who.name} is in`);
  });
  t.deepEqual(problems, []);
});
