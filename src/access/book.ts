import { MoonteeError } from '../core/errors.js';
import { AccessFile, type ShareRecord, type TokenRecord } from './access-file.js';

/** Of all streamers together: some megabytes. */
const MAX_IN_ALL = 10_000;

export interface BookOptions {
  readonly path: string;
  /** Tokens of one streamer, and as many links. */
  readonly maxPerStreamer: number;
}

/** Something that is being made for a streamer, which may end before it is. */
export interface Draft {
  readonly streamerId: string;
  isOver: boolean;
}

/**
 * The tokens and links that are good, in memory and on the disk. What is not in it is not good any
 * more, so that a token is taken back by its removal.
 */
export class AccessBook {
  readonly tokens = new Map<string, TokenRecord>();
  readonly shares = new Map<string, ShareRecord>();
  readonly #file: AccessFile;
  readonly #maxPerStreamer: number;
  readonly #drafts = new Set<Draft>();

  private constructor({ path, maxPerStreamer }: BookOptions) {
    this.#file = new AccessFile(path);
    this.#maxPerStreamer = maxPerStreamer;
  }

  /** @throws CONFIG_INVALID if the file does not have the right form */
  static async open(options: BookOptions): Promise<AccessBook> {
    const book = new AccessBook(options);
    const { tokens, shares } = await book.#file.read();
    for (const token of tokens) book.tokens.set(token.id, token);
    for (const share of shares) book.shares.set(share.id, share);
    book.#forgetExpired();
    return book;
  }

  /** Resolves when the present state is on the disk. @throws INTERNAL */
  async save(): Promise<void> {
    this.#forgetExpired();
    await this.#file.write({
      tokens: [...this.tokens.values()],
      shares: [...this.shares.values()],
    });
  }

  /**
   * Makes something for a streamer that is here now. A later streamer may have the same id: nothing of
   * this one gets there.
   */
  async draft<T>(streamerId: string, make: (draft: Draft) => Promise<T>): Promise<T> {
    const draft: Draft = { streamerId, isOver: false };
    this.#drafts.add(draft);
    try {
      return await make(draft);
    } finally {
      this.#drafts.delete(draft);
    }
  }

  /**
   * Adds a token, and saves it: one that cannot be saved is not added. What it came from may have been
   * taken back while it was made.
   *
   * @param draft left out: it comes from a link
   * @throws LIMIT_REACHED, INTERNAL, SHARE_ENDED, UNAUTHORIZED, STREAMER_NOT_FOUND
   */
  async addToken(token: TokenRecord, draft: Draft | null = null): Promise<void> {
    const check = (): void => {
      if (token.share_id !== null && !this.share(token.share_id)) {
        throw new MoonteeError('SHARE_ENDED');
      }
      this.#assertWanted(token, draft);
    };
    check();
    this.#makeRoom(this.tokens, token.streamer_id, 'tokens');
    await this.#add(this.tokens, token, check);
  }

  /** As {@link addToken}. */
  async addShare(share: ShareRecord, draft: Draft | null = null): Promise<void> {
    const check = (): void => this.#assertWanted(share, draft);
    check();
    this.#makeRoom(this.shares, share.streamer_id, 'links');
    await this.#add(this.shares, share, check);
  }

  /** A token that has not expired. */
  token(id: string): TokenRecord | undefined {
    return current(this.tokens.get(id));
  }

  tokensOf(streamerId: string): TokenRecord[] {
    return currentOf(this.tokens, streamerId);
  }

  /** A link that has not expired. */
  share(id: string): ShareRecord | undefined {
    return current(this.shares.get(id));
  }

  sharesOf(streamerId: string): ShareRecord[] {
    return currentOf(this.shares, streamerId);
  }

  /**
   * Removes a token, and what its holder has given to others.
   *
   * @returns the ids of all tokens that are gone
   */
  removeToken(id: string): string[] {
    if (!this.tokens.delete(id)) return [];
    const gone = [id];
    for (const share of [...this.shares.values()]) {
      if (share.by === id) gone.push(...this.removeShare(share.id));
    }
    for (const token of [...this.tokens.values()]) {
      if (token.by === id) gone.push(...this.removeToken(token.id));
    }
    return gone;
  }

  /** Removes a link. @param keeps who came by it stays @returns as {@link removeToken} */
  removeShare(id: string, keeps = false): string[] {
    if (!this.shares.delete(id) || keeps) return [];
    const own = [...this.tokens.values()].filter((token) => token.share_id === id);
    return own.flatMap((token) => this.removeToken(token.id));
  }

  /** Removes what belongs to streamers that are not wanted. @returns as {@link removeToken} */
  removeStreamers(isGone: (streamerId: string) => boolean): string[] {
    for (const draft of this.#drafts) draft.isOver ||= isGone(draft.streamerId);
    for (const { id, streamer_id: streamer } of [...this.shares.values()]) {
      if (isGone(streamer)) this.shares.delete(id);
    }
    const tokens = [...this.tokens.values()].filter((token) => isGone(token.streamer_id));
    for (const { id } of tokens) this.tokens.delete(id);
    return tokens.map(({ id }) => id);
  }

  /** @param check throws why it is not wanted any more, if it was taken back while it was written */
  async #add<R extends { readonly id: string }>(
    records: Map<string, R>,
    record: R,
    check: () => void,
  ): Promise<void> {
    records.set(record.id, record);
    try {
      await this.save();
    } catch (error) {
      records.delete(record.id);
      throw error;
    }
    if (records.get(record.id) !== record) check();
  }

  #assertWanted({ by }: { readonly by: string | null }, draft: Draft | null): void {
    if (draft?.isOver === true) throw new MoonteeError('STREAMER_NOT_FOUND');
    if (by !== null && this.token(by) === undefined) throw new MoonteeError('UNAUTHORIZED');
  }

  #makeRoom(
    records: Map<string, { readonly streamer_id: string }>,
    streamerId: string,
    what: string,
  ): void {
    this.#forgetExpired();
    const own = [...records.values()].filter((record) => record.streamer_id === streamerId);
    if (own.length >= this.#maxPerStreamer || records.size >= MAX_IN_ALL) {
      throw new MoonteeError('LIMIT_REACHED', `Too many ${what} of this streamer`);
    }
  }

  #forgetExpired(): void {
    for (const records of [this.tokens, this.shares]) {
      for (const [id, record] of records) {
        if (current(record) === undefined) records.delete(id);
      }
    }
  }
}

function current<R extends { readonly expires_at: number }>(record: R | undefined): R | undefined {
  return record !== undefined && record.expires_at > Date.now() ? record : undefined;
}

function currentOf<R extends { readonly expires_at: number; readonly streamer_id: string }>(
  records: ReadonlyMap<string, R>,
  streamerId: string,
): R[] {
  return [...records.values()].filter(
    (record) => record.streamer_id === streamerId && current(record) !== undefined,
  );
}
