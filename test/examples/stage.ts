/** What somebody who follows the examples has: the built package, and a site that serves pages. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, cp, mkdir, readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import { temporaryFolder } from '../support/server.js';

const ROOT = join(import.meta.dirname, '..', '..');
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
};

/** A folder with the examples, in which `@moontee/client` is installed. */
export async function exampleFolder(t: ExecutionContext): Promise<string> {
  const folder = await temporaryFolder(t);
  const client = join(folder, 'moontee-client');
  await promisify(execFile)(process.execPath, [
    join(ROOT, 'scripts/build-client.js'),
    '--dir',
    client,
  ]);
  const scope = join(folder, 'node_modules/@moontee');
  await mkdir(scope, { recursive: true });
  await cp(client, join(scope, 'client'), { recursive: true });
  for (const name of await readdir(join(ROOT, 'examples'))) {
    await copyFile(join(ROOT, 'examples', name), join(folder, name));
  }
  return folder;
}

/**
 * Serves a folder as a site of its own.
 *
 * @param missing collects what was asked for and is not there
 * @returns its origin
 */
export async function serveFolder(
  t: ExecutionContext,
  folder: string,
  missing: string[],
): Promise<string> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    readFile(join(folder, pathname)).then(
      (bytes) => {
        const type = TYPES[extname(pathname)] ?? 'application/octet-stream';
        response.writeHead(200, { 'Content-Type': type }).end(bytes);
      },
      () => {
        missing.push(pathname);
        response.writeHead(404).end();
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
