import type { Socket } from 'node:net';

/** Milliseconds that a connection to a host gets to end in order. */
export const DRAIN_TIME_MS = 5_000;

/** Bytes that are read for that; a host that sends more does not intend to end. */
const MAX_DRAINED_BYTES = 8 << 20;

/** Connections that are let go of at once; of more the oldest go without order. */
const MAX_DRAINING = 256;

const open = new Set<Socket>();
const draining = new Set<Socket>();
let waiters: (() => void)[] = [];

/**
 * Counts a connection to a host until it is closed, so that a process can see to its orderly end.
 *
 * @returns the same socket
 */
export function trackHostSocket<T extends Socket>(socket: T): T {
  open.add(socket);
  socket.once('close', () => {
    open.delete(socket);
    draining.delete(socket);
    if (open.size > 0) return;
    for (const wake of waiters) wake();
    waiters = [];
  });
  return socket;
}

/** Connections to hosts that are not closed yet, of all users. */
export function openHostSockets(): number {
  return open.size;
}

/**
 * Ends an unused connection: half-closes it and reads to the host's own end, five seconds at most.
 * A reset in the middle of an exchange ends the RTSP server of some hosts. Idempotent.
 */
export function letGo(socket: Socket): void {
  if (socket.destroyed || draining.has(socket)) return;
  socket.on('error', () => undefined);
  if (socket.connecting) {
    socket.destroy();
    return;
  }
  draining.add(socket);
  for (const oldest of draining) {
    if (draining.size <= MAX_DRAINING) break;
    draining.delete(oldest);
    oldest.destroy();
  }
  const timer = setTimeout(() => socket.destroy(), DRAIN_TIME_MS);
  socket.once('close', () => clearTimeout(timer));
  let bytes = 0;
  socket.removeAllListeners('data');
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_DRAINED_BYTES) socket.destroy();
  });
  socket.resume();
  socket.end();
}

/** Resolves when no connection to a host is open, or after so many milliseconds. */
export async function hostSocketsClosed(timeout: number): Promise<void> {
  if (open.size === 0) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, timeout);
    waiters.push(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
