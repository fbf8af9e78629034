import { isRight } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { Integer } from '../codec/integer.js';
import { describeIssues } from '../codec/issues.js';
import { MoonteeError } from '../core/errors.js';
import { RightList } from '../protocol/right-codec.js';
import { AtomicFile } from '../storage/atomic-file.js';

const nullable = <C extends t.Mixed>(codec: C): t.UnionC<[C, t.NullC]> => t.union([codec, t.null]);

/** A token that was given away. Times are milliseconds of the wall clock. */
export const TokenRecord = t.type(
  {
    id: t.string,
    streamer_id: t.string,
    name: nullable(t.string),
    rights: RightList,
    issued_at: Integer,
    expires_at: Integer,
    /** The token whose holder gave it; null: an administrator, or who came by other means. */
    by: nullable(t.string),
    /** The link that it was got by. */
    share_id: nullable(t.string),
  },
  'TokenRecord',
);
export type TokenRecord = t.TypeOf<typeof TokenRecord>;

export const ShareRecord = t.type(
  {
    id: t.string,
    streamer_id: t.string,
    /** SHA-256, in base64url. */
    secret_hash: t.string,
    rights: RightList,
    created_at: Integer,
    expires_at: Integer,
    /** As of {@link TokenRecord}. */
    by: nullable(t.string),
    max_uses: nullable(Integer),
    uses: Integer,
    /** Of scrypt, in base64url. */
    pin: nullable(t.type({ salt: t.string, hash: t.string })),
    wrong_pins: Integer,
    /** The latest, oldest first. */
    visitors: t.array(t.type({ name: nullable(t.string), at: Integer, token_id: t.string })),
  },
  'ShareRecord',
);
export type ShareRecord = t.TypeOf<typeof ShareRecord>;

const AccessData = t.type(
  { tokens: t.array(TokenRecord), shares: t.array(ShareRecord) },
  'access.json',
);
type AccessData = t.TypeOf<typeof AccessData>;

/** Tokens and links on the disk. */
export class AccessFile {
  readonly #file: AtomicFile;

  constructor(path: string) {
    this.#file = new AtomicFile(path);
  }

  /** @throws CONFIG_INVALID if it does not have the right form */
  async read(): Promise<AccessData> {
    const text = await this.#file.read();
    if (text === null) return { tokens: [], shares: [] };
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new MoonteeError('CONFIG_INVALID', `${this.#file.path} is not valid JSON`);
    }
    const decoded = AccessData.decode(value);
    if (isRight(decoded)) return decoded.right;
    const issues = describeIssues(decoded.left);
    throw new MoonteeError('CONFIG_INVALID', `${this.#file.path}: ${issues}`);
  }

  /** Resolves when this, or something later, is on the disk. @throws INTERNAL */
  write(data: AccessData): Promise<void> {
    return this.#file.write(`${JSON.stringify(data, null, 2)}\n`);
  }
}
