/** The graph of a live streamer's pipeline, kept when that fails. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { shippedTemplate } from '../../src/gst/launch-template.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { temporaryFolder } from '../support/server.js';
import { until } from '../support/until.js';

/** Pictures until the operator's template breaks. */
const PICTURES = 60;

test('a pipeline that fails in a server leaves its graph, as many as are wanted', async (t) => {
  t.timeout(240_000);
  const [data, templates] = [await temporaryFolder(t), await temporaryFolder(t)];
  const { text } = shippedTemplate('video-h264');
  const broken = `! identity name=broken error-after=${PICTURES}\n  ! h264parse`;
  await writeFile(join(templates, 'video-h264.launch'), text.replace('! h264parse', broken));
  const server = await demoServer(t, {
    flags: {
      data_path: join(data, 'data.json'),
      pipelines_path: templates,
      failure_graphs: '1',
      restart_backoff_min_ms: '100',
      restart_backoff_max_ms: '200',
    },
  });
  await demoStreamer(server);
  const folder = join(data, 'failed-pipelines');
  const graphs = async (): Promise<string[]> => readdir(folder).catch(() => []);
  const first = await until('a graph', async () => (await graphs())[0] ?? null);
  const graph = await readFile(join(folder, first), 'utf8');
  t.regex(graph, /^digraph pipeline/);
  t.regex(graph, /GstIdentity\\nbroken/);
  const streamer = server.streamers.get('s');
  await until('the reason', () => streamer?.failure?.code === 'PIPELINE_FAILED');
  // The next process fails as well, and its graph takes the place of the first.
  await until('another graph', async () => {
    const [name] = await graphs();
    return name !== undefined && name !== first;
  });
  t.is((await graphs()).length, 1);
});
