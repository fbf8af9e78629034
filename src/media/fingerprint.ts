/**
 * Certificate fingerprints of session descriptions (RFC 8122). They answer whether the certificate
 * that a DTLS peer has shown is the one that signaling announced.
 */
import { createHash } from 'node:crypto';

/** One `a=fingerprint` line. */
export interface Fingerprint {
  readonly hash: string;
  /** Upper-case hexadecimal pairs with colons between them. */
  readonly digest: string;
}

/**
 * Digest lengths in bytes, strongest hash first. SHA-1 is missing on purpose: every browser
 * announces SHA-256, which RFC 8122 §5 and RFC 8827 §6.5 require. A certificate that collides with
 * another one's SHA-1 is within reach today. MD5 and MD2 are forbidden, and webrtcbin does not know
 * SHA-224.
 */
const USABLE: readonly (readonly [hash: string, length: number])[] = [
  ['sha-512', 64],
  ['sha-384', 48],
  ['sha-256', 32],
];
/** Lines of one section. No client has more certificates than this. */
const LINES_LIMIT = 16;

/**
 * The fingerprints that count: those of the strongest hash among the lines (RFC 8122 §5). There
 * are several if the other end has several certificates.
 *
 * @param values what stands behind `a=fingerprint:` in the lines of one section
 * @returns sorted, without repetitions; null if a line is invalid or none is usable
 */
export function usableFingerprints(values: readonly string[]): readonly Fingerprint[] | null {
  if (values.length > LINES_LIMIT) return null;
  const byHash = new Map<string, Set<string>>();
  for (const value of values) {
    const [, name, hex] = /^(\S+) +([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*)$/.exec(value.trim()) ?? [];
    if (name === undefined || hex === undefined) return null;
    const hash = name.toLowerCase();
    const length = USABLE.find(([usable]) => usable === hash)?.[1];
    // Another hash is not an error: there may be a line with one of ours.
    if (length === undefined) continue;
    if (hex.length !== length * 3 - 1) return null;
    byHash.set(hash, (byHash.get(hash) ?? new Set()).add(hex.toUpperCase()));
  }
  for (const [hash] of USABLE) {
    const digests = byHash.get(hash);
    if (digests) return [...digests].sort().map((digest) => ({ hash, digest }));
  }
  return null;
}

/** Whether two descriptions announce the same certificates. */
export function sameFingerprints(
  one: readonly Fingerprint[],
  other: readonly Fingerprint[],
): boolean {
  return fingerprintText(one) === fingerprintText(other);
}

function fingerprintText(fingerprints: readonly Fingerprint[]): string {
  return fingerprints.map(({ hash, digest }) => `${hash} ${digest}`).join('\n');
}

/**
 * Only hashes the certificate: nothing that a stranger made is parsed.
 *
 * @param pem one certificate, as OpenSSL writes it
 */
export function certificateMatches(pem: string, announced: readonly Fingerprint[]): boolean {
  const body = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(
    pem,
  )?.[1];
  if (body === undefined) return false;
  const der = Buffer.from(body, 'base64');
  return announced.some(({ hash, digest }) => digestOf(der, hash) === digest);
}

function digestOf(der: Buffer, hash: string): string {
  const hex = createHash(hash.replace('-', '')).update(der).digest('hex').toUpperCase();
  return hex.replace(/..(?!$)/g, '$&:');
}
