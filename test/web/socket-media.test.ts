/** A whole server, watched, heard and steered over WebSockets alone. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { temporaryFolder } from '../support/server.js';
import { until } from '../support/until.js';
import { TestBrowser, buildPage } from './browser.js';

// What the children say is of no interest here.
process.env['MOONTEE_LOG'] ??= 'error';

let directory = '';

test.before(async () => {
  directory = await buildPage();
});
test.after.always(() => rm(directory, { recursive: true, force: true }));

/** No data channel and no candidate can be behind what is seen. */
const NO_WEBRTC = 'delete window.RTCPeerConnection';

/** Code for the page is text: this program knows no DOM. How different the picture's points are. */
const CONTRAST = `(() => {
  const canvas = document.createElement('canvas');
  canvas.width = 64;
  canvas.height = 36;
  const context = canvas.getContext('2d');
  context.drawImage(document.querySelector('.stage canvas') ?? document.querySelector('video'), 0, 0, 64, 36);
  const { data } = context.getImageData(0, 0, 64, 36);
  const values = Array.from({ length: 64 * 36 }, (_, n) => data[n * 4 + 1]);
  return Math.max(...values) - Math.min(...values);
})()`;

/** The loudest that each side of the element's stream has been. */
const LISTEN = `
  window.peaks = [0, 0];
  const context = new AudioContext();
  const source = context.createMediaStreamSource(document.querySelector('video').srcObject);
  const splitter = context.createChannelSplitter(2);
  source.connect(splitter);
  const analysers = [0, 1].map((side) => {
    const analyser = context.createAnalyser();
    analyser.fftSize = 8192;
    splitter.connect(analyser, side);
    return analyser;
  });
  const samples = new Float32Array(8192);
  setInterval(() => {
    for (const [side, analyser] of analysers.entries()) {
      analyser.getFloatTimeDomainData(samples);
      for (const sample of samples) peaks[side] = Math.max(peaks[side], Math.abs(sample));
    }
  }, 50);
`;
const LOUD = 0.05;

/** Without a track generator a canvas shows the picture. */
for (const sink of ['track', 'canvas'] as const) {
  test.serial(`picture, sound, keys and pointer over a socket, by a ${sink}`, async (t) => {
    t.timeout(180_000);
    const log = join(await temporaryFolder(t), 'input.jsonl');
    const server = await demoServer(t, {
      host: ['--tone-channel', '0', '--input-log', log],
      staticDirectory: directory,
    });
    await demoStreamer(server);
    const browser = await TestBrowser.launch();
    t.teardown(() => browser.close());
    await browser.context.addInitScript(NO_WEBRTC);
    if (sink === 'canvas') {
      await browser.context.addInitScript('delete window.MediaStreamTrackGenerator');
    }
    const errors: string[] = [];
    const page = await browser.open(`${server.url}?transport=websocket#/streamers/s`, errors);
    await until('pictures', async () => {
      const state = await page.evaluate<string>(
        '`${window.moontee?.state} ${window.moontee?.reason}`',
      );
      if (state.startsWith('ended')) throw new Error(state);
      return page.evaluate<boolean>(
        'window.moontee?.framesDecoded > 60 && moontee.framesPainted > 30',
      );
    });
    t.is(await page.evaluate('moontee.transport'), 'websocket');
    t.deepEqual(await page.evaluate('[moontee.width, moontee.height]'), [640, 360]);
    t.true((await page.evaluate<number>(CONTRAST)) > 50);
    const stats = await page.evaluate<Record<string, unknown>>('moontee.stats()');
    t.like(stats, { codec: 'H264', width: 640, height: 360, path: 'websocket tcp' });

    /** What the host got. */
    const inputs = async (type: string): Promise<Readonly<Record<string, unknown>>[]> =>
      (await readFile(log, 'utf8').catch(() => ''))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
        .filter((input) => input['type'] === type);
    await page.mouse.move(640, 360);
    await page.mouse.down();
    await page.mouse.up();
    await until('the click', async () => (await inputs('mouse-button')).length === 2);
    await page.keyboard.press('a');
    await until('the key', async () => (await inputs('key')).length === 2);
    t.deepEqual(
      (await inputs('key')).map(({ down, keyCode }) => [down, keyCode]),
      [
        [true, 0x41],
        [false, 0x41],
      ],
    );

    await page.evaluate(LISTEN);
    const peaks = (): Promise<[number, number]> => page.evaluate<[number, number]>('peaks');
    await until('a beep', async () => Math.max(...(await peaks())) > LOUD);
    const [left, right] = await peaks();
    t.true(left > 8 * right, `${left} ${right}`);
    t.deepEqual(errors, []);
  });
}
