/** Renewed certificates, in the ways in which files are renewed. */
import test, { type ExecutionContext } from 'ava';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { Certificate, type KeyPair } from '../../src/http/certificate.js';
import { createLogTo } from '../../src/core/log.js';
import { createIdentity } from '../../src/moonlight/identity.js';
import { serve, temporaryFolder, type TestServer } from '../support/server.js';
import { until } from '../support/until.js';

async function newPair(): Promise<KeyPair> {
  const { privateKeyPem, certificatePem } = await createIdentity();
  return { key: privateKeyPem, cert: certificatePem };
}

const pairs = Promise.all([newPair(), newPair(), newPair(), newPair()]);

interface Watched {
  readonly folder: string;
  readonly renewed: KeyPair[];
  readonly log: () => string;
  readonly certificate: Certificate;
}

async function put(folder: string, { key, cert }: KeyPair): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'key.pem'), key);
  await writeFile(join(folder, 'cert.pem'), cert);
}

async function watching(t: ExecutionContext, folder: string): Promise<Watched> {
  const renewed: KeyPair[] = [];
  let text = '';
  const certificate = await Certificate.open({
    paths: { private_key_pem: join(folder, 'key.pem'), certificate_pem: join(folder, 'cert.pem') },
    interval: 20,
    onRenewed: (pair) => renewed.push(pair),
    log: createLogTo({ write: (line) => void (text += line) }, 'test'),
  });
  t.teardown(() => certificate.close());
  return { folder, renewed, log: () => text, certificate };
}

test('files that are written over, or renamed over', async (t) => {
  const [first, second, third] = await pairs;
  const folder = await temporaryFolder(t);
  await put(folder, first);
  const { renewed, certificate } = await watching(t, folder);
  t.deepEqual(certificate.pair, first);
  await put(folder, second);
  await until('the second one', () => renewed.length === 1);
  await put(join(folder, 'new'), third);
  for (const name of ['key.pem', 'cert.pem']) {
    await rename(join(folder, 'new', name), join(folder, name));
  }
  await until('the third one', () => renewed.length === 2);
  t.deepEqual(renewed, [second, third]);
  t.deepEqual(certificate.pair, third);
});

test('links of files (certbot) and of the folder (Kubernetes) that are swapped', async (t) => {
  const [first, second, third] = await pairs;
  const folder = await temporaryFolder(t);
  await put(join(folder, 'archive1'), first);
  await put(join(folder, 'archive2'), second);
  await put(join(folder, '..2024'), third);
  const live = join(folder, 'live');
  await mkdir(live);
  const link = async (target: string, path: string): Promise<void> => {
    await symlink(target, `${path}.new`);
    await rename(`${path}.new`, path);
  };
  for (const name of ['key.pem', 'cert.pem']) await link(`../archive1/${name}`, join(live, name));
  const { renewed } = await watching(t, live);
  for (const name of ['key.pem', 'cert.pem']) await link(`../archive2/${name}`, join(live, name));
  await until('the second one', () => renewed.length === 1);

  const mount = join(folder, 'mount');
  await mkdir(mount);
  await link('../archive1', join(mount, '..data'));
  for (const name of ['key.pem', 'cert.pem']) await symlink(`..data/${name}`, join(mount, name));
  const mounted = await watching(t, mount);
  await link('../..2024', join(mount, '..data'));
  await until('the third one', () => mounted.renewed.length === 1);
  t.deepEqual([renewed[0], mounted.renewed[0]], [second, third]);
});

test('what is half written, broken or gone leaves the old one, with one warning', async (t) => {
  const [first, second, third] = await pairs;
  const folder = await temporaryFolder(t);
  await put(folder, first);
  const { renewed, log, certificate } = await watching(t, folder);
  const broken: (() => Promise<void>)[] = [
    () => writeFile(join(folder, 'key.pem'), second.key),
    () => writeFile(join(folder, 'cert.pem'), second.cert.slice(0, 300)),
    () => writeFile(join(folder, 'cert.pem'), ''),
    () => rm(join(folder, 'cert.pem')),
    // Reading it would wait for a writer, and nothing could end the process.
    async () => {
      await promisify(execFile)('mkfifo', [join(folder, 'cert.pem')]);
    },
    () => rm(join(folder, 'cert.pem')).then(() => mkdir(join(folder, 'cert.pem'))),
    () => rm(join(folder, 'cert.pem'), { recursive: true }),
    () => writeFile(join(folder, 'cert.pem'), third.cert),
  ];
  for (const make of broken) {
    await make();
    for (let i = 0; i < 5; i += 1) await certificate.reload();
  }
  t.deepEqual(renewed, []);
  t.deepEqual(certificate.pair, first);
  const warnings = log()
    .split('\n')
    .filter((line) => line.includes('not renewed'));
  t.true(warnings.length >= 1 && warnings.length <= broken.length, log());
  t.false(log().includes('PRIVATE KEY'));
  await writeFile(join(folder, 'cert.pem'), second.cert);
  await until('the whole pair', () => renewed.length === 1);
  t.deepEqual(certificate.pair, second);
  t.true(log().includes('certificate renewed'));
});

test('a server does not start with a key of another certificate', async (t) => {
  const [first, second] = await pairs;
  const folder = await temporaryFolder(t);
  await put(folder, { key: first.key, cert: second.cert });
  const paths = {
    private_key_pem: join(folder, 'key.pem'),
    certificate_pem: join(folder, 'cert.pem'),
  };
  await t.throwsAsync(serve(t, { certificate: JSON.stringify(paths) }), {
    message: /is not the key of/,
  });
});

async function shownBy(server: TestServer): Promise<string> {
  const socket = connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

test('new connections see the renewed certificate, old ones go on', async (t) => {
  const [first, second] = await pairs;
  const folder = await temporaryFolder(t);
  await put(folder, first);
  const paths = {
    private_key_pem: join(folder, 'key.pem'),
    certificate_pem: join(folder, 'cert.pem'),
  };
  const server = await serve(t, { certificate: JSON.stringify(paths) });
  t.is(await shownBy(server), new X509Certificate(first.cert).fingerprint256);
  const old = connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(old, 'secureConnect');
  await put(folder, second);
  await server.running.reload();
  t.is(await shownBy(server), new X509Certificate(second.cert).fingerprint256);
  old.write('GET /config.js HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n');
  const [answer] = (await once(old, 'data')) as [Buffer];
  t.regex(answer.toString(), /^HTTP\/1\.1 200 /);
  const hsts = (await server.ask('GET', '/')).headers['strict-transport-security'] ?? '';
  t.regex(hsts, /^max-age=\d+$/);
});
