/** File descriptors, of which every viewer takes some and a process has only so many. */
import { readdirSync, readFileSync } from 'node:fs';
import { MoonteeError } from '../core/errors.js';

/** Of one viewer on a machine with several addresses, and of a streamer on its own. */
const PER_VIEWER = 20;
const PER_STREAMER = 100;
/**
 * Descriptors that must be free before another viewer is admitted. GLib ends the process if it
 * finds none left for a thread's wake-up, and the session with the host may need some to come back.
 */
const RESERVE = 64;

/**
 * Descriptors that this process may have open; Infinity if there is no limit, or if it is unknown.
 */
export function descriptorLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'latin1');
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
  } catch {
    return Infinity;
  }
}

/** Viewers for which one streamer has descriptors under such a limit, with something to spare. */
export function viewersWithin(limit: number): number {
  return Math.max(0, Math.floor((limit - PER_STREAMER) / PER_VIEWER));
}

/** Whether another viewer can be let in without danger to those that are there. */
export function hasDescriptorsForViewer(): boolean {
  return descriptorLimit() - readdirSync('/proc/self/fd').length >= RESERVE;
}

/** @throws LIMIT_REACHED if a viewer more could end the process for all of them */
export function assertDescriptorsForViewer(): void {
  if (hasDescriptorsForViewer()) return;
  const limit = descriptorLimit();
  throw new MoonteeError(
    'LIMIT_REACHED',
    `The streamer has no file descriptors left for another viewer: it may open ${limit}; raise it with ulimit -n or LimitNOFILE=`,
    { details: { limit } },
  );
}
