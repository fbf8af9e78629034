import { createPrivateKey, X509Certificate } from 'node:crypto';
import test from 'ava';
import { createDtlsIdentity } from '../../src/streamer/dtls-identity.js';

test('a certificate that signs itself, and its key upon P-256', async (t) => {
  const pem = await createDtlsIdentity();
  const certificate = new X509Certificate(pem);
  const key = createPrivateKey(pem.slice(pem.indexOf('-----BEGIN PRIVATE KEY')));
  t.is(certificate.publicKey.asymmetricKeyType, 'ec');
  t.is(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  t.true(certificate.checkPrivateKey(key));
  t.true(certificate.verify(certificate.publicKey));
  t.true(Date.parse(certificate.validFrom) < Date.now());
  t.true(Date.parse(certificate.validTo) > Date.now() + 365 * 86_400_000);
});

test('no two are alike', async (t) => {
  const [one, other] = await Promise.all([createDtlsIdentity(), createDtlsIdentity()]);
  const [first, second] = [new X509Certificate(one), new X509Certificate(other)];
  t.not(first.serialNumber, second.serialNumber);
  t.not(first.subject, second.subject);
  t.not(first.fingerprint256, second.fingerprint256);
});
