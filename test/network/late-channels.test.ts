/** Channels that a browser opens while it speaks on others. */
import test, { type ExecutionContext } from 'ava';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import type { Peer, StreamPipeline } from '../../src/media/types.js';
import { STREAM } from '../support/receiver-connect.js';
import { until } from '../support/until.js';
import { PageBrowser, type PageViewer } from './page-viewer.js';

const labels = Array.from({ length: 16 }, (_, index) => `controller${index}`);

/** How often a channel comes and goes: far below the number at which that is a flood. */
const ROUNDS = 5;

interface Scene {
  readonly browser: PageBrowser;
  readonly pipeline: StreamPipeline;
}

async function scene(t: ExecutionContext): Promise<Scene> {
  const browser = await PageBrowser.launch();
  const pipeline = await createStreamPipeline({
    ...STREAM,
    // Chromium leaves loopback alone: the addresses of the machine.
    network: { ...STREAM.network, localAddresses: [] },
  });
  t.teardown(async () => {
    await browser.close();
    await pipeline.close();
  });
  return { browser, pipeline };
}

/** What a viewer opens and says while `trouble` goes on arrives, all of it and in order. */
async function hearsAll(
  t: ExecutionContext,
  { browser, pipeline }: Scene,
  id: string,
  trouble: (peer: Peer, viewer: PageViewer) => Promise<void>,
): Promise<void> {
  const peer = await pipeline.addPeer(id);
  const heard = new Map<string, string[]>();
  const opened: string[] = [];
  peer.on('channel-open', (label) => opened.push(label));
  peer.on('message', (label, data) => {
    heard.set(label, [...(heard.get(label) ?? []), String(data)]);
  });
  const viewer = await browser.open();
  await viewer.watch(peer);
  const chatter = viewer.chatter(labels);
  await trouble(peer, viewer);
  const said = await chatter;
  await until('the last word', () => heard.get('keyboard')?.includes(String(said)));
  t.deepEqual(
    heard.get('keyboard'),
    Array.from({ length: said }, (_, index) => String(index + 1)),
  );
  await until('all channels', () => labels.every((label) => heard.has(label)));
  t.deepEqual(opened.sort(), ['general', 'keyboard', ...labels].sort());
  await viewer.close();
  await peer.close();
}

test.serial('neither a late channel nor a message of another one is lost', async (t) => {
  const all = await scene(t);
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) {
    await hearsAll(t, all, id, async () => {});
  }
});

test.serial('nor is one while descriptions go to and fro', async (t) => {
  const all = await scene(t);
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) {
    await hearsAll(t, all, id, async (peer, viewer) => {
      for (let round = 0; round < 8; round += 1) {
        if (round % 2 === 0) await viewer.restart(peer);
        else await viewer.offer(peer, true);
      }
    });
  }
});

test.serial('a channel that is closed and opened again is heard each time', async (t) => {
  const { browser, pipeline } = await scene(t);
  const peer = await pipeline.addPeer('flapper');
  const heard: string[] = [];
  peer.on('message', (label, data) => heard.push(`${label} ${data.toString()}`));
  const viewer = await browser.open();
  await viewer.watch(peer);
  await viewer.flapper('touch', ROUNDS);
  const said = Array.from({ length: ROUNDS }, (_, round) =>
    [1, 2, 3].map((number) => `touch ${round + 1}.${number}`),
  ).flat();
  await until('the last word', () => heard.length >= said.length);
  t.deepEqual(heard, said);
  await viewer.close();
  await peer.close();
});
