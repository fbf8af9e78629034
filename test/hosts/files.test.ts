import test from 'ava';
import fc from 'fast-check';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AtomicFile } from '../../src/storage/atomic-file.js';
import { formatDataFile, parseDataFile, type StoredHost } from '../../src/hosts/data-file.js';
import { IdentityStore } from '../../src/hosts/identities.js';
import { HostStore } from '../../src/hosts/store.js';
import { MoonteeError } from '../../src/core/errors.js';
import { silentLog } from '../../src/core/log.js';
import { temporaryFolder } from '../support/server.js';

/** As the reference writes it, CRLF in a PEM included. */
const REFERENCE = `{"hosts":[
  {"address":"wolf","http_port":47989,"unique_id":null,
   "cache":{"name":"Helix (local)","mac":"00:11:22:33:44:55"},
   "paired":{"client_private_key":"-----BEGIN PRIVATE KEY-----\\r\\nAA==\\r\\n-----END PRIVATE KEY-----\\r\\n",
             "client_certificate":"CLIENT","server_certificate":"SERVER"}},
  {"address":"10.0.0.2","http_port":1},
  {"address":"10.0.0.3","http_port":2,"unique_id":"0123","cache":null,"paired":null}]}`;

const pairing = fc.record({
  privateKey: fc.string(),
  certificate: fc.string(),
  hostCertificate: fc.string(),
});
const storedHost: fc.Arbitrary<StoredHost> = fc.record({
  address: fc.string(),
  httpPort: fc.integer({ min: 1, max: 65_535 }),
  uniqueId: fc.option(fc.string()),
  cache: fc.option(fc.record({ name: fc.string(), mac: fc.option(fc.string()) })),
  paired: fc.option(pairing),
});

test('the reference’s data.json is read and written in its form', (t) => {
  const hosts = parseDataFile(REFERENCE, 'data.json');
  t.deepEqual(hosts, [
    {
      address: 'wolf',
      httpPort: 47_989,
      uniqueId: null,
      cache: { name: 'Helix (local)', mac: '00:11:22:33:44:55' },
      paired: {
        privateKey: '-----BEGIN PRIVATE KEY-----\r\nAA==\r\n-----END PRIVATE KEY-----\r\n',
        certificate: 'CLIENT',
        hostCertificate: 'SERVER',
      },
    },
    { address: '10.0.0.2', httpPort: 1, uniqueId: null, cache: null, paired: null },
    { address: '10.0.0.3', httpPort: 2, uniqueId: '0123', cache: null, paired: null },
  ]);
  const written = JSON.parse(formatDataFile(hosts)) as { hosts: object[] };
  const original = JSON.parse(REFERENCE) as { hosts: object[] };
  t.deepEqual(written.hosts[0], original.hosts[0]);
  t.deepEqual(written.hosts[1], { address: '10.0.0.2', http_port: 1, unique_id: null });
  t.is(formatDataFile(hosts).match(/"paired"/g)?.length, 1);
});

test('hosts survive the way to the file and back', (t) => {
  fc.assert(
    fc.property(fc.array(storedHost), (hosts) => {
      t.deepEqual(parseDataFile(formatDataFile(hosts), 'x'), hosts);
    }),
    { seed: 1, numRuns: 100 },
  );
});

test('a file that is broken is refused by name, never overwritten', async (t) => {
  const folder = await temporaryFolder(t);
  for (const text of ['{', '[]', '{"hosts":[{"address":1}]}', '{"hosts":{}}']) {
    const path = join(folder, 'data.json');
    await writeFile(path, text);
    const error = await t.throwsAsync(HostStore.open(path, silentLog()), {
      instanceOf: MoonteeError,
    });
    t.is(error.code, 'CONFIG_INVALID');
    t.regex(error.message, /data\.json/);
    await t.throwsAsync(IdentityStore.open(path, silentLog()), { instanceOf: MoonteeError });
    t.is(await readFile(path, 'utf8'), text);
  }
});

test('ids are slots in file order; freed ones are used again', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'data.json');
  await writeFile(path, REFERENCE);
  const store = await HostStore.open(path, silentLog());
  t.deepEqual(
    store.list().map(({ id, stored }) => [id, stored.address]),
    [
      [0, 'wolf'],
      [1, '10.0.0.2'],
      [2, '10.0.0.3'],
    ],
  );
  await store.remove(1);
  t.throws(() => store.require(1), { message: 'Host not found' });
  t.throws(() => store.require(-1), { message: 'Host not found' });
  t.throws(() => store.require(0.5), { message: 'Host not found' });
  const reread = await HostStore.open(path, silentLog());
  t.deepEqual(
    reread.list().map(({ id, stored }) => [id, stored.address]),
    [
      [0, 'wolf'],
      [1, '10.0.0.3'],
    ],
  );
});

test('writing is atomic, private, in order, and leaves nothing behind', async (t) => {
  const folder = await temporaryFolder(t);
  const file = new AtomicFile(join(folder, 'deep/er/x.json'));
  t.is(await file.read(), null);
  await Promise.all(Array.from({ length: 50 }, (_, index) => file.write(`content ${index}`)));
  t.is(await file.read(), 'content 49');
  t.is((await stat(file.path)).mode & 0o777, 0o600);
  t.deepEqual(await readdir(join(folder, 'deep/er')), ['x.json']);
});

test('a write that fails is told and leaves the old content', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'x.json');
  const file = new AtomicFile(path);
  await file.write('old');
  // A folder in the way of the rename stops root as well.
  const blocked = new AtomicFile(join(folder, 'dir'));
  await mkdir(join(folder, 'dir/inner'), { recursive: true });
  await t.throwsAsync(blocked.write('new'), { message: /cannot be written/ });
  await chmod(path, 0o600);
  t.is(await file.read(), 'old');
  await file.write('next');
  t.is(await file.read(), 'next');
  t.deepEqual((await readdir(folder)).sort(), ['dir', 'x.json']);
});
