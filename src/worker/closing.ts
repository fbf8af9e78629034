import type { Deadline } from '../core/deadline.js';
import type { Log } from '../core/log.js';

/** What a streamer closes. Each part is started at most once. */
export interface ClosingParts {
  /** Releases the input of all viewers at once, then takes their branches down, and those of outputs. */
  readonly viewers: (deadline: Deadline) => Promise<void>;
  /** Writes out what waits. */
  readonly recordings: (deadline: Deadline) => Promise<void>;
  readonly session: () => Promise<void>;
  readonly pipeline: (deadline: Deadline) => Promise<void>;
}

/** Share of the time for all that is closed before the pipeline, which gets the rest. */
const FIRST_SHARE = 0.6;

/**
 * Closes viewers, recordings and session, then the pipeline. None of the first three waits for
 * another: a branch that never comes to rest would keep the host from learning of the end. Branches
 * may use all of the time, since a pipeline must not be stopped around one that is still busy.
 *
 * @throws the pipeline's error; the process must end then
 */
export async function closeParts(
  { viewers, recordings, session, pipeline }: ClosingParts,
  deadline: Deadline,
  log: Log,
): Promise<void> {
  const first = deadline.part(FIRST_SHARE);
  const bounded = async (what: string, work: Promise<void>): Promise<void> => {
    try {
      await first.race(work, `${what} did not close`);
    } catch (error) {
      log.error({ err: error }, 'a part of the streamer did not close');
    }
  };
  await Promise.all([
    bounded('The viewers', viewers(deadline)),
    bounded('The recordings', recordings(first)),
    bounded('The session', session()),
  ]);
  await deadline.race(pipeline(deadline), 'The pipeline did not close');
}
