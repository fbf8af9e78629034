/** All four known clients against a whole server, in a real browser (signaling.md b.7). */
import test, { type ExecutionContext } from 'ava';
import { DemoProcess } from '../support/demo-process.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { until } from '../support/until.js';
import { TestBrowser } from '../web/browser.js';
import { VariantClient, type Variant } from './client-variant.js';

// What the children say is of no interest here.
process.env['MOONTEE_LOG'] ??= 'error';

const SPLIT = {
  mouseClicks: { ordered: false },
  mouseAbsolute: { ordered: true, maxRetransmits: 0 },
  mouseRelative: { ordered: false },
};
const VARIANTS: readonly Variant[] = [
  {
    name: 'the fork: authenticates, would offer',
    path: '/api/streamers/demo/peer',
    authenticates: true,
    offers: true,
    mouse: { mouse: {} },
  },
  {
    name: 'an early frontend: would offer, by the doubled path',
    path: '/api/api/streamers/demo/peer',
    authenticates: false,
    offers: true,
    mouse: { mouse: {} },
  },
  {
    name: 'a later one: never offers',
    path: '/api/streamers/demo/peer',
    authenticates: false,
    offers: false,
    mouse: { mouse: {} },
  },
  {
    name: 'the last one: never offers, mouse in three channels',
    path: '/api/streamers/demo/peer',
    authenticates: false,
    offers: false,
    mouse: SPLIT,
  },
];

let demo: DemoProcess;
let browser: TestBrowser;

test.before(async () => {
  [demo, browser] = await Promise.all([DemoProcess.start(), TestBrowser.launch()]);
});

test.after.always(async () => {
  await browser.close();
  await demo.stop('SIGKILL');
});

/** A pad is announced, and its own channel comes late and loses what it likes. */
async function steersPad(client: VariantClient, host: DemoProcess): Promise<void> {
  const before = (await host.inputs()).length;
  await client.send('controllers', '00 00 0000f7ff 0004');
  await client.open('controller0', { maxRetransmits: 0 });
  await until('the pad reaches the host', async () => {
    await client.send('controller0', '00 00002000 7f ff 3fff 7fff e001 8001');
    const all = (await host.inputs()).slice(before);
    return all.some((input) => input['buttons'] === 0x2000 && input['leftX'] === 0x3fff);
  });
  await client.send('controllers', '01 00');
}

/** A description of what is agreed is answered, and pictures go on. */
async function offersAgain(t: ExecutionContext, client: VariantClient): Promise<void> {
  await client.renegotiate();
  await until('the answer', async () => (await client.report()).names.at(-1) === 'answer');
  const { framesDecoded, names } = await client.report();
  await until('more pictures', async () => {
    return (await client.report()).framesDecoded > framesDecoded + 30;
  });
  t.is(names.filter((name) => name === 'offer').length, 1);
}

for (const [index, variant] of VARIANTS.entries()) {
  test.serial(variant.name, async (t) => {
    const page = await browser.context.newPage();
    await page.goto(demo.endpoint('/config.js'));
    const client = await VariantClient.start(page, variant);
    const report = await until('pictures and sound', async () => {
      const each = await client.report();
      return each.framesDecoded > 30 && each.audioPackets > 30 && each.complete && each;
    });
    t.like(report.complete, { width: 1280, height: 720, capabilities: { touch: true } });
    t.deepEqual(report.errors, []);
    t.is(report.offersMade, 0);
    t.deepEqual(report.serverChannels, ['general']);
    t.deepEqual([...report.tracks].sort(), ['audio', 'video']);
    const { names } = report;
    t.is(names.filter((name) => name === 'offer').length, 1);
    t.is(names.filter((name) => name === 'WebRtcConfig').length, 1);
    t.true(names.indexOf('offer') < names.indexOf('WebRtcConfig'));
    t.true(names.indexOf('WebRtcConfig') < names.indexOf('ConnectionComplete'));

    // Every one has its own key and button, so that their inputs can be told apart.
    const key = 0x41 + index;
    const [buttons = 'mouse'] = Object.keys(variant.mouse);
    for (const label of ['keyboard', ...Object.keys(variant.mouse), 'touch', 'of-no-meaning']) {
      await client.untilOpen(label);
    }
    const before = (await demo.inputs()).length;
    await client.send('of-no-meaning', '0001000059', '020103');
    await client.sendText('keyboard', '{"key":"Y"}');
    await client.send('keyboard', '00', '00010000', '000100005900', 'ff');
    await client.send(buttons, '020102', '020002');
    await client.send('touch', '00 00000003 3f000000 3f000000 3f000000 41200000 41400000 002d');
    await client.send('touch', '02 00000003 3f000000 3f000000 3f000000 41200000 41400000 002d');
    await client.send('keyboard', `00010000${key.toString(16)}`, `00000000${key.toString(16)}`);
    const wanted = [
      `key true ${key}`,
      `key false ${key}`,
      'mouse-button true 2',
      'mouse-button false 2',
      'touch down ',
      'touch up ',
    ];
    // Each kind goes to the host by a channel of its own, and only within one is there an order.
    const inputs = await until('everything reaches the host', async () => {
      const all = (await demo.inputs()).slice(before);
      return all.length >= wanted.length && all;
    });
    // Nothing of what was no message, and nothing of a channel of no meaning.
    t.deepEqual(
      inputs
        .toSorted((one, other) => one.type.localeCompare(other.type))
        .map(({ type, down, button, phase, keyCode }) =>
          [type, down ?? phase, button ?? keyCode ?? ''].join(' '),
        ),
      wanted,
    );
    if (!variant.offers) await steersPad(client, demo);
    else await offersAgain(t, client);
    t.deepEqual((await client.report()).errors, []);
    await client.leave();
    await page.close();
  });
}

test.serial('a 5.1 streamer: every one of them gets its sound, in stereo', async (t) => {
  t.timeout(180_000);
  const server = await demoServer(t);
  await demoStreamer(server, { audio_channels: 6 });
  for (const variant of VARIANTS) {
    const page = await browser.context.newPage();
    await page.goto(`${server.url}config.js`);
    const path = variant.path.replace('/demo/', '/s/');
    const client = await VariantClient.start(page, { ...variant, path });
    const report = await until('pictures and sound', async () => {
      const each = await client.report();
      return each.framesDecoded > 30 && each.audioPackets > 30 && each;
    });
    t.deepEqual(report.errors, [], variant.name);
    t.is(report.names.filter((name) => name === 'offer').length, 1, variant.name);
    await client.leave();
    await page.close();
  }
});
