import test from 'ava';
import { createHash, X509Certificate } from 'node:crypto';
import { createIdentity } from '../../../src/moonlight/identity.js';
import {
  certificateSignature,
  createPin,
  decryptBlocks,
  encryptBlocks,
  padBlocks,
  pairingDigest,
  pairingHash,
  pairingKey,
} from '../../../src/moonlight/pairing/crypto.js';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
/** Bytes from `first` on, 16 of them. */
const run = (first: number): Buffer => Buffer.from(Array.from({ length: 16 }, (_, i) => first + i));

test('the worked example of gamestream.md §2.4', (t) => {
  const hostSignature = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  const clientSignature = Buffer.from(Array.from({ length: 256 }, (_, i) => 255 - i));
  const [salt, cc, ss, sc, cs] = [run(0x00), run(0x10), run(0x20), run(0x30), run(0x40)];

  t.is(
    createHash('sha256').update(salt).update('1234').digest('hex'),
    'bad0b4f7cae08eb7c1b5acc763a8ed25242e2c9173e81f3f624b1fa5303cf6ce',
  );
  const key = pairingKey('sha256', salt, '1234');
  t.is(key.toString('hex'), 'bad0b4f7cae08eb7c1b5acc763a8ed25');
  t.is(encryptBlocks(key, cc).toString('hex'), '5febcdc985b2baddd65925da162380eb');
  const sh = pairingHash('sha256', cc, hostSignature, ss);
  t.is(sh.toString('hex'), '640f81e6099bb076b3b3f317b3662dce6bd7b5bbb81b77649e1269a8ff441110');
  const response = hex(
    'efcb94d6a587f0ceebb9b3d4fca6c37c8505f87c521bcec09c3369d7b025833758f1c991a85a76c2526eb7cf9453b7e7',
  );
  t.deepEqual(encryptBlocks(key, Buffer.concat([sh, sc])), response);
  t.deepEqual(decryptBlocks(key, response), Buffer.concat([sh, sc]));
  const ch = pairingHash('sha256', sc, clientSignature, cs);
  t.is(ch.toString('hex'), 'd2751fb0a8ee058701d4c6f0a5a1427d31cb5321b25a157be5a59d1320b6f01c');
  t.is(
    encryptBlocks(key, ch).toString('hex'),
    'be16b48a273260d616a4ef44874acd4be2dc7ebadcb8ffab14bab095373e1c7a',
  );
});

test('hosts before version 7 hash with SHA-1, padded to whole blocks', (t) => {
  t.is(pairingDigest(7), 'sha256');
  t.is(pairingDigest(6), 'sha1');
  const key = pairingKey('sha1', run(0x00), '1234');
  t.is(key.toString('hex'), '0cd2f00b23437ed6adc97cd8f7dbf3ed');
  const padded = padBlocks(pairingHash('sha1', 'x'));
  t.is(padded.length, 32);
  t.deepEqual(padded.subarray(20), Buffer.alloc(12));
  t.deepEqual(padBlocks(Buffer.alloc(32, 1)), Buffer.alloc(32, 1));
});

test('identities share neither subject nor serial nor id, and hosts can use them', async (t) => {
  const [a, b] = await Promise.all([createIdentity(), createIdentity()]);
  const [first, second] = [
    new X509Certificate(a.certificatePem),
    new X509Certificate(b.certificatePem),
  ];
  t.not(first.serialNumber, second.serialNumber);
  t.not(first.subject, second.subject);
  t.not(a.uniqueId, b.uniqueId);
  t.regex(a.uniqueId, /^[0-9A-F]{16}$/);
  t.regex(first.subject, /^CN=moonlight-[0-9a-f-]{36}\nO=Moonlight Client$/);
  t.is(first.subject, first.issuer);
  t.true(first.verify(first.publicKey));
  t.is(first.publicKey.asymmetricKeyDetails?.modulusLength, 2048);
  t.true(Date.parse(first.validFrom) < Date.now());
  t.true(Date.parse(first.validTo) < Date.parse('2050-01-01'));
  const signature = certificateSignature(a.certificatePem);
  t.is(signature.length, 256);
  t.true(first.raw.subarray(-256).equals(signature));
  // §1.4: version 3, and sha256WithRSAEncryption both where it is announced and where it counts.
  const algorithm = '300d06092a864886f70d01010b0500';
  const der = first.raw.toString('hex');
  t.regex(der, /^3082[0-9a-f]{4}3082[0-9a-f]{4}a003020102/);
  t.is(der.split(algorithm).length, 3);
});

test('a PIN has four digits', (t) => {
  for (let i = 0; i < 200; i++) t.regex(createPin(), /^\d{4}$/);
});
