/** What the operating system counts of processes: /proc. */
import { readdir, readFile } from 'node:fs/promises';

interface Row {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
}

async function table(): Promise<Row[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const rows = names.map(async (name): Promise<Row[]> => {
    const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    // The command's name, in parentheses, may contain anything.
    const [state = '', parent = '0'] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return text === '' ? [] : [{ pid: Number(name), parent: Number(parent), state }];
  });
  return (await Promise.all(rows)).flat();
}

/** Pids of all processes below `pid` that run (zombies do not count). */
export async function descendants(pid: number): Promise<number[]> {
  const rows = (await table()).filter(({ state }) => state !== 'Z');
  const found: number[] = [];
  let level = [pid];
  while (level.length > 0) {
    const parents = new Set(level);
    level = rows.filter(({ parent }) => parents.has(parent)).map((row) => row.pid);
    found.push(...level);
  }
  return found;
}

/** Pids of the processes below `pid` whose command line has `word` in it. */
export async function descendantsNamed(pid: number, word: string): Promise<number[]> {
  const found = await descendants(pid);
  const lines = await Promise.all(
    found.map((each) => readFile(`/proc/${each}/cmdline`, 'utf8').catch(() => '')),
  );
  return found.filter((_, index) => lines[index]?.includes(word));
}

export async function isAlive(pid: number): Promise<boolean> {
  return (await table()).some((row) => row.pid === pid && row.state !== 'Z');
}

/** As the kernel keeps them: 15 characters at most. */
export async function threadNames(pid: number): Promise<string[]> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const names = tasks.map((task) => readFile(`/proc/${pid}/task/${task}/comm`, 'utf8'));
  return (await Promise.allSettled(names)).flatMap((name) =>
    name.status === 'fulfilled' ? [name.value.trim()] : [],
  );
}

export interface ProcessCounters {
  readonly threads: number;
  readonly descriptors: number;
  /** MiB. */
  readonly rss: number;
}

export async function counters(pid: number): Promise<ProcessCounters> {
  const [threads, descriptors, status] = await Promise.all([
    readdir(`/proc/${pid}/task`),
    readdir(`/proc/${pid}/fd`),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ]);
  const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  return {
    threads: threads.length,
    descriptors: descriptors.length,
    rss: Math.round(kilobytes / 1024),
  };
}
