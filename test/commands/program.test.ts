/** What the command line accepts and refuses, and the help that needs nothing installed. */
import test from 'ava';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { Invocation } from '../../src/commands/invocation.js';
import { addSettings } from '../../src/commands/options.js';
import { CONFIG_KEYS, flagName } from '../../src/config/schema.js';
import { moontee } from '../support/command-line.js';
import { temporaryFolder } from '../support/server.js';

const ROOT = join(import.meta.dirname, '..', '..');

test('every key of the configuration is an option', (t) => {
  const command = addSettings(new Command());
  const words = CONFIG_KEYS.flatMap((name) => [`--${flagName(name)}`, `value of ${name}`]);
  command.parse(words, { from: 'user' });
  const { flags } = new Invocation(command).settings;
  t.deepEqual(flags, Object.fromEntries(CONFIG_KEYS.map((name) => [name, `value of ${name}`])));
});

test.serial(
  'values behind options and in one word, negative ones too; --bind is an alias',
  async (t) => {
    const args = ['--bind', '127.0.0.1:1', '--max-viewers=7', '--streamer-niceness', '-3'];
    const { code, stdout } = await moontee(['config', 'print', ...args]);
    t.is(code, 0);
    t.regex(stdout, /^bind_address +.*= "127\.0\.0\.1:1" {2}# flag$/m);
    t.regex(stdout, /^max_viewers +.*= 7 {2}# flag$/m);
    t.regex(stdout, /^streamer_niceness +.*= -3 {2}# flag$/m);
  },
);

for (const [args, words, help] of [
  [['par'], /unknown command 'par'; did you mean pair\?/, ''],
  [['help', 'nonsense'], /unknown command 'nonsense'/, ''],
  [['streamers', 'lst'], /unknown command 'streamers lst'; did you mean list\?/, 'streamers'],
  [['doctor', 'ices'], /unknown command 'doctor ices'; did you mean ice\?/, 'doctor'],
  [['streamers'], /streamers takes one of: list, create, delete/, 'streamers'],
  [['--nonsense'], /unknown option '--nonsense'/, ''],
  [['serve', '--bnid', 'x'], /unknown option '--bnid'; did you mean --bind\?/, 'serve'],
  [['serve', '--max-viewer=3'], /did you mean --max-viewers\?/, 'serve'],
  [['serve', 'surplus'], /too many arguments/, 'serve'],
  [['serve', '--bind'], /'--bind <address:port>' argument missing/, 'serve'],
  [['pair'], /missing required argument 'address'/, 'pair'],
  [['pair', 'wolf', '--pin', 'abcd'], /four digits/, 'pair'],
  [['pair', 'a:b:c'], /'a:b:c' is not an address/, 'pair'],
  [['apps', 'x'], /id of a host; "moontee hosts" lists them/, 'apps'],
  [['discover', '--seconds', '0'], /seconds up to 60/, 'discover'],
  [['demo', '--port', '65536'], /integer from 0 to 65535/, 'demo'],
  [['mcp'], /required option '--url <url>' not specified/, 'mcp'],
  [['drain', '--timeout', 'soon'], /number of seconds/, 'drain'],
  [['backup'], /missing required argument 'file'/, 'backup'],
] as const) {
  test.serial(`refused with 2 and a remedy: ${args.join(' ')}`, async (t) => {
    const { code, stdout, stderr } = await moontee(args);
    t.is(code, 2, stderr);
    t.is(stdout, '');
    t.regex(stderr, words);
    t.regex(stderr, /^moontee: /);
    t.true(stderr.endsWith(`\nSee '${`moontee ${help}`.trim()} --help'.\n`), stderr);
  });
}

test.serial('help is printed for all ways to ask for it, with 0', async (t) => {
  for (const args of [
    ['pair', '--help'],
    ['help', 'pair'],
    ['pair', 'x', '-h'],
  ]) {
    const { code, stdout, stderr } = await moontee(args);
    t.deepEqual([code, stderr], [0, '']);
    t.regex(stdout, /^Usage: moontee pair \[options\] <address>/);
  }
  t.is((await moontee([])).stdout, (await moontee(['help'])).stdout);
  t.regex((await moontee(['help', 'config', 'init'])).stdout, /^Usage: moontee config init/);
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    version: string;
  };
  t.is((await moontee(['--version'])).stdout, `${version}\n`);
});

test.serial('the launcher answers help and version where nothing is installed', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'docs'));
  for (const file of ['moontee', 'package.json', 'docs/commands.md']) {
    await copyFile(join(ROOT, file), join(folder, file));
  }
  // Neither Node nor the set-up is within reach.
  const launch = async (
    ...args: string[]
  ): Promise<{ code: number; stdout: string; stderr: string }> =>
    promisify(execFile)(join(folder, 'moontee'), args, { env: { PATH: '/usr/bin:/bin' } }).then(
      (output) => ({ code: 0, ...output }),
      (error: unknown) => error as { code: number; stdout: string; stderr: string },
    );
  for (const args of [
    [],
    ['help'],
    ['--help'],
    ['pair', '--help'],
    ['help', 'config', 'init'],
    ['streamers', 'create', '0', '1', '--help'],
    ['doctor', 'ice', '-h'],
    ['demo-host', '--help'],
    ['--version'],
    ['-V'],
    ['help', 'doctor'],
  ]) {
    const launched = await launch(...args);
    t.deepEqual([launched.code, launched.stderr], [0, ''], args.join(' '));
    t.is(launched.stdout, (await moontee(args)).stdout, args.join(' '));
  }
  for (const args of [['par'], ['help', 'par'], ['par', '--help']]) {
    const { code, stderr } = await launch(...args);
    t.is(code, 2);
    t.is(stderr, "moontee: unknown command 'par'; did you mean pair?\nSee 'moontee --help'.\n");
  }
  t.is((await launch('no/such', '--help')).code, 2);
});
