import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { silentLog } from '../../src/core/log.js';
import { shippedTemplate } from '../../src/gst/launch-template.js';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import { useTemplateFolder } from '../../src/gst/template-folder.js';
import { keepFailureGraph } from '../../src/worker/failure-graphs.js';
import { STREAM } from '../support/receiver-connect.js';

/** An access unit delimiter and a slice of nothing: enough for a parser. */
const UNIT = Buffer.from('00000001091000000001650000', 'hex');

test('a pipeline is made of own templates, and its graph is kept when it fails', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'moontee-own-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const graphs = join(folder, 'failed');
  const { text } = shippedTemplate('video-h264');
  const failing = text.replace(
    '! h264parse',
    '! identity name=broken error-after=2\n  ! h264parse',
  );
  await writeFile(join(folder, 'video-h264.launch'), failing);
  useTemplateFolder(folder);
  t.teardown(() => useTemplateFolder(null));
  const pipeline = await createStreamPipeline({
    ...STREAM,
    keepGraph: (dot) => keepFailureGraph({ folder: graphs, kept: 2 }, 'streamer', dot, silentLog()),
  });
  t.teardown(() => pipeline.close());
  const failed = once(pipeline, 'failed', { signal: AbortSignal.timeout(30_000) });
  const feeding = new AbortController();
  const fed = (async () => {
    for (let pts = 0; !feeding.signal.aborted; pts += 16_000_000) {
      pipeline.pushVideo({ data: UNIT, pts, idr: true });
      await sleep(16);
    }
  })();
  const [error] = (await failed) as [Error];
  feeding.abort();
  await fed;
  t.regex(error.message, /Failed after iterations/);
  const files = await readdir(graphs);
  t.is(files.length, 1);
  const graph = await readFile(join(graphs, files[0] ?? ''), 'utf8');
  t.regex(graph, /^digraph pipeline/);
  t.regex(graph, /broken/);
});
