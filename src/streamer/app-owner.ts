import type { SessionEnd } from './policy.js';
import type { StreamerSpec } from '../protocol/streamer-spec.js';

/** Milliseconds that quitting an app may take when the server ends. */
export const LAST_QUIT_TIMEOUT_MS = 1_200;

/** Whether the end of a streamer quits its app: never, unless others use it too, or in any case. */
export type AppQuit = 'no' | 'by-last' | 'for-all';

/** How a streamer leaves its host. */
export interface Leave {
  readonly quit: AppQuit;
  /** It does not come back: what the host keeps of it may go. */
  readonly forGood: boolean;
}

/**
 * What streamers share on a host: one app may be the app of all of them, so that none may end it
 * for the others. Methods but {@link leave} and {@link mayQuit} answer at once.
 */
export interface AppOwner {
  sessionEnded(spec: StreamerSpec, end: SessionEnd): void;
  failed(spec: StreamerSpec): void;
  /** Whether the host's answer may follow from an action of this server, and from which. */
  ourDoing(spec: StreamerSpec): 'sibling' | 'order' | null;
  /** Whether the streamer may quit an app that it cannot resume. */
  mayQuit(spec: StreamerSpec): Promise<boolean>;
  /** It is being deleted; {@link leave} follows. */
  leaving(spec: StreamerSpec): void;
  /** Nothing is left of it. Never rejects; bounded in time. */
  leave(spec: StreamerSpec, leave: Leave): Promise<void>;
}
