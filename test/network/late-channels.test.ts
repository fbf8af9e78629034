/** Channels that a browser opens while it speaks on others. */
import test from 'ava';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import { STREAM } from '../support/receiver-connect.js';
import { until } from '../support/until.js';
import { PageBrowser } from './page-viewer.js';

test.serial('neither a late channel nor a message of another one is lost', async (t) => {
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
  const labels = Array.from({ length: 16 }, (_, index) => `controller${index}`);
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) {
    const peer = await pipeline.addPeer(id);
    const heard = new Map<string, string[]>();
    const opened: string[] = [];
    peer.on('channel-open', (label) => opened.push(label));
    peer.on('message', (label, data) => {
      heard.set(label, [...(heard.get(label) ?? []), String(data)]);
    });
    const viewer = await browser.open();
    await viewer.watch(peer);
    const said = await viewer.chatter(labels);
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
});
