/** Whoever answers on the media path in a viewer's place sees nothing and presses no key. */
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { MoonteeError } from '../../src/core/errors.js';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import type { Peer, StreamPipeline } from '../../src/media/types.js';
import { createDtlsIdentity } from '../../src/streamer/dtls-identity.js';
import { encodeClip, Player } from '../support/clip.js';
import { DemoProcess } from '../support/demo-process.js';
import { RawViewer } from '../support/raw-viewer.js';
import { ReceiverProcess, type ReceivingPeer } from '../support/receiver.js';
import { connect, exchangeCandidates, STREAM } from '../support/receiver-connect.js';
import { until } from '../support/until.js';
import { acceptAnswer, acceptOffer, createOffer } from '../support/peer-signaling.js';

let receivers: ReceiverProcess;
let pipeline: StreamPipeline;
let player: Player;
let folder: string;

test.before(async () => {
  const clip = await encodeClip();
  [receivers, folder] = await Promise.all([
    ReceiverProcess.start(),
    mkdtemp(join(tmpdir(), 'moontee-fingerprint-')),
  ]);
  pipeline = await createStreamPipeline(STREAM);
  player = new Player(clip, pipeline);
  pipeline.on('keyframe-needed', () => player.keyframe());
});

test.after.always(async () => {
  player.stop();
  await pipeline.close();
  await Promise.all([receivers.kill(), rm(folder, { recursive: true })]);
});

const FINGERPRINT = /^a=fingerprint:.*$/gm;
const STRANGER = `a=fingerprint:sha-256 ${Array(32).fill('5A').join(':')}`;

/** What signaling says if somebody else holds the media path. */
const strange = (sdp: string): string => sdp.replace(FINGERPRINT, STRANGER);

/** Presses keys for as long as there is a channel. */
function press(receiver: ReceivingPeer): () => void {
  const timer = setInterval(() => {
    for (const label of receiver.channels) receiver.send(label, Buffer.from([0, 1, 0, 0, 65]));
  }, 5);
  return () => clearInterval(timer);
}

/** The peer fails for the right reason, and nothing got through in either direction. */
async function nothingThrough(
  t: ExecutionContext,
  peer: Peer,
  receiver: ReceivingPeer,
  negotiate: () => Promise<void>,
): Promise<void> {
  const heard: string[] = [];
  peer.on('message', (label) => heard.push(label));
  peer.on('channel-open', (label) => heard.push(`open ${label}`));
  const release = press(receiver);
  t.teardown(release);
  await negotiate();
  await until('it fails', () => peer.state === 'failed');
  t.is(peer.failure?.code, 'VIEWER_CERTIFICATE_MISMATCH');
  // As long as it takes a right viewer to see dozens of pictures.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  release();
  const { video, audio, messages } = await receiver.stats();
  t.deepEqual([video.packets, audio.packets, messages], [0, 0, 0]);
  t.deepEqual(heard, []);
  t.false(peer.send('general', 'x'));
  await peer.close();
  receiver.close();
}

test.serial('an answer with another fingerprint: both parts in DTLS', async (t) => {
  for (const role of ['active', 'passive']) {
    const receiver = receivers.open(`stranger-${role}`, ['keyboard']);
    const peer = await pipeline.addPeer(`stranger-${role}`);
    await nothingThrough(t, peer, receiver, async () => {
      exchangeCandidates(peer, receiver);
      const offer = await createOffer(peer);
      // Who is offered `active` answers `passive`.
      const heard = role === 'active' ? offer : offer.replace(/a=setup:actpass/g, 'a=setup:active');
      const answer = await receiver.offer(heard);
      t.true(answer.includes(`a=setup:${role}`));
      await acceptAnswer(peer, strange(answer));
    });
  }
});

test.serial('an offer of data channels with another fingerprint', async (t) => {
  const receiver = receivers.open('stranger-offers', ['keyboard']);
  const peer = await pipeline.addPeer('stranger-offers');
  await nothingThrough(t, peer, receiver, async () => {
    exchangeCandidates(peer, receiver);
    receiver.answer(await acceptOffer(peer, strange(await receiver.negotiate())));
  });
});

test.serial('a fingerprint that changes later ends the viewer', async (t) => {
  const receiver = receivers.open('changing', ['keyboard']);
  const peer = await pipeline.addPeer('changing');
  await connect(peer, receiver);
  await receiver.until(({ video }) => video.markers > 3);
  const answer = await receiver.offer(await createOffer(peer));
  await acceptAnswer(peer, answer);
  const offer = answer.replace(/a=setup:\w+/g, 'a=setup:actpass');
  const refused = await t.throwsAsync(acceptOffer(peer, strange(offer)), {
    instanceOf: MoonteeError,
  });
  t.is(refused.code, 'VIEWER_CERTIFICATE_MISMATCH');
  t.is(peer.state, 'failed');
  await peer.close();
});

test.serial('right viewers, however they write it', async (t) => {
  const identity = await createDtlsIdentity();
  const files = {
    certificatePemFile: join(folder, 'certificate.pem'),
    keyPemFile: join(folder, 'key.pem'),
  };
  const [certificate = '', key = ''] = identity.split(/(?=-----BEGIN [A-Z ]*PRIVATE KEY)/);
  await Promise.all([
    writeFile(files.certificatePemFile, certificate),
    writeFile(files.keyPemFile, key),
  ]);
  const { raw } = new X509Certificate(certificate);
  const line = (hash: string): string => {
    const hex = createHash(hash.replace('-', '')).update(raw).digest('hex').toUpperCase();
    return `a=fingerprint:${hash} ${(hex.match(/../g) ?? []).join(':')}`;
  };
  const forms: Readonly<Record<string, (sdp: string) => string>> = {
    'sha-384': (sdp) => sdp.replace(FINGERPRINT, line('sha-384')),
    'lower case': (sdp) => sdp.replace(FINGERPRINT, (own) => own.toLowerCase()),
    'two certificates': (sdp) => sdp.replace(FINGERPRINT, `${STRANGER}\r\n$&`),
    'two hashes': (sdp) => sdp.replace(FINGERPRINT, `$&\r\n${line('sha-512')}`),
    'of the session': (sdp) =>
      sdp.replace(FINGERPRINT, 'a=x').replace(/^t=0 0\r?$/m, `t=0 0\r\n${line('sha-512')}`),
  };
  for (const [name, write] of Object.entries(forms)) {
    const receiver = receivers.open(name, ['keyboard'], { certificate: files });
    const peer = await pipeline.addPeer(name);
    let heard = 0;
    peer.on('message', () => (heard += 1));
    exchangeCandidates(peer, receiver);
    const answer = await receiver.offer(await createOffer(peer));
    t.true(answer.includes(line('sha-256')), 'the receiver uses the certificate of the test');
    await acceptAnswer(peer, write(answer));
    await receiver.until(({ video, audio }) => video.markers > 3 && audio.packets > 3);
    await receiver.untilChannel('keyboard');
    receiver.send('keyboard', Buffer.from([1]));
    await until('the key', () => heard === 1);
    await peer.close();
    receiver.close();
  }
});

test.serial('over the viewer socket: told by a code of its own, for good', async (t) => {
  const demo = await DemoProcess.start();
  t.teardown(() => demo.stop('SIGKILL'));
  const viewer = new RawViewer(demo.socketUrl, receivers, 'stranger-at-the-server');
  viewer.rewrite = strange;
  await viewer.untilHeard('PeerClosed');
  const [closed] = viewer.messages.filter(
    (message): message is { PeerClosed: { code: string } } =>
      typeof message === 'object' && 'PeerClosed' in message,
  );
  t.is(closed?.PeerClosed.code, 'VIEWER_CERTIFICATE_MISMATCH');
  t.is((await viewer.untilClosed()).code, 1008);
  const { video, audio } = await viewer.peer.stats();
  t.deepEqual([video.packets, audio.packets], [0, 0]);
});
