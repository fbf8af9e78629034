import test from 'ava';
import * as fc from 'fast-check';
import { readFile } from 'node:fs/promises';
import { splitClip } from '../../../src/demo-host/media/frame-source.js';
import { VideoPacketizer } from '../../../src/demo-host/media/video-packetizer.js';
import { isAnnexB, isSlice, nalEnd, nalUnits } from '../../../src/moonlight/video/annex-b.js';
import { isKeyFrame } from '../../../src/moonlight/video/key-frame.js';
import { FRAME_TYPE } from '../../../src/moonlight/video/packet.js';
import { arrangements } from './byte-streams.js';
import { Receiver } from './receiver.js';

const STREAMS = new URL('../../fixtures/streams/', import.meta.url);

for (const codec of ['h264', 'h265'] as const) {
  test(`${codec}: every legal arrangement is recognised`, (t) => {
    let keys = 0;
    fc.assert(
      fc.property(arrangements(codec), ({ data, units, key }) => {
        t.true(isAnnexB(data));
        const found = [...nalUnits(codec, data)];
        t.deepEqual(
          found.map(({ type }) => type),
          units.map(({ type }) => type),
        );
        found.forEach((unit, index) => {
          const bytes = data.subarray(unit.at, nalEnd(data, unit));
          t.true(bytes.equals(units[index]?.bytes ?? Buffer.alloc(0)));
        });
        t.is(found.filter(({ type }) => isSlice(codec, type)).length > 0, true);
        t.is(isKeyFrame(codec, data, FRAME_TYPE.P), key);
        if (key) keys += 1;
      }),
      { numRuns: 300, seed: 11 },
    );
    t.true(keys > 20);
  });

  test(`${codec}: every legal arrangement arrives through packets of any size`, (t) => {
    fc.assert(
      fc.property(
        arrangements(codec),
        fc.constantFrom(128, 256, 1024, 1392),
        fc.constantFrom('sunshine' as const, 'wolf' as const),
        ({ data, key }, packetSize, style) => {
          const receiver = new Receiver(codec, packetSize);
          const packetizer = new VideoPacketizer({ packetSize, style });
          const frameType = key ? FRAME_TYPE.IDR : FRAME_TYPE.P;
          const frame = { data, frameNumber: 1, frameType, rtpTimestamp: 0 };
          for (const packet of packetizer.packetize(frame)) receiver.push(packet, 0);
          receiver.expire(1000);
          t.deepEqual(receiver.refused, []);
          t.is(receiver.complete.length, 1);
          t.is(receiver.complete[0]?.idr, key);
          t.true(receiver.complete[0]?.data.equals(data));
        },
      ),
      { numRuns: 100, seed: 12 },
    );
  });

  test(`${codec}: no bytes whatever make it throw, or find what is not there`, (t) => {
    const bytes = fc
      .array(fc.oneof(fc.constant([0, 0, 1]), fc.constant([0x40, 1]), fc.array(fc.nat(255))))
      .map((parts) => parts.flat());
    fc.assert(
      fc.property(bytes, (values) => {
        const data = Buffer.from(values);
        for (const unit of nalUnits(codec, data)) {
          t.is(data.readUIntBE(unit.at - 3, 3), 1);
          t.true(nalEnd(data, unit) <= data.length);
        }
        if (isKeyFrame(codec, data, FRAME_TYPE.IDR)) t.true(data.includes('000001', 0, 'hex'));
      }),
      { numRuns: 500, seed: 13 },
    );
  });
}

test('a start code with more zeros than most begins a frame like any other', async (t) => {
  const units = splitClip(await readFile(new URL('five-byte-start-code.h264', STREAMS)));
  t.is(units.length, 10);
  units.forEach((unit, index) => {
    t.is(unit.subarray(0, 5).toString('hex'), '0000000001');
    t.true(isAnnexB(unit));
    t.is(isKeyFrame('h264', unit, FRAME_TYPE.P), index === 0);
  });
});

test('a key frame behind kilobytes of SEI is one', async (t) => {
  const text = await readFile(new URL('h265-key-frame.hex', STREAMS), 'utf8');
  const data = Buffer.from(text.trim(), 'hex');
  t.true(isKeyFrame('h265', data, FRAME_TYPE.P));
  t.deepEqual(
    [...nalUnits('h265', data)].map(({ type }) => type),
    [32, 33, 34, 39, 20],
  );
});

test('what does not begin with a start code is no frame', (t) => {
  for (const text of [
    '',
    '00',
    '0000',
    '000001',
    '00000001',
    '0100000167',
    '000002000001',
    '12000a',
  ]) {
    t.false(isAnnexB(Buffer.from(text, 'hex')), text);
  }
});

test('units that are damaged or of another layer count for nothing', (t) => {
  const { P } = FRAME_TYPE;
  // forbidden_zero_bit; MVC's extension slices; layer 1 in front of the picture's own.
  t.deepEqual([...nalUnits('h264', Buffer.from('000001e7000001', 'hex'))], []);
  t.false(isKeyFrame('h264', Buffer.from('00000167420000016f420000017488', 'hex'), P));
  t.true(isKeyFrame('h264', Buffer.from('0000016742000001748800000165880a', 'hex'), P));
  t.true(isKeyFrame('h265', Buffer.from('00000140010c000001020900000126018f', 'hex'), P));
  t.false(isKeyFrame('h265', Buffer.from('00000140010c000001260900000102018f', 'hex'), P));
});
