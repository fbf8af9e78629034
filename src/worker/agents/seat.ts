import type { Rights } from '../../core/rights.js';
import type { ViewerInput } from '../../input/viewer-input.js';
import type { InputProgress } from '../../moonlight/input/queue.js';

/**
 * `paced`: too early for the rate limit. `taken`: a person holds the pointer. Both are to be tried
 * again. `full`: the host has no room for another pad. `closed`: there is no session now.
 */
export type AgentVerdict = 'done' | 'paced' | 'taken' | 'full' | 'closed';

/** An agent's place among the viewers of a streamer. */
export interface AgentSeat {
  join(agentId: string, rights: Rights): void;
  act(agentId: string, input: ViewerInput): AgentVerdict;
  /** A list was refused for want of a right. */
  refused(): void;
  /** Everything that it holds is released. Idempotent. */
  leave(agentId: string): void;
  /** How far the input of all viewers has come. */
  progress(): InputProgress;
}
