import { ALL_RIGHTS, NO_RIGHTS, type Rights } from '../core/rights.js';

/** Who calls, and what for. */
export interface Principal {
  /** An administrator may do everything, and a stranger what is open to everybody. */
  readonly kind: 'stranger' | 'viewer' | 'administrator';
  /** The same for as long as it is the same caller; never a secret. */
  readonly id: string;
  /** As others see it; null: it has no name. */
  readonly name: string | null;
  /** On each of its streamers. */
  readonly rights: Rights;
  readonly streamers: ReadonlySet<string> | 'all';
  /** Milliseconds of the wall clock; null: never. */
  readonly expiresAt: number | null;
  /** The token of ours that it came with; null: it came with something else. */
  readonly tokenId: string | null;
  /** Its browser shows by itself who it is: pages of others could use that. */
  readonly isAmbient: boolean;
}

const NOBODY: Principal = {
  kind: 'stranger',
  id: 'stranger',
  name: null,
  rights: NO_RIGHTS,
  streamers: new Set(),
  expiresAt: null,
  tokenId: null,
  isAmbient: false,
};

export const STRANGER: Principal = NOBODY;

/** The server's password makes one, and so does a server without one. */
export const ADMINISTRATOR: Principal = {
  ...NOBODY,
  kind: 'administrator',
  id: 'administrator',
  rights: ALL_RIGHTS,
  streamers: 'all',
};

/** Who looks at streamers where viewers need no credentials. */
export const GUEST: Principal = {
  ...NOBODY,
  kind: 'viewer',
  id: 'guest',
  rights: new Set(['watch', 'pointer', 'keyboard', 'touch', 'gamepad'] as const),
  streamers: 'all',
};

/** Somebody with certain rights on certain streamers. */
export function viewerPrincipal(
  facts: Pick<Principal, 'id' | 'name' | 'rights' | 'streamers'> &
    Partial<Pick<Principal, 'expiresAt' | 'tokenId' | 'isAmbient'>>,
): Principal {
  return { ...NOBODY, ...facts, kind: 'viewer' };
}

/** What it may do with that streamer: nothing with one that is not its own. */
export function rightsOn(principal: Principal, streamerId: string): Rights {
  const { streamers, rights } = principal;
  return streamers === 'all' || streamers.has(streamerId) ? rights : NO_RIGHTS;
}

/** Whether everything in `asked` is in `own`. */
export function isWithin(asked: Rights, own: Rights): boolean {
  return [...asked].every((right) => own.has(right));
}
