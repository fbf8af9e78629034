import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { MoonteeError } from '../../src/core/errors.js';
import {
  fillTemplate,
  listPipelines,
  loadTemplate,
  parseTemplate,
  showPipeline,
} from '../../src/gst/launch-template.js';
import { launchArguments } from '../../src/gst/launch-text.js';

test('every pipeline is listed and says what it is for', (t) => {
  t.deepEqual(listPipelines(), [
    'audio-multiopus',
    'audio-opus',
    'audio-stereo',
    'demo-audio',
    'demo-source',
    'demo-test-pattern',
    'demo-video-av1',
    'demo-video-h264',
    'demo-video-h265',
    'demo-video-h265-main10',
    'output-rtp',
    'peer',
    'record',
    'snapshot',
    'video-av1',
    'video-h264',
    'video-h265',
  ]);
  for (const name of listPipelines()) t.true(loadTemplate(name).about.length > 10, name);
});

test('the code uses every pipeline', async (t) => {
  const root = join(import.meta.dirname, '..', '..', 'src');
  const files = await readdir(root, { recursive: true });
  const sources = await Promise.all(
    files.filter((file) => file.endsWith('.ts')).map((file) => readFile(join(root, file), 'utf8')),
  );
  const code = sources.join('\n');
  for (const name of listPipelines()) t.true(code.includes(`'${name}'`), name);
  const loaded = [...code.matchAll(/loadTemplate\('([^']+)'\)/g)].map(([, name]) => name);
  t.true(loaded.length > 0);
  for (const name of loaded) t.true(listPipelines().includes(name ?? ''), name);
});

test('peer runs under gst-launch-1.0 up to the gate that negotiation opens', async (t) => {
  const text = showPipeline('peer', { runnable: true, buffers: 10 });
  // webrtcbin's own words: gst-launch's -v loses a notification now and then under load.
  const launch = spawn('gst-launch-1.0', launchArguments(text), {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, GST_DEBUG: 'webrtcbin:5', GST_DEBUG_NO_COLOR: '1' },
    timeout: 30_000,
    killSignal: 'SIGKILL',
  });
  const video = /:sink_0> .*caps application\/x-rtp, media=\(string\)video/;
  const audio = /:sink_1> .*caps application\/x-rtp, media=\(string\)audio/;
  let output = '';
  launch.stderr.setEncoding('utf8');
  for await (const chunk of launch.stderr) {
    output += String(chunk);
    if (video.test(output) && audio.test(output)) launch.kill('SIGKILL');
  }
  t.regex(output, video);
  t.regex(output, audio);
});

test('shown without a stand-in it is what the server runs', (t) => {
  const text = showPipeline('video-h264', { values: { mtu: 900 } });
  t.regex(text, /appsrc name=video-source/);
  t.regex(text, /mtu=900 /);
  t.notRegex(text, /[{}]/);
});

const code = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return error instanceof MoonteeError ? error.code : String(error);
  }
  return 'nothing thrown';
};

test('a name is no path', (t) => {
  for (const name of ['../package', '/etc/passwd', 'peer.launch', '', 'PEER', 'peer\0']) {
    t.is(
      code(() => loadTemplate(name)),
      'NOT_FOUND',
      name,
    );
  }
});

test('nothing but the declared type gets into a pipeline', (t) => {
  const template = parseTemplate(
    'sample',
    '# {n} int 1..9 5 a number\n# {l} ints 0..255 1,2 a list\n# {w} enum up|down up a word\n' +
      '# {r} reals 0..1 0.5,0 gains\na={n} b=<{l}> c={w} d=<{r}>',
  );
  const gains = ' d=<(float)0.5000,(float)0.0000>';
  t.is(fillTemplate(template), `a=5 b=<1,2> c=up${gains}`);
  t.regex(fillTemplate(template, { r: [1e-9, 1] }), /d=<\(float\)0\.0000,\(float\)1\.0000>$/);
  t.is(fillTemplate(template, { n: 9, l: [3], w: 'down' }), `a=9 b=<3> c=down${gains}`);
  const hostile = [
    '5 ! filesink location=/etc/passwd',
    '1;2',
    '"',
    '0x5',
    '1e0',
    ' 5',
    '5\n',
    '-1',
    '',
    10,
    0,
    1.5,
    NaN,
    Infinity,
    null,
    {},
    [],
    ['5'],
    [5, '! filesink'],
  ];
  for (const value of hostile) {
    // Nought is a gain.
    for (const name of value === 0 ? ['n', 'w'] : ['n', 'w', 'r']) {
      t.is(
        code(() => fillTemplate(template, { [name]: value as never })),
        'PIPELINE_FAILED',
        `${name} ${JSON.stringify(value)}`,
      );
    }
  }
  t.is(
    code(() => fillTemplate(template, { other: 1 })),
    'PIPELINE_FAILED',
  );
  t.is(
    code(() => fillTemplate(template, { constructor: 1 })),
    'PIPELINE_FAILED',
  );
});

test('whatever is filled in, the text keeps its shape', (t) => {
  const template = parseTemplate(
    'sample',
    '# {n} int 1..900 5 a number\n# {l} ints 0..255 1,2 a list\na={n} b=<{l}>',
  );
  fc.assert(
    fc.property(fc.anything(), fc.anything(), (n, l) => {
      let text: string;
      try {
        text = fillTemplate(template, { n, l } as never);
      } catch (error) {
        return error instanceof MoonteeError;
      }
      return /^a=\d{1,3} b=<\d{1,3}(,\d{1,3})*>$/.test(text);
    }),
    { seed: 11, numRuns: 2000 },
  );
  t.pass();
});

test('an undeclared placeholder and a bad declaration are found', (t) => {
  t.is(
    code(() => parseTemplate('sample', 'a={n}')),
    'PIPELINE_FAILED',
  );
  t.is(
    code(() => parseTemplate('sample', '# {n} int 1..x 5 a number\na={n}')),
    'PIPELINE_FAILED',
  );
  t.is(
    code(() => parseTemplate('sample', '# {n} int 1..3 5 out of its range\na={n}')),
    'PIPELINE_FAILED',
  );
});
