import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { MoonteeError } from '../../src/core/errors.js';
import {
  fillTemplate,
  listPipelines,
  loadTemplate,
  shippedTemplate,
} from '../../src/gst/launch-template.js';
import { parseLaunchText } from '../../src/gst/launch-text.js';
import {
  readTemplateFolder,
  useTemplateFolder,
  validateTemplate,
} from '../../src/gst/template-folder.js';

const SHIPPED = join(import.meta.dirname, '..', '..', 'pipelines');
const shippedText = (name: string): Promise<string> =>
  readFile(join(SHIPPED, `${name}.launch`), 'utf8');

async function folder(t: ExecutionContext, files: Record<string, string>): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'moontee-templates-'));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return path;
}

const failure = (work: () => unknown): MoonteeError => {
  try {
    work();
  } catch (error) {
    if (error instanceof MoonteeError) return error;
    throw error;
  }
  throw new Error('Nothing was thrown');
};

for (const name of listPipelines()) {
  test(`a copy of ${name} is valid and means the same`, async (t) => {
    const shipped = shippedTemplate(name);
    const own = validateTemplate(shipped, await shippedText(name), 'copy');
    const plain = (text: string): unknown =>
      parseLaunchText(text).elements.map(({ factory, name: id, properties }) => [
        factory,
        id,
        ...properties,
      ]);
    t.deepEqual(plain(fillTemplate(own)), plain(fillTemplate(shipped)));
  });
}

test('a process uses the own template of a name, and the shipped ones for all others', async (t) => {
  const text = await shippedText('peer');
  const path = await folder(t, {
    'peer.launch': text.replace('max-size-bytes=4194304', 'max-size-bytes=1000000'),
    'README.md': 'no template',
    '.hidden.launch': 'fakesrc',
  });
  t.deepEqual([...readTemplateFolder(path).keys()], ['peer']);
  useTemplateFolder(path);
  t.teardown(() => useTemplateFolder(null));
  t.regex(loadTemplate('peer').text, /max-size-bytes=1000000/);
  t.is(loadTemplate('video-h264').text, shippedTemplate('video-h264').text);
  useTemplateFolder(null);
  t.regex(loadTemplate('peer').text, /max-size-bytes=4194304/);
});

/** [what is changed in the shipped text, line, part of the message] */
const WRONG: readonly (readonly [
  name: string,
  from: string | RegExp,
  to: string,
  message: RegExp,
])[] = [
  ['video-h264', '! tee', '! filesink location=/tmp/x\n  ! tee', /filesink is not allowed/],
  ['video-h264', '! tee', '! multifilesink ! tee', /multifilesink is not allowed/],
  ['video-h264', 'appsrc', 'filesrc', /filesrc is not allowed/],
  ['video-h264', 'appsrc', 'souphttpsrc', /souphttpsrc is not allowed/],
  ['video-h264', '! tee', '! fdsink fd=5 ! tee', /fdsink is not allowed/],
  ['video-h264', '! tee', '! x264enc option-string=stats=/tmp/x ! tee', /option-string of x264enc/],
  ['video-h264', '! tee', '! x264enc multipass-cache-file=/tmp/x ! tee', /multipass-cache-file/],
  ['demo-video-h265', 'info=0', 'csv=/tmp/x', /option-string of x265enc/],
  ['demo-video-h264', 'fd={fd}', 'fd={fd} location=/tmp/x', /location of fdsink/],
  ['peer', 'latency=0', 'latency=0 stun-server=stun://10.0.0.1', /stun-server of webrtcbin/],
  ['peer', 'latency=0', 'latency=0 http-proxy=http://10.0.0.1', /http-proxy of webrtcbin/],
  ['peer', 'name=webrtc', 'name=other', /named webrtc is missing/],
  ['peer', '! webrtc.', '! webrct.', /no element has the name webrct/],
  ['video-h264', 'name=video-pay', '', /named video-pay is missing/],
  ['video-h264', 'rtph264pay name', 'rtph265pay name', /video-pay must be a rtph264pay/],
  ['video-h264', ' ssrc={ssrc}', '', /placeholder \{ssrc\} is missing/],
  ['video-h264', 'mtu={mtu}', 'mtu={mtu} x={other}', /\{other\} is unknown/],
  ['video-h264', '576..1400', '1..9000', /must keep the type and range/],
  ['video-h264', '# {mtu} ', '# {mut} ', /\{mut\} is unknown/],
  ['video-h264', '! tee', '! ( queue ) ! tee', /not an element, a property/],
  ['video-h264', '! tee', '! file:///etc/passwd ! tee', /not an element, a property/],
  ['video-h264', '! tee', '! queue sink::location=/tmp/x ! tee', /not an element/],
  ['video-h264', '! tee', '! queue name=video-pay ! tee', /video-pay is given twice/],
  ['video-h264', 'max-buffers=0', 'max-buffers="0', /quotation mark is missing/],
];

for (const [name, from, to, message] of WRONG) {
  test(`refused in ${name}: ${to === '' ? `no ${String(from)}` : to.trim()}`, async (t) => {
    const shipped = await shippedText(name);
    const text = shipped.replace(from, to);
    t.not(text, shipped);
    const path = await folder(t, { [`${name}.launch`]: text });
    const error = failure(() => readTemplateFolder(path));
    t.is(error.code, 'CONFIG_INVALID');
    t.regex(error.message, message);
    const line = Number(error.details['line']);
    t.true(error.message.includes(`${join(path, `${name}.launch`)}:${line}: `), error.message);
    t.true(line >= 1 && line <= text.split('\n').length);
  });
}

test('the line is that of the file', async (t) => {
  const text = await shippedText('video-h264');
  const line = text.split('\n').findIndex((each) => each.includes('! tee')) + 1;
  const path = await folder(t, {
    'video-h264.launch': text.replace('! tee', '! filesink ! tee'),
  });
  t.is(failure(() => readTemplateFolder(path)).details['line'], line);
});

test('unknown names, folders and files that are too large are refused', async (t) => {
  const unknown = await folder(t, { 'other.launch': 'fakesrc' });
  t.regex(failure(() => readTemplateFolder(unknown)).message, /other\.launch:1: no pipeline/);
  const huge = await folder(t, { 'peer.launch': '#'.repeat(70_000) });
  t.regex(failure(() => readTemplateFolder(huge)).message, /at most 65536 bytes/);
  const nested = await folder(t, {});
  await mkdir(join(nested, 'peer.launch'));
  t.is(failure(() => readTemplateFolder(nested)).code, 'CONFIG_INVALID');
  const missing = failure(() => readTemplateFolder(join(nested, 'missing')));
  t.is(missing.code, 'CONFIG_INVALID');
  t.regex(missing.message, /pipelines_path: .*missing cannot be read/);
});

test('whatever stands in a file, only allowed elements come out of it', async (t) => {
  const shipped = shippedTemplate('peer');
  const text = await shippedText('peer');
  const words = fc.constantFrom(
    ...['filesink', 'location=/tmp/x', '!', 'queue', 'udpsink', 'host=10.0.0.1', '\n', '#', '"'],
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(words, fc.string()), { maxLength: 8 }), (parts) => {
      const source = `${text}\n${parts.join(' ')}`;
      try {
        const own = validateTemplate(shipped, source, 'x');
        const { elements } = parseLaunchText(fillTemplate(own));
        return elements.every(
          ({ factory, properties }) =>
            !/^(file|udp|fd)/.test(factory) &&
            !properties.has('location') &&
            !properties.has('host'),
        );
      } catch (error) {
        return error instanceof MoonteeError && error.code === 'CONFIG_INVALID';
      }
    }),
    { seed: 13, numRuns: 2000 },
  );
  t.pass();
});
