/** How long a streamer lives. */
export interface Lifetime {
  /** In the words of the legacy socket, and of whoever lists sessions (signaling.md a.6). */
  readonly mode: 'create' | 'keepalive';
  /** It ends when nobody is there for it any more, and is not brought back after a restart. */
  readonly passing: boolean;
}

/** Until it is deleted. */
export const KEPT: Lifetime = { mode: 'keepalive', passing: false };
