/**
 * A peer as it is when media flows, without a viewer: a branch that is negotiated with an answer of its
 * own, by the code that does so for a real one. It shows which of the {@link Shortcuts} hold here.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NetworkOptions } from '../../ice/types.js';
import { offerLayout, sanitizeAnswer } from '../../media/sdp.js';
import { descendants, emit } from '../binding.js';
import type { MediaFormat } from '../media-format.js';
import type { GstRuntime } from '../runtime.js';
import type { MediaKind, PeerBranch } from './branch.js';
import type { DtlsCertificate } from './dtls-certificate.js';
import { WebRtcEngine } from './engine.js';
import { hasAgent } from './network.js';

/** Nothing leaves this machine. */
const LOOPBACK: NetworkOptions = {
  iceServers: [],
  portRange: null,
  nat1to1: null,
  localAddresses: ['127.0.0.1'],
  relayOnly: false,
  tcpCandidates: false,
  ipv6: false,
};
/** Where addresses cannot be chosen. There are no servers, and there is no other end. */
const ANYWHERE: NetworkOptions = { ...LOOPBACK, localAddresses: [], ipv6: true };

/** Milliseconds for webrtcbin to build its inner ways. */
const BUILD_DEADLINE_MS = 2_000;
const BUILD_POLL_MS = 2;

export interface RehearsalContext {
  readonly runtime: GstRuntime;
  readonly format: MediaFormat;
  readonly certificate: DtlsCertificate;
  /** Media whose caps the branch knows. */
  readonly media: readonly MediaKind[];
}

/** @throws what negotiating throws; the branch is still to be disposed of */
export async function rehearse(branch: PeerBranch, context: RehearsalContext): Promise<void> {
  const { runtime, format, certificate, media } = context;
  // Without one the offer has no data section.
  const options = runtime.namespaces.Gst.Structure.newEmpty('options');
  emit(branch.webrtc, 'create-data-channel', 'rehearsal', options);
  const engine = new WebRtcEngine(branch, {
    runtime,
    certificate,
    munging: () => format.munging,
    // Asked for once the transport is there.
    get network() {
      return hasAgent(branch.webrtc) ? LOOPBACK : ANYWHERE;
    },
    established: () => false,
    closing: () => false,
    remoteComing: () => undefined,
    mediaAgreed: () => undefined,
  });
  const offer = await engine.createOffer(false);
  await engine.acceptAnswer(sanitizeAnswer(answerTo(offer), offerLayout(offer)));
  await untilBuilt(branch, media.length);
  for (const kind of media) branch.link(kind);
  engine.tryRestart();
}

/** What a browser would answer that takes everything; it has no candidates, so no path comes up. */
function answerTo(offer: string): string {
  return offer
    .replace(/^a=sendonly/gm, 'a=recvonly')
    .replace(/^a=setup:actpass/gm, 'a=setup:active')
    .replace(/^a=(candidate|ssrc|ssrc-group|msid|end-of-candidates)\b.*\r?\n/gm, '');
}

/** The caps that were announced travel on the queues' threads; ICE takes longer for a real viewer. */
async function untilBuilt(branch: PeerBranch, media: number): Promise<void> {
  const deadline = performance.now() + BUILD_DEADLINE_MS;
  const built = (): number =>
    [...descendants(branch.webrtc)].filter(({ name }) => name.startsWith('rtpulpfecenc')).length;
  while (built() < media && performance.now() < deadline) await sleep(BUILD_POLL_MS);
}
