import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { DemoHost } from '../../src/demo-host/demo-host.js';
import { parseFaults } from '../../src/demo-host/faults.js';
import { certificateSignature } from '../../src/demo-host/http/certificate.js';
import { pairingMath } from '../../src/demo-host/http/pairing-math.js';
import {
  clientIdentity,
  element,
  http,
  https,
  pair,
  pairedIdentity,
  PIN,
  post,
  signatureOf,
  startHost,
  statusCode,
  until,
} from './support.js';

const bytes = (text: string): Buffer => Buffer.from(text, 'hex');

test('the worked example of gamestream.md §2.4', (t) => {
  const hostSignature = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
  const clientSignature = Buffer.from(Array.from({ length: 256 }, (_, index) => 255 - index));
  const key = pairingMath.key(bytes('000102030405060708090a0b0c0d0e0f'), '1234');
  t.is(key.toString('hex'), 'bad0b4f7cae08eb7c1b5acc763a8ed25');
  const challenge = pairingMath.decrypt(key, bytes('5febcdc985b2baddd65925da162380eb'));
  t.is(challenge.toString('hex'), '101112131415161718191a1b1c1d1e1f');
  const secret = bytes('202122232425262728292a2b2c2d2e2f');
  const serverChallenge = bytes('303132333435363738393a3b3c3d3e3f');
  const proof = pairingMath.proof(challenge, hostSignature, secret);
  t.is(proof.toString('hex'), '640f81e6099bb076b3b3f317b3662dce6bd7b5bbb81b77649e1269a8ff441110');
  t.is(
    pairingMath.encrypt(key, Buffer.concat([proof, serverChallenge])).toString('hex'),
    'efcb94d6a587f0ceebb9b3d4fca6c37c8505f87c521bcec09c3369d7b025833758f1c991a85a76c2526eb7cf9453b7e7',
  );
  const clientSecret = bytes('404142434445464748494a4b4c4d4e4f');
  const clientHash = pairingMath.proof(serverChallenge, clientSignature, clientSecret);
  t.is(
    pairingMath.encrypt(key, clientHash).toString('hex'),
    'be16b48a273260d616a4ef44874acd4be2dc7ebadcb8ffab14bab095373e1c7a',
  );
});

test('the signature of a certificate is its last 256 bytes', async (t) => {
  const { certificatePem } = await clientIdentity();
  t.deepEqual(certificateSignature(certificatePem), signatureOf(certificatePem));
  t.throws(() => certificateSignature('no certificate'), { message: /certificate/ });
});

test('a client pairs, and only then may use HTTPS', async (t) => {
  const host = await startHost(t);
  const identity = await clientIdentity();
  const stranger = await https(host.httpsPort, '/applist?uniqueid=1', identity);
  t.is(stranger.status, 200);
  t.is(statusCode(stranger.text), 401);
  const nobody = await https(host.httpsPort, '/serverinfo?uniqueid=1', null);
  t.is(statusCode(nobody.text), 401);

  const result = await pair(host, identity);
  t.deepEqual(result.phases, ['1', '1', '1', '1']);
  t.true(result.hostProven);
  t.true(result.pinProven);
  const last = await https(host.httpsPort, '/pair?uniqueid=1&phrase=pairchallenge', identity);
  t.is(element(last.text, 'paired'), '1');
  const info = await https(host.httpsPort, '/serverinfo?uniqueid=1', identity);
  t.is(element(info.text, 'PairStatus'), '1');

  await https(host.httpsPort, '/unpair?uniqueid=1', identity);
  const gone = await https(host.httpsPort, '/serverinfo?uniqueid=1', identity);
  t.is(statusCode(gone.text), 401);
});

test('a wrong PIN is found out in the last phase, and another try works', async (t) => {
  const host = await startHost(t);
  const identity = await clientIdentity();
  const wrong = await pair(host, identity, '9999');
  t.deepEqual(wrong.phases, ['1', '1', '1', '0']);
  t.false(wrong.pinProven);
  t.is(statusCode((await https(host.httpsPort, '/applist', identity)).text), 401);
  t.deepEqual((await pair(host, identity)).phases, ['1', '1', '1', '1']);
});

test('phases out of order end the attempt', async (t) => {
  const host = await startHost(t);
  const { certificatePem } = await clientIdentity();
  const clientcert = Buffer.from(certificatePem).toString('hex');
  const first = `/pair?uniqueid=AA&phrase=getservercert&salt=${'00'.repeat(16)}&clientcert=${clientcert}`;
  const ask = async (path: string): Promise<string> => (await http(host.httpPort, path)).text;

  t.is(element(await ask(first), 'paired'), '1');
  const skipped = await ask(`/pair?uniqueid=AA&serverchallengeresp=${'00'.repeat(32)}`);
  t.is(statusCode(skipped), 400);
  t.regex(skipped, /Out of order call to serverchallengeresp/);
  const dropped = await ask(`/pair?uniqueid=AA&clientchallenge=${'00'.repeat(16)}`);
  t.is(statusCode(dropped), 400);
  t.regex(dropped, /Invalid uniqueid/);

  t.regex(await ask('/pair?phrase=getservercert'), /Missing uniqueid/);
  t.regex(await ask('/pair?uniqueid=AA&phrase=getservercert&salt=00'), /Salt too short/);
  t.regex(
    await ask(`/pair?uniqueid=AA&phrase=getservercert&salt=${'00'.repeat(16)}&clientcert=00`),
    /Invalid client certificate/,
  );
  t.is(element(await ask(first), 'paired'), '1');
  t.is(statusCode(await ask('/pair?uniqueid=AA&clientchallenge=xyz')), 400);
  t.is(statusCode(await ask('/pair?uniqueid=AA&phrase=pairchallenge')), 400);
});

test('the PIN may come over HTTP, as with Wolf', async (t) => {
  const host = await startHost(t, { pin: null });
  const secrets: string[] = [];
  host.on('pin-needed', ({ secret }) => secrets.push(secret));
  const identity = await clientIdentity();
  const pairing = pair(host, identity, '0042');
  await until('the secret', () => secrets.length === 1);
  const [secret = ''] = secrets;

  t.is((await post(host.httpPort, '/pin/', '{"pin":"0042","secret":"nope"}')).status, 404);
  t.is((await post(host.httpPort, '/pin/', '{"pin":"abcd"}')).status, 400);
  t.is((await post(host.httpPort, '/pin/', 'no json')).status, 400);
  t.is((await post(host.httpPort, '/pin/', JSON.stringify({ pin: '0042', secret }))).status, 200);
  t.deepEqual((await pairing).phases, ['1', '1', '1', '1']);
  t.is((await post(host.httpPort, '/pin', JSON.stringify({ pin: '0042', secret }))).status, 404);
  t.regex((await http(host.httpPort, '/pin/')).text, /<form>/);
});

test('a client that leaves while the PIN is awaited is forgotten', async (t) => {
  const host = await startHost(t, { pin: null });
  const secrets: string[] = [];
  host.on('pin-needed', ({ secret }) => secrets.push(secret));
  const { certificatePem } = await clientIdentity();
  const clientcert = Buffer.from(certificatePem).toString('hex');
  const leaving = request({
    host: '127.0.0.1',
    port: host.httpPort,
    path: `/pair?uniqueid=AA&phrase=getservercert&salt=${'00'.repeat(16)}&clientcert=${clientcert}`,
    agent: false,
  });
  leaving.on('error', () => undefined);
  leaving.end();
  await until('the secret', () => secrets.length === 1);
  leaving.destroy();
  const [secret = ''] = secrets;
  let known = true;
  // Its socket's end has to reach the host.
  for (let tries = 0; known && tries < 500; tries++) {
    known = host.pairingWaits(secret);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  t.false(known);
});

test('slow pairing holds the first phase back', async (t) => {
  const host = await startHost(t, { faults: parseFaults(['slow-pairing=150ms']) });
  const started = performance.now();
  t.deepEqual((await pair(host, await clientIdentity())).phases, ['1', '1', '1', '1']);
  t.true(performance.now() - started >= 149);
});

test('several clients pair at once', async (t) => {
  const host = await startHost(t);
  const identities = await Promise.all([0, 1, 2].map((index) => pairedIdentity(host, index)));
  for (const identity of identities) {
    const { text } = await https(host.httpsPort, '/applist', identity);
    t.is(statusCode(text), 200);
  }
});

test('certificate and clients survive a restart where there is a directory', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'demo-host-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const first = await DemoHost.start({ httpPort: 0, pin: PIN, stateDirectory: directory });
  const identity = await clientIdentity();
  const { hostCertificate } = await pair(first, identity);
  await first.close();
  for (const file of readdirSync(directory)) {
    t.is(statSync(join(directory, file)).mode & 0o777, 0o600, file);
  }
  const second = await DemoHost.start({ httpPort: 0, pin: PIN, stateDirectory: directory });
  t.teardown(() => second.close());
  t.is(statusCode((await https(second.httpsPort, '/applist', identity)).text), 200);
  t.is((await pair(second, await clientIdentity(1))).hostCertificate, hostCertificate);
});
