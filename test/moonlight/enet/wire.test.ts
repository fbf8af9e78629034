import test from 'ava';
import fc from 'fast-check';
import { encodeCommand, encodeDatagram } from '../../../src/moonlight/enet/encode.js';
import { parseDatagram } from '../../../src/moonlight/enet/parse.js';
import type { Datagram } from '../../../src/moonlight/enet/wire.js';
import { TRACE } from './trace.js';

function encode(datagram: Datagram): Buffer {
  return encodeDatagram(
    datagram.peerId,
    datagram.session,
    datagram.sentTime,
    datagram.commands.map(encodeCommand),
  );
}

test('every datagram of the captured trace decodes and encodes to the same bytes', (t) => {
  for (const bytes of Object.values(TRACE)) {
    const datagram = parseDatagram(bytes);
    if (datagram === undefined) return t.fail(bytes.toString('hex'));
    t.deepEqual(encode(datagram), bytes);
  }
});

test('CONNECT of the trace', (t) => {
  t.deepEqual(parseDatagram(TRACE.connect), {
    peerId: 0xfff,
    session: 0,
    sentTime: 0xdd23,
    commands: [
      {
        kind: 'connect',
        channel: 0xff,
        sequence: 1,
        acknowledge: true,
        unsequenced: false,
        handshake: {
          peerId: 0,
          incomingSession: 0xff,
          outgoingSession: 0xff,
          mtu: 900,
          window: 65536,
          channels: 48,
          incomingBandwidth: 0,
          outgoingBandwidth: 0,
          throttleInterval: 5000,
          throttleAcceleration: 2,
          throttleDeceleration: 2,
          connectId: 0xe0d0e13f,
        },
        data: 0x12345678,
      },
    ],
  });
});

test('a command cut short, an unknown one or an untimed one that wants an answer is refused', (t) => {
  for (const bytes of Object.values(TRACE)) {
    for (const length of [0, 1, 2, 3, bytes.length - 1]) {
      const parsed = parseDatagram(bytes.subarray(0, length));
      t.is(parsed, undefined, `${length} of ${bytes.toString('hex')}`);
    }
  }
  t.is(parseDatagram(Buffer.from('00000d000000', 'hex')), undefined);
  t.is(parseDatagram(Buffer.from('000085ff0002', 'hex')), undefined);
  t.is(parseDatagram(Buffer.from('c000dd2a85ff0002', 'hex')), undefined);
});

test('no more than 32 commands', (t) => {
  const pings = (count: number): Buffer =>
    Buffer.from(`8000dd2a${'85ff0002'.repeat(count)}`, 'hex');
  t.is(parseDatagram(pings(32))?.commands.length, 32);
  t.is(parseDatagram(pings(33)), undefined);
});

test('random bytes never throw, and what parses survives another round', (t) => {
  let parsed = 0;
  fc.assert(
    fc.property(
      fc.nat(0xffff),
      fc.array(fc.tuple(fc.nat(255), fc.uint8Array({ minLength: 3, maxLength: 30 })), {
        maxLength: 4,
      }),
      (head, commands) => {
        const header = Buffer.from([head >> 8, head & 0xff, 1, 2].slice(0, head & 0x8000 ? 4 : 2));
        const bodies = commands.map(([first, rest]) => Buffer.from([first, ...rest]));
        const datagram = parseDatagram(Buffer.concat([header, ...bodies]));
        if (datagram === undefined) return;
        parsed += 1;
        const again = parseDatagram(encode(datagram));
        t.deepEqual(again, datagram.peerId === 0xfff ? { ...datagram, session: 0 } : datagram);
      },
    ),
    { seed: 7, numRuns: 8000 },
  );
  t.true(parsed > 20, `only ${parsed} of the random datagrams parsed`);
});
