import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/**
 * Datagrams that the kernel threw away because a process did not read them in time: losses
 * that are no sender's fault. Of the sockets that are open now.
 */
export function kernelDrops(pid: number): number {
  const sockets = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
      const [, inode] = /^socket:\[(\d+)\]$/.exec(target) ?? [];
      if (inode) sockets.add(inode);
    } catch {
      // Closed in the meantime.
    }
  }
  let drops = 0;
  for (const table of ['udp', 'udp6']) {
    for (const line of readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n')) {
      const fields = line.trim().split(/\s+/);
      if (sockets.has(fields[9] ?? '')) drops += Number(fields[12] ?? 0);
    }
  }
  return drops;
}
