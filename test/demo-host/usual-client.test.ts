/** The demo host's output by the rules of the usual client: codec × style × packet size × source. */
import test from 'ava';
import type { HostStyle } from '../../src/demo-host/options.js';
import { installedFormats } from '../../src/demo-host/media/encoder.js';
import type { BitDepth, VideoCodec } from '../../src/moonlight/types.js';
import { https, pairedIdentity, startHost } from './support.js';
import { UsualClient } from './usual-client.js';

const STYLES: readonly HostStyle[] = ['sunshine', 'wolf'];
/** The smallest that is accepted, small ones, those of the usual clients, the largest. */
const PACKET_SIZES = [128, 256, 1024, 1184, 1392, 4096];
const FORMATS: readonly { codec: VideoCodec; bitDepth: BitDepth }[] = [
  { codec: 'h264', bitDepth: 8 },
  { codec: 'h265', bitDepth: 8 },
  { codec: 'h265', bitDepth: 10 },
  { codec: 'av1', bitDepth: 8 },
];
const APPS = { desktop: 1, 'test-pattern': 2, blocks: 3 };
/** Frames in which a picture must appear without being asked for. */
const SOON = 20;

const installed = installedFormats(['h264', 'h265', 'av1']);

for (const style of STYLES) {
  for (const { codec, bitDepth } of FORMATS) {
    test.serial(`${style}, ${codec} in ${bitDepth} bits`, async (t) => {
      if (!installed.some((one) => one.codec === codec && one.bitDepth === bitDepth)) {
        t.log('its encoder is not installed');
        t.pass();
        return;
      }
      const blocks = { title: 'Blocks', source: { kind: 'blocks' } } as const;
      const host = await startHost(t, { style, hevc: true, av1: true, apps: [blocks] });
      const identity = await pairedIdentity(host);
      const apps =
        codec === 'h264' ? ['desktop', 'test-pattern', 'blocks'] : ['desktop', 'test-pattern'];
      let row = 0;
      for (const packetSize of PACKET_SIZES) {
        const app = apps[row % apps.length] as keyof typeof APPS;
        row += 1;
        const client = await UsualClient.start(t, host, identity, {
          style,
          codec,
          tenBit: bitDepth === 10,
          packetSize,
          appid: APPS[app],
          announce: {
            'x-nv-video[0].clientViewportWd': 320,
            'x-nv-video[0].clientViewportHt': 240,
            'x-nv-video[0].maxFPS': 20,
            'x-nv-vqos[0].bw.maximumBitrateKbps': 2000,
            'x-ml-video.configuredBitrateKbps': 2000,
          },
        });
        await client.frames(6);
        const { faults, shown, requests, discarded } = client.video;
        t.deepEqual(faults, [], `${packetSize}, ${app}`);
        t.is(requests, 0);
        t.true(discarded < SOON, `${discarded} frames before the first key frame`);
        t.true(shown[0]?.idr);
        client.close();
        await https(host.httpsPort, '/cancel', identity);
      }
    });
  }
}

test.serial(
  'pictures of a pipeline keep their distance, however late they are fetched',
  async (t) => {
    const host = await startHost(t);
    const client = await UsualClient.start(t, host, await pairedIdentity(host), {
      style: 'sunshine',
      codec: 'h264',
      packetSize: 1024,
      appid: APPS['test-pattern'],
      announce: { 'x-nv-video[0].maxFPS': 30 },
    });
    await client.frames(15);
    const before = client.video.shown.length;
    // Host and client stand still; the pipeline goes on.
    const end = performance.now() + 500;
    while (performance.now() < end);
    await client.frames(before + 20);
    t.deepEqual(client.video.faults, []);
    const times = client.video.shown.slice(before).map(({ timestamp }) => timestamp);
    const steps = times.slice(1).map((time, index) => ((time - (times[index] ?? 0)) | 0) / 90);
    const middle = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
    t.true(middle > 30 && middle < 70, steps.map((step) => step.toFixed(1)).join(' '));
  },
);
