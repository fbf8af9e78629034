import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { temporaryFolder } from '../support/server.js';
import { Coturn, freePort, HAS_COTURN } from './coturn.js';
import { TYPESCRIPT } from '../support/typescript.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const turn = HAS_COTURN ? test : test.skip;
if (!HAS_COTURN) process.stderr.write('coturn is not installed: its tests are skipped\n');

async function doctor(
  t: ExecutionContext,
  config: Readonly<Record<string, unknown>>,
): Promise<{ code: number; text: string }> {
  const file = join(await temporaryFolder(t), 'config.json');
  await writeFile(file, JSON.stringify({ webrtc_local_addresses: ['127.0.0.1'], ...config }));
  const args = [...TYPESCRIPT, 'src/cli.ts', 'doctor', 'ice'];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...args, '--timeout', '3000', '--config', file],
      { cwd: ROOT },
      (error, stdout, stderr) => {
        const code = error ? Number(error.code) : 0;
        resolve({ code, text: stdout + stderr });
      },
    );
  });
}

turn('a configuration that works, from every kind of source', async (t) => {
  const server = await Coturn.start({ secret: 'north' });
  t.teardown(() => server.stop());
  const min = await freePort();
  const stun = [{ urls: [`stun:127.0.0.1:${server.port}`] }];
  const { code, text } = await doctor(t, {
    webrtc_ice_servers: stun,
    webrtc_turn_rest: {
      urls: [server.url, `${server.url}?transport=tcp`],
      secret: 'north',
      ttl: 60,
    },
    webrtc_ice_servers_command: [process.execPath, '-p', JSON.stringify(JSON.stringify(stun))],
    webrtc_port_range: { min, max: min },
    max_viewers: 1,
  });
  t.is(code, 0, text);
  t.regex(text, /candidates on 127\.0\.0\.1/);
  t.regex(text, /stun:127\.0\.0\.1:\d+: answers, sees us as 127\.0\.0\.1:\d+/);
  t.is(text.match(/relay 127\.0\.0\.1:\d+, data comes through/g)?.length, 2, text);
  t.regex(text, /webrtc_ice_servers_command: 1 server/);
  t.regex(text, /1 of 1 free/);
  t.false(text.includes('north'));
});

turn('a wrong secret, a command that fails, a port that is taken: each is named', async (t) => {
  const server = await Coturn.start({ secret: 'north' });
  t.teardown(() => server.stop());
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  const { port } = socket.address();
  const { code, text } = await doctor(t, {
    webrtc_turn_rest: { urls: [server.url], secret: 'south', ttl: 60 },
    webrtc_ice_servers_command: [process.execPath, '-e', 'process.exit(7)'],
    webrtc_port_range: { min: port, max: port },
    webrtc_relay_only: true,
  });
  t.is(code, 1, text);
  t.regex(text, /PROBLEM {2}turn:127\.0\.0\.1:\d+: wrong credentials \(401/);
  t.regex(text, /PROBLEM {2}ICE servers from command .*: exit code 7/);
  t.regex(text, /PROBLEM {2}UDP ports .*: 0 of 1 free/);
  t.regex(text, /webrtc_relay_only is set, and no TURN server works/);
  t.false(text.includes('south'));
});

test('no address left, a server that is silent', async (t) => {
  const silent = createSocket('udp4').bind(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const { code, text } = await doctor(t, {
    webrtc_local_addresses: ['192.0.2.250'],
    webrtc_ice_servers: [
      { urls: [`turn:127.0.0.1:${silent.address().port}`], username: 'u', credential: 'p' },
    ],
  });
  t.is(code, 1, text);
  t.regex(text, /no address of this machine is left/);
  t.regex(text, /turn:127\.0\.0\.1:\d+: timeout/);
});

test('wrong use', async (t) => {
  const { code, text } = await doctor(t, { webrtc_port_range: 7 });
  t.is(code, 1);
  t.regex(text, /webrtc_port_range must be/);
});
