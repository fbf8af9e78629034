import { join } from 'node:path';
import type { Log } from '../core/log.js';
import { AccessBook } from './book.js';
import { IdentityProvider, type IdentityOptions } from './identity-provider.js';
import { Shares } from './shares.js';
import { openSigningKey } from './signing-key.js';
import { Tenures } from './tenures.js';
import { Tokens } from './tokens.js';

export interface ViewerAccessOptions {
  /** Where key and tokens are kept. */
  readonly folder: string;
  /** Tokens of one streamer, and as many links. */
  readonly maxTokens: number;
  readonly identity: IdentityOptions | null;
  readonly log: Log;
}

/** What is given to viewers: tokens, links, and what is open by them. */
export class ViewerAccess {
  readonly tokens: Tokens;
  readonly shares: Shares;
  readonly tenures: Tenures;
  readonly identity: IdentityProvider | null;
  readonly #book: AccessBook;
  readonly #log: Log;

  private constructor(
    key: Uint8Array,
    book: AccessBook,
    identity: IdentityProvider | null,
    log: Log,
  ) {
    this.#book = book;
    this.#log = log;
    this.identity = identity;
    this.tenures = new Tenures(
      ({ tokenId }) => tokenId === null || book.token(tokenId) !== undefined,
    );
    this.tokens = new Tokens(key, book, this.tenures);
    this.shares = new Shares(book, this.tokens, this.tenures);
  }

  /** @throws CONFIG_INVALID, or the operating system's error about the files */
  static async open(options: ViewerAccessOptions): Promise<ViewerAccess> {
    const { folder, maxTokens, log } = options;
    const key = await openSigningKey(join(folder, 'token-key'), log);
    const path = join(folder, 'access.json');
    const book = await AccessBook.open({ path, maxPerStreamer: maxTokens });
    const identity = options.identity && (await IdentityProvider.open(options.identity));
    return new ViewerAccess(key, book, identity, log);
  }

  /** The streamer is gone for good, and with it what was given for it. */
  forgetStreamer(streamerId: string): void {
    this.#forget((id) => id === streamerId);
  }

  /** Of all streamers of before these have come back. */
  keepStreamers(streamerIds: readonly string[]): void {
    this.#forget((id) => !streamerIds.includes(id));
  }

  /** Idempotent. What is open ends with the server. */
  close(): void {
    this.tenures.close();
  }

  #forget(isGone: (streamerId: string) => boolean): void {
    const before = this.#book.tokens.size + this.#book.shares.size;
    this.tenures.revoke(this.#book.removeStreamers(isGone));
    if (this.#book.tokens.size + this.#book.shares.size === before) return;
    this.#book.save().catch((error: unknown) => {
      this.#log.error({ err: error }, 'end of tokens not saved');
    });
  }
}
