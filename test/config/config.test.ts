import test from 'ava';
import fc from 'fast-check';
import { writeFileSync } from 'node:fs';
import { mkdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exampleConfig } from '../../src/config/example.js';
import { GROUPS } from '../../src/config/groups.js';
import { loadConfig, resolveConfig } from '../../src/config/load.js';
import { checkConfig, documentConfig, printConfig } from '../../src/config/report.js';
import { CONFIG_KEYS, environmentName, KEYS } from '../../src/config/schema.js';
import { MoonteeError } from '../../src/core/errors.js';
import { temporaryFolder } from '../support/server.js';

/** As the reference writes it (signaling.md e.5). */
const REFERENCE = {
  credentials: 'helix',
  data_path: 'server/data.json',
  bind_address: '0.0.0.0:8080',
  moonlight_default_http_port: 47989,
  pair_device_name: 'roth',
  webrtc_ice_servers: [
    { urls: ['stun:stun.l.google.com:19302'], username: '', credential: '' },
    { urls: ['turn:203.0.113.5:3478?transport=udp'], username: 'helix', credential: 'x' },
  ],
  webrtc_port_range: { min: 40000, max: 40100 },
  webrtc_nat_1to1: { ips: ['203.0.113.5'], ice_candidate_type: 'host' },
  webrtc_network_types: ['udp4', 'udp6'],
  web_path_prefix: '',
  certificate: null,
  streamer_path: './streamer',
};

function problems(input: Parameters<typeof resolveConfig>[0]): string[] {
  try {
    resolveConfig(input);
    return [];
  } catch (error) {
    if (!(error instanceof MoonteeError)) throw error;
    return error.details['problems'] as string[];
  }
}

test('the reference’s file is accepted as it is', (t) => {
  const { config, warnings } = resolveConfig({ file: REFERENCE });
  t.deepEqual(warnings, []);
  t.like(config, { ...REFERENCE, certificate: null });
});

test('flags over environment over file over defaults', (t) => {
  const file = { max_viewers: 2, max_streamers: 2, max_body_bytes: 2_000 };
  const env = { MOONTEE_MAX_VIEWERS: '3', MOONTEE_MAX_STREAMERS: '3' };
  const { config, sources } = resolveConfig({ file, env, flags: { max_viewers: '4' } });
  t.is(config.max_viewers, 4);
  t.is(config.max_streamers, 3);
  t.is(config.max_body_bytes, 2_000);
  t.is(config.max_connections, KEYS.max_connections.fallback);
  t.deepEqual(
    [sources.max_viewers, sources.max_streamers, sources.max_body_bytes, sources.max_connections],
    ['flag', 'environment', 'file', 'default'],
  );
});

test('every key has a variable and a flag, and its default is valid', (t) => {
  for (const name of CONFIG_KEYS) {
    const { codec, fallback } = KEYS[name];
    t.true((codec as { is(value: unknown): boolean }).is(fallback), name);
    if (fallback === null || fallback === '') continue;
    const text = typeof fallback === 'string' ? fallback : JSON.stringify(fallback);
    const byVariable = resolveConfig({ env: { [environmentName(name)]: text } });
    t.deepEqual(byVariable.config[name], fallback, name);
    t.is(byVariable.sources[name], 'environment', name);
    // In one word, as a negative number has to be.
    const byFlag = loadConfig({ flags: { [name]: text }, env: {}, defaultFile: '' });
    t.deepEqual(byFlag.config[name], fallback, name);
    t.is(byFlag.sources[name], 'flag', name);
  }
});

test('lists and objects from text: JSON, or commas', (t) => {
  const { config } = resolveConfig({
    env: {
      MOONTEE_WEBRTC_PORT_RANGE: '{"min":1,"max":2}',
      MOONTEE_ALLOWED_ORIGINS: 'https://a.example, https://b.example',
      MOONTEE_WEBRTC_NETWORK_TYPES: '["udp4"]',
      MOONTEE_CREDENTIALS: '1234',
      MOONTEE_PAIRING_PIN: '0417',
      MOONTEE_RESTORE_STREAMERS: 'true',
    },
  });
  t.deepEqual(config.webrtc_port_range, { min: 1, max: 2 });
  t.deepEqual(config.allowed_origins, ['https://a.example', 'https://b.example']);
  t.deepEqual(config.webrtc_network_types, ['udp4']);
  t.is(config.credentials, '1234');
  t.is(config.pairing_pin, '0417');
  t.true(config.restore_streamers);
});

test('variables of the reference’s environment', (t) => {
  const env = {
    MOONLIGHT_CREDENTIALS: 'pw',
    MOONLIGHT_INTERNAL_PAIRING_PIN: '0417',
    TURN_PUBLIC_IP: '203.0.113.5',
    TURN_PASSWORD: 'secret',
    RUST_LOG: 'warn',
  };
  const { config } = resolveConfig({ env });
  t.like(config, { credentials: 'pw', pairing_pin: '0417', log_level: 'warn' });
  t.deepEqual(config.webrtc_ice_servers, [
    {
      urls: ['turn:203.0.113.5:3478?transport=udp', 'turn:203.0.113.5:3478?transport=tcp'],
      username: 'helix',
      credential: 'secret',
    },
  ]);
  const odd = resolveConfig({
    env: {
      MOONLIGHT_INTERNAL_PAIRING_PIN: '12a4',
      RUST_LOG: 'moonlight=debug',
      MOONTEE_CREDENTIALS: '',
    },
  });
  t.is(odd.config.pairing_pin, null);
  t.is(odd.config.credentials, null);
  t.is(odd.warnings.length, 2);
});

test('mistakes are named by their keys, all at once', (t) => {
  const named = problems({
    file: {
      bind_address: '8080',
      webrtc_port_range: { min: 'x', max: 2 },
      webrtc_ice_servers: [{ urls: ['http://x'] }],
      max_viewers: 1.5,
      web_path_prefix: 'moonlight/',
    },
    env: { MOONTEE_MAX_STREAMERS: 'many' },
    flags: { end_policy: 'sometimes' },
  });
  t.is(named.length, 7);
  for (const [pattern] of [
    [/^bind_address must be an address and a port/],
    [/^webrtc_port_range\.min must be/],
    [/^webrtc_ice_servers\S* must be/],
    [/^max_viewers must be an integer from 1 to 1000/],
    [/^web_path_prefix must be/],
    [/^max_streamers \(MOONTEE_MAX_STREAMERS\) must be/],
    [/^end_policy \(--end-policy\) must be one of keep, restart, end/],
  ] as const) {
    t.true(
      named.some((problem) => pattern.test(problem)),
      `${String(pattern)} in ${named.join('\n')}`,
    );
  }
});

test('misspelt names are told with what was meant, and a start goes on', (t) => {
  const { mistakes, config } = resolveConfig({
    file: { max_viewer: 3, colour: 'red' },
    env: {
      MOONTEE_CREDENTIAL: 'x',
      MOONTEE_XYZZY: '1',
      MOONTEE_CONFIG: 'c',
      MOONTEE_LOG: 'info',
      MOONTEE_SERVICE_HOST: '10.0.0.1',
      MOONTEE_PORT_8080_TCP_ADDR: '10.0.0.1',
      MOONTEE_PORT: 'tcp://10.0.0.1:8080',
    },
  });
  t.deepEqual(mistakes, [
    'Unknown configuration key max_viewer; did you mean max_viewers?',
    'Unknown configuration key colour',
    'Unknown variable MOONTEE_CREDENTIAL; did you mean MOONTEE_CREDENTIALS?',
    'Unknown variable MOONTEE_XYZZY',
  ]);
  t.is(config.max_viewers, KEYS.max_viewers.fallback);
});

test('missing files are problems of the check, with a neighbour of nearly that name', async (t) => {
  const folder = await temporaryFolder(t);
  const path = (name: string): string => join(folder, name);
  await writeFile(path('key.pem'), '');
  const check = (file: object): readonly string[] => {
    writeFileSync(path('config.json'), JSON.stringify(file));
    return checkConfig({ configFile: path('config.json'), env: {} }).problems;
  };
  t.deepEqual(
    check({
      certificate: { private_key_pem: path('key.pm'), certificate_pem: path('other') },
      identity: { issuer: 'i', audience: 'a', jwks_path: path('keys.json') },
      static_path: path('site'),
      pipelines_path: path('own'),
      webrtc_ice_servers_command: [path('turn')],
    }),
    [
      `certificate.private_key_pem: ${path('key.pm')} does not exist; did you mean ${path('key.pem')}?`,
      `certificate.certificate_pem: ${path('other')} does not exist`,
      `identity.jwks_path: ${path('keys.json')} does not exist`,
      `static_path: ${path('site')} does not exist`,
      `pipelines_path: ${path('own')} does not exist`,
      `webrtc_ice_servers_command: ${path('turn')} does not exist, or cannot be executed`,
    ],
  );
  t.deepEqual(check({ webrtc_ice_servers_command: ['no-such-program'] }), [
    'webrtc_ice_servers_command: no-such-program does not exist in PATH, or cannot be executed',
  ]);
  t.deepEqual(check({ webrtc_ice_servers_command: ['sh', '-c', 'true'] }), []);
  t.throws(() => loadConfig({ configFile: path('confi.json'), env: {} }), {
    message: `${path('confi.json')} does not exist; did you mean ${path('config.json')}?`,
  });
});

test('the example has every key once, and changes nothing, commented out or not', async (t) => {
  const keys = GROUPS.flatMap((group) => group.keys);
  t.deepEqual([...keys].sort(), [...CONFIG_KEYS].sort());
  const path = join(await temporaryFolder(t), 'config.json');
  const text = exampleConfig();
  t.true(text.split('\n').every((line) => line.length <= 120 || /^ {2}\/\/ "/.test(line)));
  const keyLine = new RegExp(`^ {2}// (?="(?:${CONFIG_KEYS.join('|')})": )`, 'gm');
  const uncommented = text.replace(keyLine, '  ');
  const defaults = loadConfig({ env: {}, defaultFile: '' });
  for (const content of [text, uncommented]) {
    await writeFile(path, content);
    const loaded = loadConfig({ configFile: path, env: {} });
    t.deepEqual(loaded.config, defaults.config);
    t.deepEqual([...loaded.mistakes, ...loaded.warnings], []);
  }
});

test('a desktop socket is off, or has a path of its own', (t) => {
  t.is(resolveConfig({}).config.desktop_socket, null);
  const text = '{"path":"/ws/stream","streamer":"s","open_to":["127.0.0.1"]}';
  const { config } = resolveConfig({ env: { MOONTEE_DESKTOP_SOCKET: text } });
  t.deepEqual(config.desktop_socket, {
    path: '/ws/stream',
    streamer: 's',
    open_to: ['127.0.0.1'],
  });
  for (const desktop_socket of [
    {},
    { path: 'ws' },
    { path: '/' },
    { path: '/ws/' },
    { path: '/api/x' },
    { path: '/API' },
    { path: '/metrics' },
    { path: '/ws', streamer: '' },
    { path: '/ws', open_to: ['localhost'] },
    { path: '/ws', open_to: '127.0.0.1' },
    true,
  ]) {
    const [problem = ''] = problems({ file: { desktop_socket } });
    t.regex(problem, /^desktop_socket\S* must be a desktop socket/, JSON.stringify(desktop_socket));
  }
});

test('no start without a password of one’s own, but on loopback', (t) => {
  for (const bind of ['0.0.0.0:80', '[::]:80', '192.168.1.2:80', 'example.org:80']) {
    for (const credentials of [null, 'default']) {
      const [problem] = problems({ file: { bind_address: bind, credentials } });
      t.regex(problem ?? '', /^credentials must be set/, bind);
    }
    t.deepEqual(problems({ file: { bind_address: bind, credentials: 'x' } }), []);
  }
  for (const bind of ['127.0.0.1:80', '127.1.2.3:0', '[::1]:80', 'localhost:80']) {
    t.deepEqual(problems({ file: { bind_address: bind } }), [], bind);
  }
});

test('files: the named one must be there and be an object', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'config.json');
  const load = (): unknown => loadConfig({ configFile: path, env: {} });
  t.throws(load, { message: /does not exist$/ });
  await mkdir(path);
  t.throws(load, { message: /cannot be read/ });
  await rmdir(path);
  await writeFile(path, '{');
  t.throws(load, { message: /is not valid JSON/ });
  await writeFile(path, '[]');
  t.throws(load, { message: /must hold an object/ });
  await writeFile(path, '{"max_viewers": 7}');
  t.is(loadConfig({ configFile: path, env: {} }).config.max_viewers, 7);
  t.is(loadConfig({ env: { MOONTEE_CONFIG: path } }).config.max_viewers, 7);
  t.is(loadConfig({ env: {}, defaultFile: path }).config.max_viewers, 7);
  const bound = loadConfig({ flags: { bind_address: '127.0.0.1:1' }, env: {}, defaultFile: path });
  t.is(bound.config.bind_address, '127.0.0.1:1');
  const printed = printConfig(
    loadConfig({ configFile: path, env: { MOONTEE_CREDENTIALS: 'geheim' } }),
  );
  t.regex(printed, /max_viewers +\s*= 7 {2}# file /);
  t.false(printed.includes('geheim'));
});

test('check and documentation', (t) => {
  t.deepEqual(checkConfig({ env: {}, defaultFile: '' }), {
    valid: true,
    problems: [],
    warnings: [],
  });
  t.like(checkConfig({ env: { MOONTEE_MAX_VIEWERS: '-' }, defaultFile: '' }), { valid: false });
  const table = documentConfig();
  for (const name of CONFIG_KEYS) t.true(table.includes(`| \`${name}\` |`), name);
});

test('whatever a file holds: a configuration, or problems that name keys', (t) => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom(...CONFIG_KEYS), fc.jsonValue()),
      fc.dictionary(fc.constantFrom(...CONFIG_KEYS), fc.string()),
      (file, flags) => {
        const named = problems({ file, flags });
        return named.every((problem) => CONFIG_KEYS.some((name) => problem.startsWith(name)));
      },
    ),
    { seed: 4, numRuns: 500 },
  );
  t.pass();
});

test('the password may stand in a file of its own', async (t) => {
  const path = join(await temporaryFolder(t), 'password');
  const env = { MOONTEE_CREDENTIALS_FILE: path, MOONTEE_BIND_ADDRESS: '0.0.0.0:80' };
  t.deepEqual(problems({ env }), [
    `credentials_file: ${path} does not exist`,
    'credentials must be set, and not to "default", where bind_address (0.0.0.0:80) is not loopback',
  ]);
  for (const [content, password] of [
    ['hunter2', 'hunter2'],
    ['hunter2\n', 'hunter2'],
    [' with spaces \r\nsecond line\n', ' with spaces '],
  ] as const) {
    await writeFile(path, content);
    const { config, sources } = resolveConfig({ env });
    t.is(config.credentials, password);
    t.is(sources.credentials, 'environment');
  }
  await writeFile(path, '\n');
  t.regex(problems({ env })[0] ?? '', /is empty$/);
  await writeFile(path, 'default\n');
  t.is(problems({ env }).length, 1);
  t.regex(problems({ env: { ...env, MOONTEE_CREDENTIALS: 'x' } })[0] ?? '', /exclude each other/);
});

test('secrets on the command line work and are warned of, elsewhere they are not', (t) => {
  const turn = '{"urls":["turn:t.example"],"secret":"hunter2","ttl":60}';
  const { config, warnings } = resolveConfig({
    flags: { credentials: 'hunter2', webrtc_turn_rest: turn, pairing_pin: '1234' },
  });
  t.is(config.credentials, 'hunter2');
  t.is(warnings.length, 3);
  for (const name of ['credentials', 'webrtc_turn_rest', 'pairing_pin']) {
    t.true(warnings.some((text) => text.startsWith(`${name} (--`)));
  }
  t.false(warnings.some((text) => text.includes('hunter2')));
  const quiet = resolveConfig({
    file: { credentials: 'hunter2' },
    env: { MOONTEE_WEBRTC_TURN_REST: turn },
  });
  t.deepEqual(quiet.warnings, []);
});

test('a file that is no JSON is not quoted', async (t) => {
  const path = join(await temporaryFolder(t), 'config.json');
  for (const text of [
    '{"credentials": hunter2}',
    'hunter2',
    '{"credentials": "hunter2',
    '["hunter2"',
  ]) {
    await writeFile(path, text);
    const verdict = checkConfig({ configFile: path, env: {} });
    t.false(verdict.valid);
    t.false(verdict.problems.join().includes('hunter'), verdict.problems.join());
  }
});

test('what opens the server to its network is warned of', (t) => {
  const warned = (file: Record<string, unknown>): number => resolveConfig({ file }).warnings.length;
  t.is(warned({ credentials: 'x' }), 0);
  t.is(warned({ credentials: 'x', peer_credentials: 'optional' }), 1);
  // There are none to ask for.
  t.is(warned({ peer_credentials: 'optional' }), 0);
  const desktop = (...open_to: string[]): Record<string, unknown> => ({
    credentials: 'x',
    desktop_socket: { path: '/ws/stream', open_to },
  });
  t.is(warned(desktop()), 0);
  t.is(warned(desktop('127.0.0.1', '127.0.0.0/8', '::1')), 0);
  t.is(warned(desktop('127.0.0.1', '10.0.0.0/8')), 1);
  t.is(warned(desktop('127.0.0.1/0')), 1);
  t.throws(() => resolveConfig({ file: { peer_credentials: 'maybe' } }), {
    code: 'CONFIG_INVALID',
  });
});
