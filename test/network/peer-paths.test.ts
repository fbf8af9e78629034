/** Candidates of our side as configured, and media over every kind of path. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import test, { type ExecutionContext } from 'ava';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import { parseCandidate, type ParsedCandidate } from '../../src/media/sdp.js';
import type { IceServer, NetworkOptions } from '../../src/ice/types.js';
import type { Peer, PeerState, StreamPipeline } from '../../src/media/types.js';
import { turnRestCredentials } from '../../src/ice/turn-rest.js';
import { encodeClip, Player, type Clip } from '../support/clip.js';
import { ReceiverProcess } from '../support/receiver.js';
import { connect, LOOPBACK, STREAM } from '../support/receiver-connect.js';
import { until } from '../support/until.js';
import { Coturn, freePort, HAS_COTURN } from './coturn.js';
import { createOffer } from '../support/peer-signaling.js';

const turn = HAS_COTURN ? test.serial : test.serial.skip;
if (!HAS_COTURN) process.stderr.write('coturn is not installed: its tests are skipped\n');

let clip: Clip;
let receivers: ReceiverProcess;

test.before(async () => {
  clip = await encodeClip({ frames: 60, gop: 60 });
  receivers = await ReceiverProcess.start();
});

test.after.always(() => receivers.kill());

async function streaming(
  t: ExecutionContext,
  network: Partial<NetworkOptions>,
): Promise<StreamPipeline> {
  const pipeline = await createStreamPipeline({ ...STREAM, network: { ...LOOPBACK, ...network } });
  const player = new Player(clip, pipeline);
  pipeline.on('keyframe-needed', () => player.keyframe());
  t.teardown(async () => {
    player.stop();
    await pipeline.close();
  });
  return pipeline;
}

/** All candidates of a peer that nobody answers, once one that `last` accepts is among them. */
async function candidatesOf(
  peer: Peer,
  last: (candidate: ParsedCandidate) => boolean = () => true,
): Promise<ParsedCandidate[]> {
  const candidates: ParsedCandidate[] = [];
  peer.on('candidate', ({ candidate }) => {
    const parsed = parseCandidate(candidate);
    if (parsed) candidates.push(parsed);
  });
  await createOffer(peer);
  await until('the candidate', () => candidates.some(last));
  return candidates;
}

function failure(peer: Peer): Promise<string> {
  return new Promise((resolve) => {
    peer.on('state', (state: PeerState) => {
      if (state === 'failed') resolve(peer.diagnosis);
    });
  });
}

/** Connects a receiver and waits until pictures have come. */
async function watch(
  pipeline: StreamPipeline,
  id: string,
  network: Parameters<ReceiverProcess['open']>[2] = {},
  iceServers?: readonly IceServer[],
): Promise<Peer> {
  const receiver = receivers.open(id, [], { bindAddress: '127.0.0.1', ...network });
  const peer = await pipeline.addPeer(id, iceServers);
  await connect(peer, receiver);
  await receiver.until((stats) => stats.video.markers >= 20 && stats.audio.packets >= 20);
  receiver.close();
  return peer;
}

turn(
  'a viewer that may use relays only gets media; so does one of a relay-only server',
  async (t) => {
    const server = await Coturn.start({ username: 'me', password: 'p+/:=' });
    t.teardown(() => server.stop());
    const { port } = server;
    const pipeline = await streaming(t, {});
    const turnServer = { hostname: '127.0.0.1', port, username: 'me', password: 'p+/:=' };
    await watch(pipeline, 'relayed', { turn: turnServer, relayOnly: true });

    const relaying = await streaming(t, {
      relayOnly: true,
      iceServers: [{ urls: [server.url], username: 'me', credential: 'p+/:=' }],
    });
    const peer = await relaying.addPeer('looker');
    const kinds = await candidatesOf(peer, ({ type }) => type === 'relay');
    t.deepEqual(new Set(kinds.map(({ type }) => type)), new Set(['relay']));
    await watch(relaying, 'direct');
    await watch(relaying, 'both', { turn: turnServer, relayOnly: true });
  },
);

turn('shared-secret credentials of each peer’s own open the relay, over UDP and TCP', async (t) => {
  const server = await Coturn.start({ secret: 'north' });
  t.teardown(() => server.stop());
  const pipeline = await streaming(t, { relayOnly: true });
  for (const transport of ['udp', 'tcp']) {
    const id = `over-${transport}`;
    const credentials = turnRestCredentials({ secret: 'north', ttl: 60 }, id, Date.now() / 1_000);
    await watch(pipeline, id, {}, [
      { urls: [`${server.url}?transport=${transport}`], ...credentials },
    ]);
    t.true(server.output.includes(credentials.username));
  }
});

turn('wrong credentials on a relay-only server end the viewer with a reason', async (t) => {
  const server = await Coturn.start({ secret: 'north' });
  t.teardown(() => server.stop());
  const pipeline = await streaming(t, {
    relayOnly: true,
    iceServers: [{ urls: [server.url], username: '1:x', credential: 'wrong' }],
  });
  const peer = await pipeline.addPeer('lost');
  const failed = failure(peer);
  await createOffer(peer);
  t.regex(await failed, /no candidate to offer: .*no TURN server gave us one/);
});

test.serial('without a TURN server nobody can connect to a relay-only server', async (t) => {
  const pipeline = await streaming(t, { relayOnly: true });
  const peer = await pipeline.addPeer('lost');
  const failed = failure(peer);
  await createOffer(peer);
  t.regex(await failed, /no TURN server is configured/);
});

test.serial(
  'candidates stay in the port range, one port a peer, until it is used up',
  async (t) => {
    const min = await freePort();
    const max = min + 1;
    const pipeline = await streaming(t, { portRange: { min, max } });
    const ports = [];
    for (const id of ['one', 'two']) {
      const peer = await pipeline.addPeer(id);
      const candidates = await candidatesOf(peer);
      t.is(candidates.length, 1);
      ports.push(candidates[0]?.port);
    }
    t.deepEqual(ports.sort(), [min, max]);

    const third = await pipeline.addPeer('three');
    const failed = failure(third);
    await createOffer(third);
    t.regex(await failed, new RegExp(`no port of webrtc_port_range ${min}–${max} is free`));

    // A port comes back when its viewer leaves, as soon as the system has cleaned up.
    await pipeline.peer('one')?.close();
    const candidate = await until('a port for the next viewer', async () => {
      const next = await pipeline.addPeer('next');
      const found = new Promise<ParsedCandidate | null>((resolve) => {
        next.on('candidate', (told) => resolve(parseCandidate(told.candidate)));
        next.on('state', () => resolve(null));
      });
      await createOffer(next);
      const result = await found;
      await next.close();
      return result;
    });
    t.true(candidate.port === min || candidate.port === max);
  },
);

test.serial('a port of the range that somebody else has is passed over', async (t) => {
  const squatter = createSocket('udp4').bind(0, '127.0.0.1');
  await once(squatter, 'listening');
  t.teardown(() => squatter.close());
  const { port } = squatter.address();
  const pipeline = await streaming(t, { portRange: { min: port, max: port + 1 } });
  const peer = await pipeline.addPeer('one');
  const [candidate] = await candidatesOf(peer);
  t.is(candidate?.port, port + 1);
});

test.serial('the port of a viewer that has left is free at once', async (t) => {
  const probe = createSocket('udp4').bind(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  const pipeline = await streaming(t, { portRange: { min: port, max: port } });
  for (let i = 0; i < 6; i += 1) {
    const peer = await pipeline.addPeer(`viewer-${i}`);
    const [candidate] = await candidatesOf(peer);
    t.is(candidate?.port, port);
    await peer.close();
  }
});

test.serial('NAT 1:1 candidates are as configured, and media still flows', async (t) => {
  const pipeline = await streaming(t, { nat1to1: { ips: ['198.51.100.7'], type: 'host' } });
  const peer = await pipeline.addPeer('outside');
  const replaced = await candidatesOf(peer);
  t.deepEqual(new Set(replaced.map(({ address }) => address)), new Set(['198.51.100.7']));
  // The viewer cannot reach that address here; we reach it.
  await watch(pipeline, 'inside');

  const joined = await streaming(t, { nat1to1: { ips: ['198.51.100.7'], type: 'srflx' } });
  const both = await candidatesOf(await joined.addPeer('outside'), ({ type }) => type === 'srflx');
  const host = both.find(({ type }) => type === 'host');
  const mapped = both.find(({ type }) => type === 'srflx');
  t.is(host?.address, '127.0.0.1');
  t.is(mapped?.address, '198.51.100.7');
  t.is(mapped?.port, host?.port);
});

test.serial('TCP candidates come where they are wanted, and alone where UDP is not', async (t) => {
  const both = await streaming(t, { tcpCandidates: true });
  const candidates = await candidatesOf(
    await both.addPeer('both'),
    ({ tcpType }) => tcpType === 'passive',
  );
  t.true(candidates.some(({ transport }) => transport === 'udp'));
  const passive = candidates.find(({ tcpType }) => tcpType === 'passive');
  t.true((passive?.port ?? 0) > 9);

  const alone = await streaming(t, { tcpCandidates: true, udpCandidates: false });
  const tcp = await candidatesOf(
    await alone.addPeer('tcp'),
    ({ tcpType }) => tcpType === 'passive',
  );
  t.deepEqual(new Set(tcp.map(({ transport }) => transport)), new Set(['tcp']));
});

const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
);
const ipv6 = hasIpv6 ? test.serial : test.serial.skip;
if (!hasIpv6) process.stderr.write('no IPv6 loopback: its test is skipped\n');

ipv6('media over IPv6', async (t) => {
  const pipeline = await streaming(t, { localAddresses: ['::1'], ipv4: false, ipv6: true });
  const candidates = await candidatesOf(await pipeline.addPeer('lone'));
  t.deepEqual(new Set(candidates.map(({ address }) => address)), new Set(['::1']));
  await watch(pipeline, 'six', { bindAddress: '::1' });
});

test.serial('no address left is said at once', async (t) => {
  const pipeline = await streaming(t, { localAddresses: ['192.0.2.250'] });
  const peer = await pipeline.addPeer('nowhere');
  await t.throwsAsync(createOffer(peer), {
    code: 'ICE_FAILED',
    message: /leave no address of this machine/,
  });
});
