/** How long a streamer lives. */
export interface Lifetime {
  /** In the words of the legacy socket, and of the list of sessions (signaling.md a.6). */
  readonly mode: 'create' | 'keepalive';
  /** It ends when nothing uses it any more, and is not restored after a restart. */
  readonly passing: boolean;
}

/** Until it is deleted. */
export const KEPT: Lifetime = { mode: 'keepalive', passing: false };
