import { createHash, randomBytes } from 'node:crypto';
import { MoonteeError } from '../core/errors.js';
import type { ShareRecord } from './access-file.js';
import type { AccessBook } from './book.js';
import { hashPin, isPin } from './pins.js';
import type { Principal } from './principal.js';
import type { Tenures } from './tenures.js';
import {
  assertMayGive,
  endOf,
  randomId,
  type GrantRequest,
  type IssuedToken,
  type Tokens,
} from './tokens.js';

const SECRET_BYTES = 24;
/** Wrong PINs after which a link lets nobody in any more. */
const MAX_WRONG_PINS = 10;
/** Of those who came by a link, how many are remembered. */
const MAX_VISITORS = 100;

export interface ShareRequest extends GrantRequest {
  /** How many may come by it; null: any number. */
  readonly maxUses: number | null;
  readonly pin: string | null;
}

/** What somebody brings who comes by a link. */
export interface Redemption {
  readonly secret: string;
  readonly pin: string | null;
  readonly name: string | null;
}

/** `locked`: too many wrong PINs. */
type ShareState = 'open' | 'used_up' | 'locked';

/** Links by which people come to a streamer without credentials. */
export class Shares {
  readonly #book: AccessBook;
  readonly #tokens: Tokens;
  readonly #tenures: Tenures;
  /** Tries of PINs that are being compared, by link. */
  readonly #trying = new Map<string, number>();

  constructor(book: AccessBook, tokens: Tokens, tenures: Tenures) {
    this.#book = book;
    this.#tokens = tokens;
    this.#tenures = tenures;
  }

  /**
   * A link with at most its giver's rights and time.
   *
   * @returns also its secret, which is told once
   * @throws FORBIDDEN, LIMIT_REACHED, INTERNAL if it cannot be saved, STREAMER_NOT_FOUND if the streamer
   * has ended meanwhile
   */
  async create(
    { streamerId, rights, life, maxUses, pin }: ShareRequest,
    giver: Principal,
  ): Promise<{ readonly record: ShareRecord; readonly secret: string }> {
    assertMayGive(rights, giver, streamerId);
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    return this.#book.draft(streamerId, async (draft) => {
      const record: ShareRecord = {
        id: randomId(),
        streamer_id: streamerId,
        secret_hash: hashOf(secret),
        rights: [...rights],
        created_at: Date.now(),
        expires_at: endOf(life, giver),
        by: giver.tokenId,
        max_uses: maxUses,
        uses: 0,
        pin: pin === null ? null : await hashPin(pin),
        wrong_pins: 0,
        visitors: [],
      };
      await this.#book.addShare(record, draft);
      return { record, secret };
    });
  }

  /** The streamer's; of one who may only share, its own. */
  list(streamerId: string, reader: Principal): readonly ShareRecord[] {
    return this.#book.sharesOf(streamerId).filter((share) => maySee(share, reader));
  }

  /**
   * Takes a link back.
   *
   * @param keeps who came by it stays
   * @throws NOT_FOUND, INTERNAL if that cannot be saved; it has happened nevertheless
   */
  async revoke(streamerId: string, id: string, reader: Principal, keeps: boolean): Promise<void> {
    const share = this.#book.share(id);
    if (share?.streamer_id !== streamerId || !maySee(share, reader)) {
      throw new MoonteeError('NOT_FOUND', 'No such link');
    }
    this.#tenures.revoke(this.#book.removeShare(id, keeps));
    await this.#book.save();
  }

  /**
   * A token for who comes by a link. Uses and tries are counted before anything is waited for, so that
   * many at once count like many in turn.
   *
   * @throws SHARE_ENDED for a link that is unknown or lets nobody in any more, SHARE_PIN_REQUIRED,
   * SHARE_PIN_WRONG, RATE_LIMITED, LIMIT_REACHED, INTERNAL
   */
  async redeem({ secret, pin, name }: Redemption): Promise<IssuedToken> {
    const hash = hashOf(secret);
    const found = [...this.#book.shares.values()].find((each) => each.secret_hash === hash);
    const share = found && this.#book.share(found.id);
    if (share === undefined || stateOf(share) !== 'open') throw new MoonteeError('SHARE_ENDED');
    await this.#checkPin(share, pin);
    // It may have ended meanwhile.
    if (this.#book.share(share.id) !== share || stateOf(share) !== 'open') {
      throw new MoonteeError('SHARE_ENDED');
    }
    share.uses += 1;
    try {
      return await this.#admit(share, name);
    } catch (error) {
      share.uses -= 1;
      throw error;
    }
  }

  async #admit(share: ShareRecord, name: string | null): Promise<IssuedToken> {
    const at = Date.now();
    const id = randomId();
    share.visitors = [...share.visitors, { name, at, token_id: id }].slice(-MAX_VISITORS);
    try {
      return await this.#tokens.add({
        id,
        streamer_id: share.streamer_id,
        name,
        rights: share.rights,
        issued_at: at,
        expires_at: share.expires_at,
        by: share.by,
        share_id: share.id,
      });
    } catch (error) {
      share.visitors = share.visitors.filter((visitor) => visitor.token_id !== id);
      throw error;
    }
  }

  async #checkPin(share: ShareRecord, pin: string | null): Promise<void> {
    if (share.pin === null) return;
    if (pin === null) throw new MoonteeError('SHARE_PIN_REQUIRED');
    const trying = this.#trying.get(share.id) ?? 0;
    if (share.wrong_pins + trying >= MAX_WRONG_PINS) {
      throw new MoonteeError('RATE_LIMITED', 'This link is tried too often');
    }
    this.#trying.set(share.id, trying + 1);
    let isRight: boolean;
    try {
      isRight = await isPin(pin, share.pin);
    } finally {
      const left = (this.#trying.get(share.id) ?? 1) - 1;
      if (left === 0) this.#trying.delete(share.id);
      else this.#trying.set(share.id, left);
    }
    if (isRight) return;
    share.wrong_pins += 1;
    if (this.#book.share(share.id) === share) await this.#book.save();
    throw new MoonteeError('SHARE_PIN_WRONG');
  }
}

export function stateOf({ max_uses: max, uses, wrong_pins: wrong }: ShareRecord): ShareState {
  if (wrong >= MAX_WRONG_PINS) return 'locked';
  return max !== null && uses >= max ? 'used_up' : 'open';
}

/** Who manages a streamer sees all links, anybody else those of its own. */
function maySee({ by }: ShareRecord, reader: Principal): boolean {
  if (reader.kind === 'administrator' || reader.rights.has('manage')) return true;
  return reader.tokenId !== null && by === reader.tokenId;
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
