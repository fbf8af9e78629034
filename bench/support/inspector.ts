/** Asks another process's V8, through its inspector, to collect its garbage. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { PATIENCE_MS } from './receiver.js';

/** Collections: what one frees holds what the next one finds. */
const COLLECTIONS = 3;

/**
 * So that what a process holds is measured, and not what it has not thrown away yet.
 *
 * @param url of its inspector, as Node prints it for `--inspect`
 */
export async function collectGarbage(url: string): Promise<void> {
  const socket = new WebSocket(url);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    await once(socket, 'open', { signal });
    for (let id = 1; id <= COLLECTIONS; id += 1) {
      const answer = once(socket, 'message', { signal });
      socket.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }));
      await answer;
    }
  } finally {
    socket.terminate();
  }
}
