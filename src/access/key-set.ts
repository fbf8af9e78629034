import { readFile, stat } from 'node:fs/promises';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from 'jose';
import { MoonteeError } from '../core/errors.js';

/** Bytes of a set of keys: the largest in use have some ten thousand. */
const MAX_BYTES = 262_144;
const FETCH_TIMEOUT_MS = 5_000;
/** Milliseconds for which keys are remembered, and in which an unknown one is not asked for again. */
const MAX_AGE_MS = 600_000;
const COOLDOWN_MS = 30_000;
/** Milliseconds after a failed fetch in which there is no other. */
const FAILURE_PAUSE_MS = 5_000;

/** Keys that the provider publishes, fetched when they are needed. */
export function remoteKeys(url: string): JWTVerifyGetKey {
  let failedAt = -Infinity;
  return createRemoteJWKSet(new URL(url), {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: MAX_AGE_MS,
    [customFetch]: async (address, options) => {
      // Strangers' tokens must not have us call the provider as often as they like.
      if (performance.now() - failedAt < FAILURE_PAUSE_MS) throw unavailable();
      try {
        const response = await fetch(address, options);
        if (response.status !== 200) throw unavailable();
        const text = await boundedText(response);
        // What is no JSON is a failure as well.
        return Response.json(JSON.parse(text));
      } catch (error) {
        failedAt = performance.now();
        throw unavailable(error);
      }
    },
  });
}

/** Keys of a file, which is read again when it has changed. */
export class KeyFile {
  readonly #path: string;
  #modified = '';
  #keys: JWTVerifyGetKey | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws IDENTITY_UNAVAILABLE if there is no set of keys in it, and there never was */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    await this.refresh().catch((error: unknown) => {
      if (this.#keys === null) throw error;
    });
    if (this.#keys === null) throw unavailable();
    return this.#keys(header, token);
  };

  /** @throws IDENTITY_UNAVAILABLE */
  async refresh(): Promise<void> {
    try {
      const facts = await stat(this.#path);
      const modified = `${facts.mtimeMs} ${facts.size} ${facts.ino}`;
      if (modified === this.#modified) return;
      if (!facts.isFile() || facts.size > MAX_BYTES) throw new Error('no file of that size');
      const set = JSON.parse(await readFile(this.#path, 'utf8')) as JSONWebKeySet;
      // It checks the form.
      this.#keys = createLocalJWKSet(set);
      this.#modified = modified;
    } catch (error) {
      throw unavailable(error);
    }
  }
}

function unavailable(cause?: unknown): MoonteeError {
  return new MoonteeError('IDENTITY_UNAVAILABLE', undefined, { cause });
}

async function boundedText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (body !== null) {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size > MAX_BYTES) throw unavailable();
      chunks.push(chunk);
    }
  }
  return Buffer.concat(chunks).toString('utf8');
}
