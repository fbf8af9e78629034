/** What REST callers send and get about tokens, links and viewers. Times are RFC 3339. */
import * as t from 'io-ts';
import { Integer } from '../codec/integer.js';
import { RightList } from './right-codec.js';

const nullish = <C extends t.Mixed>(codec: C): t.UnionC<[C, t.NullC, t.UndefinedC]> =>
  t.union([codec, t.null, t.undefined]);
const nullable = <C extends t.Mixed>(codec: C): t.UnionC<[C, t.NullC]> => t.union([codec, t.null]);

export const CreateTokenRequest = t.intersection(
  [
    t.type({ rights: RightList }),
    t.partial({
      /** As others see its holder. */
      name: nullish(t.string),
      /** Default: a day. */
      expires_in_s: nullish(Integer),
    }),
  ],
  'CreateTokenRequest',
);

const tokenFacts = {
  id: t.string,
  streamer_id: t.string,
  name: nullable(t.string),
  rights: RightList,
  issued_at: t.string,
  expires_at: t.string,
  /** The link that its holder came by. */
  share_id: nullable(t.string),
};

export const TokenInfo = t.type(tokenFacts, 'TokenInfo');
export type TokenInfo = t.TypeOf<typeof TokenInfo>;
export const TokenList = t.type({ tokens: t.array(TokenInfo) }, 'TokenList');
export const NewToken = t.type(
  {
    ...tokenFacts,
    /** Told once. */
    token: t.string,
  },
  'NewToken',
);
export type NewToken = t.TypeOf<typeof NewToken>;

export const CreateShareRequest = t.intersection(
  [
    t.type({ rights: RightList }),
    t.partial({
      /** Default: a day. */
      expires_in_s: nullish(Integer),
      /** How many may come by it; default: any number. */
      max_uses: nullish(Integer),
      /** From 4 to 64 characters. */
      pin: nullish(t.string),
    }),
  ],
  'CreateShareRequest',
);

const ShareVisitor = t.type(
  { name: nullable(t.string), at: t.string, token_id: t.string },
  'ShareVisitor',
);

const shareFacts = {
  id: t.string,
  streamer_id: t.string,
  rights: RightList,
  created_at: t.string,
  expires_at: t.string,
  max_uses: nullable(Integer),
  uses: Integer,
  has_pin: t.boolean,
  /** `locked`: after ten wrong PINs. */
  state: t.keyof({ open: null, used_up: null, locked: null }),
  /** The latest, oldest first. */
  visitors: t.array(ShareVisitor),
};

export const ShareInfo = t.type(shareFacts, 'ShareInfo');
export type ShareInfo = t.TypeOf<typeof ShareInfo>;
export const ShareList = t.type({ shares: t.array(ShareInfo) }, 'ShareList');
export const NewShare = t.type(
  {
    ...shareFacts,
    /** What is given to people; told once, as is the secret in it. */
    url: t.string,
    secret: t.string,
  },
  'NewShare',
);
export type NewShare = t.TypeOf<typeof NewShare>;

export const RedeemShareRequest = t.intersection(
  [t.type({ secret: t.string }), t.partial({ pin: nullish(t.string), name: nullish(t.string) })],
  'RedeemShareRequest',
);

export const PatchViewerRequest = t.type({ rights: RightList }, 'PatchViewerRequest');
