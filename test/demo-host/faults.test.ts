import test from 'ava';
import { NO_FAULTS, parseFaults } from '../../src/demo-host/faults.js';
import { pairedIdentity, post, startHost, until } from './support.js';
import { StreamClient } from './stream-client.js';

test('the switches are read', (t) => {
  t.deepEqual(parseFaults([]), NO_FAULTS);
  t.deepEqual(
    parseFaults([
      'loss=0.01,burst=4,reorder=0.02,duplicate=0.03,jitter=20,seed=7',
      'stall-video=5s@250ms',
      'udp-hole=8',
      'terminate=0x80030023@2,no-idr',
      'slow-pairing=1.5',
      'by-address,app-fails',
    ]),
    {
      ...NO_FAULTS,
      loss: 0.01,
      burst: 4,
      reorder: 0.02,
      duplicate: 0.03,
      jitter: 20,
      seed: 7,
      stallVideo: { duration: 5000, after: 250 },
      udpHole: { duration: 8000, after: 3000 },
      terminate: { code: 0x80030023, after: 2000 },
      noIdr: true,
      slowPairing: 1500,
      byAddress: true,
      appFails: true,
    },
  );
  t.is(parseFaults(['terminate=-1']).terminate?.code, 0xffffffff);
  for (const bad of [
    'loss=2',
    'loss=',
    'nothing',
    'seed=x',
    'no-video=1',
    'stall-video=5m',
    'udp-hole=5m@1',
  ]) {
    t.throws(() => parseFaults([bad]), { message: /Not a fault/ }, bad);
  }
});

test.serial('loss, bursts, reordering and duplicates are survivable', async (t) => {
  const faults = parseFaults(['loss=0.03,burst=2,reorder=0.05,duplicate=0.05,jitter=4ms,seed=3']);
  const host = await startHost(t, { faults });
  const client = await StreamClient.start(t, host, await pairedIdentity(host), { appid: 2 });
  await client.frames(120);
  const { packetsDuplicate, packetsLate, packetsRecovered } = client.video.stats;
  t.true(packetsDuplicate + packetsLate > 0);
  t.true(packetsRecovered > 0);
});

test.serial('packets dropped on order cost a frame and bring an IDR', async (t) => {
  const host = await startHost(t, { fecPercentage: 0 });
  const client = await StreamClient.start(t, host, await pairedIdentity(host));
  await client.frames(5);
  const known = client.units.length;
  await post(host.httpPort, '/demo/control', '{"order":"drop","packets":3}');
  await until('the IDR', () => client.units.slice(known).some(({ idr }) => idr));
  t.true(client.video.stats.framesLost > 0);
});

test.serial('a stall ends with an IDR and without a gap', async (t) => {
  const host = await startHost(t, { faults: parseFaults(['stall-video=400ms@2s']) });
  const client = await StreamClient.start(t, host, await pairedIdentity(host));
  // An encoder may take a second to start on a busy machine; a stall before its first frame is none.
  await until('the second IDR', () => client.units.filter(({ idr }) => idr).length >= 2);
  const gaps = client.units.map(({ receivedAt }, index) =>
    index === 0 ? 0 : receivedAt - (client.units[index - 1]?.receivedAt ?? 0),
  );
  t.true(Math.max(...gaps) >= 300);
  t.deepEqual(
    client.units.map(({ frameNumber }) => frameNumber),
    client.units.map((_, index) => index + 1),
  );
});

test.serial('no-idr answers no request, no-video and no-audio send none', async (t) => {
  const stubborn = await startHost(t, { faults: parseFaults(['no-idr,no-audio']) });
  const first = await StreamClient.start(t, stubborn, await pairedIdentity(stubborn));
  await first.frames(5);
  first.send({ type: 'request-idr' });
  await first.frames(60);
  t.is(first.units.filter(({ idr }) => idr).length, 1);
  t.is(first.audio.stats.packets, 0);

  const blind = await startHost(t, { faults: parseFaults(['no-video']) });
  const second = await StreamClient.start(t, blind, await pairedIdentity(blind));
  await second.sound(50);
  t.is(second.video.stats.packets, 0);
});

test.serial('terminate ends a session with its code', async (t) => {
  const host = await startHost(t, { faults: parseFaults(['terminate=0x800e9403@200ms']) });
  const client = await StreamClient.start(t, host, await pairedIdentity(host));
  await until('the disconnect', () => client.disconnected !== null);
  t.like(client.messages.at(-1), { type: 'termination', code: 0x800e9403 });
  t.is(host.sessions.length, 0);
});

test.serial('a bare disconnect says nothing', async (t) => {
  const host = await startHost(t);
  const client = await StreamClient.start(t, host, await pairedIdentity(host));
  await client.frames(1);
  await post(host.httpPort, '/demo/control', '{"order":"disconnect"}');
  await until('the disconnect', () => client.disconnected !== null);
  t.false(client.messages.some(({ type }) => type === 'termination'));
});
