/**
 * A server whose files are on a disk that fills up, in a process of its own: run where the folder
 * given as argument is a small file system. Prints what it saw as JSON; its log goes to stderr.
 */
import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveConfig } from '../../src/config/load.js';
import { createLog } from '../../src/core/log.js';
import { MoonteeServer } from '../../src/server/server.js';
import { APP } from './fake-apps.js';
import { FakeHost } from './fake-host.js';
import { CHILD, createBody } from './server.js';

export interface FullDiskReport {
  /** Contents of the files while there was room, with the disk full, and with room again. */
  readonly before: Readonly<Record<string, string>>;
  readonly full: Readonly<Record<string, string>>;
  readonly after: Readonly<Record<string, string>>;
  /** Messages of what was tried on the full disk. */
  readonly adding: string;
  readonly unpairing: string;
  readonly hostsWhileFull: number;
  readonly pairedWhileFull: boolean;
  /** HTTP status of creating a streamer that needs an identity. */
  readonly created: number;
}

const FILES = ['data.json', 'identities.json', 'streamers.json', 'token-key'];
const folder = process.argv[2] ?? '';
const filler = join(folder, 'filler');

async function contents(): Promise<Record<string, string>> {
  const entries = FILES.map(async (name) => [name, await readFile(join(folder, name), 'utf8')]);
  const rest = (await readdir(folder))
    .filter((name) => !FILES.includes(name) && !name.startsWith('moontee.'))
    .sort();
  return { ...(Object.fromEntries(await Promise.all(entries)) as object), rest: rest.join(' ') };
}

async function fill(): Promise<void> {
  const file = await open(filler, 'w');
  try {
    for (;;) await file.write(Buffer.alloc(4096));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    await file.close();
  }
}

async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

/** Until a file holds a word: the list of streamers is written behind the caller's back. */
async function untilWritten(name: string, word: string): Promise<void> {
  while (!(await readFile(join(folder, name), 'utf8').catch(() => '')).includes(word)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What is there while no file is being written; one that is left half done would never end it. */
async function settled(): Promise<Record<string, string>> {
  for (;;) {
    const now = await contents();
    if (!now['rest']?.includes('.tmp')) return now;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const { config } = resolveConfig({
  flags: {
    bind_address: '127.0.0.1:0',
    data_path: join(folder, 'data.json'),
    pairing_pin: '1234',
    restore_streamers: 'true',
    unpair_on_delete: 'false',
  },
});
const [first, second] = await Promise.all([FakeHost.start(), FakeHost.start()]);
for (const host of [first, second]) {
  host.apps = Object.entries(APP).map(([title, id]) => ({ id, title }));
}
const server = await MoonteeServer.start(config, {
  log: createLog('moontee', 'error'),
  staticDirectory: null,
  childModule: CHILD,
});
const create = async (id: string): Promise<number> => {
  const answer = await fetch(new URL('/api/streamers', server.url), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(createBody(id)),
  });
  return answer.status;
};

const known = await server.hosts.add('127.0.0.1', first.port);
await server.hosts.pair(known, '1234');
await create('one');
await untilWritten('streamers.json', '"one"');
const before = await contents();

await fill();
const adding = await failure(server.hosts.add('127.0.0.1', second.port));
const unpairing = await failure(server.hosts.unpair(known));
const created = await create('two');
// Deleting is noted in the list as well.
await fetch(new URL('/api/streamers/one', server.url), { method: 'DELETE' });
const report = {
  before,
  full: await settled(),
  adding,
  unpairing,
  hostsWhileFull: server.hosts.list().length,
  pairedWhileFull: known.paired,
  created,
};

await rm(filler);
await server.hosts.add('127.0.0.1', second.port);
await create('three');
await untilWritten('streamers.json', '"three"');
process.stdout.write(
  JSON.stringify({ ...report, after: await settled() } satisfies FullDiskReport),
);
await server.close();
await Promise.all([first.close(), second.close()]);
process.exit(0);
