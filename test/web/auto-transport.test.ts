/** A whole server, and a browser that WebRTC does not reach at first. */
import { readFile, rm } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { formatCandidate, parseCandidate } from '../../src/media/sdp.js';
import { CUT, LossyLink, WHOLE, type LinkCondition } from '../network/lossy-link.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { temporaryFolder } from '../support/server.js';
import { until } from '../support/until.js';
import { TestBrowser, buildPage } from './browser.js';
import { Firefox } from './firefox.js';

// What the children say is of no interest here.
process.env['MOONTEE_LOG'] ??= 'error';

/** Of this machine, and not loopback if there is another. */
const ADDRESS =
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';

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

/** As {@link BLOCK}, but candidates of the server lead through what the test makes of them. */
const DETOUR = `
  const withoutCandidates = (text) => text.replace(/a=candidate:.*?(?:\\r\\n|\\\\r\\\\n)/g, '');
  const peer = RTCPeerConnection.prototype;
  const { addIceCandidate, setRemoteDescription } = peer;
  peer.addIceCandidate = async function (init) {
    const candidate = await window.detour(init.candidate);
    if (candidate) return addIceCandidate.call(this, { ...init, candidate });
  };
  peer.setRemoteDescription = function ({ type, sdp }) {
    return setRemoteDescription.call(this, { type, sdp: withoutCandidates(sdp) });
  };
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (data) {
    if (typeof data !== 'string') return send.call(this, data);
    if (!data.includes('AddIceCandidate')) send.call(this, withoutCandidates(data));
  };
`;

/** What both drivers have. */
interface Tab {
  evaluate(code: string): Promise<unknown>;
  focus(selector: string): Promise<void>;
  readonly keyboard: {
    down(key: 'a'): Promise<void>;
    up(key: 'a'): Promise<void>;
  };
}

type Detour = (candidate: string) => Promise<string | null>;

const BROWSERS = {
  Chromium: async (t: ExecutionContext, url: string, script: string, detour: Detour) => {
    const browser = await TestBrowser.launch();
    t.teardown(() => browser.close());
    await browser.context.exposeFunction('detour', detour);
    await browser.context.addInitScript(script);
    const errors: string[] = [];
    const page: Tab = await browser.open(url, errors);
    return { page, errors };
  },
  Firefox: async (t: ExecutionContext, url: string, script: string, detour: Detour) => {
    const firefox = await Firefox.launch();
    t.teardown(() => firefox.close());
    const errors: string[] = [];
    const page: Tab = await firefox.open(url, errors, async (tab) => {
      await tab.exposeFunction('detour', detour);
      await tab.evaluateOnNewDocument(script);
    });
    return { page, errors };
  },
} as const;
const NAMES = ['Chromium', 'Firefox'] as const;

interface Stage {
  readonly page: Tab;
  readonly errors: string[];
  readonly untilShown: (transport: string) => Promise<void>;
  /** What became of keys at the host. */
  readonly keys: () => Promise<string[]>;
  /** The browser remembers that this network needs a socket. */
  readonly isRemembered: () => Promise<boolean>;
}

/** The page with its default settings. */
async function stage(
  t: ExecutionContext,
  browser: keyof typeof BROWSERS,
  script: string,
  detour: Detour,
): Promise<Stage> {
  t.timeout(300_000);
  const log = join(await temporaryFolder(t), 'input.jsonl');
  const server = await demoServer(t, {
    host: ['--input-log', log],
    // Firefox does not pair its own address with a loopback one.
    flags: { webrtc_local_addresses: ADDRESS },
    staticDirectory: directory,
  });
  await demoStreamer(server);
  const { page, errors } = await BROWSERS[browser](t, `${server.url}#/streamers/s`, script, detour);
  return {
    page,
    errors,
    untilShown: async (transport) => {
      await until(`pictures over ${transport}`, async () => {
        const state = String(
          await page.evaluate('`${window.moontee?.state} ${window.moontee?.reason}`'),
        );
        if (/^ended|^waiting/.test(state)) throw new Error(state);
        return Boolean(
          await page.evaluate(
            `window.moontee?.transport === '${transport}' && moontee.framesPainted > 30`,
          ),
        );
      });
    },
    keys: async () =>
      (await readFile(log, 'utf8').catch(() => ''))
        .split('\n')
        .filter((line) => line.includes('"key"'))
        .map((line) => (line.includes('"down":true') ? 'down' : 'up')),
    isRemembered: async () =>
      Boolean(
        await page.evaluate('(JSON.parse(localStorage["moontee.settings"]).socketNeededAt > 0)'),
      ),
  };
}

for (const browser of NAMES) {
  test.serial(
    `${browser}: a socket shows the picture until WebRTC has one, and a key stays down`,
    async (t) => {
      const { page, errors, untilShown, keys, isRemembered } = await stage(t, browser, BLOCK, () =>
        Promise.resolve(null),
      );
      await untilShown('websocket');
      t.true(await isRemembered());
      await page.focus('.stage');
      await page.keyboard.down('a');
      await until('the key goes down', async () => (await keys()).length === 1);

      await page.evaluate('unblock()');
      await untilShown('webrtc');
      t.is(await page.evaluate('moontee.stats().then(({ path }) => /udp/.test(path))'), true);
      t.false(await isRemembered());
      t.deepEqual(await keys(), ['down']);
      await page.keyboard.up('a');
      await until('the key comes up', async () => (await keys()).length === 2);
      t.deepEqual(await keys(), ['down', 'up']);
      t.deepEqual(errors, []);
    },
  );

  test.serial(
    `${browser}: UDP that is cut makes way for a socket, and comes back with the network`,
    async (t) => {
      const links: LossyLink[] = [];
      let condition = WHOLE;
      t.teardown(() => {
        for (const link of links) link.close();
      });
      const { page, errors, untilShown, keys } = await stage(t, browser, DETOUR, async (line) => {
        const parsed = parseCandidate(line);
        if (parsed?.transport.toLowerCase() !== 'udp' || isIP(parsed.address) !== 4) return null;
        const link = await LossyLink.open(parsed.port, condition, parsed.address);
        links.push(link);
        return formatCandidate({ ...parsed, port: link.port });
      });
      const impose = (all: LinkCondition): void => {
        condition = all;
        for (const link of links) link.impose(all);
      };
      await untilShown('webrtc');
      await page.focus('.stage');
      await page.keyboard.down('a');
      await until('the key goes down', async () => (await keys()).length === 1);

      impose(CUT);
      await untilShown('websocket');
      // Nothing was heard of the viewer for a moment; then it said over the socket what it holds.
      const held = ['down', 'up', 'down'];
      await until('the key is down again', async () => (await keys()).length === held.length);
      t.deepEqual(await keys(), held);
      // Both sides give the peer up; the socket goes on.
      await delay(40_000);
      await untilShown('websocket');

      impose(WHOLE);
      await until('WebRTC is tried again', async () => {
        await page.evaluate("window.dispatchEvent(new Event('online'))");
        return Boolean(await page.evaluate("moontee.transport === 'webrtc'"));
      });
      await untilShown('webrtc');
      t.deepEqual(await keys(), held);
      await page.keyboard.up('a');
      await until('the key comes up', async () => (await keys()).length > held.length);
      t.deepEqual(await keys(), [...held, 'up']);
      // Firefox complains of what the test did.
      const others = errors.filter((error) => !error.startsWith('WebRTC: ICE failed'));
      t.deepEqual(others, []);
    },
  );
}
