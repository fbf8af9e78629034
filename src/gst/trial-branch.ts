/** A viewer's branch as it is when media flows, in a pipeline of its own that gets none. */
import type { NegotiatedVideo, AudioLayout } from '../moonlight/types.js';
import { descendants } from './binding.js';
import { describeGraph } from './graph-properties.js';
import { fillTemplate, loadTemplate } from './launch-template.js';
import { mediaFormat } from './media-format.js';
import type { PayloaderElement } from './renumbering.js';
import { gstRuntime, type Gst } from './runtime.js';
import { PeerBranch, type Tap } from './webrtc/branch.js';
import { DtlsCertificate } from './webrtc/dtls-certificate.js';
import { rehearse } from './webrtc/rehearsal.js';
import type { Shortcuts } from './webrtc/shortcuts.js';

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

export interface TrialBranch {
  /** With the properties that templates set. */
  readonly dot: string;
  /** Name of the viewer's bin. */
  readonly bin: string;
  /** Elements inside webrtcbin that packets go around. */
  readonly bypassed: readonly string[];
  /** Elements inside webrtcbin that do not wait for the clock, though its own do. */
  readonly unsynchronised: readonly string[];
  /** Which ways through webrtcbin hold on this machine. */
  readonly shortcuts: Shortcuts;
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
    const certificate = new DtlsCertificate(runtime, dtlsIdentityPem);
    await rehearse(branch, { runtime, format, certificate, media: ['video', 'audio'] });
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
      shortcuts: branch.shortcuts,
    };
  } finally {
    await branch.dispose();
    pipeline.setState(Gst.State.NULL);
    release();
  }
}

/** An encoder for error correction in a bin whose entrance leads nowhere. */
function isBypassed(element: Gst.Element): boolean {
  if (!/^rtp(ulpfec|red)enc/.test(element.name)) return false;
  const bin = element.getParent() as Gst.Element | null;
  return bin?.getStaticPad('sink')?.getPeer() === null;
}
