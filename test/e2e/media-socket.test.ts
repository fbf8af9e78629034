/** Media over a WebSocket, from a true server and its children, read byte by byte. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { MoonteeServer } from '../../src/server/server.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import {
  KIND,
  SUPPORT,
  MediaClient,
  ViewerSocketClient,
  type MediaMessage,
} from '../support/media-viewer.js';
import { temporaryFolder } from '../support/server.js';
import { tlsFlags } from '../support/tls.js';
import { until } from '../support/until.js';

process.env['MOONTEE_LOG'] ??= 'error';

function socketUrl(server: MoonteeServer, path: string): string {
  return new URL(path, server.url).href.replace(/^http/, 'ws');
}

/** A viewer without a peer. */
function view(t: ExecutionContext, server: MoonteeServer): ViewerSocketClient {
  const url = socketUrl(server, '/api/streamers/s/peer?transport=websocket');
  const viewer = new ViewerSocketClient(url, { rejectUnauthorized: false });
  t.teardown(() => viewer.socket.terminate());
  return viewer;
}

async function watch(
  t: ExecutionContext,
  server: MoonteeServer,
  viewer: ViewerSocketClient,
  support?: unknown,
): Promise<MediaClient> {
  const { path, ticket } = await viewer.ticket(support);
  const url = socketUrl(server, `${path}?t=${ticket}`);
  const media = new MediaClient(url, { rejectUnauthorized: false });
  t.teardown(() => media.socket.terminate());
  return media;
}

function assertOrder(t: ExecutionContext, messages: readonly MediaMessage[]): void {
  for (const [index, message] of messages.entries()) {
    const before = messages[index - 1];
    t.true(message.time > (before?.time ?? 0), 'times strictly increase and are not 0');
    if (before !== undefined && !message.isAfterGap) t.is(message.sequence, before.sequence + 1);
  }
}

/** Ends a streamer as an operator would. */
async function remove(server: MoonteeServer): Promise<void> {
  await server.streamers.delete('s', true);
}

test.serial('over TLS a viewer loses nothing, and the end of its streamer is told', async (t) => {
  const server = await demoServer(t, { flags: await tlsFlags(t) });
  await demoStreamer(server);
  const viewer = view(t, server);
  const media = await watch(t, server, viewer, { ...SUPPORT, audio: [] });
  await until('pictures', () => media.of(KIND.VIDEO).length > 60);
  assertOrder(t, media.of(KIND.VIDEO));
  t.is(media.of(KIND.AUDIO).length, 0, 'it has no decoder for sound');
  const token = Buffer.from('00000000deadbeef', 'hex');
  media.ping(token);
  await until('a pong', () => media.of(KIND.PONG).some(({ time }) => time === 0xdeadbeef));
  await remove(server);
  await until('it is closed', () => media.closed !== null);
  t.is(media.closed?.code, 4001);
});

test.serial(
  'a viewer whose peer fails stays with its media socket, and may try again',
  async (t) => {
    const server = await demoServer(t);
    await demoStreamer(server);
    const viewer = new ViewerSocketClient(socketUrl(server, '/api/streamers/s/peer'));
    t.teardown(() => viewer.socket.terminate());
    const media = await watch(t, server, viewer);
    const offers = (): number =>
      viewer
        .heard<{ Description?: { ty: string } }>('Signaling')
        .filter(({ Description }) => Description?.ty === 'offer').length;
    await until('pictures and an offer', () => media.of(KIND.VIDEO).length > 10 && offers() === 1);
    viewer.say({ Signaling: { Description: { ty: 'answer', sdp: 'v=0\r\n' } } });
    const peers = (): unknown => server.streamers.get('s')?.viewers;
    await until('the peer is given up', async () => {
      viewer.say({ RestartIce: {} });
      await new Promise((resolve) => setTimeout(resolve, 200));
      return offers() === 2;
    });
    t.like(peers(), [{ state: 'connected', transport: 'websocket' }]);
    const before = media.of(KIND.VIDEO).length;
    await until('pictures go on', () => media.of(KIND.VIDEO).length > before + 10);
    assertOrder(t, media.of(KIND.VIDEO));
  },
);

test.serial('a viewer without a peer gets pictures and sound, and steers', async (t) => {
  const log = join(await temporaryFolder(t), 'input.jsonl');
  const server = await demoServer(t, { host: ['--input-log', log] });
  await demoStreamer(server);
  const viewer = view(t, server);
  const media = await watch(t, server, viewer);
  await until(
    'pictures',
    () => media.of(KIND.VIDEO).length > 60 && media.of(KIND.AUDIO).length > 30,
  );
  const [first, second] = media.received.filter(({ kind }) => kind !== KIND.PONG);
  t.is(first?.kind, KIND.CONFIG);
  const configuration = JSON.parse(String(first?.payload)) as Record<string, unknown>;
  t.like(configuration, {
    id: first?.configuration,
    video: { width: 640, height: 360, fps: 60 },
    audio: { codec: 'opus', sampleRate: 48_000, channels: 2 },
  });
  t.regex((configuration as { video: { codec: string } }).video.codec, /^avc1\.[0-9A-F]{6}$/);
  t.like(second, { kind: KIND.VIDEO, isKey: true, isAfterGap: false });
  // Begins with a parameter set.
  t.deepEqual([...(second?.payload.subarray(0, 4) ?? [])], [0, 0, 0, 1]);
  t.is((second?.payload[4] ?? 0) & 0x1f, 7);
  assertOrder(t, media.of(KIND.VIDEO));
  assertOrder(t, media.of(KIND.AUDIO));
  t.is(viewer.heard('ConnectionComplete').length, 1);

  // Key A goes down; the viewer leaves without letting go of it.
  viewer.input(1, [0, 1, 0, 0, 0x41]);
  const logged = async (): Promise<string[]> => {
    const text = await readFile(log, 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line.includes('"key'));
  };
  await until('the key arrives at the host', async () => (await logged()).length === 1);
  const closed = once(media.socket, 'close');
  viewer.socket.close();
  await until('the key is released', async () => (await logged()).length === 2);
  await closed;
  t.is(media.closed?.code, 1000);
});
