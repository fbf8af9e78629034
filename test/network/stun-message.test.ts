import test from 'ava';
import fc from 'fast-check';
import {
  ATTRIBUTE,
  attributeOf,
  CLASS,
  decodeStun,
  decodeXorAddress,
  encodeStun,
  encodeXorAddress,
  errorOf,
  hasFingerprint,
  isAuthentic,
  longTermKey,
  METHOD,
} from '../../src/ice/client/stun-message.js';

const bytes = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

/** RFC 5769 §2.1 to §2.4. */
const REQUEST = bytes(`
  000100582112a442b7e7a701bc34d686fa87dfae 802200105354554e207465737420636c69656e74
  002400046e0001ff 80290008932ff9b151263b36 000600096576746a3a68367659202020
  000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004e57a3bcf`);
const RESPONSE_4 = bytes(`
  0101003c2112a442b7e7a701bc34d686fa87dfae 8022000b7465737420766563746f7220
  002000080001a147e112a643 000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004c07d4c96`);
const RESPONSE_6 = bytes(`
  010100482112a442b7e7a701bc34d686fa87dfae 8022000b7465737420766563746f7220
  002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9
  00080014a382954e4be67bf11784c97c8292c275bfe3ed41 80280004c8fb0b4c`);
const LONG_TERM = bytes(`
  000100602112a44278ad3433c6ad72c029da412e 00060012e3839ee38388e383aae38383e382afe382b90000
  0015001c662f2f3439396b39353464364f4c33346f4c394653547679363473 41
  0014000b6578616d706c652e6f726700 00080014f67024656dd64a3e02b8e0712e85c9a28ca89666`);

const SHORT_TERM = Buffer.from('VOkJxbRl1RmTxUk/WvJxBt');

test('the request of RFC 5769 §2.1 is read, and its integrity and fingerprint hold', (t) => {
  const message = decodeStun(REQUEST);
  t.is(message?.method, METHOD.BINDING);
  t.is(message?.class, CLASS.REQUEST);
  t.is(message && attributeOf(message, ATTRIBUTE.USERNAME)?.toString(), 'evtj:h6vY');
  t.true(isAuthentic(REQUEST, SHORT_TERM));
  t.false(isAuthentic(REQUEST, Buffer.from('another')));
  t.true(hasFingerprint(REQUEST));
  const broken = Buffer.from(REQUEST);
  broken[30] = (broken[30] ?? 0) ^ 1;
  t.false(isAuthentic(broken, SHORT_TERM));
  t.false(hasFingerprint(broken));
});

for (const [response, address] of [
  [RESPONSE_4, '192.0.2.1'],
  [RESPONSE_6, '2001:db8:1234:5678:11:2233:4455:6677'],
] as const) {
  test(`the response of RFC 5769 with ${address} is read`, (t) => {
    const message = decodeStun(response);
    t.is(message?.class, CLASS.SUCCESS);
    const value = message && attributeOf(message, ATTRIBUTE.XOR_MAPPED_ADDRESS);
    t.deepEqual(value && decodeXorAddress(value, message.transaction), { address, port: 32_853 });
    t.true(isAuthentic(response, SHORT_TERM));
    t.true(hasFingerprint(response));
  });
}

test('long-term credentials are those of RFC 5769 §2.4', (t) => {
  t.true(isAuthentic(LONG_TERM, longTermKey('マトリックス', 'example.org', 'TheMatrIX')));
  t.false(isAuthentic(LONG_TERM, longTermKey('マトリックス', 'example.org', 'TheMatrix')));
});

const ports = fc.integer({ min: 0, max: 65_535 });
const transactions = fc.uint8Array({ minLength: 12, maxLength: 12 }).map((raw) => Buffer.from(raw));

test('what is encoded decodes to the same', (t) => {
  const attributes = fc.array(
    fc.record({
      type: fc.integer({ min: 0x0100, max: 0x7fff }),
      value: fc.uint8Array({ maxLength: 40 }).map((raw) => Buffer.from(raw)),
    }),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xfff }),
      fc.integer({ min: 0, max: 3 }),
      transactions,
      attributes,
      fc.option(fc.uint8Array({ minLength: 1, maxLength: 32 })),
      (method, kind, transaction, list, raw) => {
        const key = raw ? Buffer.from(raw) : undefined;
        const sent = encodeStun({ method, class: kind, transaction, attributes: list }, key);
        const got = decodeStun(sent);
        t.is(got?.method, method);
        t.is(got?.class, kind);
        t.deepEqual(got?.transaction, transaction);
        t.deepEqual(got?.attributes.slice(0, list.length), list);
        t.true(hasFingerprint(sent));
        t.is(isAuthentic(sent, key ?? Buffer.from('none')), key !== undefined);
      },
    ),
    { seed: 5, numRuns: 200 },
  );
});

test('masked addresses come back', (t) => {
  fc.assert(
    fc.property(fc.ipV4(), ports, transactions, (address, port, transaction) => {
      const value = encodeXorAddress({ address, port }, transaction);
      t.deepEqual(decodeXorAddress(value, transaction), { address, port });
    }),
    { seed: 5 },
  );
  fc.assert(
    fc.property(fc.ipV6(), ports, transactions, (written, port, transaction) => {
      const address = new URL(`http://[${written}]/`).hostname.slice(1, -1);
      const value = encodeXorAddress({ address, port }, transaction);
      t.deepEqual(decodeXorAddress(value, transaction), { address, port });
    }),
    { seed: 5 },
  );
});

test('no bytes make the decoder throw', (t) => {
  const check = (raw: Buffer): void => {
    const message = decodeStun(raw);
    isAuthentic(raw, SHORT_TERM);
    hasFingerprint(raw);
    if (!message) return;
    errorOf(message);
    for (const { value } of message.attributes) decodeXorAddress(value, message.transaction);
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (raw) => check(Buffer.from(raw))),
    { seed: 5, numRuns: 500 },
  );
  // Real messages with some bytes changed and the end cut off get further.
  fc.assert(
    fc.property(
      fc.constantFrom(REQUEST, RESPONSE_4, RESPONSE_6, LONG_TERM),
      fc.array(fc.tuple(fc.nat(130), fc.nat(255)), { maxLength: 6 }),
      fc.nat(8),
      (vector, changes, cut) => {
        const raw = Buffer.from(vector.subarray(0, vector.length - cut));
        for (const [at, value] of changes) if (at < raw.length) raw[at] = value;
        check(raw);
      },
    ),
    { seed: 5, numRuns: 1000 },
  );
  t.pass();
});
