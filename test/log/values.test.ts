/** What reaches a log line: an allow-list by type. */
import test from 'ava';
import { inspect } from 'node:util';
import { execFile } from 'node:child_process';
import { MoonteeError } from '../../src/core/errors.js';
import { createLog, createLogTo } from '../../src/core/log.js';

const SECRET = 'hunter2-hunter2';

function logged(write: (log: ReturnType<typeof createLogTo>) => void): string {
  let text = '';
  write(createLogTo({ write: (line) => void (text += line) }, 'test', 'trace'));
  return text;
}

test('facts are logged, objects are not, whatever their keys', (t) => {
  const text = logged((log) => {
    log.info({ count: 1, on: true, name: 'n', nothing: null, list: ['a', 2] }, 'facts');
    log.info({ message: { Init: { client_private_key_pem: SECRET } } }, 'a message');
    log.info({ deep: [{ a: [SECRET] }], map: new Map([[SECRET, SECRET]]) }, 'lists');
    log.child({ config: { anything: SECRET } }).info('bindings');
    log.info({ buffer: Buffer.from(SECRET), call: () => SECRET, symbol: Symbol(SECRET) }, 'others');
  });
  t.false(text.includes(SECRET), text);
  t.false(text.includes(JSON.stringify(Buffer.from(SECRET)).slice(0, 40)));
  t.like(JSON.parse(text.split('\n')[0] ?? ''), {
    name: 'n',
    count: 1,
    on: true,
    nothing: null,
    list: ['a', 2],
    msg: 'facts',
  });
});

test.serial(
  'a level that is none of ours, as in the environment of another program, is info',
  (t) => {
    const before = process.env['MOONTEE_LOG'];
    t.teardown(() => {
      if (before === undefined) delete process.env['MOONTEE_LOG'];
      else process.env['MOONTEE_LOG'] = before;
    });
    const levels = ['verbose', 'moontee=debug', 'constructor', '', 'warn', 'silent'].map((text) => {
      process.env['MOONTEE_LOG'] = text;
      return createLog('test').level;
    });
    t.deepEqual(levels, ['info', 'info', 'info', 'info', 'warn', 'silent']);
  },
);

test('keys that say so are secrets', (t) => {
  for (const key of [
    'credentials',
    'credential',
    'Authorization',
    'rikey',
    'pin',
    'pairing_pin',
    'password',
    'privateKeyPem',
    'client_private_key_pem',
    'turn_secret',
    'api_token',
    'cookie',
  ]) {
    const text = logged((log) => {
      log.child({ [key]: SECRET }).info({ [key]: SECRET }, 'line');
    });
    t.false(text.includes(SECRET), key);
  }
  const text = logged((log) => log.info({ credentials_required: true }, 'line'));
  t.true(text.includes('"credentials_required":true'));
});

test('errors tell their kind, code, words and place, and nothing that hangs on them', async (t) => {
  const failed = await new Promise<Error | null>((resolve) =>
    execFile(process.execPath, ['-e', `console.log('${SECRET}');process.exit(3)`], (error) =>
      resolve(error),
    ),
  );
  t.true(inspect(failed).includes(SECRET), 'the error does hold it');
  const silent = new Error('the program failed', { cause: failed });
  silent.cause = Object.assign(new Error('exit code 3'), failed, { message: 'exit code 3' });
  const text = logged((log) => log.error({ err: silent }, 'failed'));
  t.false(text.includes(SECRET), text);
  t.like(JSON.parse(text), { err: { type: 'Error', message: 'the program failed' } });
  t.true(text.includes('values.test'), 'its place');
  const own = logged((log) =>
    log.warn(
      { err: new MoonteeError('BAD_REQUEST', 'No', { details: { status: 4, body: { SECRET } } }) },
      'own',
    ),
  );
  t.like(JSON.parse(own), { err: { code: 'BAD_REQUEST', status: 4, body: '[object]' } });
});

test('what is no JSON is not quoted', (t) => {
  for (const broken of [`{"password": ${SECRET}}`, SECRET, `{"a":"${SECRET}`, `["${SECRET}" 1`]) {
    let thrown: unknown;
    try {
      JSON.parse(broken);
    } catch (error) {
      thrown = error;
    }
    const text = logged((log) => {
      log.error({ err: thrown }, 'not parsed');
      log.error({ err: MoonteeError.from(thrown) }, MoonteeError.from(thrown).message);
    });
    t.false(text.includes(SECRET.slice(0, 7)), text);
  }
});

test('users and passwords of URLs are left out, in facts, errors and words', (t) => {
  const url = `https://user:${SECRET}@turn.example/credentials`;
  const text = logged((log) => {
    log.info({ url }, 'fetched');
    log.info(`fetched ${url}`);
    log.error({ err: new Error(`Failed to parse URL from ${url}`) }, `no ${url}`);
    log.child({ url }).info('x');
  });
  t.false(text.includes(SECRET), text);
  t.true(text.includes('turn.example/credentials'));
});

test('texts, lists and causes are bounded', (t) => {
  const loop = new Error('loop');
  loop.cause = loop;
  const text = logged((log) => {
    log.info({ text: 'x'.repeat(1e6), list: Array(1e5).fill('y') }, 'long');
    log.error({ err: loop }, 'loop');
  });
  t.true(text.length < 50_000, String(text.length));
});
