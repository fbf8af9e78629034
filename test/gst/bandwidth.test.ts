import fc from 'fast-check';
import test from 'ava';
import { BandwidthMeter, parseRemb } from '../../src/media/bandwidth.js';

function remb(exponent: number, mantissa: number, ssrcs: readonly number[] = [1]): Buffer {
  const bytes = Buffer.alloc(8 + 4 * ssrcs.length);
  bytes.write('REMB', 'latin1');
  bytes.writeUInt8(ssrcs.length, 4);
  bytes.writeUIntBE(exponent * 0x40000 + mantissa, 5, 3);
  for (const [index, ssrc] of ssrcs.entries()) bytes.writeUInt32BE(ssrc, 8 + 4 * index);
  return bytes;
}

test('an estimate is a mantissa of 18 bits and an exponent of 6', (t) => {
  t.is(parseRemb(remb(0, 250_000)), 250_000);
  t.is(parseRemb(remb(4, 0x3ffff, [1, 2, 3])), 0x3ffff * 16);
  fc.assert(
    fc.property(
      fc.nat({ max: 63 }),
      fc.nat({ max: 0x3ffff }),
      fc.array(fc.nat(), { maxLength: 62 }),
      (exponent, mantissa, ssrcs) =>
        parseRemb(remb(exponent, mantissa, ssrcs)) === mantissa * 2 ** exponent,
    ),
  );
});

test('whatever else comes is none', (t) => {
  t.is(parseRemb(new Uint8Array()), null);
  t.is(parseRemb(Buffer.from('REMX\u0001abc1234')), null);
  const whole = remb(3, 1234, [1, 2]);
  for (let length = 0; length < whole.length; length += 1) {
    t.is(parseRemb(whole.subarray(0, length)), null);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const bitrate = parseRemb(bytes);
      return bitrate === null || bitrate >= 0;
    }),
  );
});

test('a link is narrow while its estimate has fallen far below what is sent', (t) => {
  const meter = new BandwidthMeter();
  t.is(meter.estimate, null);
  t.false(meter.narrow(10e6, 0));
  meter.onEstimate(12e6, 1000);
  t.false(meter.narrow(10e6, 1000));
  meter.onEstimate(4e6, 1500);
  t.is(meter.estimate, 4e6);
  t.true(meter.narrow(10e6, 2000));
  // It stays so while nothing changes, and where the estimate goes on falling.
  for (let at = 3000; at < 20_000; at += 1000) {
    meter.onEstimate(at < 10_000 ? 4e6 : 3.5e6, at - 500);
    t.true(meter.narrow(10e6, at), `${at}`);
  }
  // A rise says that the link's buffers are empty again, however low the estimate still is.
  meter.onEstimate(3.7e6, 20_500);
  t.true(meter.narrow(10e6, 21_000));
  meter.onEstimate(3.9e6, 21_500);
  t.false(meter.narrow(10e6, 22_000));
  meter.onEstimate(3.9e6, 22_500);
  t.false(meter.narrow(10e6, 23_000));
});

test('what is sent fits again', (t) => {
  const meter = new BandwidthMeter();
  meter.onEstimate(12e6, 0);
  meter.onEstimate(4e6, 500);
  t.true(meter.narrow(10e6, 1000));
  t.false(meter.narrow(5e6, 2000));
  t.false(meter.narrow(10e6, 3000), 'the fall was another picture’s');
});

test('an estimate that is low without having fallen says nothing', (t) => {
  const meter = new BandwidthMeter();
  // A still picture, with a fall that did not matter; it then begins to move.
  for (let at = 0; at < 10_000; at += 1000) {
    meter.onEstimate(at === 4000 ? 290_000 : 300_000 + at, at);
    t.false(meter.narrow(100_000, at));
  }
  t.false(meter.narrow(10e6, 10_000));
});

test('a browser that tells nothing any more has no narrow link', (t) => {
  const meter = new BandwidthMeter();
  meter.onEstimate(12e6, 0);
  meter.onEstimate(4e6, 500);
  t.true(meter.narrow(10e6, 1000));
  t.true(meter.narrow(10e6, 6000));
  t.false(meter.narrow(10e6, 7000));
});
