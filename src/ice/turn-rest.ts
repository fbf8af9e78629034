/**
 * Credentials that a TURN server checks with a shared secret alone, as in
 * draft-uberti-behave-turn-rest-00 §2.2 (coturn: `use-auth-secret`). Pure.
 */
import { createHmac } from 'node:crypto';

export interface TurnRestOptions {
  readonly urls: readonly string[];
  readonly secret: string;
  /** Seconds that credentials are good for. */
  readonly ttl: number;
}

export interface TurnCredentials {
  readonly username: string;
  readonly credential: string;
}

/**
 * @param id distinguishes users in the TURN server's log; may be empty
 * @param now seconds since 1970
 */
export function turnRestCredentials(
  { secret, ttl }: Pick<TurnRestOptions, 'secret' | 'ttl'>,
  id: string,
  now: number,
): TurnCredentials {
  const expiry = Math.floor(now) + ttl;
  // The separator must not occur in the rest.
  const user = id.replaceAll(/[^A-Za-z0-9_.-]/g, '').slice(0, 64);
  const username = user === '' ? String(expiry) : `${expiry}:${user}`;
  const credential = createHmac('sha1', secret).update(username).digest('base64');
  return { username, credential };
}
