import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIP } from 'node:net';

/** Ports tried, at most: enough to distinguish a range that is taken from one that is free. */
const MAX_PROBES = 1_000;

export interface PortRangeReport {
  readonly probed: number;
  /** Ports that another process has, or that may not be used. */
  readonly taken: readonly number[];
}

/** Opens and closes UDP sockets on an address, spread over the range. */
export async function checkPortRange(
  range: { readonly min: number; readonly max: number },
  address: string,
): Promise<PortRangeReport> {
  const size = range.max - range.min + 1;
  const probed = Math.min(size, MAX_PROBES);
  const taken: number[] = [];
  for (let index = 0; index < probed; index += 1) {
    const port = range.min + Math.floor((index * size) / probed);
    if (!(await isFree(port, address))) taken.push(port);
  }
  return { probed, taken };
}

async function isFree(port: number, address: string): Promise<boolean> {
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
  try {
    socket.bind({ port, address, exclusive: true });
    await once(socket, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}
