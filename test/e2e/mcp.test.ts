/** An agent of the official SDK drives the demo desktop over stdio. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import test, { type ExecutionContext } from 'ava';
import { Desktop } from '../../src/demo-host/picture/desktop.js';
import { DesktopPicture } from '../../src/demo-host/picture/desktop-picture.js';
import { LAYOUT } from '../../src/demo-host/picture/theme.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { lumaOf, readPng, type Pixels } from '../support/png.js';
import { isAlive } from '../support/process-table.js';
import { TYPESCRIPT } from '../support/typescript.js';
import { until } from '../support/until.js';

process.env['MOONTEE_LOG'] ??= 'error';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const WIDTH = 1280;
const HEIGHT = 720;

interface Agent {
  readonly client: Client;
  readonly transport: StdioClientTransport;
  readonly call: (
    name: string,
    input?: Readonly<Record<string, unknown>>,
  ) => Promise<CallToolResult>;
  readonly look: () => Promise<Pixels>;
}

async function agent(t: ExecutionContext, url: string, ...more: string[]): Promise<Agent> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [...TYPESCRIPT, 'src/cli.ts', 'mcp', '--url', url, ...more],
    cwd: ROOT,
    env: { ...process.env } as Record<string, string>,
    stderr: 'inherit',
  });
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  t.teardown(() => client.close());
  const call: Agent['call'] = async (name, input = {}) =>
    (await client.callTool({ name, arguments: input })) as CallToolResult;
  return {
    client,
    transport,
    call,
    look: async () => {
      const { content } = await call('look');
      const image = content.find(({ type }) => type === 'image');
      if (image?.type !== 'image') throw new Error(JSON.stringify(content));
      return readPng(Buffer.from(image.data, 'base64'));
    },
  };
}

function textOf({ content }: CallToolResult): string {
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

/** How much the panel of the text differs from the one that the host draws for `text`: 0…255. */
function difference(shown: Pixels, text: string): number {
  const desktop = new Desktop();
  desktop.text = text;
  const picture = new DesktopPicture(desktop, WIDTH, HEIGHT, '').draw(0, 0);
  const luma = lumaOf(shown);
  const { x, y, width, height } = LAYOUT.text;
  let sum = 0;
  for (let row = y + 8; row < y + height - 8; row += 1) {
    for (let column = x + 84; column < x + width - 8; column += 1) {
      // The host's luma has the range of video.
      const wanted = (((picture[row * WIDTH + column] ?? 0) - 16) * 255) / 219;
      sum += Math.abs((luma[row * WIDTH + column] ?? 0) - wanted);
    }
  }
  return sum / ((height - 16) * (width - 92));
}

test.serial('it reads the picture, types, and the text is in the picture', async (t) => {
  const server = await demoServer(t);
  await demoStreamer(server, { width: WIDTH, height: HEIGHT, bitrate: 10_000 });
  const { client, call, look, transport } = await agent(t, server.url);
  const { tools } = await client.listTools();
  t.deepEqual(tools.map(({ name }) => name).sort(), [
    'click',
    'drag',
    'key',
    'list',
    'look',
    'move',
    'scroll',
    'type',
    'wait',
  ]);
  t.regex(textOf(await call('list')), /^s: active, 1280x720 pixels$/);
  const text = 'Look at this: 42 moons';
  const before = await look();
  t.deepEqual([before.width, before.height], [WIDTH, HEIGHT]);
  const empty = difference(before, '');
  t.true(empty < difference(before, text), 'nothing is typed yet');
  // A pointer in the middle of the picture is far from the text.
  t.is(textOf(await call('click', { x: 100, y: 680 })), 'Done');
  t.is(textOf(await call('type', { text })), 'Done');
  const after = await until('it is shown', async () => {
    const shown = await look();
    return difference(shown, text) < difference(shown, '') && shown;
  });
  t.log({ right: difference(after, text), other: difference(after, 'Look at that: 24 suns') });
  t.true(difference(after, text) < difference(after, 'Look at that: 24 suns') / 2);
  t.is(textOf(await call('key', { keys: ['Shift', '1'] })), 'Done');
  await until('the key too', async () => {
    const shown = await look();
    return difference(shown, `${text}!`) < difference(shown, text);
  });
  t.is(textOf(await call('key', { keys: ['Enter'] })), 'Done');
  await until('it is empty again', async () => {
    const shown = await look();
    return difference(shown, '') < difference(shown, text);
  });
  for (const [name, input] of [
    ['scroll', { x: 5, y: 5, direction: 'down' }],
    ['drag', { from_x: 1, from_y: 1, to_x: 50, to_y: 50 }],
    ['move', { x: 10, y: 10 }],
    ['wait', { ms: 10 }],
  ] as const) {
    t.falsy((await call(name, input)).isError, name);
  }
  const pid = transport.pid ?? 0;
  await client.close();
  await until('its process is gone', async () => !(await isAlive(pid)));
});

test.serial('what is refused is said, and the agent goes on', async (t) => {
  const server = await demoServer(t, { flags: { credentials: 'secret' } });
  const { call } = await agent(t, server.url, '--streamer', 'none', '--token', 'secret');
  const gone = await call('look');
  t.true(gone.isError);
  t.regex(textOf(gone), /STREAMER_NOT_FOUND/);
  t.is(textOf(await call('list')), 'There are no streamers');
  t.regex(textOf(await call('type', { text: 'x' })), /STREAMER_NOT_FOUND/);
  t.true((await call('click', { x: -1, y: 0 })).isError);
  const stranger = await agent(t, server.url);
  t.regex(textOf(await stranger.call('list')), /UNAUTHORIZED/);
  const lost = await agent(t, 'http://127.0.0.1:9');
  t.regex(textOf(await lost.call('list')), /cannot be reached/);
});
