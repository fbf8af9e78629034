import { median, round } from './statistics.js';
import type { Footprint } from './usage.js';

/** By how much a median may grow from the first half to the second and count as flat. */
const FLAT = { threads: 1, descriptors: 4, rss: 4 } as const;

/**
 * Whether what a process holds at rest has stopped growing; if not, the program will end with 1.
 *
 * @param marks the first is left out: its cycles load plugins and fill pools
 */
export function flatness(marks: readonly Footprint[]): string {
  const settled = marks.slice(1);
  const half = Math.ceil(settled.length / 2);
  const growth = (field: keyof Footprint): number =>
    median(settled.slice(-half).map((mark) => mark[field])) -
    median(settled.slice(0, half).map((mark) => mark[field]));
  const { threads, descriptors, rss } = {
    threads: growth('threads'),
    descriptors: growth('descriptors'),
    rss: growth('rss'),
  };
  const isFlat = threads <= FLAT.threads && descriptors <= FLAT.descriptors && rss <= FLAT.rss;
  if (!isFlat) process.exitCode = 1;
  return (
    `${isFlat ? 'flat' : 'NOT FLAT'}: second half against first half (medians): ` +
    `threads ${round(threads, 1)}, descriptors ${round(descriptors, 1)}, rss ${round(rss, 1)} MiB`
  );
}
