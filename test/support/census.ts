/** What a process holds, as the kernel counts it. */
import { readFileSync, readdirSync } from 'node:fs';

export interface Census {
  readonly threads: number;
  readonly descriptors: number;
  /** Bytes. */
  readonly rss: number;
  /** CPU time used so far, seconds. */
  readonly cpu: number;
}

/** Clock ticks a second in /proc: fixed for user space. */
const TICKS = 100;

/** @param pid a process id, or `self` */
export function census(pid: number | 'self' = 'self'): Census {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    threads: readdirSync(`/proc/${pid}/task`).length,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    rss: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024,
    cpu: (Number(fields[11]) + Number(fields[12])) / TICKS,
  };
}
