import { MoonteeError } from '../core/errors.js';
import type { Credentials } from './credentials.js';
import type { IdentityProvider } from './identity-provider.js';
import { ADMINISTRATOR, type Principal } from './principal.js';
import { isTokenLike, type Tokens } from './tokens.js';

export interface AuthenticatorOptions {
  readonly credentials: Credentials;
  readonly tokens: Tokens;
  /** Null: nobody else's tokens are good. */
  readonly identity: IdentityProvider | null;
}

/** Finds out who shows which credentials: the password, a token of ours or of the identity provider. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /** Whether callers need credentials at all. */
  get required(): boolean {
    return this.#options.credentials.required;
  }

  /**
   * Who shows this. The password is compared at once; a token takes a moment.
   *
   * @param given in each reading that the sender may have meant
   * @throws UNAUTHORIZED for what is wrong, RATE_LIMITED, IDENTITY_UNAVAILABLE; as a rejection, if it is a token
   */
  identify(given: readonly string[], address: string): Principal | Promise<Principal> {
    const { credentials } = this.#options;
    const token = given.find((reading) => this.#isClaimed(reading));
    // Nobody needs a password here, but who shows a token means to be its holder.
    if (token !== undefined && !credentials.required) return this.#verify(token, address);
    if (credentials.match(given)) return ADMINISTRATOR;
    const isTried = given.find(isTokenLike);
    if (isTried !== undefined) return this.#verify(isTried, address);
    credentials.fail(address);
    throw new MoonteeError('UNAUTHORIZED');
  }

  /** Who holds this token, as it stands in a link: a password is not good there. Errors as {@link identify}. */
  identifyToken(text: string, address: string): Promise<Principal> {
    return this.#verify(text, address);
  }

  async #verify(text: string, address: string): Promise<Principal> {
    const { credentials, tokens, identity } = this.#options;
    let principal: Principal | null = null;
    if (tokens.claims(text)) principal = await tokens.verify(text);
    else if (identity?.claims(text) === true) principal = await identity.verify(text);
    if (principal !== null) return principal;
    credentials.fail(address);
    throw new MoonteeError('UNAUTHORIZED');
  }

  #isClaimed(text: string): boolean {
    const { tokens, identity } = this.#options;
    return tokens.claims(text) || identity?.claims(text) === true;
  }
}
