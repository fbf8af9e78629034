import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import { STREAM } from '../support/receiver-connect.js';
import { TYPESCRIPT } from '../support/typescript.js';

const run = promisify(execFile);
const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli.ts');
const moontee = (...args: string[]): Promise<{ stdout: string; stderr: string }> =>
  run(process.execPath, [...TYPESCRIPT, CLI, 'pipeline', ...args], { timeout: 90_000 });

test.serial('show peer --as-linked prints a branch as media flows through it', async (t) => {
  const { stdout } = await moontee('show', 'peer', '--as-linked');
  t.regex(stdout, /video-queue \(GstQueue\) leaky=2/);
  t.regex(stdout, /video-tee ! webrtc-\d+\/video-queue/);
  t.regex(stdout, /clocksync\S* sync=false/);
  t.is(stdout.match(/rtpulpfecenc\d+ is linked around/g)?.length, 2);
  t.is(stdout.match(/rtpredenc\d+ is linked around/g)?.length, 2);
  t.is(stdout.match(/identity\d+ counts what comes in/g)?.length, 3);
  // What peer.launch does not describe would stand here.
  t.regex(stdout, /# differences from peer\.launch\nadded later: a GstRTPMux/);
});

test.serial('diff finds a live pipeline to be as its templates, and what is not', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'moontee-diff-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const pipeline = await createStreamPipeline(STREAM);
  t.teardown(() => pipeline.close());
  await pipeline.addPeer('viewer');
  const dot = pipeline.dot();
  const file = join(folder, 'live.dot');
  await writeFile(file, dot);
  const { stdout } = await moontee('diff', '--dot', file);
  t.regex(stdout, /^pipeline: audio-opus\n {2}as its template$/m);
  t.regex(stdout, /^pipeline: video-h264\n {2}as its template$/m);
  t.regex(stdout, /^webrtc-\d+: peer\n {2}as its template$/m);

  await writeFile(
    file,
    dot
      .replaceAll('"max-size-bytes":"4194304"', '"max-size-bytes":"5"')
      .replaceAll(String.raw`GstH264Parse\nvideo-parse`, String.raw`GstIdentity\nvideo-parse`),
  );
  const changed = await t.throwsAsync<Error & { code?: number; stdout?: string }>(
    moontee('diff', '--dot', file),
  );
  t.is(changed.code, 1);
  t.regex(changed.stdout ?? '', /property: video-queue max-size-bytes: 5 instead of 4194304/);
  t.regex(changed.stdout ?? '', /missing: video-parse, a GstH264Parse/);
  t.regex(changed.stdout ?? '', /added: video-parse, a GstIdentity/);
});
