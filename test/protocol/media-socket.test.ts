import test from 'ava';
import fc from 'fast-check';
import { isInputLabel } from '../../src/input/channels.js';
import {
  channelLabel,
  channelNumber,
  HEADER_BYTES,
  MEDIA_KIND,
  readFeedback,
  writeHeader,
} from '../../src/protocol/media-socket.js';
import { acknowledgement, readMedia } from '../support/media-viewer.js';

test('a header is read as it was written', (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(MEDIA_KIND)),
      fc.nat(7),
      fc.nat(0xffff),
      fc.nat(0xffff_ffff),
      fc.maxSafeNat(),
      (kind, flags, configuration, sequence, time) => {
        const data = Buffer.alloc(HEADER_BYTES + 2);
        writeHeader(data, 2, { kind, flags, configuration, sequence, time });
        t.like(readMedia(data.subarray(2)), {
          ...{ kind, configuration, sequence, time },
          isKey: (flags & 1) !== 0,
          isAfterGap: (flags & 2) !== 0,
          isReplayed: (flags & 4) !== 0,
        });
      },
    ),
  );
});

test('messages of a browser', (t) => {
  t.deepEqual(readFeedback(Buffer.from('81030102000000050000000400000007', 'hex')), {
    type: 'ack',
    isBehind: true,
    isHidden: true,
    decodeQueue: 0x102,
    received: 5,
    painted: 4,
    dropped: 7,
  });
  t.deepEqual(readFeedback(Buffer.from('820102030405060708', 'hex')), {
    type: 'ping',
    token: Buffer.from('0102030405060708', 'hex'),
  });
  t.deepEqual(readFeedback(Buffer.from([0x83, 9])), { type: 'need-key', reason: 9 });
  t.deepEqual(readFeedback(Buffer.from([0x84, 0])), { type: 'video', on: false });
  t.deepEqual(readFeedback(Buffer.from([0x84, 1])), { type: 'video', on: true });
});

test('whatever else comes is none of them', (t) => {
  const lengths = new Map([
    [0x81, 16],
    [0x82, 9],
    [0x83, 2],
    [0x84, 2],
  ]);
  t.is(readFeedback(Buffer.alloc(0)), null);
  t.is(readFeedback(Buffer.from([0x84, 2])), null);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const [kind = 0] = bytes;
      if (lengths.get(kind) !== bytes.length) t.is(readFeedback(Buffer.from(bytes)), null);
    }),
  );
  for (const [kind, length] of lengths) {
    for (const wrong of [length - 1, length + 1]) {
      const data = Buffer.alloc(wrong);
      data[0] = kind;
      t.is(readFeedback(data), null);
    }
  }
  t.not(readFeedback(acknowledgement(1)), null);
});

test('every number of a channel has a label that carries input, and back', (t) => {
  const numbers = Array.from({ length: 256 }, (_, number) => number);
  const labels = numbers.flatMap((number) => channelLabel(number) ?? []);
  t.is(labels.length, 21);
  for (const label of labels) {
    t.is(channelLabel(channelNumber(label) ?? -1), label);
    t.is(isInputLabel(label), label !== 'general');
  }
});
