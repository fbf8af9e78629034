import test from 'ava';
import fc from 'fast-check';
import { MoonteeError } from '../../src/core/errors.js';
import {
  formatIceFragment,
  FRAGMENT_LIMIT,
  parseIceFragment,
} from '../../src/media/ice-fragment.js';
import { PresenceMeter } from '../../src/media/presence-meter.js';

const PWD = '0123456789012345678901';
const CANDIDATE = 'candidate:1 1 udp 2113937151 192.0.2.1 61764 typ host generation 0 ufrag abcd';

test('candidates and credentials are read, wherever they stand', (t) => {
  const inSection = `m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:${PWD}\r\na=${CANDIDATE}\r\na=end-of-candidates\r\n`;
  const onTop = `a=ice-ufrag:abcd\na=ice-pwd:${PWD}\nm=audio 9 RTP/AVP 0\na=mid:0\na=${CANDIDATE}\n`;
  for (const text of [inSection, onTop, `${onTop}m=video 9 RTP/AVP 0\na=ice-ufrag:abcd\n`]) {
    t.deepEqual(parseIceFragment(text), {
      ice: { ufrag: 'abcd', pwd: PWD },
      candidates: [CANDIDATE],
    });
  }
  t.deepEqual(parseIceFragment(''), { ice: null, candidates: [] });
  t.deepEqual(parseIceFragment(`a=${CANDIDATE}`).ice, null);
});

test('what is written is read back', (t) => {
  const text = formatIceFragment({ ufrag: 'wxyz', pwd: PWD }, { kind: 'video', mid: '0' }, [
    CANDIDATE,
  ]);
  t.deepEqual(parseIceFragment(text), {
    ice: { ufrag: 'wxyz', pwd: PWD },
    candidates: [CANDIDATE],
  });
  t.true(text.endsWith('a=end-of-candidates\r\n'));
});

test('invalid fragments', (t) => {
  for (const text of [
    'nonsense',
    'a=ice-ufrag:abcd',
    `a=ice-pwd:${PWD}`,
    `a=ice-ufrag:a b\na=ice-pwd:${PWD}`,
    `a=ice-ufrag:abcd\na=ice-ufrag:efgh\na=ice-pwd:${PWD}`,
    `a=${'x'.repeat(FRAGMENT_LIMIT)}`,
    'a=x\n'.repeat(300),
    'a=\u0000',
  ]) {
    t.throws(() => parseIceFragment(text), { instanceOf: MoonteeError }, text.slice(0, 40));
  }
});

test('any text is read or refused', (t) => {
  const line = fc.oneof(
    fc.string(),
    fc.string().map((text) => `a=candidate:${text}`),
    fc.string().map((text) => `a=ice-ufrag:${text}`),
  );
  const property = fc.property(fc.array(line), (lines) => {
    try {
      const { candidates } = parseIceFragment(lines.join('\n'));
      return candidates.every((each) => /^candidate:[\x20-\x7e]*$/.test(each));
    } catch (error) {
      return error instanceof MoonteeError;
    }
  });
  t.notThrows(() => fc.assert(property));
});

test('a viewer is there while RTCP comes, and for half a minute after', (t) => {
  const meter = new PresenceMeter();
  t.true(meter.poll(0, 1_000));
  t.true(meter.poll(0, 30_999));
  t.false(meter.poll(0, 31_000));
  t.true(meter.poll(1, 31_001));
  t.false(meter.poll(1, 61_001));
});
