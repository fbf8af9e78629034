import { execFile, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { MoonteeApi } from '../../client/rest.js';
import { demoServer } from '../support/demo-server.js';
import { temporaryFolder } from '../support/server.js';
import { until } from '../support/until.js';
import { TestBrowser } from '../web/browser.js';
import { exampleFolder, serveFolder } from './stage.js';

const run = promisify(execFile);
const CREDENTIALS = 'an example';
/** A picture that costs a busy machine little. */
const SIZE = '320x180';

/** On a busy machine the host may be silent for a while. */
const PRINTED = /^desk is (?:active|reconnecting): http:\S+\/#\/streamers\/desk\n$/;

interface Scene {
  readonly folder: string;
  /** Of the site that serves the pages. */
  readonly origin: string;
  /** What the pages asked that site for in vain. */
  readonly missing: readonly string[];
  readonly api: MoonteeApi;
  /** What the host was sent, as JSON lines. */
  readonly inputs: () => Promise<Record<string, unknown>[]>;
}

async function scene(t: ExecutionContext): Promise<Scene> {
  const folder = await exampleFolder(t);
  const missing: string[] = [];
  const origin = await serveFolder(t, folder, missing);
  const log = join(await temporaryFolder(t), 'input.jsonl');
  const server = await demoServer(t, {
    host: ['--input-log', log],
    flags: { credentials: CREDENTIALS, allowed_origins: origin },
  });
  return {
    folder,
    origin,
    missing,
    api: new MoonteeApi({ url: server.url, credentials: CREDENTIALS, timeout: 60_000 }),
    inputs: async () =>
      (await readFile(log, 'utf8').catch(() => ''))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

/** Runs a backend. @returns what it prints */
async function backend({ folder, api }: Scene, command: string[], id: string): Promise<string> {
  const [program = '', ...rest] = command;
  const { stdout } = await run(program, [...rest, id, 'Desktop', SIZE], {
    cwd: folder,
    timeout: 120_000,
    env: { ...process.env, MOONTEE_URL: api.url, MOONTEE_CREDENTIALS: CREDENTIALS },
  });
  return stdout;
}

/** Makes a streamer, finds it when it is asked for again, and says what is wrong. */
async function checkBackend(t: ExecutionContext, command: string[]): Promise<void> {
  t.timeout(240_000);
  const stage = await scene(t);
  t.regex(await backend(stage, command, 'desk'), PRINTED);
  t.like(await stage.api.getStreamer('desk'), { width: 320, height: 180 });
  t.regex(await backend(stage, command, 'desk'), PRINTED, 'one that exists is used');
  t.is((await stage.api.listStreamers()).length, 1);
  const refused = await t.throwsAsync<Error & { stderr: string }>(
    backend(stage, command, 'not a name'),
  );
  t.regex(refused.stderr, /BAD_REQUEST: /);
}

/** Skips, and says so, on a machine that lacks the program. */
function backendTest(language: string, command: [string, ...string[]], version: string): void {
  if (spawnSync(command[0], [version]).status === 0) {
    test.serial(`the backend in ${language}`, (t) => checkBackend(t, command));
  } else {
    test.serial.skip(`the backend in ${language} (no ${command[0]} here)`, () => undefined);
  }
}

backendTest('Python', ['python3', 'create_streamer.py'], '--version');
backendTest('Go', ['go', 'run', 'create-streamer.go'], 'version');

test.serial('the backend in Node, and the pages', async (t) => {
  t.timeout(300_000);
  const command = [process.execPath, 'create-streamer.mjs'];
  const stage = await scene(t);
  t.regex(await backend(stage, command, 'desk'), PRINTED);
  t.regex(await backend(stage, command, 'desk'), PRINTED, 'one that exists is used');

  const browser = await TestBrowser.launch();
  t.teardown(() => browser.close());
  const errors: string[] = [];
  const target = `url=${encodeURIComponent(stage.api.url)}&streamer=desk`;
  const secret = `#credentials=${encodeURIComponent(CREDENTIALS)}`;

  const viewer = await browser.open(`${stage.origin}/viewer.html?${target}${secret}`, errors);
  const decodes = (page: typeof viewer): Promise<boolean> =>
    page.evaluate<boolean>('document.getElementById("screen").videoWidth === 320');
  await until('the viewer shows the picture', () => decodes(viewer));
  await until('the viewer is connected', () =>
    viewer.evaluate<boolean>('document.getElementById("status").value === "connected"'),
  );
  await viewer.locator('#screen').focus();
  await until('a key of the viewer arrives', async () => {
    await viewer.keyboard.press('KeyG');
    return (await stage.inputs()).some(({ keyCode }) => keyCode === 0x47);
  });
  await viewer.close();

  const custom = await browser.open(`${stage.origin}/custom-input.html?${target}${secret}`, errors);
  await until('the page without a library shows the picture', () => decodes(custom));
  const before = (await stage.inputs()).length;
  await until('the macro arrives', async () => {
    await custom.getByRole('button', { name: 'Ctrl+C' }).click();
    return (await stage.inputs()).some(({ keyCode }) => keyCode === 0x43);
  });
  await custom.getByRole('button', { name: 'Type' }).click();
  await custom.getByRole('button', { name: 'middle' }).click();
  await until('a click arrives', async () =>
    (await stage.inputs()).some(({ type, down }) => type === 'mouse-button' && down === false),
  );
  await until('the text arrives', async () => {
    const text = (await stage.inputs()).slice(before).filter(({ type }) => type === 'text');
    return text.map((input) => String(input['text'])).join('') === 'hello';
  });
  t.deepEqual(stage.missing, []);
  t.deepEqual(errors, []);
});
