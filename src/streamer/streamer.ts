import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Deadline } from '../core/deadline.js';
import { MoonteeError, type ErrorCode } from '../core/errors.js';
import type { OutcomeCode } from '../core/outcomes.js';
import { browserServers, type BrowserIceServer } from '../ice/browser-servers.js';
import type { IceServer } from '../ice/types.js';
import type { Log } from '../core/log.js';
import type { Rights } from '../core/rights.js';
import { viewerReason } from '../protocol/viewer-words.js';
import type { StreamClientMessage } from '../protocol/viewer-messages.js';
import { Company } from './company.js';
import type { AppOwner, Leave } from './app-owner.js';
import { createDtlsIdentity } from './dtls-identity.js';
import type { Doors } from './doors.js';
import type { HostSeats } from './host-seats.js';
import type { DataOf, RequestOptions, ResultOf } from '../protocol/channel.js';
import type { ViewerHold } from '../protocol/company-messages.js';
import type { CHILD_METHODS, IpcNetwork, IpcPipelines } from '../protocol/ipc.js';
import type { RecordingEndCode } from '../protocol/outcome-codes.js';
import { KEPT, type Lifetime } from './lifetime.js';
import { MediaAccess } from './media-access.js';
import type { MediaTickets } from './media-tickets.js';
import { StreamerOutputs, type OutputChange } from './outputs.js';
import { RestartPolicy, type RestartOptions, type SessionEnd } from './policy.js';
import { StreamerProcess, type ChildMethod, type SocketOrder } from './supervisor/process.js';
import { runSession, type RunEnd, type SessionVerdict } from './session.js';
import type { AgentOrder, AgentOutcome } from '../protocol/agent-input.js';
import type { OutputOrder, OutputSpec } from '../protocol/output-spec.js';
import type { InitMessage, SessionTarget, StreamerSpec } from '../protocol/streamer-spec.js';
import {
  Viewers,
  type StreamInfo,
  type Viewer,
  type ViewerChange,
  type ViewerInfo,
  type ViewerTransport,
} from './viewers.js';

export type StreamerStatus = 'starting' | 'active' | 'reconnecting' | 'failed' | 'stopping';

export interface StreamerFailure {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly at: Date;
}

/** Milliseconds for the child's answer to an offer: its wait for candidates, and work before it. */
const ANSWER_TIMEOUT_MS = 12_000;
/** First starts that are repeated because of something that passes: hunger, or another streamer's end. */
const MAX_SPOILT_STARTS = 3;

/** What all streamers of a server have in common. */
export interface StreamerOptions {
  readonly module: string | URL;
  readonly network: IpcNetwork;
  /** Those of one viewer; never rejects. Left out: those of `network`. */
  readonly iceServers?: (viewerId: string) => Promise<readonly IceServer[]>;
  readonly maxViewers: number;
  /** Gamepads of one viewer. */
  readonly maxPads: number;
  readonly outputs: {
    /** Of one streamer. */
    readonly max: number;
    /** What they may send to, as in the configuration. */
    readonly allowed: readonly string[];
  };
  readonly pipelines: IpcPipelines;
  /** Milliseconds from the beginning of a session's start to its first connection. */
  readonly startTimeout: number;
  readonly heartbeatInterval: number;
  readonly heartbeatTimeout: number;
  /** Resident bytes above which a child is ended, and its priority as of nice(2). */
  readonly memoryLimit: number;
  readonly niceness: number;
  /** Milliseconds that a child has to end its session before it is killed. */
  readonly stopTimeout: number;
  readonly offerTimeout: number;
  readonly connectTimeout: number;
  /** What media may come over, and what opens the sockets for it. */
  readonly media: {
    readonly transports: readonly ViewerTransport[];
    readonly tickets: MediaTickets;
    /** In front of all paths, as browsers see it; '' for none. */
    readonly pathPrefix: string;
  };
  readonly restart: RestartOptions;
  readonly doors: Doors;
  /** Finds the host, waits for the app, sees to the identity. */
  readonly prepare: (spec: StreamerSpec, signal: AbortSignal) => Promise<SessionTarget>;
  readonly apps: AppOwner;
  readonly log: Log;
}

interface StreamerEvents {
  status: [StreamerStatus];
  /** A recording's files are complete. */
  'recording-ended': [{ id: string; code: RecordingEndCode; reason: string }];
  /** The child and what it did are gone. */
  'process-ended': [];
  viewer: [ViewerChange];
  output: [OutputChange];
  /** Once: nothing is left of the streamer's processes and viewers. */
  closed: [];
}

export interface CreateOptions {
  /** A first start that fails is tried again, as after a lost connection. Default: false. */
  readonly patient?: boolean;
  /** Default: until it is deleted. */
  readonly lifetime?: Lifetime;
  /** To begin with. */
  readonly outputs?: readonly OutputOrder[];
}

/**
 * One streamer: a session with a host, kept alive in a child process, and the viewers that
 * look at it. `starting → active ⇄ reconnecting → failed`, and `stopping` from anywhere.
 */
export class Streamer extends EventEmitter<StreamerEvents> {
  readonly spec: StreamerSpec;
  readonly lifetime: Lifetime;
  readonly createdAt: Date;
  readonly outputs: StreamerOutputs;
  readonly #options: StreamerOptions;
  readonly #log: Log;
  readonly #policy: RestartPolicy;
  /** What viewers know of each other, and who of them steers. */
  readonly company: Company;
  /** What agents may do whose lists are executed. */
  readonly #agents = new Map<string, Rights>();
  /** Of those, what the child is to be told next. */
  readonly #stoppedAgents: { agent_id: string; code: ErrorCode; reason: string }[] = [];
  readonly #viewers: Viewers;
  readonly #stop = new AbortController();
  /** By then its process has to be gone. */
  #closeBy: Deadline | null = null;
  readonly #life: Promise<void>;
  /** Nothing is left of it, here and at its host. */
  #over: Promise<void> | null = null;
  readonly #patient: boolean;
  readonly #connected: Promise<void>;
  #settleConnected: (error: MoonteeError | null) => void = () => undefined;
  #status: StreamerStatus = 'starting';
  #process: StreamerProcess | null = null;
  readonly #seats: HostSeats;
  /** Address and port of the host that it has a seat on. */
  #host: string | null = null;
  #picture: StreamInfo | null = null;
  #failure: StreamerFailure | null = null;
  #sessions = 0;
  /** Sessions that ended or were lost, by reason. */
  readonly #ends = new Map<ErrorCode, number>();
  /** The child has no session now, and is to bring it back. */
  #lost = false;
  /** First starts that failed for something that passes. */
  #spoiltStarts = 0;

  /** @param seats of the hosts, shared by all streamers */
  constructor(
    spec: StreamerSpec,
    options: StreamerOptions,
    seats: HostSeats,
    { patient = false, lifetime = KEPT, outputs = [] }: CreateOptions = {},
  ) {
    super();
    this.spec = spec;
    this.lifetime = lifetime;
    this.#seats = seats;
    this.createdAt = new Date();
    this.#options = options;
    this.#log = options.log.child({ streamer_id: spec.streamer_id });
    this.#policy = new RestartPolicy(options.restart);
    this.company = new Company({
      setRights: (peerId, rights) => this.#viewers.setRights(peerId, rights),
      send: (message) => this.#process?.send(message),
      releaseInput: (peerId) => void this.#releaseInput(peerId),
      controlChanged: () => this.#limitAgents(),
      log: this.#log,
    });
    this.#viewers = new Viewers({
      company: this.company,
      maxViewers: options.maxViewers,
      iceServers: options.iceServers ?? (() => Promise.resolve(options.network.ice_servers)),
      offerTimeout: options.offerTimeout,
      connectTimeout: options.connectTimeout,
      transports: options.media.transports,
      media: new MediaAccess({
        streamerId: spec.streamer_id,
        tickets: options.media.tickets,
        pathPrefix: options.media.pathPrefix,
        isAllowed: options.media.transports.includes('websocket'),
      }),
      log: this.#log,
      send: (message) => this.#process?.send(message) ?? false,
      answer: (order) =>
        this.request('answer_viewer', order, { deadline: Deadline.in(ANSWER_TIMEOUT_MS) }),
      onChange: (change) => {
        const { peerId, code, kind } = change;
        this.#log.info({ peer_id: peerId, code, kind }, `viewer ${change.what}`);
        this.emit('viewer', change);
      },
    });
    this.outputs = new StreamerOutputs({
      orders: outputs,
      maxOutputs: options.outputs.max,
      send: (message) => this.#process?.send(message) ?? false,
      onChange: (change) => this.emit('output', change),
    });
    this.#connected = new Promise((resolve, reject) => {
      this.#settleConnected = (error) => {
        if (error === null) resolve();
        else reject(error);
      };
    });
    this.#connected.catch(() => undefined);
    this.#patient = patient;
    this.#life = this.#live().catch((error: unknown) => {
      this.#log.error({ err: error }, 'streamer failed');
      this.#fail({
        code: 'INTERNAL',
        reason: 'Internal server error',
        errorCode: -1,
        byHost: false,
        silent: false,
      });
    });
  }

  get id(): string {
    return this.spec.streamer_id;
  }

  get status(): StreamerStatus {
    return this.#status;
  }

  /** Why it failed, or why the session before this one ended. */
  get failure(): StreamerFailure | null {
    return this.#failure;
  }

  get picture(): StreamInfo | null {
    return this.#picture;
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** Resident bytes of the child. */
  get rss(): number {
    return this.#process?.rss ?? 0;
  }

  /** Sessions after the first one. */
  get restarts(): number {
    return Math.max(0, this.#sessions - 1);
  }

  /** How often a session ended or was lost, by reason. */
  get ends(): ReadonlyMap<ErrorCode, number> {
    return this.#ends;
  }

  get viewers(): ViewerInfo[] {
    return this.#viewers.list();
  }

  /** Resolves at the first connection with the host, rejects when that will not come. */
  connected(): Promise<void> {
    return this.#connected;
  }

  addViewer(viewer: Viewer): void {
    this.#options.doors.assertOpen();
    if (this.#status === 'stopping') throw new MoonteeError('STREAMER_STOPPING');
    if (this.#status === 'failed') {
      const { code = 'STREAMER_FAILED', reason = '' } = this.#failure ?? {};
      throw new MoonteeError('STREAMER_FAILED', viewerReason(code, reason));
    }
    this.#viewers.add(viewer);
  }

  fromViewer(peerId: string, message: StreamClientMessage): void {
    this.#viewers.receive(peerId, message);
  }

  /** What a viewer sends on its socket instead of a data channel. */
  fromViewerChannel(peerId: string, channel: number, data: Buffer): void {
    this.#viewers.receiveChannel(peerId, channel, data);
  }

  /** Whether this viewer still waits for a session. */
  isWaiting(peerId: string): boolean {
    return this.#viewers.isWaiting(peerId);
  }

  /** ICE servers for one viewer, as browsers take them. */
  async iceServersFor(viewerId: string): Promise<readonly BrowserIceServer[]> {
    const { iceServers, network } = this.#options;
    return browserServers((await iceServers?.(viewerId)) ?? network.ice_servers);
  }

  /** Whether viewers' media may come over WebRTC. */
  get hasWebRtc(): boolean {
    return this.#options.media.transports.includes('webrtc');
  }

  /** Whether a media socket of this viewer can be served now. */
  takesMedia(peerId: string): boolean {
    return this.#process !== null && this.#viewers.takesMedia(peerId);
  }

  /** As {@link StreamerProcess.giveSocket}. */
  giveSocket(connection: Socket, open: SocketOrder): void {
    if (this.#process === null) connection.destroy();
    else this.#process.giveSocket(connection, open);
  }

  /** As {@link StreamerOutputs.put}. @throws also STREAMER_STOPPING */
  putOutput(name: string, spec: OutputSpec): boolean {
    if (this.#status === 'stopping') throw new MoonteeError('STREAMER_STOPPING');
    return this.outputs.put(name, spec);
  }

  /** Resolves when nothing of it is left, or soon. @throws OUTPUT_NOT_FOUND */
  async removeOutput(name: string): Promise<void> {
    this.outputs.remove(name);
    try {
      await this.#process?.request('remove_output', { name });
    } catch (error) {
      // It ends with its process at the latest.
      this.#log.debug({ err: error, output: name }, 'end of the output not reported');
    }
  }

  /** What a viewer is granted from now on. A viewer that has left is ignored. */
  setRights(peerId: string, rights: Rights): void {
    this.company.setGranted(peerId, rights);
  }

  /** What viewers hold, of those who hold something or have a pad. @throws CLOSED, TIMEOUT */
  heldInput(): Promise<readonly ViewerHold[]> {
    return this.request('held_input', null);
  }

  /** Lets go of what a viewer holds, or of everything, until it is pressed anew. @throws CLOSED, TIMEOUT */
  async releaseInput(peerId: string | null): Promise<void> {
    await this.request('release_input', { peer_id: peerId });
  }

  /** As {@link Viewers.dismiss}. */
  dismissViewer(peerId: string, code: OutcomeCode, reason: string): boolean {
    return this.#viewers.dismiss(peerId, code, reason);
  }

  /**
   * Executes an agent's list.
   *
   * @param granted what the mode of control leaves of it, it may do
   * @param options `signal`: the caller has gone: the rest is not executed
   * @throws what the child throws, TIMEOUT, CLOSED
   */
  async agentInput(
    order: Omit<AgentOrder, 'rights'>,
    granted: Rights,
    options: Required<RequestOptions>,
  ): Promise<AgentOutcome> {
    const { agent_id: id } = order;
    const rights = this.company.guestRights(granted);
    this.#agents.set(id, rights);
    try {
      return await this.request('agent_input', { ...order, rights: [...rights] }, options);
    } catch (error) {
      // Of what the child has refused, or does not know any more, nothing is left to be stopped.
      this.#stopAgent(id, new MoonteeError('CLOSED', 'The agent has left'));
      throw error;
    } finally {
      this.#agents.delete(id);
    }
  }

  /** Agents that may do less from now on end at once. */
  #limitAgents(): void {
    for (const [id, rights] of this.#agents) {
      if (this.company.guestRights(rights).size === rights.size) continue;
      this.#stopAgent(id, new MoonteeError('FORBIDDEN', 'The mode of control has changed'));
    }
  }

  /** What ends several lists ends them together: a list that waits must not begin when another ends. */
  #stopAgent(id: string, { code, message: reason }: MoonteeError): void {
    this.#stoppedAgents.push({ agent_id: id, code, reason });
    if (this.#stoppedAgents.length > 1) return;
    setImmediate(() => {
      const agents = this.#stoppedAgents.splice(0);
      this.#process?.send({ StopAgents: { agents } });
    });
  }

  removeViewer(peerId: string, code: OutcomeCode, reason: string): void {
    this.#viewers.remove(peerId, code, reason);
  }

  /** Asks the child, as {@link StreamerProcess.request}. @throws also CLOSED while no session runs */
  request<M extends ChildMethod>(
    method: M,
    data: DataOf<typeof CHILD_METHODS, M>,
    options?: RequestOptions,
  ): Promise<ResultOf<typeof CHILD_METHODS, M>> {
    if (this.#process === null || this.#picture === null) {
      return Promise.reject(new MoonteeError('CLOSED', 'The streamer has no session now'));
    }
    return this.#process.request(method, data, options);
  }

  /**
   * Ends everything of it; idempotent, never rejects, bounded by the stop time-out and what its host takes.
   *
   * @param deadline of its process, if that is to end before the stop time-out
   */
  async close(
    code: ErrorCode,
    reason: string,
    leave: Leave,
    deadline: Deadline | null = null,
  ): Promise<void> {
    this.#closeBy ??= deadline;
    if (this.#status === 'stopping') void this.#process?.stop(this.#stopDeadline());
    if (this.#status !== 'stopping') {
      const { apps } = this.#options;
      apps.leaving(this.spec);
      this.#over = this.#life
        .then(() => apps.leave(this.spec, leave))
        .finally(() => this.#leaveHost());
      this.#setStatus('stopping');
      this.#settleConnected(new MoonteeError(code, reason));
      this.#viewers.dismissAll(code, reason);
      this.#stop.abort();
      this.#log.info({ code, reason }, 'streamer stopping');
    }
    await this.#over;
  }

  /** On request of a viewer, who sees by itself what is held. */
  async #releaseInput(peerId: string | null): Promise<void> {
    try {
      await this.releaseInput(peerId);
    } catch (error) {
      this.#log.debug({ err: error }, 'nothing to release');
    }
  }

  #stopDeadline(): Deadline {
    const usual = Deadline.in(this.#options.stopTimeout);
    return this.#closeBy === null ? usual : Deadline.first(usual, this.#closeBy);
  }

  async #live(): Promise<void> {
    // The constructor's caller attaches its listeners first.
    await Promise.resolve();
    for (;;) {
      const end = await this.#session();
      this.#options.apps.sessionEnded(this.spec, end);
      if (this.#stop.signal.aborted) break;
      this.#countEnd(end.code);
      // If there is one seat only, it is kept for the next session.
      if (this.#host !== null && !this.#seats.isSingle(this.#host)) this.#leaveHost();
      const delay = this.#startFailed(end) || end.final ? null : this.#policy.next(end);
      this.#log.warn({ code: end.code, reason: end.reason, retry_in_ms: delay }, 'session ended');
      if (delay === null) {
        this.#fail(end);
        break;
      }
      if (this.#sessions === 0 && end.spoilt === true) this.#spoiltStarts += 1;
      this.#failure = { code: end.code, reason: end.reason, at: new Date() };
      this.#viewers.sessionEnded(end, false);
      this.#setStatus(this.#sessions === 0 ? 'starting' : 'reconnecting');
      try {
        await sleep(delay, undefined, { signal: this.#stop.signal });
      } catch {
        break;
      }
    }
    this.company.close();
    this.emit('closed');
  }

  /** One child from preparation to end; never rejects. */
  async #session(): Promise<RunEnd> {
    const start = new AbortController();
    const abort = (): void => start.abort(new MoonteeError('CLOSED'));
    this.#stop.signal.addEventListener('abort', abort, { once: true });
    const deadline = new StartDeadline(
      this.#options.startTimeout,
      () => this.#process?.isStarved ?? false,
      () => start.abort(new MoonteeError('TIMEOUT', 'Moonlight did not connect in time')),
    );
    try {
      const [target, identity] = await settledOrAborted(
        Promise.all([this.#options.prepare(this.spec, start.signal), createDtlsIdentity()]),
        start.signal,
      );
      start.signal.throwIfAborted();
      await this.#takeSeat(target, start.signal);
      // The signal that frees the seat may also have stopped the one that waited for it.
      start.signal.throwIfAborted();
      return await this.#runProcess(this.#initMessage(target, identity), start.signal, () =>
        deadline.clear(),
      );
    } catch (error) {
      const { code, message } = MoonteeError.from(error, 'STREAMER_FAILED');
      const silent = code === 'HOST_UNREACHABLE';
      const end = { code, reason: message, errorCode: -1, byHost: false, silent };
      return { ...end, connectedFor: 0, final: false };
    } finally {
      deadline.clear();
      this.#stop.signal.removeEventListener('abort', abort);
    }
  }

  /** @throws HOST_BUSY */
  async #takeSeat(target: SessionTarget, signal: AbortSignal): Promise<void> {
    const host = `${target.host_address.toLowerCase()}:${target.host_http_port}`;
    // The host may have moved since.
    if (this.#host !== host) this.#leaveHost();
    await this.#seats.take(host, this.id, signal);
    this.#host = host;
  }

  #leaveHost(): void {
    if (this.#host !== null) this.#seats.leave(this.#host, this.id);
    this.#host = null;
  }

  #runProcess(init: InitMessage, startSignal: AbortSignal, connected: () => void): Promise<RunEnd> {
    const { module, startTimeout, heartbeatTimeout, memoryLimit, niceness } = this.#options;
    const child = new StreamerProcess({
      module,
      readyTimeout: startTimeout,
      heartbeatTimeout,
      memoryLimit,
      niceness,
      handlers: { may_quit_app: () => this.#options.apps.mayQuit(this.spec) },
      log: this.#log,
    });
    this.#process = child;
    return runSession({
      child,
      init,
      viewers: this.#viewers,
      startSignal,
      stopSignal: this.#stop.signal,
      stopDeadline: () => this.#stopDeadline(),
      judge: (end) => this.#judge(end),
      onConnected: ({ sessions_by_address: byAddress = false, ...picture }) => {
        connected();
        if (this.#host !== null) this.#seats.learn(this.#host, this.id, byAddress);
        this.#sessionConnected(picture);
      },
      onInterrupted: (reason) => {
        this.#log.warn({ reason }, 'session interrupted');
        this.#setStatus('reconnecting');
      },
      onLost: (end) => this.#sessionLost(end),
      onOver: (end) => this.#sessionOver(end),
      onRecordingEnded: (id, code, reason) => {
        this.emit('recording-ended', { id, code, reason });
      },
      onOutputChanged: (status) => this.outputs.onStatus(status),
      onActed: (peerIds) => this.company.acted(peerIds),
      onTried: (peerIds) => this.company.tried(peerIds),
      onPointed: (pointers) => this.company.pointed(pointers),
      log: this.#log,
    }).finally(() => {
      if (this.#process === child) this.#process = null;
      this.#picture = null;
      this.outputs.onProcessEnded();
      this.emit('process-ended');
    });
  }

  #initMessage(target: SessionTarget, identity: string): InitMessage {
    return {
      ...target,
      dtls_identity_pem: identity,
      streamer_id: this.id,
      settings: this.spec.settings,
      network: this.#options.network,
      app_id: this.spec.app_id,
      max_peers: this.#options.maxViewers,
      outputs: this.outputs.orders(),
      outputs_allowed: [...this.#options.outputs.allowed],
      pipelines: this.#options.pipelines,
      max_pads: this.#options.maxPads,
      heartbeat_interval: this.#options.heartbeatInterval,
    };
  }

  #sessionConnected(picture: StreamInfo): void {
    if (this.#picture === null || this.#lost) this.#sessions += 1;
    this.#picture = picture;
    this.#lost = false;
    this.#setStatus('active');
    this.#log.info({ ...picture }, 'session connected');
    this.#settleConnected(null);
    this.company.childStarted();
    this.#viewers.sessionStarted(picture);
  }

  /** The child keeps viewers and pipeline while its session is brought back. */
  #sessionLost(end: SessionEnd): number | null {
    const { code, reason } = end;
    const delay = this.#policy.next(end);
    this.#log.warn({ code, reason, retry_in_ms: delay }, 'session lost');
    if (delay === null) return null;
    this.#countEnd(code);
    this.#lost = true;
    this.#failure = { code, reason, at: new Date() };
    this.#setStatus('reconnecting');
    return delay;
  }

  /** Viewers learn of the end before the child has cleaned up. */
  #sessionOver(end: SessionVerdict): void {
    this.#picture = null;
    if (this.#startFailed(end)) {
      // A caller that waits for the start need not wait for the clean-up.
      this.#fail(end);
      return;
    }
    if (this.#status === 'active') this.#setStatus('reconnecting');
    this.#viewers.sessionEnded(end, false);
  }

  /** It never had a session, and its caller wants to know rather than to wait. */
  #startFailed({ spoilt }: SessionVerdict): boolean {
    return (
      this.#sessions === 0 &&
      !this.#patient &&
      (spoilt !== true || this.#spoiltStarts >= MAX_SPOILT_STARTS)
    );
  }

  /** What this server did to the host's app is not the host's will. */
  #judge(end: SessionVerdict): SessionVerdict {
    const doing = end.byHost ? this.#options.apps.ourDoing(this.spec) : null;
    // The host did not refuse: another attempt may succeed with more of the machine.
    const isStarved = !end.byHost && (this.#process?.isStarved ?? false);
    if (isStarved) return { ...end, spoilt: true };
    if (doing === 'order') return { ...end, reason: 'The app was quit on request' };
    if (doing === null) return end;
    const reason = 'The app ended with another streamer of this host';
    return { ...end, byHost: false, spoilt: true, reason };
  }

  /** The end for good. */
  #fail({ code, reason, errorCode }: SessionVerdict): void {
    if (this.#status === 'failed' || this.#status === 'stopping') return;
    this.#options.apps.failed(this.spec);
    this.#leaveHost();
    this.#failure = { code, reason, at: new Date() };
    this.#viewers.sessionEnded({ code, reason, errorCode }, true);
    this.#settleConnected(new MoonteeError(code, reason));
    this.#setStatus('failed');
  }

  #countEnd(code: ErrorCode): void {
    this.#ends.set(code, (this.#ends.get(code) ?? 0) + 1);
  }

  #setStatus(status: StreamerStatus): void {
    // Stopping is the last word.
    if (this.#status === status || this.#status === 'stopping') return;
    this.#status = status;
    this.emit('status', status);
  }
}

/** Times that a start is given its time once more because the machine does not let its child run. */
const START_EXTENSIONS = 2;

/** Ends a start that takes too long; one that is starved gets longer. */
class StartDeadline {
  #timer: NodeJS.Timeout;

  constructor(time: number, isStarved: () => boolean, expire: () => void) {
    let extensions = 0;
    const onTimer = (): void => {
      if (extensions >= START_EXTENSIONS || !isStarved()) {
        expire();
        return;
      }
      extensions += 1;
      this.#timer = setTimeout(onTimer, time);
    };
    this.#timer = setTimeout(onTimer, time);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

/** The promise's own end, or the signal's reason when that comes first. */
function settledOrAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(MoonteeError.from(signal.reason, 'TIMEOUT'));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
