import { lookup } from 'node:dns/promises';
import { connect, isIP } from 'node:net';
import { MoonteeError } from '../../core/errors.js';
import { aborted } from './http.js';

/** Addresses of one name that are tried, and milliseconds for each. */
const MAX_PROBES = 4;
const PROBE_TIME_MS = 2_000;

/**
 * The one IP address that a whole session uses: hosts recognise us by ours. Of several the
 * first is taken that accepts a connection, IPv4 before IPv6, as hosts serve it best.
 *
 * @param port a TCP port of the host; it sees empty connections, as other clients make them
 * @throws MoonteeError HOST_UNREACHABLE, CLOSED (aborted)
 */
export async function resolveHost(
  address: string,
  port: number,
  signal: AbortSignal,
): Promise<string> {
  if (isIP(address) !== 0) return address;
  const found = await unlessAborted(lookup(address, { all: true }), signal).catch(
    (error: unknown) => {
      throw MoonteeError.from(error, 'HOST_UNREACHABLE');
    },
  );
  const candidates = found
    .sort((a, b) => a.family - b.family)
    .slice(0, MAX_PROBES)
    .map((entry) => entry.address);
  if (candidates.length === 1 && candidates[0] !== undefined) return candidates[0];
  for (const candidate of candidates) {
    if (await accepts(candidate, port, signal)) return candidate;
  }
  throw new MoonteeError('HOST_UNREACHABLE', 'No address of the host accepts connections', {
    details: { address, candidates },
  });
}

/** Leaves a wait that cannot be ended itself. */
async function unlessAborted<T>(wait: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: (() => void) | undefined;
  try {
    return await Promise.race([
      wait,
      new Promise<never>((_, reject) => {
        onAbort = () => reject(aborted(signal));
        if (signal.aborted) onAbort();
        else signal.addEventListener('abort', onAbort, { once: true });
      }),
    ]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}

async function accepts(address: string, port: number, signal: AbortSignal): Promise<boolean> {
  const socket = connect({ host: address, port, timeout: PROBE_TIME_MS });
  try {
    return await unlessAborted(
      new Promise<boolean>((resolve) => {
        socket.once('connect', () => resolve(true));
        socket.once('timeout', () => resolve(false));
        socket.on('error', () => resolve(false));
      }),
      signal,
    );
  } finally {
    socket.destroy();
  }
}
