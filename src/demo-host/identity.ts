import 'reflect-metadata';
import { randomBytes, randomUUID, webcrypto } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cryptoProvider, X509CertificateGenerator } from '@peculiar/x509';
import { certificateSignature } from './http/certificate.js';

/** What the host shows to its clients for as long as it is the same host. */
export interface HostIdentity {
  /** `uniqueid` of serverinfo. */
  readonly uniqueId: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** Raw signature bytes of the certificate, as pairing hashes them. */
  readonly signature: Buffer;
}

const FILE = 'identity.json';
const TWENTY_YEARS = 20 * 365 * 24 * 3600 * 1000;

/** RSA 2048 and a self-signed certificate, as clients of this protocol expect (§1.4). */
export async function createIdentity(): Promise<HostIdentity> {
  cryptoProvider.set(webcrypto);
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 2048,
  };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: `01${randomBytes(8).toString('hex')}`,
    name: 'CN=Moontee demo host',
    notBefore: new Date(Date.now() - 24 * 3600 * 1000),
    notAfter: new Date(Date.now() + TWENTY_YEARS),
    signingAlgorithm: algorithm,
    keys,
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const lines = pkcs8.toString('base64').match(/.{1,64}/g) ?? [];
  return complete({
    uniqueId: randomUUID().toUpperCase(),
    certificatePem: `${certificate.toString('pem').trim()}\n`,
    privateKeyPem: `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`,
  });
}

function complete(stored: Omit<HostIdentity, 'signature'>): HostIdentity {
  return { ...stored, signature: certificateSignature(stored.certificatePem) };
}

/** The identity kept in `directory`, made on first use; a new one each time without it. */
export async function loadIdentity(directory: string | null): Promise<HostIdentity> {
  if (directory === null) return createIdentity();
  try {
    const stored: unknown = JSON.parse(await readFile(join(directory, FILE), 'utf8'));
    if (isStored(stored)) return complete(stored);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const identity = await createIdentity();
  const { uniqueId, certificatePem, privateKeyPem } = identity;
  await writeState(directory, FILE, { uniqueId, certificatePem, privateKeyPem });
  return identity;
}

function isStored(value: unknown): value is Omit<HostIdentity, 'signature'> {
  if (typeof value !== 'object' || value === null) return false;
  const { uniqueId, certificatePem, privateKeyPem } = value as Record<string, unknown>;
  return [uniqueId, certificatePem, privateKeyPem].every((field) => typeof field === 'string');
}

/** Writes JSON atomically, readable by the owner alone. */
export async function writeState(directory: string, file: string, value: unknown): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const temporary = join(directory, `.${file}.${randomBytes(4).toString('hex')}`);
  await writeFile(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, join(directory, file));
}
