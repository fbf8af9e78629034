import { EventEmitter } from 'node:events';
import type { Deadline } from '../../core/deadline.js';
import { MoonteeError, type ErrorCode } from '../../core/errors.js';
import { PathReport } from '../../ice/path-report.js';
import type { Log } from '../../core/log.js';
import { BandwidthMeter } from '../../media/bandwidth.js';
import type { Handler } from '../binding.js';
import { RTP, type MediaFormat, type PayloadFormat } from '../media-format.js';
import type { GroupKind, Membership, PayloadGroups } from '../payload-groups.js';
import { PeerBranch, type MediaKind, type OwnMedium, type Tap } from './branch.js';
import { showsAnnounced, type DtlsCertificate } from './dtls-certificate.js';
import type { AgreedMedia, ChosenFormat, ChosenSound } from '../../media/codec-choice.js';
import { FloodMeter } from '../../media/flood-meter.js';
import type { IceParameters } from '../../media/ice-fragment.js';
import { offerMunging } from '../../media/viewer-offer.js';
import { PeerChannels } from './channels.js';
import { WebRtcEngine } from './engine.js';
import { Negotiation, type TransportState } from '../../media/negotiation.js';
import type { Fingerprint } from '../../media/fingerprint.js';
import type { SanitizedDescription } from '../../media/sdp.js';
import { serverUris } from './network.js';
import { PresenceMeter } from '../../media/presence-meter.js';
import { QualityMeter } from '../../media/quality.js';
import { RtpStats, type SessionFigures } from './rtp-stats.js';
import type { GstRuntime, GstWebRTC } from '../runtime.js';
import { SilenceMeter } from '../../media/silence-meter.js';
import { SoundFeed } from './sound-feed.js';
import { StandstillMeter } from '../../media/standstill-meter.js';
import { nodeTimers } from '../../media/scheduler.js';
import { VideoFeed } from '../../media/video-feed.js';
import type { KeyframeReason } from '../../media/keyframes.js';
import type { NetworkOptions } from '../../ice/types.js';
import type { PacketOutlet } from '../../media/outlet.js';
import type {
  Peer,
  PeerCandidate,
  PeerDescription,
  PeerEvents,
  PeerStats,
  PeerState,
  PeerSignaling,
} from '../../media/types.js';

/** RTCP packets of a viewer that does report: a single one may be a request for a key frame. */
const KNOWN_TO_REPORT = 3;
/** What a peer needs of its pipeline. */
export interface PeerContext {
  readonly runtime: GstRuntime;
  readonly format: MediaFormat;
  readonly network: NetworkOptions;
  readonly certificate: DtlsCertificate;
  /** A viewer that makes the offer has no data channels. */
  readonly signaling: PeerSignaling;
  /** It is a server that is sent the media: it gets our offer, and has no data channels either. */
  readonly isOutput: boolean;
  readonly taps: Readonly<Record<MediaKind, Tap>>;
  readonly groups: PayloadGroups;
  /** RTP packets of video that have left the payloader so far. */
  videoPackets(): number;
  needKeyframe(reason: KeyframeReason, peerId: string): void;
  /** A key frame is about to be sent to the peer. */
  keyframeComing(): void;
  /** Nothing is left of the peer. */
  removed(peer: WebRtcPeer): void;
}

/** Handlers look their peer up here. */
const peers = new Map<number, WebRtcPeer>();
let nextKey = 1;

/**
 * Handlers run while a GStreamer thread waits: they note what came and leave. They are made
 * here, where nothing but a number is in scope: node-gtk keeps a handler after it has been
 * taken off, and an element that could be reached from it would never go.
 */
function candidateHandler(key: number): Handler {
  return (_index: number, line: string) => {
    setImmediate(() => peers.get(key)?.gathered(line));
  };
}

/** Read in here: webrtcbin emits this one without its lock, but may hold it a moment later. */
function connectionHandler(key: number): Handler {
  return () => {
    const state = peers.get(key)?.readState() ?? null;
    if (state !== null) setImmediate(() => peers.get(key)?.connectionChanged(state));
  };
}

/** The same. */
function gatheringHandler(key: number): Handler {
  return () => {
    if (peers.get(key)?.readGathered() === true) {
      setImmediate(() => peers.get(key)?.gatheringDone());
    }
  };
}

const EMPTY: SessionFigures = {
  packetsSent: 0,
  bytesSent: 0,
  nackCount: 0,
  pliCount: 0,
  firCount: 0,
  fractionLost: 0,
  roundTrip: 0,
  jitter: 0,
  reportMark: '',
  highestVideo: null,
};

/** One viewer on a webrtcbin. Everything it does is done in order, one step at a time. */
export class WebRtcPeer extends EventEmitter<PeerEvents> implements Peer, PacketOutlet {
  readonly kind: 'webrtc' | 'output';
  readonly tap = 'packets';
  readonly id: string;
  readonly #context: PeerContext;
  readonly #log: Log;
  readonly #key = nextKey++;
  readonly #branch: PeerBranch;
  readonly #channels: PeerChannels;
  readonly #video: VideoFeed;
  readonly #sound: SoundFeed;
  readonly #rtp: RtpStats;
  readonly #meter = new QualityMeter();
  readonly #floods = new FloodMeter();
  readonly #silence = new SilenceMeter();
  readonly #standstill = new StandstillMeter();
  readonly #presence = new PresenceMeter();
  #repeats = true;
  readonly #bandwidth = new BandwidthMeter();
  readonly #path: PathReport;
  readonly #negotiation: Negotiation;
  /** What the certificate of the browser's end must match; null before it was announced. */
  #announced: readonly Fingerprint[] | null = null;
  #mediaAgreed = false;
  /** Null before the browser has chosen. */
  #takesSound: boolean | null = null;
  /** It made the offer, and this is what it gets. */
  #agreed: AgreedMedia | null = null;
  readonly #memberships: Membership[] = [];
  #closing: Promise<void> | null = null;
  /** ICE and DTLS are up: data channels may speak, and webrtcbin's lock has become a trap. */
  #established = false;
  /** The other end has shown the certificate that signaling announced. */
  #identified = false;
  /** Our end begins DTLS. */
  #isActive = false;
  #droppedSampled = 0;
  #keyframeAsks = 0;
  #figures: SessionFigures = EMPTY;
  #sampledAt = 0;
  #heardAt = 0;
  #heardMark = '';

  /** @private made by the pipeline */
  constructor(id: string, context: PeerContext, branch: PeerBranch, log: Log) {
    super();
    this.id = id;
    this.kind = context.isOutput ? 'output' : 'webrtc';
    this.#context = context;
    this.#log = log;
    this.#branch = branch;
    const peerLog = log.child({ peer_id: id });
    this.#video = new VideoFeed(
      {
        packets: () => context.videoPackets(),
        requestKeyframe: (reason) => context.needKeyframe(reason, id),
        preroll: () => branch.preroll(),
        flush: () => branch.flush(),
        link: () => branch.link('video'),
        unlink: (unheard) => branch.unlink('video', unheard),
      },
      nodeTimers,
      peerLog,
    );
    this.#sound = new SoundFeed(branch, id, log);
    this.#rtp = new RtpStats(context.runtime, branch, (bitrate) =>
      this.#bandwidth.onEstimate(bitrate, performance.now()),
    );
    this.#path = new PathReport({
      relayOnly: context.network.relayOnly,
      turnServers: serverUris(context.network.iceServers).turn.length,
      portRange: context.network.portRange,
    });
    const { network, format, runtime, certificate } = context;
    const engine = new WebRtcEngine(branch, {
      ...{ runtime, network, certificate },
      munging: () => (this.#agreed ? offerMunging(this.#agreed) : format.munging),
      established: () => this.#established,
      closing: () => this.#closing !== null || this.#negotiation.closed,
      remoteComing: (description, type) => this.#remoteComing(description, type),
      mediaAgreed: () => {
        this.#mediaAgreed = true;
        this.#startMedia();
      },
    });
    this.#negotiation = new Negotiation({
      ...{ engine, network },
      formats: context.signaling === 'viewer-offer' ? () => format.formats : null,
      path: this.#path,
      videoName: format.videoName,
      log: peerLog,
      schedule: nodeTimers,
      sendDescription: (description) => this.#notify('description', description),
      sendCandidate: (candidate) => this.#notify('candidate', candidate),
      stateChanged: (state) => this.#stateChanged(state),
    });
    this.#channels = new PeerChannels(
      context.runtime,
      branch,
      {
        // Channels are above DTLS, and may be heard of before the connection is.
        opened: (label) => {
          if (!this.#identify()) return;
          this.#video.viewerReady();
          this.#notify('channel-open', label);
        },
        closed: (label) => {
          if (this.#identify()) this.#notify('channel-closed', label);
        },
        message: (label, data) => {
          if (this.#identify()) this.#notify('message', label, data);
        },
        flooded: (reason) => this.#fail('VIEWER_FLOODS', reason),
      },
      log,
    );
    const key = this.#key;
    peers.set(key, this);
    branch.on('on-ice-candidate', candidateHandler(key));
    branch.on('notify::connection-state', connectionHandler(key));
    branch.on('notify::ice-gathering-state', gatheringHandler(key));
    if (!context.isOutput && context.signaling !== 'viewer-offer') this.#channels.create('general');
  }

  get state(): PeerState {
    return this.#negotiation.state;
  }

  get diagnosis(): string {
    return this.#negotiation.diagnosis;
  }

  get failure(): MoonteeError | null {
    return this.#negotiation.failure;
  }

  offer(options: { iceRestart?: boolean } = {}): Promise<void> {
    return this.#negotiation.offer(options);
  }

  receive(description: PeerDescription): Promise<void> {
    return this.#negotiation.receive(description);
  }

  get remoteUfrag(): string | null {
    return this.#negotiation.remoteUfrag;
  }

  restartByViewer(ice: IceParameters): Promise<void> {
    return this.#negotiation.restartByViewer(ice);
  }

  addCandidate({ candidate }: PeerCandidate): void {
    this.#negotiation.addRemoteCandidate(candidate);
  }

  send(label: string, data: Buffer | string): boolean {
    if (this.#closing || !this.#identified || this.state === 'failed') return false;
    return this.#channels.send(label, data);
  }

  close(deadline?: Deadline): Promise<void> {
    this.#closing ??= this.#close(deadline);
    return this.#closing;
  }

  /** Something in the peer's own elements failed. */
  onElementError(cause: string): void {
    if (this.#closing || this.state === 'failed') return;
    this.#log.info({ peer_id: this.id, cause }, 'peer pipeline error');
    this.#fail(
      'ICE_FAILED',
      this.#established ? 'The connection to the viewer broke off' : this.#path.reason,
    );
  }

  /** The pipeline is about to send a key frame to everybody: who waited for it is let in. */
  keyframeComing(): void {
    if (this.#closing) return;
    this.#context.keyframeComing();
    this.#video.keyframeComing();
  }

  /** Looks for key frame requests and for a queue that fills up. Cheap, several times a second. */
  pollFeedback(): void {
    if (this.#closing || this.state !== 'connected') return;
    if (this.#floodsUs() || this.#isGone()) return;
    const asks = this.#rtp.keyframes();
    const count = asks ? asks.pliCount + asks.firCount : 0;
    if (count > this.#keyframeAsks) this.#context.needKeyframe('pli', this.id);
    this.#keyframeAsks = count;
    if (this.#isSilent()) this.#video.silent(this.#silence.unheard);
    else this.#video.pollQueue(this.#branch.videoBacklogMs());
    this.#sound.pollQueue();
  }

  /** Of a viewer without a socket: nothing else tells of its end. */
  #isGone(): boolean {
    const { ingress } = this.#branch;
    if (!ingress || this.#context.signaling === 'socket') return false;
    if (this.#presence.poll(ingress.rtcp.packets, performance.now())) return false;
    this.#fail('VIEWER_STALLED', 'Nothing has come from the viewer for half a minute');
    return true;
  }

  /** Whether nothing of any kind comes from the viewer while much is sent to it. */
  #isSilent(): boolean {
    const { ingress } = this.#branch;
    if (!ingress) return false;
    return this.#silence.poll(
      {
        packetsIn: ingress.all.packets,
        // Counted by us: the session keeps no report of a receiver that has our own SSRC for its own.
        reported: ingress.rtcp.packets >= KNOWN_TO_REPORT,
        videoPackets: this.#context.videoPackets(),
        fed: this.#video.linked,
      },
      performance.now(),
    );
  }

  /** Looks at how much comes in from the viewer, and at what it makes us send once more. */
  #floodsUs(): boolean {
    const { ingress } = this.#branch;
    if (!ingress) return false;
    const { all, channels, rtcp } = ingress;
    const repeats = this.#rtp.repeats();
    const verdict = this.#floods.judge(
      {
        packets: all.packets,
        bytes: all.bytes,
        channelPackets: channels.packets,
        channelBytes: channels.bytes,
        rtcpPackets: rtcp.packets,
        rtcpBytes: rtcp.bytes,
        sources: this.#rtp.sources(),
        repeatsAsked: repeats?.asked ?? 0,
        repeatsSent: repeats?.sent ?? 0,
        videoPackets: this.#context.videoPackets(),
      },
      performance.now(),
    );
    if (verdict.kind === 'end') {
      this.#fail('VIEWER_FLOODS', verdict.reason);
      return true;
    }
    const allowed = verdict.kind === 'fine';
    if (allowed !== this.#repeats) {
      this.#repeats = allowed;
      this.#rtp.allowRepeats(allowed);
      this.#log.info({ peer_id: this.id, allowed }, 'retransmission for the peer');
    }
    return false;
  }

  /** Reads the session's statistics and judges the link. About once a second. */
  sampleStats(now: number): void {
    if (this.#closing || this.state !== 'connected') return;
    const figures = this.#rtp.read();
    if (!figures) return;
    // A receiver that has been silent for long is forgotten by the session, and its mark with it.
    if (figures.reportMark !== '' && figures.reportMark !== this.#heardMark) {
      this.#heardMark = figures.reportMark;
      this.#heardAt = now;
    }
    const { sent, heardAt } = this.#silence;
    if (this.#standstill.poll({ highest: figures.highestVideo, sent, heardAt }, now)) {
      this.#fail('VIEWER_STALLED', 'The viewer is heard, but no video gets through to it any more');
      return;
    }
    // Who never reports cannot fall silent.
    const silence = this.#heardMark === '' ? 0 : now - this.#heardAt;
    const rate = this.#rateSince(figures.bytesSent, now);
    this.#figures = figures;
    const changed = this.#meter.add({
      fractionLost: figures.fractionLost,
      dropped: this.#video.dropped - this.#droppedSampled + (this.#video.cut ? 1 : 0),
      silence,
      narrow: this.#bandwidth.narrow(rate, now),
    });
    this.#droppedSampled = this.#video.dropped;
    if (!changed) return;
    this.#log.info({ peer_id: this.id, quality: changed }, 'peer quality changed');
    this.#negotiation.qualityChanged(changed);
    this.#notify('quality', changed);
  }

  /** bit/s since the last sample. */
  #rateSince(bytes: number, now: number): number {
    const seconds = (now - this.#sampledAt) / 1000;
    this.#sampledAt = now;
    return ((bytes - this.#figures.bytesSent) * 8) / seconds;
  }

  stats(): PeerStats {
    const figures = this.#figures;
    return {
      id: this.id,
      state: this.state,
      quality: this.#meter.quality,
      packetsSent: figures.packetsSent,
      bytesSent: figures.bytesSent,
      packetsDropped: this.#video.dropped,
      nackCount: figures.nackCount,
      pliCount: figures.pliCount,
      firCount: figures.firCount,
      fractionLost: figures.fractionLost,
      roundTrip: figures.roundTrip,
      jitter: figures.jitter,
      bandwidth: this.#bandwidth.estimate,
    };
  }

  /** @private a candidate of ours */
  gathered(line: string): void {
    this.#negotiation.addLocalCandidate(line);
  }

  /** @private from the handler: a thread waits for the return */
  readGathered(): boolean {
    if (this.#closing) return false;
    const { WebRTCICEGatheringState: State } = this.#context.runtime.namespaces.GstWebRTC;
    return this.#branch.webrtc.iceGatheringState === State.COMPLETE;
  }

  /** @private */
  gatheringDone(): void {
    this.#negotiation.gatheringComplete();
    this.#notify('gathered');
  }

  /** @private from the handler: a thread waits for the return */
  readState(): GstWebRTC.WebRTCPeerConnectionState | null {
    if (this.#closing) return null;
    const { WebRTCPeerConnectionState: State } = this.#context.runtime.namespaces.GstWebRTC;
    const state = this.#branch.webrtc.connectionState;
    // Only from now on there can be data channels.
    if (state === State.CONNECTED) this.#established = true;
    return state;
  }

  /** @private */
  connectionChanged(state: GstWebRTC.WebRTCPeerConnectionState): void {
    const { WebRTCPeerConnectionState: State } = this.#context.runtime.namespaces.GstWebRTC;
    const states = new Map<GstWebRTC.WebRTCPeerConnectionState, TransportState>([
      [State.CONNECTING, 'connecting'],
      [State.CONNECTED, 'connected'],
      [State.DISCONNECTED, 'disconnected'],
      [State.FAILED, 'failed'],
      [State.CLOSED, 'closed'],
    ]);
    const reported = states.get(state);
    if (!reported || this.#closing || (reported === 'connected' && !this.#identify())) return;
    this.#negotiation.transportChanged(reported);
  }

  #stateChanged(state: PeerState): void {
    if (state === 'failed') this.#cutOff();
    this.#notify('state', state);
    if (state !== 'connected') return;
    this.#video.connected();
    // An active end has its keys after the other one has (RFC 6347 §4.2.4).
    if (this.#isActive) this.#video.viewerReady();
    this.#startMedia();
  }

  /**
   * Whether the other end of the media path is the viewer who signaled. To be asked once DTLS is up,
   * before the first packet goes out and before anything that came in is believed: whoever stands
   * on the path could have answered in the viewer's place.
   */
  #identify(): boolean {
    if (this.#closing || this.state === 'failed') return false;
    if (this.#identified) return true;
    const announced = this.#announced;
    this.#identified =
      announced !== null && showsAnnounced(this.#context.runtime, this.#branch.webrtc, announced);
    if (!this.#identified) {
      this.#fail(
        'VIEWER_CERTIFICATE_MISMATCH',
        'The certificate on the media path is not the one that the viewer announced',
      );
    }
    return this.#identified;
  }

  #remoteComing(description: SanitizedDescription, type: 'offer' | 'answer'): void {
    const { fingerprints, payloads, agreed, setup } = description;
    this.#announced = fingerprints;
    if (agreed && !this.#agreed) {
      this.#agreed = agreed;
      this.#isActive = setup !== 'active';
      this.#useOwn(agreed);
    }
    if (type === 'answer') this.#soundChosen(payloads.audio);
  }

  /** @throws LIMIT_REACHED if there are too many payload types already */
  #useOwn({ video, audio }: AgreedMedia): void {
    const { format } = this.#context;
    this.#takesSound = audio !== null;
    this.#branch.useOwn(
      this.#ownMedium('video', format.ownVideo(video), video),
      audio && this.#ownMedium(kindOf(audio), format.ownSound(audio), audio),
    );
  }

  #ownMedium(kind: GroupKind, format: PayloadFormat, { feedback }: ChosenFormat): OwnMedium {
    const { taps } = this.#context;
    const isFirst = kind !== 'stereo' && format.payload === RTP[kind].payload;
    const tap = isFirst ? taps[kind] : this.#join(kind, format, (cause) => this.#lose(cause));
    return { tap, caps: format.caps, nack: feedback.includes('nack') };
  }

  #join(kind: GroupKind, format: PayloadFormat, onFailed: (cause: string) => void): Tap {
    const membership = this.#context.groups.join(kind, format, onFailed);
    this.#memberships.push(membership);
    return membership.tap;
  }

  #lose(cause: string): void {
    this.#log.info({ peer_id: this.id, cause }, 'payload group of the peer failed');
    this.#fail('PIPELINE_FAILED', 'The payloader of the viewer failed');
  }

  /**
   * Between surround and stereo the first answer chooses. A later one comes too late: the packets
   * would be numbered by somebody else, and telling webrtcbin their caps would take its lock.
   */
  #soundChosen(payload: number | null): void {
    const { stereo } = this.#context.format;
    if (this.#takesSound !== null && stereo) return;
    this.#takesSound = payload !== null;
    if (payload === null) return;
    if (!stereo || payload !== stereo.payload) {
      this.#branch.useSound();
      return;
    }
    // A viewer goes on without it.
    this.#branch.useSound(this.#join('stereo', stereo, () => undefined));
  }

  /** Lets media in once the browser has agreed to take it; sound before the path would be late. */
  #startMedia(): void {
    if (this.#closing || !this.#mediaAgreed || this.state === 'failed') return;
    if (this.state === 'connected' && this.#takesSound === true) this.#sound.start();
    this.#video.want();
  }

  #fail(code: ErrorCode, reason: string): void {
    if (!this.#closing) this.#negotiation.fail(new MoonteeError(code, reason));
  }

  /** Nothing goes out to a viewer that failed, and nothing of it is believed. */
  #cutOff(): void {
    const { code, message: reason } = this.failure ?? new MoonteeError('INTERNAL');
    this.#log.info({ peer_id: this.id, code, reason, ...this.#path.counts }, 'peer failed');
    this.#video.close();
    this.#sound.end();
    this.#branch.ingress?.shut();
    this.#channels.deafen();
  }

  /** A listener that throws is its own problem. */
  #notify<K extends keyof PeerEvents>(event: K, ...values: PeerEvents[K]): void {
    if (this.state === 'closed' && event !== 'state') return;
    try {
      (this.emit as (name: K, ...values: PeerEvents[K]) => boolean).call(this, event, ...values);
    } catch (error) {
      this.#log.error({ peer_id: this.id, event, err: error }, 'listener of a peer threw');
    }
  }

  async #close(deadline?: Deadline): Promise<void> {
    peers.delete(this.#key);
    this.#video.close();
    this.#sound.end();
    this.#negotiation.close();
    this.#rtp.close();
    try {
      this.#channels.close();
      await this.#branch.dispose(deadline);
    } finally {
      for (const membership of this.#memberships.splice(0)) membership.leave();
      this.#context.removed(this);
      this.removeAllListeners();
    }
  }
}

function kindOf({ variant }: ChosenSound): GroupKind {
  return variant === 'stereo' ? 'stereo' : 'audio';
}
