/** Players that speak WHEP: the example's page in both browsers, and what other players do. */
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import test, { type ExecutionContext } from 'ava';
import { serveFolder } from '../examples/stage.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import type { MoonteeServer } from '../../src/server/server.js';
import { PASSWORD } from '../support/server.js';
import { until } from '../support/until.js';
import { TestBrowser } from './browser.js';
import { Firefox } from './firefox.js';

// What the children say is of no interest here.
process.env['MOONTEE_LOG'] ??= 'error';

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples');

interface Scene {
  readonly server: MoonteeServer;
  readonly browser: TestBrowser;
  readonly origin: string;
  readonly endpoint: string;
}

async function scene(
  t: ExecutionContext,
  flags: Readonly<Record<string, string>> = {},
): Promise<Scene> {
  t.timeout(240_000);
  const origin = await serveFolder(t, EXAMPLES, []);
  const server = await demoServer(t, {
    flags: { credentials: PASSWORD, allowed_origins: origin, ...flags },
  });
  await demoStreamer(server);
  const browser = await TestBrowser.launch();
  t.teardown(() => browser.close());
  const endpoint = `${server.url.replace(/\/$/, '')}/api/streamers/s/whep`;
  return { server, browser, origin, endpoint };
}

const viewers = ({ server }: Scene): number => server.streamers.require('s').viewers.length;

/** Code for the page is text: this program knows no DOM. */
const FRAMES = `document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0`;

/** Firefox counts no frames of a stream in its figures of playback. */
const COUNT_PAINTED = `(() => {
  const video = document.querySelector('video');
  window.painted = 0;
  const count = () => {
    window.painted += 1;
    video.requestVideoFrameCallback(count);
  };
  video.requestVideoFrameCallback(count);
})()`;

async function untilPlaying(page: Page, more = 10): Promise<void> {
  const before = await page.evaluate<number>(FRAMES);
  await until('pictures are shown', async () => {
    return (await page.evaluate<number>(FRAMES)) >= before + more;
  });
}

test.serial('the page of the example plays, and leaves when it is left', async (t) => {
  const stage = await scene(t);
  const errors: string[] = [];
  const url = `${stage.origin}/whep.html#whep=${stage.endpoint}&credentials=${PASSWORD}`;
  const page = await stage.browser.open(url, errors);
  await untilPlaying(page);
  t.is(viewers(stage), 1);
  t.like(stage.server.streamers.require('s').viewers[0], { kind: 'whep', state: 'connected' });
  await page.goto('about:blank');
  await until('the viewer has left', () => viewers(stage) === 0);
  t.deepEqual(errors, []);
});

test.serial('the page of the example plays in Firefox, with its own payload types', async (t) => {
  // Firefox sends no check to a loopback address, and this page never tells its own candidates.
  const outward = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  if (!outward) {
    t.log('left out: this machine has no address but loopback');
    t.pass();
    return;
  }
  const stage = await scene(t, { webrtc_local_addresses: outward.address });
  const firefox = await Firefox.launch();
  t.teardown(() => firefox.close());
  const errors: string[] = [];
  const url = `${stage.origin}/whep.html#whep=${stage.endpoint}&credentials=${PASSWORD}`;
  const page = await firefox.open(url, errors);
  await page.evaluate(COUNT_PAINTED);
  await until('pictures are shown', async () => Number(await page.evaluate('painted')) > 30);
  await until('sound is heard', async () => {
    return Number(await page.evaluate(`document.querySelector('video').mozHasAudio ? 1 : 0`)) === 1;
  });
  t.like(stage.server.streamers.require('s').viewers[0], { kind: 'whep', state: 'connected' });
  await page.goto('about:blank');
  await until('the viewer has left', () => viewers(stage) === 0);
  t.deepEqual(errors, []);
});

test.serial('a tab that dies is found out', async (t) => {
  const stage = await scene(t);
  const url = `${stage.origin}/whep.html#whep=${stage.endpoint}&credentials=${PASSWORD}`;
  const page = await stage.browser.open(url);
  await untilPlaying(page);
  // The page learns nothing of its end.
  void page.goto('chrome://crash').catch(() => undefined);
  await until('the viewer is given up', () => viewers(stage) === 0);
  t.pass();
});

/** A player with a data section, candidates one by one, an asterisk without quotes, and a restart. */
const PLAYER = `async ({ whep, credentials }) => {
  const Authorization = 'Bearer ' + credentials;
  const log = [];
  const servers = await fetch(whep, { method: 'OPTIONS', headers: { Authorization } });
  log.push(['OPTIONS', servers.status, servers.headers.get('Link')]);
  const peer = (window.peer = new RTCPeerConnection());
  peer.addTransceiver('audio', { direction: 'recvonly' });
  peer.createDataChannel('');
  peer.addTransceiver('video', { direction: 'recvonly' });
  const video = document.body.appendChild(document.createElement('video'));
  Object.assign(video, { autoplay: true, muted: true });
  peer.ontrack = ({ streams }) => (video.srcObject = streams[0]);
  const queue = [];
  let session = null;
  const credentialsOf = (sdp) => [
    /^a=ice-ufrag:.*$/m.exec(sdp)[0], /^a=ice-pwd:.*$/m.exec(sdp)[0],
  ].map((line) => line.trim());
  const patch = (lines, match) => fetch(session, {
    method: 'PATCH',
    headers: { Authorization, 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': match },
    body: lines.join('\\r\\n') + '\\r\\n',
  });
  const trickle = async (candidate) => {
    const lines = [...credentialsOf(peer.localDescription.sdp), 'm=audio 9 RTP/AVP 0', 'a=mid:0', 'a=' + candidate];
    log.push(['PATCH', (await patch(lines, '*')).status]);
  };
  peer.onicecandidate = ({ candidate }) => {
    if (!candidate) return;
    if (session === null) queue.push(candidate.candidate);
    else void trickle(candidate.candidate);
  };
  await peer.setLocalDescription();
  const answer = await fetch(whep, {
    method: 'POST',
    headers: { Authorization, 'Content-Type': 'application/sdp' },
    body: peer.localDescription.sdp,
  });
  log.push(['POST', answer.status, answer.headers.get('ETag') !== null]);
  session = new URL(answer.headers.get('Location'), whep);
  window.leave = () => fetch(session, { method: 'DELETE', headers: { Authorization } }).then(({ status }) => status);
  const sdp = await answer.text();
  await peer.setRemoteDescription({ type: 'answer', sdp });
  for (const candidate of queue.splice(0)) await trickle(candidate);
  window.restart = async () => {
    peer.restartIce();
    await peer.setLocalDescription();
    const lines = [...credentialsOf(peer.localDescription.sdp), 'm=audio 9 RTP/AVP 0', 'a=mid:0'];
    const restarted = await patch(lines, '"*"');
    const fragment = await restarted.text();
    const [ufrag, pwd] = credentialsOf(fragment);
    const candidates = fragment.match(/^a=candidate:.*$/gm).map((line) => line.trim()).join('\\r\\n');
    const next = sdp
      .replace(/^a=candidate:.*\\r\\n/gm, '')
      .replace(/^a=ice-ufrag:.*$/gm, ufrag)
      .replace(/^a=ice-pwd:.*$/gm, pwd)
      .replace(/^a=end-of-candidates$/gm, candidates + '\\r\\na=end-of-candidates');
    await peer.setRemoteDescription({ type: 'answer', sdp: next });
    return [restarted.status, restarted.headers.get('ETag'), ufrag];
  };
  return { log, sdp };
}`;

test.serial('a player with a data section, candidates one by one and restarts', async (t) => {
  const stage = await scene(t);
  const page = await stage.browser.open(`${stage.origin}/whep.html#whep=nowhere:`);
  const given = JSON.stringify({ whep: stage.endpoint, credentials: PASSWORD });
  await page.evaluate('document.querySelector("video").remove()');
  const { log, sdp } = await page.evaluate<{ log: unknown[][]; sdp: string }>(
    `(${PLAYER})(${given})`,
  );
  t.deepEqual(log[0], ['OPTIONS', 204, null]);
  t.deepEqual(log[1], ['POST', 201, true]);
  t.true(log.length > 2);
  for (const [method, status] of log.slice(2)) t.deepEqual([method, status], ['PATCH', 204]);
  t.deepEqual(sdp.match(/^m=\w+ \d+/gm), ['m=audio 9', 'm=video 9', 'm=application 0']);
  await untilPlaying(page);
  for (const round of [1, 2]) {
    const before = await page.evaluate<string>('peer.remoteDescription.sdp');
    const [status, etag, ufrag] = await page.evaluate<[number, string, string]>('restart()');
    t.is(status, 200, `${round}`);
    t.is(`a=ice-ufrag:${etag.slice(1, -1)}`, ufrag);
    t.false(before.includes(ufrag));
    await untilPlaying(page);
    await until('the path is up', () =>
      page.evaluate<boolean>('peer.connectionState === "connected"'),
    );
  }
  t.is(await page.evaluate<number>('leave()'), 204);
  t.is(await page.evaluate<number>('leave()'), 404);
  t.is(viewers(stage), 0);
});
