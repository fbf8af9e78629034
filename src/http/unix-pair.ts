import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Milliseconds for two ends on one machine. */
const DEADLINE_MS = 2_000;

/**
 * Two connected Unix sockets. Only this user could have connected meanwhile, and only in that
 * instant; nothing listens afterwards. Nothing is read from the second one until its owner reads.
 *
 * @throws the error of the operating system
 */
export async function unixPair(): Promise<readonly [Socket, Socket]> {
  const folder = await mkdtemp(join(tmpdir(), 'moontee-'));
  const path = join(folder, 's');
  const server = createServer({ pauseOnConnect: true });
  const signal = AbortSignal.timeout(DEADLINE_MS);
  let near: Socket | null = null;
  try {
    const accepted = once(server, 'connection', { signal }) as Promise<[Socket]>;
    server.listen(path);
    await once(server, 'listening', { signal });
    near = connect(path);
    const [[far]] = await Promise.all([accepted, once(near, 'connect', { signal })]);
    return [near, far];
  } catch (error) {
    near?.destroy();
    throw error;
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}
