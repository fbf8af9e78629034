/** ICE begun anew under a running stream: by us, by a Chromium, over the viewer socket. */
import test, { type ExecutionContext } from 'ava';
import { WebSocket } from 'ws';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import { formatCandidate, parseCandidate } from '../../src/media/sdp.js';
import type { NetworkOptions } from '../../src/ice/types.js';
import type { Peer, PeerState } from '../../src/media/types.js';
import { encodeClip, Player, type Clip } from '../support/clip.js';
import { DemoProcess } from '../support/demo-process.js';
import { STREAM } from '../support/receiver-connect.js';
import { until } from '../support/until.js';
import { CUT, LossyLink, WHOLE } from './lossy-link.js';
import { PageBrowser, type PageViewer } from './page-viewer.js';
import { acceptAnswer, createOffer } from '../support/peer-signaling.js';

let clip: Clip;
let browser: PageBrowser;

test.before(async () => {
  clip = await encodeClip();
  browser = await PageBrowser.launch();
});

test.after.always(() => browser.close());

interface Scene {
  readonly peer: Peer;
  readonly viewer: PageViewer;
  /** What the page said on its channel. */
  readonly said: string[];
}

async function scene(t: ExecutionContext, network: Partial<NetworkOptions> = {}): Promise<Scene> {
  const pipeline = await createStreamPipeline({
    ...STREAM,
    // Chromium leaves loopback alone: the addresses of the machine.
    network: { ...STREAM.network, localAddresses: [], ...network },
  });
  const player = new Player(clip, pipeline);
  pipeline.on('keyframe-needed', () => player.keyframe());
  const peer = await pipeline.addPeer('viewer');
  const said: string[] = [];
  peer.on('message', (_label, data) => said.push(String(data)));
  const viewer = await browser.open();
  t.teardown(async () => {
    await viewer.close();
    player.stop();
    await pipeline.close();
  });
  return { peer, viewer, said };
}

function ufragOf(sdp: string): string {
  return /^a=ice-ufrag:(\S+)\r?$/m.exec(sdp)?.[1] ?? '';
}

/** The page's user fragment on the path in use, once it is not `old` any more. */
function anotherPath(viewer: PageViewer, old: string): Promise<string> {
  return until('another path', async () => {
    const { ufrag } = await viewer.figures();
    return ufrag !== old && ufrag;
  });
}

/** Pictures go on, and channels work both ways. */
async function works(t: ExecutionContext, { peer, viewer, said }: Scene, word: string) {
  const { framesDecoded } = await viewer.figures();
  await viewer.untilFrames(framesDecoded + 30);
  await viewer.say(word);
  await until('the word', () => said.includes(word));
  t.true(peer.send('general', word));
  await until('the answer', async () => (await viewer.heard()).includes(`general ${word}`));
  t.is(peer.state, 'connected');
}

test.serial('we restart ICE while pictures run, again and again', async (t) => {
  const all = await scene(t);
  const { peer, viewer } = all;
  await viewer.watch(peer);
  const states: PeerState[] = [];
  peer.on('state', (state) => states.push(state));
  await viewer.untilFrames(20);
  let { ufrag } = await viewer.figures();
  const ours = new Set<string>();
  for (let round = 1; round <= 5; round += 1) {
    ours.add(ufragOf(await viewer.restart(peer)));
    ufrag = await anotherPath(viewer, ufrag);
    await works(t, all, `after ${round}`);
  }
  t.is(ours.size, 5);
  t.false(ours.has(''));
  // Nobody else has noticed.
  t.deepEqual(new Set(states), new Set(['connected']));
});

test.serial('the browser restarts ICE; it may also offer the same again', async (t) => {
  const all = await scene(t);
  const { peer, viewer } = all;
  await viewer.watch(peer);
  await viewer.untilFrames(20);
  let { ufrag } = await viewer.figures();
  const answers = new Set<string>();
  for (let round = 1; round <= 3; round += 1) {
    answers.add(ufragOf(await viewer.offer(peer, true)));
    ufrag = await anotherPath(viewer, ufrag);
    await works(t, all, `after ${round}`);
  }
  t.is(answers.size, 3);
  answers.add(ufragOf(await viewer.offer(peer, false)));
  await works(t, all, 'offered again');
  t.is(answers.size, 3);
  t.is((await viewer.figures()).ufrag, ufrag);
  // We may do so afterwards, and offer the same again as well.
  await viewer.restart(peer);
  await anotherPath(viewer, ufrag);
  await works(t, all, 'by us');
  ({ ufrag } = await viewer.figures());
  const again = await createOffer(peer);
  await acceptAnswer(peer, await viewer.answer(again));
  await works(t, all, 'at last');
  t.is((await viewer.figures()).ufrag, ufrag);
});

test.serial('a browser that began with channels alone restarts after media', async (t) => {
  const all = await scene(t);
  const { peer, viewer } = all;
  await viewer.offer(peer, false);
  await viewer.watch(peer);
  await viewer.untilFrames(20);
  const { ufrag } = await viewer.figures();
  await viewer.offer(peer, true);
  const next = await anotherPath(viewer, ufrag);
  await works(t, all, 'with media');
  await viewer.restart(peer);
  await anotherPath(viewer, next);
  await works(t, all, 'by us');
});

/** Our candidates lead through links that can be cut. */
function detours(t: ExecutionContext): {
  readonly links: LossyLink[];
  readonly detour: (line: string) => Promise<string | null>;
} {
  const links: LossyLink[] = [];
  t.teardown(() => {
    for (const link of links) link.close();
  });
  const detour = async (line: string): Promise<string | null> => {
    const parsed = parseCandidate(line);
    if (!parsed) return null;
    const link = await LossyLink.open(parsed.port, WHOLE);
    links.push(link);
    return formatCandidate({ ...parsed, port: link.port });
  };
  return { links, detour };
}

test.serial('a restart finds another path when the one in use is gone', async (t) => {
  const all = await scene(t, { localAddresses: ['127.0.0.1'] });
  const { peer, viewer } = all;
  const { links, detour } = detours(t);
  await viewer.watch(peer, detour);
  await viewer.untilFrames(20);
  for (const link of links) link.impose(CUT);
  await until('the loss is noticed', async () => (await viewer.states()).at(-1) === 'disconnected');
  await viewer.restart(peer, detour);
  await works(t, all, 'there again');
  t.is((await viewer.states()).at(-1), 'connected');
});

test.serial('a restart that leads nowhere ends the peer', async (t) => {
  const { peer, viewer } = await scene(t, { localAddresses: ['127.0.0.1'] });
  const { links, detour } = detours(t);
  await viewer.watch(peer, detour);
  await viewer.untilFrames(20);
  for (const link of links) link.impose(CUT);
  await viewer.restart(peer, () => null);
  await until('the peer fails', () => peer.state === 'failed');
  t.regex(peer.diagnosis, /path/);
});

interface Message {
  readonly Signaling?: {
    readonly Description?: { readonly ty: string; readonly sdp: string };
    readonly AddIceCandidate?: { readonly candidate: string };
  };
}

test.serial(
  'over the viewer socket: RestartIce brings an offer with other credentials',
  async (t) => {
    const demo = await DemoProcess.start();
    t.teardown(() => demo.stop('SIGKILL'));
    const viewer = await browser.open();
    t.teardown(() => viewer.close());
    const socket = new WebSocket(demo.socketUrl);
    t.teardown(() => socket.terminate());
    const offers: string[] = [];
    /** What came, by name and in order. */
    const names: string[] = [];
    let steps: Promise<unknown> = Promise.resolve();
    const say = (message: unknown): void => socket.send(JSON.stringify(message));
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as string | Message;
      const { Description: description, AddIceCandidate: added } =
        (typeof message === 'string' ? undefined : message.Signaling) ?? {};
      const name = typeof message === 'string' ? message : Object.keys(message)[0];
      names.push(description?.ty ?? (added ? 'candidate' : (name ?? '')));
      steps = steps
        .then(async () => {
          if (added) await viewer.addCandidate(added.candidate);
          if (description?.ty !== 'offer') return;
          offers.push(ufragOf(description.sdp));
          const sdp = await viewer.answer(description.sdp);
          say({ Signaling: { Description: { ty: 'answer', sdp } } });
        })
        // The page may be closed by then.
        .catch(() => undefined);
    });
    await until('pictures', async () => (await viewer.figures()).framesDecoded > 20);
    const { ufrag } = await viewer.figures();
    const before = names.length;
    say({ RestartIce: {} });
    await anotherPath(viewer, ufrag);
    const { framesDecoded } = await viewer.figures();
    await viewer.untilFrames(framesDecoded + 30);
    t.is(offers.length, 2);
    t.not(offers[0], offers[1]);
    const after = names.slice(before).filter((name) => name !== 'PeerQuality');
    t.is(after[0], 'offer');
    t.true(after.length > 1);
    // Candidates once more, and nothing that looks like a new connection.
    t.true(after.slice(1).every((name) => name === 'candidate'));
    // Two wishes at once: the second waits for the first one's answer.
    say({ RestartIce: {} });
    say({ RestartIce: {} });
    await until('two more offers', () => offers.length === 4);
    t.is(new Set(offers).size, 4);
    t.is(socket.readyState, WebSocket.OPEN);
  },
);
