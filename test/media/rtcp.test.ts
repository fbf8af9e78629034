import test from 'ava';
import fc from 'fast-check';
import { asksForKeyframe, senderReport } from '../../src/media/rtcp.js';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const RECEIVER_REPORT = bytes('80c90001 00000001');
const PLI = bytes('81ce0002 00000001 6d6f6f76');
const FIR = bytes('84ce0004 00000001 00000000 6d6f6f76 01000000');
const REMB = bytes('8fce0005 00000001 00000000 52454d42 0103f131 6d6f6f76');

test('a sender report has two times of the same moment, and a name', (t) => {
  const report = { ssrc: 0x6d6f6f76, timestamp: 0xfffffff0, packets: 12, octets: 3456 };
  const packet = senderReport(report, 1_000_500);
  t.is(packet.length, 28 + 20);
  t.is(packet.readUInt32BE(4), report.ssrc);
  t.is(packet.readUInt32BE(8), 2_208_988_800 + 1_000);
  t.is(packet.readUInt32BE(12), 2 ** 31);
  t.is(packet.readUInt32BE(16), report.timestamp);
  t.deepEqual([packet.readUInt32BE(20), packet.readUInt32BE(24)], [12, 3456]);
  t.is(packet.readUInt16BE(30), 4);
  t.is(packet.toString('latin1', 38, 45), 'moontee');
  t.deepEqual([...packet.subarray(45)], [0, 0, 0]);
  t.false(asksForKeyframe(packet));
});

test('requests for key frames are found in any place of a compound, and nothing else', (t) => {
  for (const request of [PLI, FIR, bytes('80c00001 00000001')]) {
    t.true(asksForKeyframe(request));
    t.true(asksForKeyframe(Buffer.concat([RECEIVER_REPORT, request])));
  }
  for (const other of [RECEIVER_REPORT, REMB, Buffer.concat([RECEIVER_REPORT, REMB]), bytes('')]) {
    t.false(asksForKeyframe(other));
  }
  // Version 1, and a packet behind the end.
  t.false(asksForKeyframe(bytes('41ce0002 00000001 6d6f6f76')));
  t.false(asksForKeyframe(Buffer.concat([bytes('80c900ff'), PLI])));
});

test('no datagram throws', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (data) => {
      asksForKeyframe(Buffer.from(data));
    }),
  );
  t.pass();
});
