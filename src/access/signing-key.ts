import { randomBytes } from 'node:crypto';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { AtomicFile } from '../storage/atomic-file.js';

const KEY_BYTES = 32;
const TEXT = /^[\w-]{43}$/;

/**
 * The key that our own tokens are signed with. It is made at the first start. Without the file all
 * tokens of before are invalid.
 *
 * @throws CONFIG_INVALID if the file holds something else
 */
export async function openSigningKey(path: string, log: Log): Promise<Uint8Array> {
  const file = new AtomicFile(path);
  const text = (await file.read())?.trim();
  if (text !== undefined) {
    if (TEXT.test(text)) return Buffer.from(text, 'base64url');
    throw new MoonteeError('CONFIG_INVALID', `${path} holds no key for tokens`);
  }
  const key = randomBytes(KEY_BYTES);
  try {
    await file.write(`${key.toString('base64url')}\n`);
  } catch (error) {
    log.warn({ err: error }, 'key for tokens not saved: they end with this process');
  }
  return key;
}
