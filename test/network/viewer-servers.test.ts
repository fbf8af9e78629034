/** Which ICE servers a browser is told, by a whole server with children that have no media. */
import { createHmac } from 'node:crypto';
import test from 'ava';
import { addHost, createBody, serve } from '../support/server.js';

interface Told {
  readonly WebRtcConfig: {
    readonly ice_servers: readonly {
      readonly urls: readonly string[];
      readonly username: string;
      readonly credential: string;
    }[];
  };
}

test('every viewer gets fixed servers, its own credentials and what a command yields', async (t) => {
  const yielded = JSON.stringify({ iceServers: [{ urls: 'stun:127.0.0.1:3479' }] });
  const server = await serve(t, {
    webrtc_ice_servers: JSON.stringify([{ urls: ['stun:127.0.0.1:3478'] }, { urls: [] }]),
    webrtc_turn_rest: JSON.stringify({ urls: ['turn:127.0.0.1'], secret: 'north', ttl: 600 }),
    webrtc_ice_servers_command: JSON.stringify([process.execPath, '-p', JSON.stringify(yielded)]),
  });
  await addHost(t, server);
  t.is((await server.ask('POST', '/api/streamers', { body: createBody('s') })).status, 200);
  const users = new Set<string>();
  for (let turn = 0; turn < 2; turn += 1) {
    const viewer = await server.viewer('s');
    const told = (await viewer.until('WebRtcConfig')) as Told;
    const [fixed, own, fetched, ...more] = told.WebRtcConfig.ice_servers;
    t.deepEqual(fixed, { urls: ['stun:127.0.0.1:3478'], username: '', credential: '' });
    t.deepEqual(fetched, { urls: ['stun:127.0.0.1:3479'], username: '', credential: '' });
    t.is(more.length, 0);
    t.deepEqual(own?.urls, ['turn:127.0.0.1:3478?transport=udp']);
    const expiry = Number(own?.username.split(':')[0]) * 1_000;
    t.true(expiry > Date.now() && expiry <= Date.now() + 600_000);
    const mac = createHmac('sha1', 'north')
      .update(own?.username ?? '')
      .digest('base64');
    t.is(own?.credential, mac);
    users.add(own?.username ?? '');
    viewer.socket.terminate();
  }
  t.is(users.size, 2);
});

test('a command that fails keeps nobody out', async (t) => {
  const server = await serve(t, {
    webrtc_ice_servers: JSON.stringify([{ urls: ['stun:127.0.0.1:3478'] }]),
    webrtc_ice_servers_command: '["/nowhere/at-all"]',
  });
  await addHost(t, server);
  t.is((await server.ask('POST', '/api/streamers', { body: createBody('s') })).status, 200);
  const told = (await (await server.viewer('s')).until('WebRtcConfig')) as Told;
  t.is(told.WebRtcConfig.ice_servers.length, 1);
});
