/** The kernel's account of a process under /proc (proc(5)). */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { median } from './statistics.js';

/** Clock ticks a second in /proc/PID/stat: USER_HZ, 100 on every Linux that Node runs on. */
const USER_HZ = 100;

export interface Footprint {
  /** MiB. */
  readonly rss: number;
  readonly threads: number;
  readonly descriptors: number;
}

/** User and system time of all threads, dead ones included, in milliseconds. */
export function cpuTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name in parentheses may hold anything; fields count from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / USER_HZ;
}

export function footprint(pid: number): Footprint {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN);
  return {
    rss: field('VmRSS') / 1024,
    threads: field('Threads'),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}

/** Milliseconds that all cores of the machine were busy since boot, and could have been. */
function machineTime(): { busy: number; total: number } {
  const [first = ''] = readFileSync('/proc/stat', 'latin1').split('\n', 1);
  const ticks = first.trim().split(/\s+/).slice(1, 9).map(Number);
  const total = ticks.reduce((sum, value) => sum + value, 0);
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  const scale = 1000 / USER_HZ;
  return { busy: (total - idle) * scale, total: total * scale };
}

export interface CpuSample {
  /** Percent of one core, by pid as asked for. */
  readonly processes: readonly number[];
  /** Percent of the whole machine (all cores together are 100). */
  readonly machine: number;
}

/**
 * CPU use of processes over several windows.
 *
 * @param window milliseconds
 * @returns the median of the windows
 */
export async function sampleCpu(
  pids: readonly number[],
  windows: number,
  window: number,
): Promise<CpuSample> {
  const perProcess: number[][] = pids.map(() => []);
  const machine: number[] = [];
  for (let i = 0; i < windows; i += 1) {
    const start = performance.now();
    const before = pids.map(cpuTime);
    const machineBefore = machineTime();
    await delay(window);
    const elapsed = performance.now() - start;
    pids.forEach((pid, k) => {
      perProcess[k]?.push(((cpuTime(pid) - (before[k] ?? 0)) / elapsed) * 100);
    });
    const machineAfter = machineTime();
    machine.push(
      ((machineAfter.busy - machineBefore.busy) / (machineAfter.total - machineBefore.total)) * 100,
    );
  }
  return { processes: perProcess.map(median), machine: median(machine) };
}
