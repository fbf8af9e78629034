import type { Socket } from 'node:net';
import type { Deadline } from '../core/deadline.js';
import { MoonteeError } from '../core/errors.js';
import { NO_RIGHTS, type Rights } from '../core/rights.js';
import type { OutcomeCode } from '../core/outcomes.js';
import { playableCodecs, requireCodec } from '../gst/media-format.js';
import { createStreamPipeline } from '../gst/pipeline.js';
import { gstRuntime } from '../gst/runtime.js';
import type { IceServer, NetworkOptions } from '../ice/types.js';
import { MediaBus } from '../media/bus.js';
import type { Peer, StreamPipeline } from '../media/types.js';
import { decodeChannelMessage } from '../input/channels.js';
import { holdsSomething, type ViewerInput } from '../input/viewer-input.js';
import { InputAggregator } from '../input/aggregator.js';
import { isAllowed } from '../input/policy.js';
import type { Log } from '../core/log.js';
import { PresentationClock } from '../moonlight/presentation-clock.js';
import { ReconnectingSession, type SessionLoss } from '../moonlight/reconnect.js';
import { codecsOf } from '../moonlight/rtsp/video-choice.js';
import type {
  AccessUnit,
  HostInput,
  HostMessage,
  HostSilence,
  NegotiatedStream,
  OpusPacket,
  StreamSettings,
  Termination,
} from '../moonlight/types.js';
import type { StreamClientMessage, StreamServerMessage } from '../protocol/viewer-messages.js';
import { keepFailureGraph } from './failure-graphs.js';
import { ChildViewer, type ChildViewerOptions } from './viewer.js';
import { gatherTimeout, WhepViewer } from './whep-viewer.js';
import type {
  ChildMessage,
  DesktopOrder,
  MediaOrder,
  OfferOrder,
  ParentMessage,
  RecordingOrder,
  ViewerAnswer,
  ViewerPatch,
  ViewerPatched,
} from '../protocol/ipc.js';
import type { ViewerHold } from '../protocol/company-messages.js';
import type { AgentOrder, AgentOutcome } from '../protocol/agent-input.js';
import type { OutputOrder } from '../protocol/output-spec.js';
import type { SnapshotOrder } from '../protocol/snapshot.js';
import { channelLabel, channelNumber } from '../protocol/media-socket.js';
import { Agents } from './agents/agents.js';
import { actAsAgent } from './agents/act.js';
import { DesktopSockets } from './desktop-socket/sockets.js';
import { ViewerReports } from './viewer-reports.js';
import { InputSilence } from './input-silence.js';
import { HeldConnections } from './held-connections.js';
import { MediaSockets } from './media-socket/sockets.js';
import { Outputs } from './outputs/outputs.js';
import { Recordings } from './recordings.js';
import { Snapshots } from './snapshots.js';
import { closeParts } from './closing.js';
import type { StreamerStats } from '../protocol/statistics.js';
import { ProcessMeter } from './process-meter.js';
import { streamSettings } from './stream-settings.js';

export type Init = Extract<ParentMessage, { Init: unknown }>['Init'];

/** Messages kept of a viewer that has no branch yet, as many as the server keeps for it. */
const MAX_EARLY_MESSAGES = 64;

/** Shown by clients while a lost session is brought back. */
const RECONNECTING = 'Reconnecting to the host';
const WAITING = 'Waiting for the host';

/** A viewer that waits for the pipeline, or for its branch to be built. */
interface Arrival {
  readonly iceServers: readonly IceServer[] | undefined;
  building: boolean;
  /** What its browser said meanwhile. */
  readonly early: StreamClientMessage[];
  /** It left while its branch was being built. */
  left: { readonly code: OutcomeCode; readonly reason: string } | null;
}

export interface ChildStreamerOptions {
  readonly init: Init;
  readonly send: (message: ChildMessage) => void;
  /** Asks the server, which knows who else uses the app. Never rejects. */
  readonly mayQuitApp: () => Promise<boolean>;
  /** The streamer is of no use any more: end the process. */
  readonly fail: (error: MoonteeError) => void;
  readonly log: Log;
}

/**
 * One streamer: a Moonlight session, a pipeline, its viewers and the aggregator between
 * them. Owns all four; {@link close} ends viewers and session, then the pipeline.
 */
export class ChildStreamer {
  readonly #init: Init;
  readonly #log: Log;
  readonly #send: (message: ChildMessage) => void;
  readonly #fail: (error: MoonteeError) => void;
  readonly #session: ReconnectingSession;
  readonly #aggregator: InputAggregator;
  readonly #silence: InputSilence;
  readonly #reports: ViewerReports;
  readonly #viewers = new Map<string, ChildViewer | WhepViewer>();
  /** Viewers that have no branch yet. */
  readonly #arrivals = new Map<string, Arrival>();
  /** Viewers without a peer, whose media comes over a socket. */
  readonly #peerless = new Set<string>();
  /** Of all viewers that are here, as the server has set them. */
  readonly #rights = new Map<string, Rights>();
  /** Removals under way, so that closing waits for them. */
  readonly #removals = new Map<string, Promise<void>>();
  readonly #bus: MediaBus;
  readonly #recordings: Recordings;
  readonly #held = new HeldConnections();
  readonly #outputs: Outputs;
  readonly #agents: Agents;
  readonly #snapshots: Snapshots;
  readonly #media: MediaSockets;
  readonly #desktop: DesktopSockets;
  readonly #meter = new ProcessMeter();
  readonly #settings: StreamSettings;
  /** `performance.now()` at the bus's time zero. */
  readonly #origin = performance.now();
  #clock: PresentationClock;
  #pipeline: StreamPipeline | undefined;
  #started = false;
  #negotiated: NegotiatedStream | undefined;
  /** A frame of this session has been published. */
  #hasPicture = false;
  /** Of the link to the host; of a session that is brought back nothing bad is known yet. */
  #hostQuality: 'ok' | 'poor' = 'ok';
  /** Viewers were told to wait for the host. */
  #hostSilent = false;
  /** The session was lost: what to do about it is the server's decision. */
  #decide: ((goOn: boolean) => void) | null = null;
  /** Why it ends, as far as is known here. */
  #cause = new MoonteeError('STREAMER_STOPPING', 'The streamer is stopping');
  #closing: Promise<void> | undefined;

  constructor({ init, send, mayQuitApp, fail, log }: ChildStreamerOptions) {
    this.#init = init;
    this.#send = send;
    this.#fail = fail;
    this.#log = log;
    this.#settings = streamSettings(init.settings);
    this.#clock = this.#createClock();
    this.#bus = new MediaBus(log);
    this.#bus.on('keyframe-needed', ({ reason, outletId }) => {
      this.#log.debug({ reason, outlet: outletId }, 'key frame requested');
      this.#session.requestIdr();
    });
    this.#recordings = new Recordings(this.#bus, send, log);
    this.#snapshots = new Snapshots(this.#bus, log);
    this.#outputs = new Outputs({
      orders: init.outputs,
      allowed: init.outputs_allowed,
      gatherTimeout: gatherTimeout(init.network.ice_servers, init.network.relay_only),
      bus: this.#bus,
      onStatus: (status) => this.#send({ OutputChanged: status }),
      log,
    });
    this.#media = new MediaSockets({
      bus: this.#bus,
      onOpened: (id) => this.#send({ MediaOpened: { peer_id: id } }),
      onQuality: (id, quality) => {
        this.#send({ ToPeer: { peer_id: id, message: { PeerQuality: { quality } } } });
      },
      onClosed: (id, code, reason) => this.#mediaClosed(id, code, reason),
      log,
    });
    this.#desktop = new DesktopSockets({
      bus: this.#bus,
      onOpened: (id) => this.#send({ MediaOpened: { peer_id: id } }),
      onQuality: (id, quality) => {
        this.#send({ ToPeer: { peer_id: id, message: { PeerQuality: { quality } } } });
      },
      onInput: (id, input) => this.#fromDesktop(id, input),
      onClosed: (id, code, reason) => void this.removePeer(id, code, reason),
      lateness: () => this.#meter.lateness(),
      log,
    });
    this.#aggregator = new InputAggregator({ padShare: init.max_pads });
    this.#reports = new ViewerReports(send);
    this.#silence = new InputSilence(this.#aggregator, (inputs) => this.#sendInput(inputs));
    this.#agents = new Agents({
      join: (id, rights) => this.#aggregator.join(id, rights),
      act: (id, input) => actAsAgent(this.#aggregator, this.#session, id, input),
      refused: () => this.#aggregator.countForbidden(),
      leave: (id) => this.#sendInput(this.#aggregator.leave(id)),
      progress: () => this.#session.inputProgress,
    });
    this.#session = new ReconnectingSession({
      host: {
        address: init.host_address,
        httpPort: init.host_http_port,
        certificatePem: init.server_certificate_pem,
      },
      identity: {
        uniqueId: init.host_unique_id,
        certificatePem: init.client_certificate_pem,
        privateKeyPem: init.client_private_key_pem,
      },
      appId: init.app_id,
      settings: this.#settings,
      playableCodecs: playableCodecs(gstRuntime()),
      retry: (loss) => this.#askServer(loss),
      mayQuitApp,
      log,
    });
    this.#listen();
  }

  /**
   * Connects to the host and builds the pipeline, or brings a lost session back. Never rejects:
   * failures are reported.
   */
  async startMoonlight(): Promise<void> {
    if (this.#decide !== null) {
      this.#settle(true);
      return;
    }
    if (this.#started) return;
    this.#started = true;
    try {
      this.#assertPlayable();
      const negotiated = await this.#session.start();
      if (this.#closing) return;
      this.#negotiated = negotiated;
      this.#media.negotiated(negotiated);
      this.#desktop.negotiated(negotiated);
      await this.#buildPipeline(negotiated);
      this.#sendConnected(negotiated);
    } catch (thrown) {
      if (this.#closing) return;
      const error = MoonteeError.from(thrown, 'STREAMER_FAILED');
      this.#log.error({ err: error, code: error.code }, 'moonlight session could not start');
      const code = error.details['error_code'];
      this.#send({
        MoonlightDisconnected: {
          code: error.code,
          error_code: typeof code === 'number' ? code : -1,
          reason: error.message,
          by_host: false,
        },
      });
    }
  }

  /** A lost session is not brought back: viewers are told. */
  giveUp(): void {
    this.#settle(false);
  }

  #askServer({ code, errorCode, reason, silent }: SessionLoss): Promise<boolean> {
    this.#send({ MoonlightLost: { code, error_code: errorCode, reason, silent } });
    return new Promise((resolve) => {
      this.#decide = resolve;
    });
  }

  #settle(goOn: boolean): void {
    const decide = this.#decide;
    this.#decide = null;
    decide?.(goOn);
  }

  /** @param iceServers instead of those that all viewers share */
  addPeer(id: string, rights: Rights, iceServers?: readonly IceServer[]): void {
    if (this.#closing || this.#viewers.has(id) || this.#arrivals.has(id)) return;
    this.#rights.set(id, rights);
    const arrival: Arrival = { iceServers, building: false, early: [], left: null };
    this.#arrivals.set(id, arrival);
    if (this.#pipeline) void this.#connectPeer(this.#pipeline, id, arrival);
  }

  /**
   * Adds a viewer that makes the offer, or wants ours without a socket.
   *
   * @throws CLOSED before there is a session, LIMIT_REACHED, and why there is no answer
   */
  async answerViewer({ peer_id: id, sdp, ice_servers, rights }: OfferOrder): Promise<ViewerAnswer> {
    const pipeline = this.#pipeline;
    if (this.#closing || !pipeline || this.#isHere(id)) {
      throw new MoonteeError('CLOSED', 'The streamer has no session now');
    }
    const signaling = sdp === null ? 'server-offer' : 'viewer-offer';
    const peer = await pipeline.addPeer(id, ice_servers, signaling);
    const viewer = new WhepViewer({
      ...this.#outcomesOf(id),
      peer,
      gatherTimeout: gatherTimeout(ice_servers, this.#init.network.relay_only),
    });
    this.#viewers.set(id, viewer);
    this.#rights.set(id, new Set(rights));
    this.#tellQuality(id, peer);
    try {
      return await viewer.describe(sdp);
    } catch (thrown) {
      const error = MoonteeError.from(thrown, 'PIPELINE_FAILED');
      this.#peerFailed(id, error);
      throw error;
    }
  }

  /** @throws CLOSED for a viewer that is not here, and what {@link WhepViewer.patch} throws */
  async patchViewer(patch: ViewerPatch): Promise<ViewerPatched> {
    const viewer = this.#viewers.get(patch.peer_id);
    if (viewer instanceof WhepViewer) return viewer.patch(patch);
    throw new MoonteeError('CLOSED', 'The viewer has left');
  }

  fromPeer(id: string, message: StreamClientMessage): void {
    const early = this.#arrivals.get(id)?.early;
    if (early === undefined) this.#costing(id, () => this.#viewers.get(id)?.receive(message));
    else if (early.length < MAX_EARLY_MESSAGES) early.push(message);
  }

  /** A viewer that has no peer; its media comes over a socket. */
  addViewer(id: string, rights: Rights): void {
    if (this.#closing) return;
    this.#peerless.add(id);
    this.#rights.set(id, rights);
    this.#join(id);
  }

  /** What the viewer holds and may not hold any more is released at once. */
  setRights(id: string, rights: Rights): void {
    if (!this.#rights.has(id)) return;
    this.#rights.set(id, rights);
    this.#reports.rightsChanged(id);
    this.#sendInput(this.#aggregator.setRights(id, rights));
  }

  /** By slot: whose pads alone may be in it; null, or further slots: anybody's. */
  assignPads(slots: readonly (string | null)[]): void {
    this.#sendInput(this.#aggregator.assignPads(slots));
  }

  tellPointers(wanted: boolean): void {
    this.#reports.tellPointers(wanted);
  }

  heldInput(): ViewerHold[] {
    return this.#aggregator.holds.map(({ peerId, keys, buttons, touches, pads, slots }) => ({
      peer_id: peerId,
      keys: [...keys],
      buttons: [...buttons],
      touches: touches.length,
      pads: slots.map((slot) => ({ slot, pressed: pads.includes(slot) })),
    }));
  }

  /** It stays released until it is pressed anew. @param id null: of all viewers */
  releaseInput(id: string | null): void {
    this.#agents.letGo(id);
    this.#sendInput(this.#aggregator.letGoOfAll(id ?? undefined));
  }

  #join(id: string): void {
    this.#aggregator.join(id, this.#rights.get(id) ?? NO_RIGHTS);
  }

  /** What a viewer sends on its socket instead of a data channel. */
  fromChannel(id: string, number: number, data: Buffer): void {
    const label = channelLabel(number);
    if (label !== undefined) this.#costing(id, () => this.#fromChannel(id, label, data));
  }

  /** A connection of which {@link openMedia} says whose it is. */
  holdMedia(socketId: number, connection: Socket): void {
    if (this.#closing) connection.destroy();
    else this.#held.hold(socketId, connection);
  }

  openMedia(order: MediaOrder): void {
    const stream = this.#takeHeld(order);
    if (stream === null) return;
    this.#join(order.peer_id);
    this.#costing(order.peer_id, () => this.#media.open(order, stream));
  }

  openDesktop(order: DesktopOrder): void {
    const stream = this.#takeHeld(order);
    if (stream === null) return;
    this.#join(order.peer_id);
    this.#costing(order.peer_id, () => this.#desktop.open(order, stream));
  }

  /** The connection of an order, if its viewer is here. */
  #takeHeld({ socket_id: socketId, peer_id: id }: MediaOrder | DesktopOrder): Socket | null {
    const stream = this.#held.take(socketId);
    if (!this.#closing && this.#isHere(id)) return stream;
    stream?.destroy();
    return null;
  }

  #isHere(id: string): boolean {
    return this.#viewers.has(id) || this.#arrivals.has(id) || this.#peerless.has(id);
  }

  /** One path for every way of leaving: input released, branch gone, then PeerRemoved. */
  removePeer(id: string, code: OutcomeCode, reason: string, deadline?: Deadline): Promise<void> {
    this.#media.end(id, code, reason);
    this.#desktop.end(id, code, reason);
    const underWay = this.#removals.get(id);
    if (underWay) return underWay;
    const isPeerless = this.#peerless.delete(id);
    const arrival = this.#arrivals.get(id);
    if (arrival?.building === true) {
      arrival.left = { code, reason };
      return Promise.resolve();
    }
    const viewer = this.#viewers.get(id);
    this.#viewers.delete(id);
    this.#rights.delete(id);
    this.#sendInput(this.#aggregator.leave(id));
    if (!viewer) {
      if (this.#arrivals.delete(id) || isPeerless) {
        this.#send({ PeerRemoved: { peer_id: id, code, reason } });
      }
      return Promise.resolve();
    }
    const removal = viewer
      .close(deadline)
      .catch((error: unknown) => {
        this.#log.error({ err: error, peer_id: id }, 'peer did not close');
      })
      .then(() => {
        this.#removals.delete(id);
        this.#log.info({ peer_id: id, code, reason }, 'peer removed');
        this.#send({ PeerRemoved: { peer_id: id, code, reason } });
      });
    this.#removals.set(id, removal);
    return removal;
  }

  async stats(): Promise<StreamerStats> {
    return {
      session: this.#session.stats(),
      sessionTotals: this.#session.totals(),
      pipeline: (await this.#pipeline?.stats()) ?? null,
      lateness: this.#pipeline ? this.#clock.lateness : null,
      negotiated: this.#negotiated ?? null,
      recordings: this.#recordings.stats(),
      recordingTotals: this.#recordings.totals(),
      socketViewers: [...this.#media.stats(), ...this.#desktop.stats()],
      socketTotals: addTotals(this.#media.totals(), this.#desktop.totals()),
      outputs: this.#outputs.figures(),
      outputTotals: this.#outputs.totals(),
      inputRefused: this.#aggregator.refusals,
      process: this.#meter.stats(),
    };
  }

  /** @throws CLOSED before there is a session, ELEMENT_MISSING */
  startRecording(order: RecordingOrder): void {
    if (!this.#negotiated || this.#closing) {
      throw new MoonteeError('CLOSED', 'The streamer has no session now');
    }
    this.#recordings.start(order, this.#negotiated);
  }

  /** Resolves when its files are complete. Never rejects. */
  stopRecording(id: string): Promise<void> {
    return this.#recordings.stop(id, 'STOPPED', 'The recording was stopped');
  }

  /** @throws CLOSED before there is a session, and what {@link Agents.run} throws */
  agentInput(order: AgentOrder): Promise<AgentOutcome> {
    if (!this.#negotiated || this.#closing) {
      throw new MoonteeError('CLOSED', 'The streamer has no session now');
    }
    const { video, hostFeatures } = this.#negotiated;
    const { width, height } = video;
    const pads = this.#init.max_pads;
    return this.#agents.run(order, { width, height, touch: hostFeatures.touchAndPen, pads });
  }

  /** The picture, or why there is none, goes out on the connection. */
  takeSnapshot(order: SnapshotOrder): void {
    const socket = this.#held.take(order.socket_id);
    const video = this.#closing ? null : (this.#negotiated?.video ?? null);
    if (socket !== null) void this.#snapshots.serve(order, video, socket);
  }

  stopAgent(id: string, error: MoonteeError): void {
    this.#agents.stop(id, error);
  }

  putOutput(order: OutputOrder): void {
    void this.#outputs.put(order);
  }

  /** Resolves when nothing of it is left. Never rejects. */
  removeOutput(name: string): Promise<void> {
    return this.#outputs.remove(name);
  }

  dot(): string {
    return this.#pipeline?.dot() ?? '';
  }

  /** @throws TIMEOUT if the pipeline does not close: the process must end then */
  close(deadline: Deadline): Promise<void> {
    this.#closing ??= this.#close(deadline);
    return this.#closing;
  }

  async #close(deadline: Deadline): Promise<void> {
    this.#snapshots.close();
    const parts = {
      viewers: async (by: Deadline) => {
        await Promise.all([this.#agents.close(by), this.#removeAll(by), this.#outputs.close(by)]);
      },
      recordings: (by: Deadline) => this.#recordings.close(by, this.#cause),
      session: () => this.#session.close(),
      pipeline: async (by: Deadline) => this.#pipeline?.close(by),
    };
    try {
      await closeParts(parts, deadline, this.#log);
    } finally {
      this.#bus.close();
      this.#meter.close();
      this.#silence.close();
      this.#reports.close();
    }
  }

  async #removeAll(deadline: Deadline): Promise<void> {
    const ids = [...this.#viewers.keys(), ...this.#arrivals.keys(), ...this.#peerless];
    await Promise.all([
      ...this.#removals.values(),
      ...ids.map((id) =>
        this.removePeer(id, 'STREAMER_STOPPING', 'The streamer is stopping', deadline),
      ),
    ]);
    this.#held.close();
    await Promise.all([this.#media.close(deadline), this.#desktop.close(deadline)]);
  }

  #listen(): void {
    this.#session.on('stage', ({ stage, state, errorCode }) => {
      if (state === 'starting') this.#broadcast({ StageStarting: { stage } });
      else if (state === 'complete') this.#broadcast({ StageComplete: { stage } });
      else this.#broadcast({ StageFailed: { stage, error_code: errorCode } });
    });
    this.#session.on('video', (unit) => this.#pushVideo(unit));
    this.#session.on('audio', (packet) => this.#pushAudio(packet));
    this.#session.on('message', (message) => this.#toViewers(message));
    this.#session.on('quality', ({ status }) => this.#broadcastHostQuality(status));
    this.#session.on('silence', (silence) => this.#tellSilence(silence));
    this.#session.on('reconnecting', ({ attempt }) => {
      if (attempt === 1) this.#broadcast({ StageStarting: { stage: RECONNECTING } });
    });
    this.#session.on('reconnected', (negotiated) => {
      this.#negotiated = negotiated;
      this.#bus.forgetRecent();
      this.#media.negotiated(negotiated);
      this.#desktop.negotiated(negotiated);
      this.#snapshots.restart();
      this.#hasPicture = false;
      this.#broadcastHostQuality('ok');
      if (this.#hostSilent) this.#broadcast({ StageComplete: { stage: WAITING } });
      this.#hostSilent = false;
      this.#broadcast({ StageComplete: { stage: RECONNECTING } });
      // Frame numbers and clocks of the host start again.
      this.#clock = this.#createClock();
      this.#sendInput(this.#aggregator.restart());
      this.#sendConnected(negotiated);
    });
    this.#session.on('closed', (termination) => this.#sessionClosed(termination));
  }

  /** @throws CODEC_UNAVAILABLE naming what is missing where none of the wanted codecs can be had */
  #assertPlayable(): void {
    const wanted = codecsOf(this.#init.settings.video_supported_formats);
    const playable = playableCodecs(gstRuntime());
    if (wanted.some((codec) => playable.includes(codec))) return;
    for (const codec of wanted) requireCodec(gstRuntime(), codec);
  }

  async #buildPipeline(negotiated: NegotiatedStream): Promise<void> {
    const pipeline = await createStreamPipeline({
      video: negotiated.video,
      audio: negotiated.audio,
      network: networkOptions(this.#init.network),
      dtlsIdentityPem: this.#init.dtls_identity_pem,
      maxPeers: this.#init.max_peers,
      bus: this.#bus,
      mtu: this.#init.pipelines.mtu,
      keepGraph: (dot) => this.#keepGraph(dot),
      log: this.#log,
    });
    // close() may have run while the pipeline was being built.
    if (this.#closing) {
      await pipeline.close();
      throw new MoonteeError('STREAMER_STOPPING');
    }
    pipeline.on('failed', (error) => {
      this.#cause = MoonteeError.from(error, 'PIPELINE_FAILED');
      this.#fail(this.#cause);
    });
    this.#pipeline = pipeline;
    if (this.#hasPicture) this.#send('FirstFrame');
    for (const [id, arrival] of this.#arrivals) void this.#connectPeer(pipeline, id, arrival);
    this.#outputs.open(pipeline);
  }

  #keepGraph(dot: string): string | null {
    const { pipelines, streamer_id: id } = this.#init;
    const options = { folder: pipelines.graphs_path, kept: pipelines.graphs_kept };
    return keepFailureGraph(options, id, dot, this.#log);
  }

  /** The first clock, and one for each session that is brought back: the host's start again. */
  #createClock(): PresentationClock {
    return new PresentationClock({
      origin: this.#origin,
      fps: this.#settings.fps,
      packetDuration: this.#settings.audioPacketDuration,
    });
  }

  #sendConnected({ video, hostFeatures }: NegotiatedStream): void {
    const { width, height, fps, codec } = video;
    this.#send({
      MoonlightConnected: {
        width,
        height,
        fps,
        codec,
        touch: hostFeatures.touchAndPen,
        sessions_by_address: hostFeatures.sessionsByAddress,
      },
    });
  }

  async #connectPeer(pipeline: StreamPipeline, id: string, arrival: Arrival): Promise<void> {
    const log = this.#log.child({ peer_id: id });
    arrival.building = true;
    try {
      const peer = await pipeline.addPeer(id, arrival.iceServers);
      this.#arrivals.delete(id);
      // The pipeline's own closing takes care of a peer that is in nobody's table yet.
      if (this.#closing) return;
      const viewer = new ChildViewer({
        ...this.#outcomesOf(id),
        peer,
        send: (message) => this.#send({ ToPeer: { peer_id: id, message } }),
      });
      this.#viewers.set(id, viewer);
      viewer.hostQuality(this.#hostQuality);
      this.#join(id);
      peer.on('message', (label, data) => {
        this.#costing(id, () => this.#fromChannel(id, label, data));
      });
      this.#tellQuality(id, peer);
      const { left, early } = arrival;
      if (left) {
        await this.removePeer(id, left.code, left.reason);
        return;
      }
      viewer.start();
      for (const message of early) this.fromPeer(id, message);
    } catch (thrown) {
      this.#arrivals.delete(id);
      const error = MoonteeError.from(thrown, 'PIPELINE_FAILED');
      log.error({ err: error, code: error.code }, 'peer could not be added');
      this.#peerless.add(id);
      this.#peerFailed(id, error);
    }
  }

  /** What is said of a peer, whoever makes the offers. */
  #outcomesOf(id: string): Pick<ChildViewerOptions, 'log' | 'connected' | 'fail'> {
    const log = this.#log.child({ peer_id: id });
    return {
      log,
      connected: () => {
        log.info('peer connected');
        this.#send({ PeerConnected: { peer_id: id } });
      },
      fail: (error) => {
        log.warn({ code: error.code, reason: error.message }, 'peer failed');
        this.#peerFailed(id, error);
      },
    };
  }

  #tellQuality(id: string, peer: Peer): void {
    peer.on('quality', (quality) => {
      this.#log.info({ peer_id: id, quality }, 'peer quality changed');
      this.#send({ ToPeer: { peer_id: id, message: { PeerQuality: { quality } } } });
    });
  }

  /** A viewer that has a media socket does without its peer. */
  #peerFailed(id: string, { code, message: reason }: MoonteeError): void {
    if (!this.#media.has(id)) {
      void this.removePeer(id, code, reason);
      return;
    }
    const viewer = this.#viewers.get(id);
    this.#viewers.delete(id);
    this.#peerless.add(id);
    const key = `${id} peer`;
    const removal = (viewer?.close() ?? Promise.resolve())
      .catch((error: unknown) => this.#log.error({ err: error }, 'peer did not close'))
      .then(() => {
        this.#removals.delete(key);
        this.#send({ PeerLost: { peer_id: id, code, reason } });
      });
    this.#removals.set(key, removal);
  }

  #mediaClosed(id: string, code: OutcomeCode, reason: string): void {
    if (this.#viewers.get(id)?.peer.state !== 'connected') {
      // Nobody can let go of what is held any more.
      this.#sendInput(this.#aggregator.leave(id));
      this.#join(id);
    }
    this.#send({ MediaClosed: { peer_id: id, code, reason } });
  }

  #fromChannel(id: string, label: string, data: Buffer | string): void {
    if (typeof data === 'string') return;
    const events = decodeChannelMessage(label, data);
    if (!events) return;
    for (const event of events) this.#take(id, event);
  }

  /** @returns whether the host gets anything of it */
  #take(id: string, input: ViewerInput): boolean {
    this.#reports.came(id, input);
    const rights = this.#aggregator.rights(id);
    if (rights !== undefined) {
      if (isAllowed(rights, input)) this.#agents.personActs(input);
      else this.#reports.tried(id, input);
    }
    const inputs = this.#aggregator.input(id, input, performance.now());
    this.#silence.watch();
    if (inputs.length > 0 || holdsSomething(input)) this.#reports.acted(id);
    if (inputs.length === 0) return false;
    this.#sendInput(inputs);
    return true;
  }

  /** Input of a viewer at the desktop socket. @returns whether the host gets anything of it */
  #fromDesktop(id: string, input: ViewerInput): boolean {
    let isTaken = false;
    this.#costing(id, () => {
      isTaken = this.#take(id, input);
    });
    return isTaken;
  }

  /** What a viewer brings about costs that viewer, and the streamer nothing. */
  #costing(id: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#log.error({ err: error, peer_id: id }, 'message of a viewer failed');
      void this.removePeer(id, 'INTERNAL', 'Internal server error');
    }
  }

  #pushVideo(unit: AccessUnit): void {
    const pts = this.#clock.video(unit);
    this.#desktop.setEncoderLatency(unit.hostLatency);
    this.#bus.publish('video', { data: unit.data, pts, duration: null, keyframe: unit.idr });
    if (this.#hasPicture) return;
    this.#hasPicture = true;
    if (this.#pipeline) this.#send('FirstFrame');
  }

  #pushAudio({ data, sequence }: OpusPacket): void {
    const duration = this.#settings.audioPacketDuration * 1e6;
    const pts = this.#clock.audio(sequence, performance.now());
    if (pts !== null) this.#bus.publish('audio', { data, pts, duration, keyframe: false });
  }

  #toViewers(message: HostMessage): void {
    if (message.type === 'hdr') this.#media.setHdr(message.enabled);
    for (const { peerId, label, data } of this.#aggregator.hostMessage(message)) {
      if (this.#viewers.get(peerId)?.peer.send(label, data) === true) continue;
      const channel = channelNumber(label);
      if (channel === undefined || !this.#media.has(peerId)) continue;
      this.#send({ ToChannel: { peer_id: peerId, channel, data: data.toString('base64') } });
    }
  }

  #sendInput(inputs: readonly HostInput[]): void {
    for (const input of inputs) this.#session.sendInput(input);
  }

  #broadcastHostQuality(quality: 'ok' | 'poor'): void {
    if (quality !== this.#hostQuality) this.#log.info({ quality }, 'link to the host');
    this.#hostQuality = quality;
    for (const viewer of this.#viewers.values()) viewer.hostQuality(quality);
  }

  /** Long before the session counts as lost, viewers learn why their picture stands still. */
  #tellSilence({ silent, reason }: HostSilence): void {
    this.#hostSilent = silent;
    if (silent) {
      this.#broadcast({ StageStarting: { stage: WAITING } });
      this.#send({ MoonlightReconnecting: { reason } });
    } else {
      this.#broadcast({ StageComplete: { stage: WAITING } });
      if (this.#negotiated) this.#sendConnected(this.#negotiated);
    }
  }

  #sessionClosed(termination: Termination): void {
    if (this.#closing) return;
    this.#cause = new MoonteeError('STREAM_TERMINATED', termination.reason);
    this.#log.warn({ ...termination }, 'moonlight session closed');
    this.#broadcast({ ConnectionTerminated: { error_code: termination.code } });
    for (const viewer of this.#viewers.values()) {
      viewer.peer.send('general', JSON.stringify('ConnectionTerminated'));
    }
    this.#send({
      MoonlightDisconnected: {
        code: 'STREAM_TERMINATED',
        error_code: termination.code,
        reason: termination.reason,
        by_host: termination.byHost,
      },
    });
  }

  #broadcast(message: StreamServerMessage): void {
    this.#send({ Broadcast: message });
  }
}

function networkOptions(network: Init['network']): NetworkOptions {
  return {
    iceServers: network.ice_servers,
    portRange: network.port_range,
    nat1to1: network.nat_1to1,
    localAddresses: network.local_addresses,
    interfaces: network.interfaces ?? [],
    relayOnly: network.relay_only,
    udpCandidates: network.udp_candidates ?? true,
    tcpCandidates: network.tcp_candidates,
    ipv4: network.ipv4 ?? true,
    ipv6: network.ipv6,
  };
}

type SocketTotals = StreamerStats['socketTotals'];

function addTotals(one: SocketTotals, other: SocketTotals): SocketTotals {
  return {
    picturesSent: one.picturesSent + other.picturesSent,
    bytesSent: one.bytesSent + other.bytesSent,
    picturesDropped: one.picturesDropped + other.picturesDropped,
  };
}
