import { createHash, X509Certificate } from 'node:crypto';
import { MoonteeError } from '../../core/errors.js';

/** Start and end of the content of the DER element at `offset`; null if it is cut short. */
function element(der: Buffer, offset: number): { content: number; end: number } | null {
  const first = der[offset + 1];
  if (first === undefined) return null;
  let content = offset + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4 || content + count > der.length) return null;
    length = der.readUIntBE(content, count);
    content += count;
  }
  return content + length <= der.length ? { content, end: content + length } : null;
}

/**
 * The raw signatureValue of a certificate: content of the outer BIT STRING without its unused-bits
 * byte (gamestream.md §2.4).
 *
 * @throws MoonteeError BAD_REQUEST for an invalid certificate
 */
export function certificateSignature(pem: string): Buffer {
  const der = parseCertificate(pem).raw;
  const outer = element(der, 0);
  const body = outer && element(der, outer.content);
  const algorithm = body && element(der, body.end);
  const bits = algorithm && element(der, algorithm.end);
  if (bits && der[algorithm.end] === 0x03 && der[bits.content] === 0) {
    return Buffer.from(der.subarray(bits.content + 1, bits.end));
  }
  throw new MoonteeError('BAD_REQUEST', 'The certificate has no readable signature');
}

/** @throws MoonteeError BAD_REQUEST */
export function parseCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new MoonteeError('BAD_REQUEST', 'Not a certificate', { cause });
  }
}

/** Names a certificate in maps and logs: SHA-256 of its DER, hex. */
export function fingerprint(der: Buffer): string {
  return createHash('sha256').update(der).digest('hex');
}
