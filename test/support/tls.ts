import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { createIdentity } from '../../src/moonlight/identity.js';
import { temporaryFolder } from './server.js';

/** Flags of a server that speaks TLS with a certificate of its own making. */
export async function tlsFlags(t: ExecutionContext): Promise<{ readonly certificate: string }> {
  const folder = await temporaryFolder(t);
  const { privateKeyPem, certificatePem } = await createIdentity();
  const paths = {
    private_key_pem: join(folder, 'key.pem'),
    certificate_pem: join(folder, 'cert.pem'),
  };
  await writeFile(paths.private_key_pem, privateKeyPem);
  await writeFile(paths.certificate_pem, certificatePem);
  return { certificate: JSON.stringify(paths) };
}
