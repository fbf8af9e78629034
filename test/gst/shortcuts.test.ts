import { once } from 'node:events';
import test from 'ava';
import type { NetworkOptions } from '../../src/ice/types.js';
import { descendants, type WebRtcElement } from '../../src/gst/binding.js';
import { installedVersions } from '../../src/gst/installed.js';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import { gstRuntime, type Gst } from '../../src/gst/runtime.js';
import { tryBranch } from '../../src/gst/trial-branch.js';
import { isAble } from '../../src/gst/versions.js';
import { encodeClip, Player } from '../support/clip.js';
import { ReceiverProcess } from '../support/receiver.js';
import { connect, exchangeCandidates, LOOPBACK, STREAM } from '../support/receiver-connect.js';
import { acceptAnswer, createOffer } from '../support/peer-signaling.js';

/** Nothing that needs the agent; a machine has at least its loopback. */
const ANYWHERE: NetworkOptions = { ...LOOPBACK, localAddresses: [], ipv6: true };

type Children = Pick<Gst.Bin, 'getChildByIndex'>;

/** As a webrtcbin that is built in another way would look. @returns undoes it */
function hideInside(shown: (child: unknown) => boolean): () => void {
  const { Gst } = gstRuntime().namespaces;
  const webrtc = Gst.ElementFactory.make('webrtcbin', null) as unknown as WebRtcElement;
  const prototype = Object.getPrototypeOf(webrtc) as Children;
  const original = prototype.getChildByIndex;
  prototype.getChildByIndex = function (this: Gst.Bin, index: number) {
    const child = original.call(this, index);
    return child && shown(child) ? child : null;
  };
  return () => {
    prototype.getChildByIndex = original;
  };
}

/** What has the DTLS decoder inside. */
function hasDecoder(found: unknown): boolean {
  const child = found as Gst.Element;
  if (child.name.startsWith('dtlssrtpdec')) return true;
  return (
    'getChildByIndex' in child &&
    [...descendants(child as Gst.Bin)].some(({ name }) => name.startsWith('dtlssrtpdec'))
  );
}

const held = async (): Promise<string[]> => {
  const { shortcuts } = await tryBranch(STREAM.dtlsIdentityPem);
  return shortcuts.describe().flatMap(({ name, holds }) => (holds ? [name] : []));
};

test.serial(
  'this GStreamer has all ways through webrtcbin, which another may not have',
  async (t) => {
    t.deepEqual((await held()).sort(), [
      'agent',
      'certificate',
      'clock',
      'error-correction',
      'ice-restart',
      'ingress',
      'lanes',
      'latency',
    ]);
    const show = hideInside(hasDecoder);
    t.teardown(show);
    // Those that are found by links are not hidden.
    t.deepEqual((await held()).sort(), ['certificate', 'error-correction']);
  },
);

test.serial('a viewer gets picture and sound without any of them', async (t) => {
  const show = hideInside(hasDecoder);
  t.teardown(show);
  const clip = await encodeClip({ frames: 120, gop: 120 });
  const receivers = await ReceiverProcess.start();
  const pipeline = await createStreamPipeline({ ...STREAM, network: ANYWHERE });
  const player = new Player(clip, pipeline);
  pipeline.on('keyframe-needed', () => player.keyframe());
  t.teardown(async () => {
    player.stop();
    await pipeline.close();
    await receivers.kill();
  });
  const receiver = receivers.open('plain', ['keys']);
  const peer = await pipeline.addPeer('plain');
  const opened = new Promise<void>((resolve) => {
    peer.on('channel-open', (label) => label === 'keys' && resolve());
  });
  await connect(peer, receiver);
  await opened;
  const message = once(peer, 'message');
  receiver.send('keys', 'down');
  const [label, data] = (await message) as [string, Buffer | string];
  t.deepEqual([label, String(data)], ['keys', 'down']);
  await receiver.until((now) => now.video.markers >= 30 && now.audio.packets >= 30);
  t.is(peer.state, 'connected');
  // It cannot be restarted, and an offer without a restart changes nothing.
  const offered = once(peer, 'description');
  await peer.offer({ iceRestart: true });
  const [offer] = (await offered) as [{ sdp: string }];
  await acceptAnswer(peer, await receiver.offer(offer.sdp));
  const { video } = await receiver.stats();
  await receiver.until((now) => now.video.markers >= video.markers + 30);
  t.is(peer.state, 'connected');
  await peer.close();
});

test.serial('who cannot be compared with what it announced is not let in', async (t) => {
  const versions = await installedVersions(gstRuntime());
  const show = hideInside(() => false);
  t.teardown(show);
  const receivers = await ReceiverProcess.start();
  const pipeline = await createStreamPipeline({ ...STREAM, network: ANYWHERE });
  t.teardown(async () => {
    await pipeline.close();
    await receivers.kill();
  });
  const receiver = receivers.open('stranger');
  const peer = await pipeline.addPeer('stranger');
  const settled = new Promise<string>((resolve) => {
    peer.on('state', (state) => {
      if (state === 'connected' || state === 'failed') resolve(peer.failure?.code ?? state);
    });
  });
  exchangeCandidates(peer, receiver);
  await acceptAnswer(peer, await receiver.offer(await createOffer(peer)));
  const compares = isAble('comparesFingerprints', versions) === true;
  t.is(await settled, compares ? 'connected' : 'VIEWER_CERTIFICATE_MISMATCH');
});
