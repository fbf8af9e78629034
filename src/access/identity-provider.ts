import { createHash } from 'node:crypto';
import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { MoonteeError } from '../core/errors.js';
import { RIGHTS, type Right, type Rights } from '../core/rights.js';
import { personName } from '../core/text.js';
import { KeyFile, remoteKeys } from './key-set.js';
import { viewerPrincipal, type Principal } from './principal.js';
import { issuerOf } from './tokens.js';

/** As in the configuration. */
export interface IdentityOptions {
  readonly issuer: string;
  readonly audience: string;
  /** One of these two. */
  readonly jwks_url?: string | null;
  readonly jwks_path?: string | null;
  /** Names of claims; `a.b` is the `b` inside `a`. */
  readonly claims?: {
    readonly name?: string | null;
    readonly rights?: string | null;
    readonly streamers?: string | null;
  } | null;
}

/** Signatures with a public key alone: what is published can make no token. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
/** How the library says that there is no set of keys. */
const NO_KEYS: ReadonlySet<string> = new Set([
  'ERR_JWKS_TIMEOUT',
  'ERR_JWKS_INVALID',
  'ERR_JOSE_GENERIC',
]);
const MAX_STREAMERS = 1_000;
/** Seconds by which the provider's clock may differ. */
const TOLERANCE_S = 10;

/** Tokens that somebody else issues to the people that it knows. */
export class IdentityProvider {
  readonly #options: IdentityOptions;
  readonly #keys: JWTVerifyGetKey;

  private constructor(options: IdentityOptions, keys: JWTVerifyGetKey) {
    this.#options = options;
    this.#keys = keys;
  }

  /** @throws CONFIG_INVALID if a file of keys is named that holds none */
  static async open(options: IdentityOptions): Promise<IdentityProvider> {
    const { jwks_url: url, jwks_path: path } = options;
    if (typeof url === 'string') return new IdentityProvider(options, remoteKeys(url));
    const file = new KeyFile(path ?? '');
    try {
      await file.refresh();
    } catch (cause) {
      throw new MoonteeError('CONFIG_INVALID', `identity.jwks_path: no keys in ${path ?? ''}`, {
        cause,
      });
    }
    return new IdentityProvider(options, file.find);
  }

  /** Whether a text says of itself that the provider has issued it. */
  claims(text: string): boolean {
    return issuerOf(text) === this.#options.issuer;
  }

  /**
   * Who holds a token; null if it is not good, or good for nothing here.
   *
   * @throws IDENTITY_UNAVAILABLE if the provider's keys cannot be had
   */
  async verify(text: string): Promise<Principal | null> {
    const { issuer, audience } = this.#options;
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(text, this.#keys, {
        algorithms: ALGORITHMS,
        issuer,
        audience,
        requiredClaims: ['exp'],
        clockTolerance: TOLERANCE_S,
      }));
    } catch (error) {
      // Keys that cannot be had, or read, are not the caller's fault.
      if (error instanceof MoonteeError) throw error;
      if (error instanceof errors.JOSEError && !NO_KEYS.has(error.code)) return null;
      throw new MoonteeError('IDENTITY_UNAVAILABLE', undefined, { cause: error });
    }
    return this.#principal(text, payload);
  }

  #principal(text: string, payload: JWTPayload): Principal | null {
    const { name = null, rights = null, streamers = null } = this.#options.claims ?? {};
    const given = rightsOf(claim(payload, rights ?? 'moontee_rights'));
    const own = streamersOf(claim(payload, streamers ?? 'moontee_streamers'));
    if (given.size === 0 || (own !== 'all' && own.size === 0)) return null;
    const called = claim(payload, name ?? 'name');
    return viewerPrincipal({
      // Each token is a caller of its own: it ends when the token does.
      id: `identity:${createHash('sha256').update(text).digest('base64url').slice(0, 22)}`,
      name: typeof called === 'string' ? personName(called) : null,
      rights: given,
      streamers: own,
      expiresAt: ((payload.exp ?? 0) + TOLERANCE_S) * 1_000,
    });
  }
}

/** A claim of that name, or what the dots in the name lead to. */
function claim(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  let value: unknown = payload;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part))
      return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

/** A list, or words with spaces between them as in `scope`. Others' words are passed over. */
function rightsOf(value: unknown): Rights {
  const words = wordsOf(value);
  return new Set(RIGHTS.filter((right: Right) => words.includes(right)));
}

function streamersOf(value: unknown): Principal['streamers'] {
  const words = wordsOf(value);
  return words.includes('*') ? 'all' : new Set(words.slice(0, MAX_STREAMERS));
}

function wordsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.split(' ').filter((word) => word !== '');
  if (!Array.isArray(value)) return [];
  return value.filter((word): word is string => typeof word === 'string');
}
