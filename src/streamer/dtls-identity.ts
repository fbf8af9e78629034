import 'reflect-metadata';
import { KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';

/** What browsers use themselves; GStreamer's own choice is RSA with 2048 bits. */
const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const DAY_MS = 86_400_000;
/** Longer than any streamer lives. Browsers look at the fingerprint alone (RFC 8827 §6.5). */
const VALID_DAYS = 3650;

/**
 * Makes the certificate of a streamer's DTLS connections, by which viewers recognise it. The
 * streamer's own process does not do it: there the library alone would take 17 MB.
 *
 * @returns PEM of the certificate, followed by that of its private key
 */
export async function createDtlsIdentity(): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
  const now = Date.now();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      // The first byte keeps the serial positive.
      serialNumber: `01${randomBytes(8).toString('hex')}`,
      name: `CN=${randomBytes(8).toString('hex')}`,
      notBefore: new Date(now - DAY_MS),
      notAfter: new Date(now + VALID_DAYS * DAY_MS),
      signingAlgorithm: { name: CURVE.name, hash: 'SHA-256' },
      keys,
    },
    webcrypto,
  );
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' });
  return `${certificate.toString('pem').trim()}\n${key.toString()}`;
}
