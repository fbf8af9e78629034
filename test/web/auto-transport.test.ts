/** A whole server, and a browser that WebRTC does not reach at first. */
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

/** Runs in the page before its own script: no candidate goes either way before `unblock()`. */
const BLOCK = `
  const withoutCandidates = (text) => text.replace(/a=candidate:.*?(?:\\r\\n|\\\\r\\\\n)/g, '');
  const unblocked = new Promise((resolve) => (window.unblock = resolve));
  const peer = RTCPeerConnection.prototype;
  const { addIceCandidate, setRemoteDescription } = peer;
  peer.addIceCandidate = async function (candidate) {
    await unblocked;
    return addIceCandidate.call(this, candidate);
  };
  peer.setRemoteDescription = function ({ type, sdp }) {
    return setRemoteDescription.call(this, { type, sdp: withoutCandidates(sdp) });
  };
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (data) {
    if (typeof data !== 'string') return send.call(this, data);
    if (!data.includes('AddIceCandidate')) return send.call(this, withoutCandidates(data));
    void unblocked.then(() => send.call(this, data));
  };
`;

test.serial('a socket shows the picture until WebRTC has one, and a key stays down', async (t) => {
  t.timeout(180_000);
  const log = join(await temporaryFolder(t), 'input.jsonl');
  const server = await demoServer(t, { host: ['--input-log', log], staticDirectory: directory });
  await demoStreamer(server);
  const browser = await TestBrowser.launch();
  t.teardown(() => browser.close());
  await browser.context.addInitScript(BLOCK);
  const errors: string[] = [];
  const page = await browser.open(`${server.url}?transport=auto#/streamers/s`, errors);
  const untilShown = (transport: string): Promise<unknown> =>
    until(`pictures over ${transport}`, async () => {
      const state = await page.evaluate<string>(
        '`${window.moontee?.state} ${window.moontee?.reason}`',
      );
      if (/^ended|^waiting/.test(state)) throw new Error(state);
      return page.evaluate<boolean>(
        `window.moontee?.transport === '${transport}' && moontee.framesPainted > 30`,
      );
    });
  await untilShown('websocket');
  const keys = async (): Promise<string[]> =>
    (await readFile(log, 'utf8').catch(() => ''))
      .split('\n')
      .filter((line) => line.includes('"key"'))
      .map((line) => (line.includes('"down":true') ? 'down' : 'up'));
  const needed = '(JSON.parse(localStorage["moontee.settings"]).socketNeededAt > 0)';
  t.true(await page.evaluate(needed), 'remembered');
  await page.focus('.stage');
  await page.keyboard.down('a');
  await until('the key goes down', async () => (await keys()).length === 1);

  await page.evaluate('unblock()');
  await untilShown('webrtc');
  t.is(await page.evaluate('moontee.stats().then(({ path }) => /udp/.test(path))'), true);
  t.false(await page.evaluate(needed), 'forgotten');
  t.deepEqual(await keys(), ['down']);
  await page.keyboard.up('a');
  await until('the key comes up', async () => (await keys()).length === 2);
  t.deepEqual(await keys(), ['down', 'up']);
  t.deepEqual(errors, []);
});
