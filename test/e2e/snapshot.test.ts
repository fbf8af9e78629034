/** Still pictures by REST, of a true server and its children, in front of the demo host. */
import test from 'ava';
import { readFrameCode } from '../../src/demo-host/picture/frame-code.js';
import type { MoonteeServer } from '../../src/server/server.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { colorAt, lumaOf, readPng } from '../support/png.js';
import { counters, threadNames } from '../support/process-table.js';
import { until } from '../support/until.js';

process.env['MOONTEE_LOG'] ??= 'error';

/** The thread of the decoder's source. */
const DECODING = 'snapshot-source';

interface Taken {
  readonly response: Response;
  readonly data: Buffer;
}

async function take(server: MoonteeServer, query = '', headers = {}): Promise<Taken> {
  const response = await fetch(`${server.url}api/streamers/s/snapshot.${query}`, { headers });
  return { response, data: Buffer.from(await response.arrayBuffer()) };
}

/** The number of the host's frame, which it shows. */
function frameOf({ data }: Taken): number {
  const pixels = readPng(data);
  const number = readFrameCode(lumaOf(pixels), pixels.width, pixels.height);
  if (number === null) throw new Error('the picture shows no frame number');
  return number;
}

for (const [codec, formats] of [
  ['H.264', 1],
  ['H.265', 0x100],
] as const) {
  test.serial(`${codec} of a streamer without viewers is shown as it is`, async (t) => {
    const server = await demoServer(t, { host: ['--hevc'] });
    await demoStreamer(server, { video_supported_formats: formats });
    const first = await take(server, 'png');
    t.is(first.response.status, 200, first.data.toString());
    t.is(first.response.headers.get('content-type'), 'image/png');
    const pixels = readPng(first.data);
    t.deepEqual([pixels.width, pixels.height], [640, 360]);
    // The moon of the logo, in the color of the theme.
    const moon = colorAt(pixels, 26, 33);
    t.log(moon);
    for (const [index, value] of [0xf6, 0xf0, 0xd6].entries()) {
      t.true(Math.abs((moon[index] ?? 0) - value) < 24, String(moon));
    }
    const frame = frameOf(first);
    const later = await take(server, 'png?max_age_ms=0');
    t.true(frameOf(later) > frame);
    t.regex(later.response.headers.get('moontee-picture-age') ?? '', /^\d+$/);
    t.deepEqual(server.streamers.get('s')?.viewers, []);
  });
}

test.serial('what was asked for before is kept, and known by its tag', async (t) => {
  const server = await demoServer(t);
  await demoStreamer(server);
  const first = await take(server, 'jpg?width=320');
  t.is(first.response.headers.get('content-type'), 'image/jpeg');
  t.deepEqual([...first.data.subarray(0, 2)], [0xff, 0xd8]);
  // Others may have been under way.
  const again = await until('the same one twice', async () => {
    const { response } = await take(server, 'jpg?width=320&max_age_ms=60000');
    const tag = response.headers.get('etag') ?? '';
    const known = await take(server, 'jpg?width=320&max_age_ms=60000', { 'If-None-Match': tag });
    return known.response.status === 304 && known;
  });
  t.is(again.data.length, 0);
  t.is((await take(server, 'jpg?width=15')).response.status, 400);
  t.is((await take(server, 'jpg?width=x')).response.status, 400);
  t.is((await take(server, 'png?max_age_ms=60001')).response.status, 400);
});

test.serial('more than can wait for a picture at once are refused', async (t) => {
  const server = await demoServer(t);
  await demoStreamer(server);
  await take(server, 'jpg?width=320');
  const pid = server.streamers.get('s')?.pid ?? 0;
  // Nobody is answered by it meanwhile, however slow the requests come.
  process.kill(pid, 'SIGSTOP');
  const many = Array.from({ length: 60 }, () => take(server, 'jpg?width=320'));
  let refused: number;
  try {
    refused = await Promise.any(
      many.map(async (one) => {
        const { status } = (await one).response;
        if (status === 200) throw new Error('it is answered');
        return status;
      }),
    );
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  t.true(refused === 429 || refused === 503, String(refused));
  const statuses = (await Promise.all(many)).map(({ response }) => response.status);
  t.true(statuses.includes(200), statuses.join());
});

test.serial('the decoder goes when nobody asks any more', async (t) => {
  const server = await demoServer(t);
  await demoStreamer(server);
  const pid = server.streamers.get('s')?.pid ?? 0;
  await until('pictures', async () => (await take(server, 'png')).response.status === 200);
  const decodes = async (): Promise<boolean> => (await threadNames(pid)).includes(DECODING);
  await until('it is at rest', async () => !(await decodes()));
  const before = await counters(pid);
  await until('it decodes again', async () => {
    await take(server, 'png');
    return decodes();
  });
  await until('its threads are gone', async () => !(await decodes()));
  const after = await until('all that it held is gone', async () => {
    const now = await counters(pid);
    return now.threads <= before.threads && now.descriptors <= before.descriptors + 2 && now;
  });
  t.true(after.threads <= before.threads);
  t.log({ before, after });
});
