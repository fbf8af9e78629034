import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { listPipelines, loadTemplate, elementsOf } from '../../src/gst/launch-template.js';
import { packageOfElement } from '../../src/gst/packages.js';
import { gstRuntime } from '../../src/gst/runtime.js';
import { TYPESCRIPT } from '../support/typescript.js';

const run = promisify(execFile);
const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli.ts');
const moontee = (...args: string[]): Promise<{ stdout: string; stderr: string }> =>
  run(process.execPath, [...TYPESCRIPT, CLI, 'pipeline', ...args], { timeout: 90_000 });

test.serial('pipeline list prints a name a line', async (t) => {
  const { stdout } = await moontee('list');
  t.deepEqual(stdout.trim().split('\n'), listPipelines());
});

for (const name of listPipelines()) {
  test.serial(`pipeline launch ${name} ends by itself`, async (t) => {
    const runtime = gstRuntime();
    const missing = elementsOf(loadTemplate(name)).find((element) => !runtime.hasElement(element));
    if (missing === undefined) {
      const { stdout } = await moontee('launch', name);
      // webrtcbin lets nothing pass before it has negotiated.
      t.regex(stdout, name === 'peer' ? /New clock/ : /Got EOS/);
      t.notRegex(stdout, /ERROR/);
    } else {
      const error = await t.throwsAsync<Error & { code?: number; stderr?: string }>(
        moontee('launch', name),
      );
      t.is(error.code, 1);
      t.true(error.stderr?.includes(`element ${missing} is missing`), error.stderr);
      t.true(error.stderr?.includes(packageOfElement(missing)), error.stderr);
    }
  });
}

test.serial('pipeline launch refuses a name and a time that it does not know', async (t) => {
  const unknown = await t.throwsAsync<Error & { code?: number }>(moontee('launch', '../peer'));
  t.is(unknown.code, 1);
  const late = await t.throwsAsync<Error & { code?: number }>(
    moontee('launch', 'peer', '--seconds', '0'),
  );
  t.is(late.code, 2);
});

test.serial('pipeline show --as-linked says which template has such a form', async (t) => {
  for (const name of ['record', 'audio-stereo']) {
    const error = await t.throwsAsync<Error & { code?: number; stderr?: string }>(
      moontee('show', name, '--as-linked'),
    );
    t.is(error.code, 2);
    t.regex(error.stderr ?? '', new RegExp(`${name} has no linked form.*--as-linked is for peer`));
  }
  const unknown = await t.throwsAsync<Error & { code?: number; stderr?: string }>(
    moontee('show', 'nothing', '--as-linked'),
  );
  t.is(unknown.code, 1);
});
