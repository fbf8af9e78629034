import { readdirSync, readFileSync } from 'node:fs';

/** Groups of threads that are reported. */
const GROUPS_LIMIT = 40;

/**
 * The states of a process's threads, for a log. They show whether a main thread waits in a lock,
 * spins or was stopped (proc(5): `stat` and `wchan`).
 *
 * @returns the main thread first, then the others by name and state, such as `2 queue:src S
 * futex_do_wait`; empty if the process is gone or may not be read
 */
export function threadStates(pid: number): string[] {
  const groups = new Map<string, number>();
  let main = '';
  for (const thread of readOr(() => readdirSync(`/proc/${pid}/task`), [])) {
    const file = (name: string): string =>
      readOr(() => readFileSync(`/proc/${pid}/task/${thread}/${name}`, 'utf8').trim(), '');
    const stat = file('stat');
    if (stat === '') continue;
    // The name, in parentheses, may contain anything.
    const end = stat.lastIndexOf(')');
    const doing = `${stat.slice(end + 2, end + 3)} ${file('wchan')}`.trim();
    if (Number(thread) === pid) {
      main = `main ${doing}`;
      continue;
    }
    // Elements are numbered: queue17:src.
    const group = `${stat.slice(stat.indexOf('(') + 1, end).replaceAll(/\d+/g, '')} ${doing}`;
    groups.set(group, (groups.get(group) ?? 0) + 1);
  }
  const others = [...groups].map(([group, count]) => `${count} ${group}`);
  return main === '' ? [] : [main, ...others.slice(0, GROUPS_LIMIT)];
}

/** Threads end while they are being looked at. */
function readOr<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
