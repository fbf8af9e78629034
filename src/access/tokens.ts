import { randomBytes } from 'node:crypto';
import { decodeJwt, jwtVerify, SignJWT } from 'jose';
import { MoonteeError } from '../core/errors.js';
import type { Rights } from '../core/rights.js';
import type { TokenRecord } from './access-file.js';
import type { AccessBook, Draft } from './book.js';
import { isWithin, rightsOn, viewerPrincipal, type Principal } from './principal.js';
import type { Tenures } from './tenures.js';

const ISSUER = 'moontee';
const ALGORITHM = 'HS256';
const ID_BYTES = 12;
/** Characters: a header has room for more, but no token of anybody needs it. */
const MAX_LENGTH = 3_000;
/** Milliseconds that a token is good without other word, and at most. */
const DEFAULT_LIFE_MS = 86_400_000;
const MAX_LIFE_MS = 366 * DEFAULT_LIFE_MS;

/** What a token, or a link, is to be good for. */
export interface GrantRequest {
  readonly streamerId: string;
  readonly rights: Rights;
  /** Milliseconds; null: a day. */
  readonly life: number | null;
}

export interface IssuedToken {
  readonly record: TokenRecord;
  /** Told once: it cannot be read again. */
  readonly token: string;
}

/**
 * Tokens of our own: JWTs that name an entry of the book. The signature shows that we made it, and the
 * entry what it is good for.
 */
export class Tokens {
  readonly #key: Uint8Array;
  readonly #book: AccessBook;
  readonly #tenures: Tenures;

  /** @param key of {@link openSigningKey} */
  constructor(key: Uint8Array, book: AccessBook, tenures: Tenures) {
    this.#key = key;
    this.#book = book;
    this.#tenures = tenures;
  }

  /**
   * A token of that giver's, with no more than its own rights and no longer than its own time.
   *
   * @throws FORBIDDEN, LIMIT_REACHED, INTERNAL if it cannot be saved, STREAMER_NOT_FOUND if the streamer
   * has ended meanwhile
   */
  async issue(
    request: GrantRequest & { name: string | null },
    giver: Principal,
  ): Promise<IssuedToken> {
    const { streamerId, rights, name } = request;
    assertMayGive(rights, giver, streamerId);
    const record: TokenRecord = {
      id: randomId(),
      streamer_id: streamerId,
      name,
      rights: [...rights],
      issued_at: Date.now(),
      expires_at: endOf(request.life, giver),
      by: giver.tokenId,
      share_id: null,
    };
    return this.#book.draft(streamerId, (draft) => this.add(record, draft));
  }

  /** Signs and saves a token. @throws as {@link AccessBook.addToken} */
  async add(record: TokenRecord, draft: Draft | null = null): Promise<IssuedToken> {
    const token = await new SignJWT({ name: record.name, rights: record.rights })
      .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
      .setIssuer(ISSUER)
      .setAudience(record.streamer_id)
      .setJti(record.id)
      .setIssuedAt(seconds(record.issued_at))
      .setExpirationTime(seconds(record.expires_at))
      .sign(this.#key);
    await this.#book.addToken(record, draft);
    return { record, token };
  }

  /** Whether a text says of itself that it is one of ours. */
  claims(text: string): boolean {
    return issuerOf(text) === ISSUER;
  }

  /** Who holds it; null if it is not good. */
  async verify(text: string): Promise<Principal | null> {
    let id: string | undefined;
    try {
      const { payload } = await jwtVerify(text, this.#key, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        requiredClaims: ['exp', 'jti'],
      });
      id = payload.jti;
    } catch {
      return null;
    }
    const record = id === undefined ? undefined : this.#book.token(id);
    if (record === undefined) return null;
    return viewerPrincipal({
      id: record.id,
      name: record.name,
      rights: new Set(record.rights),
      streamers: new Set([record.streamer_id]),
      expiresAt: record.expires_at,
      tokenId: record.id,
    });
  }

  /** The streamer's, in the order in which they were made. */
  list(streamerId: string): readonly TokenRecord[] {
    return this.#book.tokensOf(streamerId);
  }

  /**
   * Takes a token back, with all that its holder has given to others, and ends what is open by it.
   *
   * @throws NOT_FOUND, INTERNAL if that cannot be saved; it has happened nevertheless
   */
  async revoke(streamerId: string, id: string): Promise<void> {
    if (this.#book.token(id)?.streamer_id !== streamerId) {
      throw new MoonteeError('NOT_FOUND', 'No such token');
    }
    this.#tenures.revoke(this.#book.removeToken(id));
    await this.#book.save();
  }
}

/** Whether a text has the form of a token, ours or of others. */
export function isTokenLike(text: string): boolean {
  return text.length <= MAX_LENGTH && /^[\w-]+\.[\w-]+\.[\w-]*$/.test(text);
}

/** Whom a token names as its issuer. Nothing of it is verified. */
export function issuerOf(text: string): string | null {
  if (!isTokenLike(text)) return null;
  try {
    return decodeJwt(text).iss ?? null;
  } catch {
    return null;
  }
}

/** @throws FORBIDDEN, BAD_REQUEST for no rights at all */
export function assertMayGive(rights: Rights, giver: Principal, streamerId: string): void {
  if (rights.size === 0) throw new MoonteeError('BAD_REQUEST', 'At least one right is needed');
  if (isWithin(rights, rightsOn(giver, streamerId))) return;
  throw new MoonteeError('FORBIDDEN', 'Nobody can give rights that they do not have');
}

/** When something ends that was given: never after who gave it. Milliseconds of the wall clock. */
export function endOf(life: number | null, giver: Principal): number {
  const end = Date.now() + Math.min(life ?? DEFAULT_LIFE_MS, MAX_LIFE_MS);
  return Math.min(end, giver.expiresAt ?? Infinity);
}

/** Not a secret. */
export function randomId(): string {
  return randomBytes(ID_BYTES).toString('base64url');
}

/** Rounded up: what has not ended here has not ended there. */
function seconds(milliseconds: number): number {
  return Math.ceil(milliseconds / 1_000);
}
