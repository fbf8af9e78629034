/** What a streamer child is given in confidence stays out of logs and environments. */
import test from 'ava';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { childEnvironment, withoutOurSecrets } from '../../src/config/child-environment.js';
import { silentLog } from '../../src/core/log.js';
import { launchChild } from '../../src/streamer/supervisor/launch.js';
import { forwardOutput } from '../../src/streamer/supervisor/output.js';
import { CHILD } from '../support/server.js';
import { PATIENCE, until } from '../support/until.js';
import { TYPESCRIPT } from '../support/typescript.js';

const SECRET = 'tell-nobody-of-this';

const OURS = {
  MOONTEE_CREDENTIALS: SECRET,
  MOONLIGHT_CREDENTIALS: SECRET,
  MOONTEE_CREDENTIALS_FILE: SECRET,
  MOONTEE_PAIRING_PIN: SECRET,
  MOONLIGHT_INTERNAL_PAIRING_PIN: SECRET,
  MOONTEE_WEBRTC_TURN_REST: `{"urls":["turn:t"],"secret":"${SECRET}","ttl":60}`,
  MOONTEE_WEBRTC_ICE_SERVERS: `[{"urls":["turn:t"],"credential":"${SECRET}"}]`,
  MOONTEE_WEBRTC_ICE_SERVERS_URL: `https://u:${SECRET}@example.org/`,
  MOONTEE_WEBRTC_ICE_SERVERS_COMMAND: `["turn", "${SECRET}"]`,
  TURN_PASSWORD: SECRET,
};
const OTHERS = {
  AWS_SECRET_ACCESS_KEY: SECRET,
  DATABASE_URL: `postgres://u:${SECRET}@db/`,
  NODE_AUTH_TOKEN: SECRET,
  GST_PLAYBIN_PASSWORD: SECRET,
  KUBECONFIG: SECRET,
};
const NEEDED = {
  PATH: process.env['PATH'] ?? '',
  GST_DEBUG: '1',
  LIBVA_DRIVER_NAME: 'iHD',
  NVIDIA_VISIBLE_DEVICES: 'all',
  MOONTEE_LOG: 'info',
  MALLOC_ARENA_MAX: '2',
};

test('a message that does not decode is logged without its values', async (t) => {
  const module = new URL('../../src/worker/main.ts', import.meta.url);
  const child = fork(module, [], {
    execArgv: [...TYPESCRIPT],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: childEnvironment(),
  });
  t.teardown(() => child.kill('SIGKILL'));
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(child, 'message', { signal: AbortSignal.timeout(PATIENCE) });
  const server = { urls: ['turn:t'], username: SECRET, credential: [SECRET] };
  const bad: object[] = [
    { Init: { client_private_key_pem: SECRET, dtls_identity_pem: { pem: SECRET } } },
    { Init: { network: { ice_servers: [server] }, [SECRET]: 1 } },
    { AddPeer: { peer_id: SECRET, ice_servers: [server] } },
    { FromPeer: { peer_id: 1, message: { AuthenticateAndInit: { credentials: [SECRET] } } } },
    { [SECRET]: SECRET },
    [SECRET],
  ];
  for (const message of bad) child.send(message);
  await until('all are logged', () => text.split('IPC message dropped').length > bad.length);
  t.false(text.includes(SECRET), text);
  t.regex(text, /Init/);
  const exit = once(child, 'exit', { signal: AbortSignal.timeout(PATIENCE) });
  child.disconnect();
  await exit;
});

test('our processes get what they need of the environment, and no secrets', (t) => {
  const shown = childEnvironment({ ...OURS, ...OTHERS, ...NEEDED });
  t.deepEqual(shown, NEEDED);
});

test('programs of the operator get everything but what is ours', (t) => {
  t.deepEqual(withoutOurSecrets({ ...OURS, ...OTHERS, ...NEEDED }), {
    MOONTEE_CREDENTIALS_FILE: SECRET,
    ...OTHERS,
    ...NEEDED,
  });
});

test.serial('a launched child has them neither', async (t) => {
  Object.assign(process.env, OURS, OTHERS);
  const child = launchChild(CHILD, 0, silentLog());
  t.teardown(() => {
    child.kill('SIGKILL');
    for (const name of Object.keys({ ...OURS, ...OTHERS }))
      Reflect.deleteProperty(process.env, name);
  });
  await once(child, 'message', { signal: AbortSignal.timeout(PATIENCE) });
  const environment = readFileSync(`/proc/${child.pid ?? 0}/environ`, 'utf8');
  t.true(environment.includes('PATH='));
  // It logs as the server does.
  t.true(environment.includes('MOONTEE_LOG=silent\0'));
  t.false(environment.includes(SECRET), environment);
});

test('what a child writes comes in whole lines, and none is endless', async (t) => {
  const output = new PassThrough();
  const lines: string[] = [];
  forwardOutput(output, (line) => lines.push(line));
  const bytes = Buffer.from('eins\nzwei ü drei\n');
  for (const byte of bytes) output.write(Buffer.of(byte));
  output.write('x'.repeat(100_000));
  output.write('x'.repeat(100_000));
  output.write('\nno line feed');
  output.end();
  await once(output, 'end');
  t.deepEqual(lines.slice(0, 2), ['eins\n', 'zwei ü drei\n']);
  t.is(lines[2]?.length, 16_385);
  t.deepEqual(lines.slice(3), ['no line feed\n']);
});

test('a child that writes without measure does not fill the log, and what is left out is told', async (t) => {
  const output = new PassThrough();
  const lines: string[] = [];
  forwardOutput(output, (line) => lines.push(line));
  output.write('GStreamer-RTP-CRITICAL\n'.repeat(50_000));
  await until('it may write again', () => {
    output.write('later\n');
    return lines.at(-1) === 'later\n';
  });
  output.end();
  const told = lines.filter((line) => line.includes('left out'));
  t.true(lines.length < 10_000, String(lines.length));
  t.true(told.length > 0);
  const dropped = told.map((line) => (JSON.parse(line) as { dropped: number }).dropped);
  t.true(dropped.reduce((sum, count) => sum + count, 0) > 40_000);
});
