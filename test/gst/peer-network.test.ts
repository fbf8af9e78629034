import test from 'ava';
import fc from 'fast-check';
import { MoonteeError } from '../../src/core/errors.js';
import { serverUris } from '../../src/gst/webrtc/network.js';
import { acceptsRemote, publishCandidate } from '../../src/media/candidates.js';
import { parseCandidate, type ParsedCandidate } from '../../src/media/sdp.js';
import type { NetworkOptions } from '../../src/ice/types.js';

const OPEN: NetworkOptions = {
  iceServers: [],
  portRange: null,
  nat1to1: null,
  localAddresses: [],
  relayOnly: false,
  tcpCandidates: false,
  ipv6: false,
};

const candidate = (line: string): ParsedCandidate => {
  const parsed = parseCandidate(line);
  if (!parsed) throw new Error(line);
  return parsed;
};
const HOST = candidate('candidate:1 1 udp 2015363327 192.0.2.2 5000 typ host');
const HOST6 = candidate('candidate:4 1 udp 2015363327 fd00::2 5000 typ host');
const TCP = candidate('candidate:2 1 tcp 1015021823 192.0.2.2 9 typ host tcptype active');
const RELAY = candidate('candidate:3 1 udp 1000 203.0.113.9 6000 typ relay raddr 0.0.0.0 rport 0');

test('what may not be used is not published', (t) => {
  t.is(publishCandidate(HOST, OPEN).length, 1);
  t.deepEqual(publishCandidate(HOST6, OPEN), []);
  t.is(publishCandidate(HOST6, { ...OPEN, ipv6: true }).length, 1);
  t.deepEqual(publishCandidate(TCP, OPEN), []);
  t.is(publishCandidate(TCP, { ...OPEN, tcpCandidates: true }).length, 1);
  t.deepEqual(publishCandidate(HOST, { ...OPEN, relayOnly: true }), []);
  t.is(publishCandidate(RELAY, { ...OPEN, relayOnly: true }).length, 1);
});

test('addresses outside a NAT replace or join our own', (t) => {
  const ips = ['198.51.100.7', '2001:db8::7'];
  t.deepEqual(publishCandidate(HOST, { ...OPEN, nat1to1: { ips, type: 'host' } }), [
    'candidate:1n0 1 udp 2015363327 198.51.100.7 5000 typ host',
  ]);
  t.deepEqual(publishCandidate(HOST, { ...OPEN, nat1to1: { ips, type: 'srflx' } }), [
    'candidate:1 1 udp 2015363327 192.0.2.2 5000 typ host',
    'candidate:1s0 1 udp 1579155711 198.51.100.7 5000 typ srflx raddr 192.0.2.2 rport 5000',
  ]);
  t.deepEqual(
    publishCandidate(RELAY, { ...OPEN, nat1to1: { ips, type: 'host' } }),
    publishCandidate(RELAY, OPEN),
  );
});

test('browsers’ candidates: ours to try or not', (t) => {
  t.true(acceptsRemote(HOST, OPEN));
  t.false(acceptsRemote(HOST6, OPEN));
  t.true(acceptsRemote(HOST6, { ...OPEN, ipv6: true }));
  t.false(acceptsRemote(TCP, OPEN));
  t.false(acceptsRemote(candidate('candidate:1 1 udp 1 abc-def.local 5 typ host'), OPEN));
  t.false(acceptsRemote(candidate('candidate:1 2 udp 1 192.0.2.2 5 typ host'), OPEN));
  t.false(acceptsRemote(candidate('candidate:1 1 udp 1 192.0.2.2 0 typ host'), OPEN));
});

test('ICE servers in webrtcbin’s form, with what must be escaped escaped', (t) => {
  t.deepEqual(
    serverUris([
      { urls: ['stun:stun.example.org', 'stun:other.example.org:1'] },
      { urls: ['turn:turn.example.org:3478?transport=tcp'], username: '17:me', credential: 'a/b=' },
      { urls: ['turn:[2001:db8::1]?transport=tcp'], username: 'u', credential: 'p' },
    ]),
    {
      stun: 'stun://stun.example.org:3478',
      turn: [
        'turn://17%3Ame:a%2Fb%3D@turn.example.org:3478?transport=tcp',
        'turn://u:p@[2001:db8::1]:3478?transport=tcp',
      ],
    },
  );
  for (const url of [
    '',
    'http://x',
    'stun:',
    'stun:a b',
    'turn:u@h',
    'stun:a?transport=quic',
    'x',
  ]) {
    const error = t.throws(() => serverUris([{ urls: [url] }]), { instanceOf: MoonteeError }, url);
    t.is(error.code, 'CONFIG_INVALID');
  }
});

test('no credential breaks out of its place in the URI', (t) => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.string({ unit: 'grapheme', minLength: 1 }),
      (username, credential) => {
        const { turn } = serverUris([{ urls: ['turn:h:1'], username, credential }]);
        return /^turn:\/\/[^@:/?]*:[^@:/?]*@h:1(\?transport=udp)?$/.test(turn[0] ?? '');
      },
    ),
    { seed: 9 },
  );
  t.pass();
});
