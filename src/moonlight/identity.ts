import 'reflect-metadata';
import { randomBytes, randomUUID, webcrypto } from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';
import type { ClientIdentity } from './types.js';

const ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
} as const;

const DAY_MS = 86_400_000;
/** Stays below 2050: there the encoding of dates changes and old hosts stumble. */
const VALID_YEARS = 20;

/** 16 hex digits for the `uniqueid` of host requests. */
export function createUniqueId(): string {
  return randomBytes(8).toString('hex').toUpperCase();
}

/**
 * Makes a client identity that no other client shares. Wolf distinguishes clients by their
 * certificate, so subject and serial are unique (gamestream.md §1.4). The RSA key is made in the
 * thread pool; the event loop stays free.
 */
export async function createIdentity(): Promise<ClientIdentity> {
  const { subtle } = webcrypto;
  const keys = await subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  // The first byte keeps the serial positive and its length fixed.
  const serial = Buffer.concat([Buffer.from([0x4d]), randomBytes(15)]).toString('hex');
  const now = Date.now();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serial,
      name: `CN=moonlight-${randomUUID()}, O=Moonlight Client`,
      // Clocks of hosts are off by hours at times.
      notBefore: new Date(now - DAY_MS),
      notAfter: new Date(now + VALID_YEARS * 365 * DAY_MS),
      signingAlgorithm: ALGORITHM,
      keys,
    },
    webcrypto,
  );
  const key = Buffer.from(await subtle.exportKey('pkcs8', keys.privateKey));
  return {
    uniqueId: createUniqueId(),
    certificatePem: `${certificate.toString('pem')}\n`,
    privateKeyPem: toPem('PRIVATE KEY', key),
  };
}

function toPem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
