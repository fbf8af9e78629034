import type { Log } from '../../core/log.js';

/** Calls listeners; a listener's mistake must not pass through to the source of the event. */
export function guard(log: Log, notify: () => void): void {
  try {
    notify();
  } catch (error) {
    log.error({ err: error }, 'a session listener failed');
  }
}
