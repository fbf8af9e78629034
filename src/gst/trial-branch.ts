/**
 * A viewer's branch as it is when media flows, without a viewer. It is made, negotiated with an
 * answer of its own, and linked by the code that does so for a real one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NetworkOptions } from '../ice/types.js';
import { offerLayout, sanitizeAnswer } from '../media/sdp.js';
import type { NegotiatedVideo, AudioLayout } from '../moonlight/types.js';
import { descendants, emit } from './binding.js';
import { describeGraph } from './graph-properties.js';
import { fillTemplate, loadTemplate } from './launch-template.js';
import { mediaFormat } from './media-format.js';
import type { PayloaderElement } from './renumbering.js';
import { gstRuntime, type Gst } from './runtime.js';
import { PeerBranch, type Tap } from './webrtc/branch.js';
import { DtlsCertificate } from './webrtc/dtls-certificate.js';
import { WebRtcEngine } from './webrtc/engine.js';

const VIDEO: NegotiatedVideo = {
  codec: 'h264',
  bitDepth: 8,
  chroma: '4:2:0',
  width: 1280,
  height: 720,
  fps: 60,
  colorSpace: 'Rec709',
  colorRangeFull: false,
};
const AUDIO: AudioLayout = {
  channels: 2,
  streams: 1,
  coupledStreams: 1,
  mapping: [0, 1],
  packetDuration: 10,
};
const NETWORK: NetworkOptions = {
  iceServers: [],
  portRange: null,
  nat1to1: null,
  localAddresses: ['127.0.0.1'],
  relayOnly: false,
  tcpCandidates: false,
  ipv6: false,
};

/** Video and audio. */
const MEDIA = 2;
const BUILD_DEADLINE_MS = 5_000;

export interface TrialBranch {
  /** With the properties that templates set. */
  readonly dot: string;
  /** Name of the viewer's bin. */
  readonly bin: string;
  /** Elements inside webrtcbin that packets go around. */
  readonly bypassed: readonly string[];
  /** Elements inside webrtcbin that do not wait for the clock, though its own do. */
  readonly unsynchronised: readonly string[];
}

/** @throws PIPELINE_FAILED, ELEMENT_MISSING */
export async function tryBranch(dtlsIdentityPem: string): Promise<TrialBranch> {
  const runtime = gstRuntime();
  const { Gst } = runtime.namespaces;
  const format = mediaFormat(runtime, VIDEO, AUDIO);
  const text = [
    fillTemplate(loadTemplate(format.videoTemplate), format.videoValues),
    fillTemplate(loadTemplate(format.audioTemplate), format.audioValues),
  ].join('\n');
  const pipeline = runtime.parse(text);
  const release = runtime.hold();
  const tap = (kind: 'video' | 'audio', caps: string): Tap => ({
    tee: pipeline.getByName(`${kind}-tee`) as Gst.Element,
    payloader: pipeline.getByName(`${kind}-pay`) as PayloaderElement,
    caps: Gst.Caps.fromString(caps),
  });
  const taps = {
    video: tap('video', format.videoCaps),
    audio: tap('audio', format.audioCaps),
  };
  pipeline.setState(Gst.State.PLAYING);
  const branch = new PeerBranch(runtime, { pipeline, taps }, format);
  try {
    const context = {
      runtime,
      munging: () => format.munging,
      network: NETWORK,
      certificate: new DtlsCertificate(runtime, dtlsIdentityPem),
      established: () => false,
      closing: () => false,
      remoteComing: () => undefined,
      mediaAgreed: () => undefined,
    };
    // Without one the offer has no data section.
    emit(branch.webrtc, 'create-data-channel', 'trial', Gst.Structure.newEmpty('options'));
    const engine = new WebRtcEngine(branch, context);
    const offer = await engine.createOffer(false);
    await engine.acceptAnswer(sanitizeAnswer(answerTo(offer), offerLayout(offer)));
    await untilBuilt(branch);
    branch.link('video');
    branch.link('audio');
    const dot = describeGraph(runtime, pipeline);
    const inside = [...descendants(branch.webrtc)];
    return {
      dot,
      bin: branch.name,
      bypassed: inside.filter((each) => isBypassed(each)).map(({ name }) => name),
      unsynchronised: inside
        .filter((each) => (each as Gst.Element & { sync?: boolean }).sync === false)
        .map(({ name }) => name)
        .filter((name) => name.startsWith('clocksync')),
    };
  } finally {
    await branch.dispose();
    pipeline.setState(Gst.State.NULL);
    release();
  }
}

/** What a browser would answer that takes everything; it has no candidates, so no path comes up. */
function answerTo(offer: string): string {
  return offer
    .replace(/^a=sendonly/gm, 'a=recvonly')
    .replace(/^a=setup:actpass/gm, 'a=setup:active')
    .replace(/^a=(candidate|ssrc|ssrc-group|msid|end-of-candidates)\b.*\r?\n/gm, '');
}

/** The caps that were announced travel on the queues' threads; ICE takes longer for a real viewer. */
async function untilBuilt(branch: PeerBranch): Promise<void> {
  const deadline = performance.now() + BUILD_DEADLINE_MS;
  const built = (): number =>
    [...descendants(branch.webrtc)].filter(({ name }) => name.startsWith('rtpulpfecenc')).length;
  while (built() < MEDIA && performance.now() < deadline) await sleep(10);
}

/** An encoder for error correction in a bin whose entrance leads nowhere. */
function isBypassed(element: Gst.Element): boolean {
  if (!/^rtp(ulpfec|red)enc/.test(element.name)) return false;
  const bin = element.getParent() as Gst.Element | null;
  return bin?.getStaticPad('sink')?.getPeer() === null;
}
