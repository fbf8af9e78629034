import { createHash, X509Certificate } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import {
  certificateMatches,
  sameFingerprints,
  usableFingerprints,
} from '../../src/media/fingerprint.js';
import { createDtlsIdentity } from '../../src/streamer/dtls-identity.js';

const [pem, otherPem] = (await Promise.all(
  [1, 2].map(async () => new X509Certificate(await createDtlsIdentity()).toString()),
)) as [string, string];
const der = new X509Certificate(pem).raw;

function line(hash: string, certificate: Buffer = der): string {
  const hex = createHash(hash.replace('-', '')).update(certificate).digest('hex');
  return `${hash} ${(hex.match(/../g) ?? []).join(':').toUpperCase()}`;
}

function announced(...lines: string[]): NonNullable<ReturnType<typeof usableFingerprints>> {
  const fingerprints = usableFingerprints(lines);
  if (!fingerprints) throw new Error('refused');
  return fingerprints;
}

test('a certificate matches its own fingerprint, whatever the hash and the case', (t) => {
  for (const hash of ['sha-256', 'sha-384', 'sha-512']) {
    for (const text of [line(hash), line(hash).toLowerCase(), line(hash).toUpperCase()]) {
      t.true(certificateMatches(pem, announced(text)), text);
      t.false(certificateMatches(otherPem, announced(text)), text);
    }
  }
});

test('what is no certificate matches nothing', (t) => {
  for (const text of ['', 'certificate', pem.slice(0, 100), pem.replace(/CERTIFICATE/g, 'KEY')]) {
    t.false(certificateMatches(text, announced(line('sha-256'))));
  }
  t.false(certificateMatches(pem, []));
});

test('the strongest hash counts, and there may be several certificates', (t) => {
  const other = new X509Certificate(otherPem).raw;
  t.true(certificateMatches(pem, announced(line('sha-256'), line('sha-256', other))));
  t.true(certificateMatches(otherPem, announced(line('sha-256'), line('sha-256', other))));
  // A weaker line does not help a certificate that the stronger one is not about.
  t.false(certificateMatches(pem, announced(line('sha-256'), line('sha-512', other))));
  t.true(certificateMatches(pem, announced(line('sha-1', other), line('sha-256'))));
  t.deepEqual(announced(line('sha-256'), line('sha-256')).length, 1);
});

test('SHA-1, unknown hashes and broken lines do not count', (t) => {
  for (const lines of [
    [],
    [line('sha-1')],
    [line('md5')],
    [`sha-224 ${'AB:'.repeat(27)}AB`],
    ['__proto__ AB'],
    ['sha-256'],
    ['sha-256 '],
    [line('sha-256').slice(0, -3)],
    [`${line('sha-256')}:AB`],
    [line('sha-256'), 'sha-512 AB'],
    [line('sha-256'), 'nonsense'],
    [line('sha-256').replaceAll(':', '')],
    Array.from({ length: 17 }, () => line('sha-256')),
  ]) {
    t.is(usableFingerprints(lines), null, lines.join('; '));
  }
});

test('the order, the case and repetitions of lines make no difference', (t) => {
  const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(fc.uniqueArray(digest, { minLength: 1, maxLength: 8, selector: String }), (all) => {
      const lines = all.map((bytes) => line('sha-256', Buffer.from(bytes)));
      const same = announced(...lines);
      t.true(
        sameFingerprints(same, announced(...lines.map((text) => text.toLowerCase()).reverse())),
      );
      t.true(sameFingerprints(same, announced(...lines, ...lines)));
      if (lines.length > 1) t.false(sameFingerprints(same, announced(...lines.slice(1))));
    }),
  );
});

test('lines of any kind are read or refused, never thrown at', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 300 }), { maxLength: 20 }), (lines) => {
        usableFingerprints(lines);
      }),
    ),
  );
});
