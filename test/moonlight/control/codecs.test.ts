import test from 'ava';
import fc from 'fast-check';
import { ControlCipher } from '../../../src/moonlight/control/cipher.js';
import {
  decodeClientMessage,
  encodeClientMessage,
  type ClientMessage,
} from '../../../src/moonlight/control/client-messages.js';
import { decodeFrame, encodeFrame } from '../../../src/moonlight/control/framing.js';
import {
  decodeHostMessage,
  encodeHostMessage,
  type TerminationMessage,
} from '../../../src/moonlight/control/host-messages.js';
import { terminationOf } from '../../../src/moonlight/control/termination.js';
import type { HostMessage } from '../../../src/moonlight/types.js';

const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

function cipher(role: 'client' | 'host', encryption: 1 | 2): ControlCipher {
  return new ControlCipher({ key: KEY, encryption, role });
}

const IDR = encodeClientMessage({ type: 'request-idr' });
const START = encodeClientMessage({ type: 'start-b' });
const PING = encodeClientMessage({ type: 'ping' });
const RUMBLE = hex('0b01 0c00 eeffc000 0100 3412 7856 0000');
const END = hex('0901 0400 80030023');

/** gamestream.md §7.8; the messages of one sender and version, in order. */
const ENVELOPES = [
  {
    role: 'client',
    encryption: 2,
    messages: [
      [IDR, '01001a00 00000000 22302723537811166cb9bfead7dad457 5cd629f5cafe'],
      [START, '01001900 01000000 66393527e11b8c76341d912f5ee3ca51 2427044103'],
      [PING, '01002000 02000000 cba7578964fa4fa8e7185416b33e29f8 a54e75964ddf1abd0172cdfb'],
    ],
  },
  {
    role: 'client',
    encryption: 1,
    messages: [
      [IDR, '01001a00 00000000 566c8363e380dad031b24ee56ee40bb6 021579f6ebbe'],
      [START, '01001900 01000000 9d43560e2414621fcbf2552c1bd1c647 e0503fd7b9'],
    ],
  },
  {
    role: 'host',
    encryption: 2,
    messages: [
      [
        RUMBLE,
        '01002400 00000000 f5a71792d7be1a56d95b819e50d78a11 f0dd46daa1c72822c98f91861cf7cd2a',
      ],
      [END, '01001c00 01000000 7c12155b31ad22d098eb08ed2c5f5d86 28320370093d85fb'],
    ],
  },
  {
    role: 'host',
    encryption: 1,
    messages: [
      [
        RUMBLE,
        '01002400 00000000 76084e2f928f4de07933046751c9cec1 0b1777f605413477e0313ba48468a3ab',
      ],
    ],
  },
  {
    role: 'host',
    encryption: 1,
    messages: [[END, '01001c00 00000000 a0aac3392f67a3ba15e9e3096999aa42 09177ff66bbdf454']],
  },
] as const;

test('every envelope of §7.8, sealed and opened', (t) => {
  for (const { role, encryption, messages } of ENVELOPES) {
    const sender = cipher(role, encryption);
    const receiver = cipher(role === 'client' ? 'host' : 'client', encryption);
    for (const [plaintext, envelope] of messages) {
      t.deepEqual(sender.seal(plaintext), hex(envelope));
      t.deepEqual(receiver.open(hex(envelope)), plaintext);
      // Repetition is no offence.
      t.deepEqual(receiver.open(hex(envelope)), plaintext);
    }
  }
});

test('the nonces of version 1 repeat after 256 messages, the numbers do not', (t) => {
  const sender = cipher('host', 1);
  const receiver = cipher('client', 1);
  const first = sender.seal(RUMBLE);
  for (let count = 1; count < 256; count += 1) sender.seal(RUMBLE);
  const again = sender.seal(RUMBLE);
  t.is(again.readUInt32LE(4), 256);
  t.deepEqual(again.subarray(8), first.subarray(8));
  t.deepEqual(receiver.open(again), RUMBLE);
});

test('what is not sealed for us does not open', (t) => {
  const sealed = cipher('client', 2).seal(PING);
  t.is(cipher('host', 1).open(sealed), undefined);
  t.is(cipher('client', 2).open(sealed), undefined);
  t.is(cipher('host', 2).open(PING), undefined);
  for (let index = 0; index < sealed.length; index += 1) {
    const forged = Buffer.from(sealed);
    forged.writeUInt8(forged.readUInt8(index) ^ 1, index);
    t.is(cipher('host', 2).open(forged), undefined, `byte ${index}`);
    t.is(cipher('host', 2).open(sealed.subarray(0, index)), undefined);
  }
  t.throws(() => new ControlCipher({ key: Buffer.alloc(15), encryption: 1, role: 'client' }));
});

test('sealing and opening are inverse, and random envelopes never throw', (t) => {
  const version = fc.constantFrom(1 as const, 2 as const);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), version, (random, encryption) => {
      const plaintext = Buffer.from(random);
      const receiver = cipher('host', encryption);
      t.deepEqual(receiver.open(cipher('client', encryption).seal(plaintext)), plaintext);
      t.is(receiver.open(Buffer.concat([hex('0100 4000'), plaintext])), undefined);
    }),
    { seed: 1, numRuns: 300 },
  );
});

/** Captured plaintexts (§7.7). Wolf sends a rumble with two more bytes. */
const HOST_MESSAGES: readonly (readonly [string, HostMessage | TerminationMessage])[] = [
  ['0b01 0c00 eeffc000 0100 3412 7856 0000', { type: 'rumble', pad: 1, low: 0x1234, high: 0x5678 }],
  ['0055 0600 0100 0100 0200', { type: 'trigger-rumble', pad: 1, left: 1, right: 2 }],
  ['0155 0500 0100 6400 02', { type: 'motion-request', pad: 1, rate: 100, sensor: 'gyro' }],
  ['0255 0500 0100 ff 80 40', { type: 'led', pad: 1, r: 255, g: 128, b: 64 }],
  [
    `0355 1900 0100 0c 25 26 ${'07'.repeat(10)} ${'09'.repeat(10)}`,
    {
      type: 'adaptive-triggers',
      pad: 1,
      flags: 0x0c,
      typeLeft: 0x25,
      typeRight: 0x26,
      left: Buffer.alloc(10, 7),
      right: Buffer.alloc(10, 9),
    },
  ],
  [
    '0e01 1b00 01 d084 803e c233 c486 4c1d b80b 133d 4240 e803 3200 8403 9001 5802',
    {
      type: 'hdr',
      enabled: true,
      metadata: {
        primaries: [34000, 16000, 13250, 34500, 7500, 3000],
        whitePoint: [15635, 16450],
        maxDisplayLuminance: 1000,
        minDisplayLuminance: 50,
        maxContentLightLevel: 900,
        maxFrameAverageLightLevel: 400,
        maxFullFrameLuminance: 600,
      },
    },
  ],
  ['0e01 0100 00', { type: 'hdr', enabled: false, metadata: null }],
  ['0901 0400 80030023', { type: 'termination', code: 0x80030023 }],
];

test("the host's captured messages, read and written", (t) => {
  for (const [text, message] of HOST_MESSAGES) {
    t.deepEqual(decodeHostMessage(hex(text)), message);
    const encoded = encodeHostMessage(message);
    t.deepEqual(decodeHostMessage(encoded), message);
    if (message.type !== 'rumble') t.deepEqual(encoded, hex(text));
    // Two bytes more are padding, any bytes less are no message.
    const { type, payload } = decodeFrame(encoded) ?? { type: 0, payload: Buffer.alloc(0) };
    t.deepEqual(
      decodeHostMessage(encodeFrame(type, Buffer.concat([payload, hex('0000')]))),
      message.type === 'hdr' && message.metadata === null
        ? decodeHostMessage(hex('0e01 0300 00 0000'))
        : message,
    );
    t.is(decodeHostMessage(encoded.subarray(0, encoded.length - 1)), undefined);
    if (message.type !== 'hdr') {
      t.is(
        decodeHostMessage(encodeFrame(type, payload.subarray(0, payload.length - 1))),
        undefined,
      );
    }
  }
});

test('HDR metadata that a short payload leaves out is zero', (t) => {
  const message = decodeHostMessage(hex('0e01 0400 01 d084 80'));
  if (message?.type !== 'hdr') return t.fail();
  t.deepEqual(message.metadata?.primaries, [34000, 0, 0, 0, 0, 0]);
});

test('the short form of the termination, unknown types and unknown sensors', (t) => {
  t.deepEqual(decodeHostMessage(hex('0001 0200 0001')), { type: 'termination', code: 0x100 });
  t.is(decodeHostMessage(hex('3412 0200 0001')), undefined);
  t.is(decodeHostMessage(hex('0155 0500 0100 6400 03')), undefined);
  t.is(decodeHostMessage(hex('')), undefined);
});

/** Payloads of §7.5 and the captured status of §7.6. */
const CLIENT_MESSAGES: readonly (readonly [string, ClientMessage])[] = [
  ['0203 0200 0000', { type: 'request-idr' }],
  ['0703 0100 00', { type: 'start-b' }],
  ['0503 0200 0000', { type: 'start-a' }],
  [
    '0103 1800 05000000 00000000 09000000 00000000 00000000 00000000',
    { type: 'invalidate-reference-frames', first: 5, last: 9 },
  ],
  ['5003 0800 2a000000 00000000', { type: 'long-term-reference-ack', frameNumber: 42 }],
  ['0002 0800 0400 00000000 0000', { type: 'ping' }],
  [
    '0102 2000 00000000 32000000 e8030000 07000000 00000000 00000000 00000000 14000000',
    { type: 'loss-stats', lastGoodFrame: 7 },
  ],
  ['0602 0300 010203', { type: 'input', packet: hex('010203') }],
  [
    '0255 1500 00000003 0010 0009 0002 0007 0002 0005 0002 14 00 01',
    {
      type: 'frame-fec-status',
      status: {
        frameNumber: 3,
        highestReceived: 16,
        nextContiguous: 9,
        missingBeforeHighest: 2,
        totalData: 7,
        totalParity: 2,
        receivedData: 5,
        receivedParity: 2,
        fecPercentage: 20,
        blockIndex: 0,
        blockCount: 1,
      },
    },
  ],
];

test("the client's messages, written and read", (t) => {
  for (const [text, message] of CLIENT_MESSAGES) {
    t.deepEqual(encodeClientMessage(message), hex(text));
    t.deepEqual(decodeClientMessage(hex(text)), message);
  }
  t.deepEqual(decodeClientMessage(hex('0901 0400 00000000')), { type: 'termination' });
});

test('random plaintexts never throw in either direction', (t) => {
  const type = fc.constantFrom(
    0x100,
    0x109,
    0x10b,
    0x10e,
    0x5500,
    0x5501,
    0x5502,
    0x5503,
    0x201,
    0x206,
    0x301,
    0x350,
  );
  fc.assert(
    fc.property(type, fc.uint8Array({ maxLength: 40 }), (number, random) => {
      const frame = encodeFrame(number, Buffer.from(random));
      for (const bytes of [frame, Buffer.from(random), frame.subarray(0, random.length)]) {
        const fromHost = decodeHostMessage(bytes);
        if (fromHost !== undefined)
          t.deepEqual(decodeHostMessage(encodeHostMessage(fromHost)), fromHost);
        decodeClientMessage(bytes);
      }
    }),
    { seed: 4, numRuns: 1500 },
  );
  t.pass();
});

test('termination codes', (t) => {
  const codes = (code: number, seen: boolean): number => terminationOf(code, seen).code;
  t.is(codes(0x80030023, true), 0);
  t.is(codes(0x80030023, false), -102);
  t.is(codes(0x100, true), 0);
  t.is(codes(0x800e9302, true), -103);
  t.is(codes(0x800e9403, true), -104);
  t.is(codes(0x80000001, true), -0x7fffffff);
  t.is(codes(5, true), 5);
  t.true(terminationOf(5, true).byHost);
  t.regex(terminationOf(0x80000001, true).reason, /0x80000001/);
});
