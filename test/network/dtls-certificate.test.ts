/** Who the server is for a Chromium: the certificate that it was shown, and the cipher. */
import { X509Certificate } from 'node:crypto';
import test from 'ava';
import { MoonteeError } from '../../src/core/errors.js';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import { createDtlsIdentity } from '../../src/streamer/dtls-identity.js';
import { encodeClip, Player, type Clip } from '../support/clip.js';
import { STREAM } from '../support/receiver-connect.js';
import { PageBrowser } from './page-viewer.js';

let clip: Clip;
let browser: PageBrowser;

test.before(async () => {
  clip = await encodeClip();
  browser = await PageBrowser.launch();
});

test.after.always(() => browser.close());

test('one certificate on P-256 for all viewers of a pipeline, whoever offers first', async (t) => {
  const dtlsIdentityPem = await createDtlsIdentity();
  const pipeline = await createStreamPipeline({
    ...STREAM,
    // Chromium leaves loopback alone: the addresses of the machine.
    network: { ...STREAM.network, localAddresses: [] },
    dtlsIdentityPem,
  });
  const player = new Player(clip, pipeline);
  pipeline.on('keyframe-needed', () => player.keyframe());
  t.teardown(async () => {
    player.stop();
    await pipeline.close();
  });
  const ours = new X509Certificate(dtlsIdentityPem);
  const look = async (name: string, pageOffers: boolean): Promise<void> => {
    const viewer = await browser.open();
    const peer = await pipeline.addPeer(name);
    if (pageOffers) {
      const answer = await viewer.offer(peer, false);
      t.true(answer.includes(`a=fingerprint:sha-256 ${ours.fingerprint256}`));
    }
    await viewer.watch(peer);
    await viewer.untilFrames(10);
    const { certificate, cipher } = await viewer.security();
    t.deepEqual(certificate, ours.raw, name);
    t.regex(cipher, /ECDSA/, name);
    await peer.close();
    await viewer.close();
  };
  await look('we-offer', false);
  await look('page-offers', true);
  await look('after-everybody-has-left', false);
});

test('what is no certificate is refused, and harms nobody', async (t) => {
  const identity = await createDtlsIdentity();
  const [, key = ''] = identity.split(/(?=-----BEGIN PRIVATE KEY)/);
  for (const pem of ['', 'certificate', key]) {
    await t.throwsAsync(createStreamPipeline({ ...STREAM, dtlsIdentityPem: pem }), {
      instanceOf: MoonteeError,
      message: 'Invalid DTLS certificate',
    });
  }
  const pipeline = await createStreamPipeline(STREAM);
  await pipeline.close();
});
