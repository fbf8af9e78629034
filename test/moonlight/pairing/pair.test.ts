import test, { type ExecutionContext } from 'ava';
import { X509Certificate } from 'node:crypto';
import { MoonteeError } from '../../../src/core/errors.js';
import { silentLog } from '../../../src/core/log.js';
import { pair, type PairingOptions } from '../../../src/moonlight/pairing/pair.js';
import type { PairedHost } from '../../../src/moonlight/types.js';
import { HANG, TEAR, twoIdentities, xml, type HostReply } from '../nvhttp/fake-host.js';
import { PairingHost, type PairingFaults } from './pairing-host.js';

const PIN = '0417';

async function start(t: ExecutionContext, faults: PairingFaults = {}): Promise<PairingHost> {
  const [, them] = await twoIdentities();
  const host = await PairingHost.start(them, PIN, faults);
  t.teardown(() => host.http.close());
  return host;
}

async function attempt(
  host: PairingHost,
  options: Partial<PairingOptions> = {},
): Promise<PairedHost> {
  const [identity] = await twoIdentities();
  const { httpPort } = host.http;
  return pair({ address: '127.0.0.1', httpPort, identity, pin: PIN, log: silentLog(), ...options });
}

async function code(t: ExecutionContext, pairing: Promise<unknown>): Promise<string> {
  return (await t.throwsAsync(pairing, { instanceOf: MoonteeError })).code;
}

/** Changes the reply of one phase. */
function at(number: number, changed: HostReply): PairingFaults {
  return { reply: (phase, usual) => (phase === number ? changed : usual) };
}

test('five phases pair both sides', async (t) => {
  const host = await start(t);
  const [us, them] = await twoIdentities();
  const result = await attempt(host);
  t.is(result.certificatePem, them.certificatePem);
  t.true(host.clients[0]?.equals(new X509Certificate(us.certificatePem).raw));
  t.deepEqual(host.http.verbs(), [
    'http serverinfo',
    ...Array<string>(4).fill('http pair'),
    'https pair',
  ]);
  await attempt(host);
  t.is(host.uniqueIds.size, 2, 'every attempt has an id of its own');
});

test('a host before version 7 is paired with by SHA-1', async (t) => {
  const host = await start(t, { old: true });
  const [us] = await twoIdentities();
  await attempt(host);
  t.true(host.clients[0]?.equals(new X509Certificate(us.certificatePem).raw));
  t.is(await code(t, attempt(host, { pin: '0000' })), 'PAIRING_WRONG_PIN');
});

test('a wrong PIN is told from everything else and retracted', async (t) => {
  const host = await start(t);
  t.is(await code(t, attempt(host, { pin: '1111' })), 'PAIRING_WRONG_PIN');
  t.is(host.http.verbs().at(-1), 'http unpair');
  t.is(host.clients.length, 0);
});

test('a host that does not own its certificate is a man in the middle', async (t) => {
  const [us] = await twoIdentities();
  const host = await start(t, { foreignKeyPem: us.privateKeyPem });
  t.is(await code(t, attempt(host)), 'PAIRING_MITM');
  t.is(host.http.verbs().at(-1), 'http unpair');
});

test('every phase may be refused', async (t) => {
  const refusals: HostReply[] = [xml('<paired>0</paired>'), xml('', 400, 'Out of order call')];
  for (const phase of [1, 2, 3, 4, 5]) {
    for (const refusal of refusals) {
      const host = await start(t, at(phase, refusal));
      t.is(await code(t, attempt(host)), 'PAIRING_FAILED', String(phase));
      t.is(host.http.verbs().includes('http unpair'), phase > 1);
    }
  }
});

test('a missing certificate means another pairing is going on', async (t) => {
  const host = await start(t, at(1, xml('<paired>1</paired>')));
  t.is(await code(t, attempt(host)), 'PAIRING_IN_PROGRESS');
  t.is(host.http.verbs().at(-1), 'http unpair');
});

test('unusable values of the host end in PAIRING_FAILED', async (t) => {
  const cases: [number, string][] = [
    [1, '<plaincert>00ff</plaincert>'],
    [1, '<plaincert>hello</plaincert>'],
    [2, '<challengeresponse>00112233</challengeresponse>'],
    [2, ''],
    [3, `<pairingsecret>${'00'.repeat(16)}</pairingsecret>`],
    [3, '<pairingsecret>0</pairingsecret>'],
  ];
  for (const [phase, fields] of cases) {
    const host = await start(t, at(phase, xml(`<paired>1</paired>${fields}`)));
    t.is(await code(t, attempt(host)), 'PAIRING_FAILED', fields);
  }
});

test('another certificate in the TLS phase is a man in the middle', async (t) => {
  const [us] = await twoIdentities();
  const host = await start(t, { tlsIdentity: us });
  t.is(await code(t, attempt(host)), 'PAIRING_MITM');
  t.is(host.http.secureBytes, 0);
});

test('a certificate that was swapped on its way is noticed', async (t) => {
  const [us] = await twoIdentities();
  const hex = Buffer.from(us.certificatePem).toString('hex');
  const swapped = xml(`<paired>1</paired><plaincert>${hex}</plaincert>`);
  const forwarding = await start(t, at(1, swapped));
  t.is(await code(t, attempt(forwarding)), 'PAIRING_MITM');
  // Even where the one in the middle signs for itself: it does not know the PIN.
  const signing = await start(t, { ...at(1, swapped), foreignKeyPem: us.privateKeyPem });
  t.is(await code(t, attempt(signing)), 'PAIRING_WRONG_PIN');
});

test('waiting for the PIN ends with its deadline or an abort', async (t) => {
  const host = await start(t, at(1, HANG));
  t.is(await code(t, attempt(host, { pinTimeout: 3_000 })), 'PAIRING_FAILED');
  const controller = new AbortController();
  const waiting = attempt(host, { signal: controller.signal });
  const before = host.http.requests.length;
  host.http.on('pair', () => {
    controller.abort();
    return HANG;
  });
  t.is(await code(t, waiting), 'CLOSED');
  t.true(host.http.requests.length > before);
});

test('a host that dies or babbles during pairing', async (t) => {
  const torn = await start(t, at(2, TEAR));
  t.is(await code(t, attempt(torn)), 'HOST_ANSWER_INVALID');
  const babbling = await start(t, at(3, 'not xml'));
  t.is(await code(t, attempt(babbling)), 'HOST_ANSWER_INVALID');
});

test('a PIN that is none is refused at once', async (t) => {
  const host = await start(t);
  t.is(await code(t, attempt(host, { pin: '12a4' })), 'BAD_REQUEST');
  t.is(host.http.requests.length, 0);
});
