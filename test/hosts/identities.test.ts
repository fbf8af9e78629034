/** Identities of streamers: made, given back, and dropped where they can serve no more. */
import test from 'ava';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IdentityStore } from '../../src/hosts/identities.js';
import { silentLog } from '../../src/core/log.js';
import { createIdentity } from '../../src/moonlight/identity.js';
import { FakeHost } from '../support/fake-host.js';
import { addHost, createBody, serve, temporaryFolder, type TestServer } from '../support/server.js';
import { until } from '../support/until.js';

interface Kept {
  readonly client_unique_id: string;
  readonly client_certificate: string;
  readonly released_at?: string;
}

async function kept({ folder }: TestServer): Promise<Kept[]> {
  const text = await readFile(join(folder, 'identities.json'), 'utf8').catch(
    () => '{"identities":[]}',
  );
  return (JSON.parse(text) as { identities: Kept[] }).identities;
}

async function create(server: TestServer, id: string, client = `helix-${id}`): Promise<number> {
  const body = { ...createBody(id), client_unique_id: client };
  return (await server.ask('POST', '/api/streamers', { body })).status;
}

async function remove(server: TestServer, id: string): Promise<number> {
  return (await server.ask('DELETE', `/api/streamers/${id}`)).status;
}

test.serial(
  'a client that comes under a new name each time leaves nothing on the host',
  async (t) => {
    const server = await serve(t);
    const host = await addHost(t, server);
    for (let page = 0; page < 3; page += 1) {
      t.is(await create(server, 's', `page-${page}`), 200);
      t.is(host.paired.size, 2);
      t.is(await remove(server, 's'), 204);
      await until('the host has forgotten it', () => host.paired.size === 1);
      await until('so have we', async () => (await kept(server)).length === 0);
    }
    // Right behind the end the same name gets another identity, not one that is being given up.
    t.is(await create(server, 's'), 200);
    const [deleted, created] = await Promise.all([remove(server, 's'), create(server, 's')]);
    t.is(deleted, 204);
    if (created !== 200) t.is(await create(server, 's'), 200);
    t.is((await kept(server)).length, 1);
  },
);

test.serial(
  'what another streamer uses stays, and so it does where that is configured',
  async (t) => {
    const server = await serve(t);
    const host = await addHost(t, server);
    t.is(await create(server, 'a', 'same'), 200);
    t.is(await create(server, 'b', 'same'), 200);
    t.is(host.paired.size, 3);
    t.is(await remove(server, 'a'), 204);
    await until('one is given back', () => host.paired.size === 2);
    await until('on disk', async () => (await kept(server)).length === 1);
    t.is((await kept(server))[0]?.client_unique_id, 'same~b');

    await server.running.close();
    const { folder } = server;
    const keeping = await serve(t, { unpair_on_delete: 'false' }, { folder });
    t.is(await create(keeping, 'c'), 200);
    t.is(await remove(keeping, 'c'), 204);
    t.true((await kept(keeping)).some(({ client_unique_id: name }) => name === 'helix-c'));
  },
);

test.serial(
  'a host that does not confirm it: the identity is kept for who comes back',
  async (t) => {
    const server = await serve(t);
    const host = await addHost(t, server);
    host.forgets = false;
    t.is(await create(server, 's'), 200);
    const [made] = await kept(server);
    t.is(await remove(server, 's'), 204);
    await until('released', async () => (await kept(server))[0]?.released_at !== undefined);
    t.is(host.paired.size, 2);
    t.is(await create(server, 's'), 200);
    await until('wanted again', async () => (await kept(server))[0]?.released_at === undefined);
    t.is((await kept(server))[0]?.client_certificate, made?.client_certificate);
    t.is(host.paired.size, 2);
  },
);

test.serial(
  'a host under another certificate, paired anew: what was paired before is dropped',
  async (t) => {
    const server = await serve(t, { unpair_on_delete: 'false' });
    const host = await addHost(t, server);
    t.is(await create(server, 's'), 200);
    t.is(await remove(server, 's'), 204);
    const { port } = host;
    await host.close();
    const another = await FakeHost.start({ identity: await createIdentity(), port });
    t.teardown(() => another.close());
    another.apps = host.apps;
    t.is(await create(server, 's'), 502);
    t.like((await server.ask('GET', '/api/streamers/s')).json, {
      failure: { code: 'HOST_CERTIFICATE_CHANGED' },
    });
    t.is((await server.ask('POST', '/api/pair', { body: { host_id: 0 } })).status, 200);
    await until('dropped', async () => (await kept(server)).length === 0);
    t.is(await create(server, 's'), 200);

    // One that was overlooked, say by a file that was copied, is found when it is used.
    t.is(await remove(server, 's'), 204);
    await server.running.close();
    const text = await readFile(join(server.folder, 'identities.json'), 'utf8');
    const file = JSON.parse(text) as { identities: { server_certificate: string }[] };
    for (const each of file.identities) each.server_certificate = host.certificatePem;
    await writeFile(join(server.folder, 'identities.json'), JSON.stringify(file));
    const second = await serve(t, {}, { folder: server.folder });
    t.is(await create(second, 's'), 200);

    t.is((await second.ask('DELETE', '/api/host?host_id=0')).status, 200);
    t.deepEqual(await kept(second), []);
  },
);

test('identities have an age and a bound', async (t) => {
  const path = join(await temporaryFolder(t), 'identities.json');
  const ago = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();
  const entry = (name: string, days: number, released?: number): object => ({
    client_unique_id: name,
    host: 'wolf:1',
    unique_id: '0',
    client_private_key: '',
    client_certificate: '',
    server_certificate: '',
    used_at: ago(days),
    ...(released === undefined ? {} : { released_at: ago(released) }),
  });
  const many = (count: number, name: string, ...times: [number, number?]): object[] =>
    Array.from({ length: count }, (_, index) => entry(`${name}${index}`, ...times));
  const open = async (identities: object[]): Promise<string[]> => {
    await writeFile(path, JSON.stringify({ identities }));
    return [...(await IdentityStore.open(path, silentLog())).names()];
  };
  t.deepEqual(await open([entry('old', 400), entry('kept', 100)]), ['kept']);
  t.deepEqual(await open([entry('left', 90, 60), entry('kept', 90, 2)]), ['kept']);
  const names = await open([...many(1_000, 'a', 1), ...many(300, 'r', 1, 1)]);
  t.is(names.length, 1_000 - 100);
  t.is(names.filter((name) => name.startsWith('r')).length, 200);
  t.true(names.includes('r299') && !names.includes('r0'));
});
