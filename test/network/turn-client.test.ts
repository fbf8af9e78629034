import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import test from 'ava';
import { checkPortRange } from '../../src/ice/port-range-check.js';
import { checkServer, isPrivate } from '../../src/ice/client/server-check.js';
import { turnRestCredentials } from '../../src/ice/turn-rest.js';
import { Coturn, freePort, HAS_COTURN } from './coturn.js';

const turn = HAS_COTURN ? test : test.skip;
if (!HAS_COTURN) process.stderr.write('coturn is not installed: its tests are skipped\n');

turn('a TURN server with fixed users: right, wrong and missing credentials', async (t) => {
  const server = await Coturn.start({ username: 'me', password: 'p:w/+=' });
  t.teardown(() => server.stop());
  const check = (credential: string, transport: string) =>
    checkServer({ urls: [`${server.url}?transport=${transport}`], username: 'me', credential });
  for (const transport of ['udp', 'tcp']) {
    const [right] = await check('p:w/+=', transport);
    t.like(right, { outcome: 'ok', echoed: true, detail: '' }, transport);
    t.is(right?.mapped?.address, '127.0.0.1');
    t.is(right?.relayed?.address, '127.0.0.1');
    const [wrong] = await check('another', transport);
    t.like(wrong, { outcome: 'wrong-credentials', relayed: null }, transport);
  }
  t.like((await check('', 'udp'))[0], { outcome: 'no-credentials' });
  const [stun] = await checkServer({ urls: [`stun:127.0.0.1:${server.port}`] });
  t.like(stun, { outcome: 'ok', relay: false });
  t.is(stun?.mapped?.address, '127.0.0.1');
});

turn('a TURN server with a shared secret: fresh, expired and forged credentials', async (t) => {
  const server = await Coturn.start({ secret: 'north' });
  t.teardown(() => server.stop());
  const now = Date.now() / 1_000;
  const outcome = async (secret: string, at: number): Promise<string | undefined> => {
    const credentials = turnRestCredentials({ secret, ttl: 600 }, 'viewer', at);
    return (await checkServer({ urls: [server.url], ...credentials }))[0]?.outcome;
  };
  t.is(await outcome('north', now), 'ok');
  t.is(await outcome('north', now - 1_200), 'wrong-credentials');
  t.is(await outcome('south', now), 'wrong-credentials');
});

turn('a relay that may not be used is told from one that works', async (t) => {
  const user = { username: 'me', password: 'pw' };
  const full = await Coturn.start(user, ['user-quota=1']);
  t.teardown(() => full.stop());
  const server = { urls: [full.url], username: 'me', credential: 'pw' };
  // Both at once: one of them is over the quota.
  const outcomes = await Promise.all([checkServer(server), checkServer(server)]);
  const refused = outcomes.flat().find(({ outcome }) => outcome === 'refused');
  t.regex(refused?.detail ?? '', /^486 /);
});

test('servers that are not there', async (t) => {
  const silent = createSocket('udp4').bind(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const mute = createServer().listen(0, '127.0.0.1');
  await once(mute, 'listening');
  t.teardown(() => mute.close());
  const garbage = createSocket('udp4').bind(0, '127.0.0.1');
  await once(garbage, 'listening');
  t.teardown(() => garbage.close());
  garbage.on('message', (_, { port, address }) =>
    garbage.send('not STUN at all, sorry', port, address),
  );
  const user = { username: 'u', credential: 'p' };
  const one = async (url: string, deadline = 10_000) =>
    (await checkServer({ urls: [url], ...user }, deadline))[0]?.outcome;
  t.is(await one(`stun:127.0.0.1:${silent.address().port}`, 400), 'timeout');
  t.is(await one(`turn:127.0.0.1:${garbage.address().port}`, 400), 'timeout');
  const { port } = mute.address() as AddressInfo;
  t.is(await one(`turn:127.0.0.1:${port}?transport=tcp`, 400), 'timeout');
  t.is(await one(`stun:127.0.0.1:${await freePort()}`), 'unreachable');
  t.is(await one('turn:127.0.0.1:1?transport=tcp'), 'unreachable');
  t.is(await one('stun:no-such-host.invalid'), 'unresolvable');
  t.is(await one('http://example.org'), 'no-url');
});

test('ports that somebody has', async (t) => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  const { port } = socket.address();
  t.deepEqual(await checkPortRange({ min: port, max: port }, '127.0.0.1'), {
    probed: 1,
    taken: [port],
  });
  const wide = await checkPortRange({ min: 20_000, max: 60_000 }, '127.0.0.1');
  t.is(wide.probed, 1_000);
});

test('addresses that mean nothing elsewhere', (t) => {
  const inside = [
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '127.0.0.1',
    '100.64.0.1',
    '169.254.1.1',
  ];
  for (const address of [...inside, '::1', 'fd00::1', 'fe80::1'])
    t.true(isPrivate(address), address);
  for (const address of ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2001:db8::1', '::2']) {
    t.false(isPrivate(address), address);
  }
});
