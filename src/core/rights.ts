/** What somebody may do with a streamer; each is given or withheld by itself. */
export const RIGHTS = [
  'watch',
  'pointer',
  'keyboard',
  'touch',
  'gamepad',
  'share',
  'manage',
] as const;

export type Right = (typeof RIGHTS)[number];

export type Rights = ReadonlySet<Right>;

export const ALL_RIGHTS: Rights = new Set(RIGHTS);
export const NO_RIGHTS: Rights = new Set();
