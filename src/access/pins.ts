import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** A PIN as it is kept, in base64url. */
export interface PinHash {
  readonly salt: string;
  readonly hash: string;
}

const BYTES = 32;
/** Some 50 ms and 16 MiB for each try. */
const COST = { N: 16_384, r: 8, p: 1 };

export async function hashPin(pin: string): Promise<PinHash> {
  const salt = randomBytes(16);
  const hash = await derive(pin, salt);
  return { salt: salt.toString('base64url'), hash: hash.toString('base64url') };
}

/** In the same time for every PIN. */
export async function isPin(pin: string, { salt, hash }: PinHash): Promise<boolean> {
  const given = await derive(pin, Buffer.from(salt, 'base64url'));
  const expected = Buffer.from(hash, 'base64url');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function derive(pin: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(pin.normalize('NFKC'), salt, BYTES, COST, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
