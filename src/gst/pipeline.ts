import { EventEmitter } from 'node:events';
import { Deadline } from '../core/deadline.js';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { ask, type AppSrcElement } from './binding.js';
import { PeerBranch, type MediaKind, type Tap, type Trunk } from './webrtc/branch.js';
import { watchBus, type BusMessage } from './bus.js';
import { assertDescriptorsForViewer, hasDescriptorsForViewer } from './descriptors.js';
import { DtlsCertificate } from './webrtc/dtls-certificate.js';
import { MediaBus } from '../media/bus.js';
import type { OutputKeyframes } from '../media/keyframe-pacer.js';
import type { KeyframeRequest } from '../media/keyframes.js';
import type { CodedUnit, Packetizer, TrackId } from '../media/outlet.js';
import { addPeerCounts, NO_PEER_COUNTS, type PeerCounts } from '../media/peer-counts.js';
import { describeGraph } from './graph-properties.js';
import { elementsOf, fillTemplate, loadTemplate } from './launch-template.js';
import { mediaFormat, missingForStereo, type MediaFormat } from './media-format.js';
import { applyServers, serverUris } from './webrtc/network.js';
import { PayloadGroups } from './payload-groups.js';
import { WebRtcPeer, type PeerContext } from './webrtc/peer.js';
import { rehearse } from './webrtc/rehearsal.js';
import { chooseTimestamps, type PayloaderElement } from './renumbering.js';
import { gstRuntime, type Gst, type GstRuntime } from './runtime.js';
import { isRtpBin, RtpOutlet } from './outlets/rtp.js';
import type { IceServer } from '../ice/types.js';
import type {
  OutputPeer,
  Peer,
  PeerSignaling,
  PipelineStats,
  RtpOutput,
  RtpOutputOptions,
  StreamPipeline,
  StreamPipelineEvents,
  StreamPipelineOptions,
} from '../media/types.js';

/** Templates whose elements every streamer needs, whatever its codec. */
const UNCONDITIONAL = ['peer', 'audio-opus'] as const;
/** Milliseconds between two polls of every peer, and between two samples of one. */
const POLL_INTERVAL_MS = 150;
const SAMPLE_INTERVAL_MS = 1000;
/**
 * Milliseconds of access units waiting in the source above which it is skipped to an IDR. What
 * came in one burst after a pause is gone in a few milliseconds and must not be lost.
 */
const SOURCE_BACKLOG = 1500;
/** Milliseconds for everything to go. */
const CLOSE_TIMEOUT_MS = 20_000;
/** Milliseconds after a join until the next branch is prepared. */
const SPARE_DELAY_MS = 250;
const WARM_UP_DEADLINE_MS = 20_000;

/** It holds for every pipeline of the process. */
let rehearsed = false;

/**
 * Builds and starts the media side of one streamer.
 *
 * @throws CODEC_UNAVAILABLE, ELEMENT_MISSING (both name the element), CONFIG_INVALID for an invalid
 * ICE server, PIPELINE_FAILED
 */
export async function createStreamPipeline(
  options: StreamPipelineOptions,
): Promise<StreamPipeline> {
  const runtime = gstRuntime();
  for (const name of UNCONDITIONAL) runtime.requireElements(...elementsOf(loadTemplate(name)));
  const format = mediaFormat(runtime, options.video, options.audio);
  serverUris(options.network.iceServers);
  const certificate = new DtlsCertificate(runtime, options.dtlsIdentityPem);
  const pipeline = new GstStreamPipeline(runtime, format, certificate, options);
  try {
    await pipeline.warmUp();
  } catch (error) {
    options.log.error({ err: error, graph: pipeline.keepGraph() }, 'pipeline does not start');
    await pipeline.close();
    throw MoonteeError.from(error, 'PIPELINE_FAILED');
  }
  return pipeline;
}

class GstStreamPipeline
  extends EventEmitter<StreamPipelineEvents>
  implements StreamPipeline, Packetizer
{
  readonly #runtime: GstRuntime;
  readonly #format: MediaFormat;
  readonly #options: StreamPipelineOptions;
  readonly #log: Log;
  readonly #pipeline: Gst.Pipeline;
  readonly #sources: Readonly<Record<MediaKind, AppSrcElement>>;
  readonly #trunk: Trunk;
  readonly #groups: PayloadGroups;
  readonly #bus: MediaBus;
  readonly #peers = new Map<string, WebRtcPeer>();
  readonly #rtpOutlets = new Set<RtpOutlet>();
  /** Of peers that left. */
  #goneCounts = NO_PEER_COUNTS;
  /** Hears what fails inside a bin, by the bin's name. */
  readonly #owners = new Map<string, (cause: string) => void>();
  /** Takes a peer off the bus and out of the owners. */
  readonly #detach = new Map<string, () => void>();
  readonly #host: Omit<PeerContext, 'signaling' | 'isOutput'>;
  readonly #stops: (() => void)[] = [];
  /** A branch that is ready for the next viewer. */
  #spare: PeerBranch | null = null;
  #spareTimer: NodeJS.Timeout | null = null;
  /** Nothing is pushed until the next IDR. */
  #skipping = false;
  #videoUnits = 0;
  #videoBytes = 0;
  #audioPackets = 0;
  #unitsDropped = 0;
  #packets = { last: -1, total: 0 };
  #failed = false;
  #closing: Promise<void> | null = null;

  constructor(
    runtime: GstRuntime,
    format: MediaFormat,
    certificate: DtlsCertificate,
    options: StreamPipelineOptions,
  ) {
    super();
    this.#runtime = runtime;
    this.#format = format;
    this.#options = options;
    this.#log = options.log;
    this.#bus = options.bus ?? new MediaBus(options.log);
    const text = [
      fillTemplate(loadTemplate(format.videoTemplate), {
        ...format.videoValues,
        mtu: options.mtu,
      }),
      fillTemplate(loadTemplate(format.audioTemplate), format.audioValues),
    ].join('\n');
    this.#pipeline = runtime.parse(text);
    this.#sources = {
      video: this.#element('video-source') as AppSrcElement,
      audio: this.#element('audio-source') as AppSrcElement,
    };
    this.#trunk = {
      pipeline: this.#pipeline,
      taps: { video: this.#tap('video'), audio: this.#tap('audio') },
    };
    for (const { payloader } of Object.values(this.#trunk.taps)) chooseTimestamps(payloader);
    this.#groups = new PayloadGroups({
      ...{ runtime, pipeline: this.#pipeline, mtu: options.mtu, stereo: format.stereo },
      requestKeyframe: () => this.#bus.requestKeyframe('drop', null),
      log: this.#log,
    });
    if (options.audio.channels > 2 && !format.stereo) {
      this.#log.warn(
        { element: missingForStereo(runtime) },
        'stereo sound unavailable, an element is missing',
      );
    }
    this.#host = {
      runtime,
      format,
      network: options.network,
      certificate,
      groups: this.#groups,
      taps: this.#trunk.taps,
      videoPackets: () => this.#countPackets(),
      needKeyframe: (reason, peerId) => this.#bus.requestKeyframe(reason, peerId),
      keyframeComing: () => undefined,
      removed: (peer) => this.#removed(peer),
    };
    this.#stops.push(
      runtime.hold(),
      runtime.collector.spare(() => this.#peers.size > 0),
      watchBus(runtime, this.#pipeline, (message) => this.#onMessage(message)),
    );
    this.#pipeline.setState(runtime.namespaces.Gst.State.PLAYING);
    this.#watchPeers();
    const forward = (request: KeyframeRequest): void => this.#emit('keyframe-needed', request);
    this.#bus.on('keyframe-needed', forward);
    this.#stops.push(() => this.#bus.off('keyframe-needed', forward));
    if (!options.bus) this.#stops.push(() => this.#bus.close());
  }

  get closed(): boolean {
    return this.#closing !== null;
  }

  get runningTime(): number {
    return this.closed ? 0 : Number(this.#pipeline.getCurrentRunningTime());
  }

  /** The first offer of a process takes half a second (certificate, plugins): pay it now. */
  async warmUp(): Promise<void> {
    const { Gst } = this.#runtime.namespaces;
    const branch = this.#branch();
    try {
      const wishes = Gst.Structure.newEmpty('options');
      await ask(this.#runtime, branch.webrtc, 'create-offer', [wishes], WARM_UP_DEADLINE_MS);
      branch.certify(this.#host.certificate);
    } finally {
      await branch.dispose();
    }
    if (!rehearsed) {
      rehearsed = true;
      await this.#rehearse();
    }
    this.#spare = this.#branch();
    this.#bus.open(this);
  }

  /** Logs what holds on this machine. A viewer does without what does not. */
  async #rehearse(): Promise<void> {
    const { Gst } = this.#runtime.namespaces;
    const { certificate } = this.#host;
    const format = this.#format;
    const tap = (kind: MediaKind, caps: string): Tap => ({
      ...this.#trunk.taps[kind],
      caps: Gst.Caps.fromString(caps),
    });
    const taps = { video: tap('video', format.videoCaps), audio: tap('audio', format.audioCaps) };
    const branch = new PeerBranch(this.#runtime, { pipeline: this.#pipeline, taps }, format);
    try {
      // Which sound it is depends on the viewer.
      const media: MediaKind[] = format.stereo ? ['video'] : ['video', 'audio'];
      await rehearse(branch, { runtime: this.#runtime, format, certificate, media });
      const held = branch.shortcuts.describe().filter(({ holds }) => holds);
      const figures = { gstreamer: this.#runtime.version, shortcuts: held.map(({ name }) => name) };
      this.#log.info(figures, 'webrtcbin rehearsed');
      for (const { name, what } of branch.shortcuts.describe().filter(({ holds }) => !holds)) {
        this.#log.warn({ shortcut: name }, `this webrtcbin is built in another way: ${what}`);
      }
    } catch (error) {
      this.#log.warn({ err: error }, 'webrtcbin could not be rehearsed');
    } finally {
      await branch.dispose();
    }
  }

  pushVideo({ data, pts, idr }: { data: Buffer; pts: number; idr: boolean }): void {
    this.#bus.publish('video', { data, pts, duration: null, keyframe: idr });
  }

  pushAudio(packet: { data: Buffer; pts: number; duration: number }): void {
    this.#bus.publish('audio', { ...packet, keyframe: false });
  }

  admits(track: TrackId, { keyframe }: CodedUnit): boolean {
    if (this.closed || this.#failed) return false;
    if (track === 'audio') return true;
    const backlog = this.#backlog();
    if (!this.#skipping && backlog > SOURCE_BACKLOG) {
      this.#skipping = true;
      this.#log.warn({ backlog }, 'source too slow, skipping to the next key frame');
    }
    if (!this.#skipping) return true;
    if (keyframe && backlog <= SOURCE_BACKLOG / 4) {
      this.#skipping = false;
      return true;
    }
    this.#unitsDropped += 1;
    this.#bus.requestKeyframe('drop', null);
    return false;
  }

  push(track: TrackId, unit: CodedUnit): void {
    const { data, pts, duration, keyframe } = unit;
    if (track === 'audio') {
      this.#audioPackets += 1;
    } else {
      if (keyframe) this.#format.describe(data);
      this.#videoUnits += 1;
      this.#videoBytes += data.length;
    }
    const makeBuffer = (): Gst.Buffer => {
      const buffer = this.#runtime.namespaces.Gst.Buffer.newWrapped(data as unknown as number[]);
      buffer.pts = BigInt(pts);
      if (duration !== null) buffer.duration = BigInt(Math.round(duration));
      return buffer;
    };
    this.#sources[track].pushBuffer(makeBuffer());
    this.#groups.push(track, unit, makeBuffer);
  }

  addPeer(
    id: string,
    iceServers?: readonly IceServer[],
    signaling: PeerSignaling = 'socket',
  ): Promise<Peer> {
    return Promise.resolve().then(() => {
      const viewers = [...this.#peers.values()].filter(({ kind }) => kind === 'webrtc');
      if (viewers.length >= this.#options.maxPeers) {
        throw new MoonteeError('LIMIT_REACHED', 'The streamer has reached max_viewers', {
          details: { limit: this.#options.maxPeers },
        });
      }
      const network = iceServers ? { ...this.#options.network, iceServers } : this.#options.network;
      return this.#addPeer(id, { ...this.#host, network, signaling, isOutput: false });
    });
  }

  addOutputPeer(id: string, keyframes: OutputKeyframes): Promise<OutputPeer> {
    return Promise.resolve().then(() =>
      this.#addPeer(id, {
        ...this.#host,
        signaling: 'server-offer',
        isOutput: true,
        needKeyframe: (reason) => keyframes.want(reason),
        keyframeComing: () => keyframes.served(),
      }),
    );
  }

  /** @throws CLOSED, PIPELINE_FAILED, INTERNAL, LIMIT_REACHED, CONFIG_INVALID */
  #addPeer(id: string, context: PeerContext): WebRtcPeer {
    if (this.closed) throw new MoonteeError('CLOSED', 'The pipeline is closed');
    if (this.#failed) throw new MoonteeError('PIPELINE_FAILED');
    if (this.#peers.has(id)) throw new MoonteeError('INTERNAL', 'A peer of that id exists already');
    assertDescriptorsForViewer();
    serverUris(context.network.iceServers);
    const branch = this.#spare ?? this.#branch();
    this.#spare = null;
    this.#prepareSpare();
    applyServers(this.#runtime, branch.webrtc, context.network);
    const peer = new WebRtcPeer(id, context, branch, this.#log);
    this.#peers.set(id, peer);
    const detach = this.#bus.attach(peer);
    this.#owners.set(branch.name, (cause) => peer.onElementError(cause));
    this.#detach.set(id, () => {
      this.#owners.delete(branch.name);
      detach();
    });
    this.#log.info({ peer_id: id, peers: this.#peers.size }, 'peer added');
    return peer;
  }

  peer(id: string): Peer | undefined {
    return this.#peers.get(id);
  }

  addRtpOutput(options: RtpOutputOptions): RtpOutput {
    if (this.closed) throw new MoonteeError('CLOSED', 'The pipeline is closed');
    if (this.#failed) throw new MoonteeError('PIPELINE_FAILED');
    const outlet = new RtpOutlet({ runtime: this.#runtime, trunk: this.#trunk }, options);
    let detach: () => void;
    try {
      detach = this.#bus.attach(outlet);
    } catch (error) {
      void outlet.close();
      throw error;
    }
    this.#rtpOutlets.add(outlet);
    options.keyframes.want('join');
    return {
      get bytes() {
        return outlet.bytes;
      },
      report: (track) => outlet.report(track),
      close: () => {
        detach();
        this.#rtpOutlets.delete(outlet);
        return outlet.close();
      },
    };
  }

  stats(): Promise<PipelineStats> {
    const keyframeRequestsByReason = this.#bus.keyframeRequests;
    const { join, pli, drop, rotate } = keyframeRequestsByReason;
    const peers = [...this.#peers.values()]
      .filter(({ kind }) => kind === 'webrtc')
      .map((peer) => peer.stats());
    return Promise.resolve({
      videoUnits: this.#videoUnits,
      videoBytes: this.#videoBytes,
      audioPackets: this.#audioPackets,
      unitsDropped: this.#unitsDropped,
      keyframeRequests: join + pli + drop + rotate,
      keyframeRequestsByReason,
      peers,
      peerTotals: peers.reduce<PeerCounts>(addPeerCounts, this.#goneCounts),
    });
  }

  /** @returns path of a file, for the log; null without a file */
  keepGraph(): string | null {
    return this.#options.keepGraph?.(this.dot()) ?? null;
  }

  dot(): string {
    if (this.closed) return '';
    return describeGraph(this.#runtime, this.#pipeline);
  }

  close(deadline = Deadline.in(CLOSE_TIMEOUT_MS)): Promise<void> {
    this.#closing ??= this.#close(deadline);
    return this.#closing;
  }

  #element(name: string): Gst.Element {
    const element = this.#pipeline.getByName(name);
    if (!element) throw new MoonteeError('PIPELINE_FAILED', `The template has no ${name}`);
    return element;
  }

  #tap(kind: MediaKind): Tap {
    return {
      tee: this.#element(`${kind}-tee`),
      payloader: this.#element(`${kind}-pay`) as PayloaderElement,
      caps: null,
    };
  }

  #branch(): PeerBranch {
    return new PeerBranch(this.#runtime, this.#trunk, this.#format);
  }

  #prepareSpare(): void {
    if (this.#spareTimer) clearTimeout(this.#spareTimer);
    this.#spareTimer = setTimeout(() => {
      this.#spareTimer = null;
      if (this.closed || this.#failed || this.#peers.size >= this.#options.maxPeers) return;
      if (hasDescriptorsForViewer()) this.#spare ??= this.#branch();
    }, SPARE_DELAY_MS);
  }

  /** Milliseconds of video that wait in the source. */
  #backlog(): number {
    return Number(this.#sources.video.currentLevelTime) / 1e6;
  }

  #countPackets(): number {
    const { seqnum } = this.#trunk.taps.video.payloader;
    if (this.#packets.last < 0) this.#packets.last = seqnum;
    this.#packets.total += (seqnum - this.#packets.last + 65_536) % 65_536;
    this.#packets.last = seqnum;
    return this.#packets.total;
  }

  #watchPeers(): void {
    let polledAt = 0;
    let turn = 0;
    const leave = this.#runtime.onTurn(() => {
      const now = performance.now();
      if (now - polledAt < POLL_INTERVAL_MS) return;
      polledAt = now;
      this.#countPackets();
      turn += 1;
      const every = Math.round(SAMPLE_INTERVAL_MS / POLL_INTERVAL_MS);
      let place = 0;
      for (const peer of this.#peers.values()) {
        peer.pollFeedback();
        // Not all in the same turn: each sample takes a fraction of a millisecond.
        if ((turn + place) % every === 0) peer.sampleStats(now);
        place += 1;
      }
    });
    this.#stops.push(leave);
  }

  #onMessage({ type, source, bin, text }: BusMessage): void {
    if (bin !== null && isRtpBin(bin)) {
      // A packet that does not leave is a warning, each.
      for (const outlet of this.#rtpOutlets) if (outlet.owns(bin)) outlet.onElementMessage(text);
      return;
    }
    if (type === 'warning') {
      this.#log.warn({ source, text }, 'pipeline warning');
      return;
    }
    if (type === 'eos') return;
    if (bin !== null) {
      // What fails inside a bin ends the bin's owner at most, which may have left already.
      this.#log.debug({ bin, source, text }, 'error in a bin');
      if (!this.#groups.onElementError(bin, text)) this.#owners.get(bin)?.(text);
      return;
    }
    if (this.closed || this.#failed) return;
    this.#failed = true;
    const graph = this.keepGraph();
    this.#log.error({ source, text, graph }, 'pipeline failed');
    this.#emit('failed', new MoonteeError('PIPELINE_FAILED', text, { details: { source } }));
  }

  #removed(peer: WebRtcPeer): void {
    if (this.#peers.delete(peer.id) && peer.kind === 'webrtc') {
      this.#goneCounts = addPeerCounts(this.#goneCounts, peer.stats());
    }
    this.#detach.get(peer.id)?.();
    this.#detach.delete(peer.id);
    this.#log.info({ peer_id: peer.id, peers: this.#peers.size }, 'peer removed');
  }

  #emit<K extends keyof StreamPipelineEvents>(event: K, ...values: StreamPipelineEvents[K]): void {
    try {
      (this.emit as (name: K, ...values: StreamPipelineEvents[K]) => boolean).call(
        this,
        event,
        ...values,
      );
    } catch (error) {
      this.#log.error({ event, err: error }, 'listener of the pipeline threw');
    }
  }

  async #close(deadline: Deadline): Promise<void> {
    if (this.#spareTimer) clearTimeout(this.#spareTimer);
    try {
      await deadline.race(this.#dismantle(deadline), 'The pipeline did not come to rest');
    } catch (error) {
      // To go on would hang the process for good; its owner must end it.
      this.#log.fatal({ err: error }, 'pipeline could not be closed');
      throw MoonteeError.from(error);
    } finally {
      for (const stop of this.#stops.splice(0)) stop();
      this.removeAllListeners();
    }
  }

  /** Every viewer first: a pipeline must not be stopped around a webrtcbin that talks to us. */
  async #dismantle(deadline: Deadline): Promise<void> {
    await Promise.all([...this.#peers.values()].map((peer) => peer.close(deadline)));
    for (const outlet of this.#rtpOutlets) await outlet.close();
    this.#rtpOutlets.clear();
    await this.#spare?.dispose(deadline);
    this.#spare = null;
    this.#groups.close();
    this.#pipeline.setState(this.#runtime.namespaces.Gst.State.NULL);
    this.#runtime.collector.soon();
  }
}
