import type { StreamClientMessage, StreamGeneralMessage, StreamServerMessage } from './messages.js';
import { attempt, attemptAsync } from './attempt.js';
import { InputChannels } from './channels.js';
import type { Company } from './company.js';
import { Emitter } from './emitter.js';
import { decodeFeedback, type PadFeedback } from './encode.js';
import {
  ending,
  endingOf,
  isCode,
  stageText,
  terminationReason,
  unauthorized,
  type Ending,
} from './ending.js';
import type { InputOutlet } from './input.js';
import type { MediaOutlet } from './media-outlet.js';
import { MediaPath } from './media-path.js';
import { CLOSE_CODES, type OutcomeCode } from './outcomes.js';
import { padMessage, SocketChannels } from './socket-channels.js';
import { refusedSound, withoutLipSync, withStereo } from './sdp.js';
import { SilenceWatch } from './silence-watch.js';
import { StatsCollector } from './stats.js';

/** Milliseconds that each wait of an attempt may take. */
export interface SessionDeadlines {
  /** Until the socket is open. */
  readonly socket: number;
  /** From one message of the server to the next until the offer is answered. */
  readonly server: number;
  /** From our answer until the media path is up. */
  readonly path: number;
  /** How long a broken media path may heal by itself before ICE is restarted. */
  readonly heal: number;
  /** From the restart of ICE until the path is up again. */
  readonly restart: number;
  /** From our answer until a media socket is tried beside WebRTC. */
  readonly socketMedia: number;
  /** Without a packet, until the path counts as interrupted. */
  readonly silence: number;
  /** From the end of WebRTC, while a media socket goes on, until it is tried again; then ten times that. */
  readonly again: number;
  /** From a message that announces the end to the end. */
  readonly farewell: number;
}

/** Milliseconds for a browser to find out what it decodes. */
const DECODERS_MS = 800;

/** Milliseconds between two requests for another peer. */
const MIN_AGAIN_MS = 5_000;

export const DEFAULT_DEADLINES: SessionDeadlines = {
  socket: 10_000,
  server: 30_000,
  path: 20_000,
  heal: 2_500,
  restart: 8_000,
  socketMedia: 1_000,
  silence: 3_000,
  again: 60_000,
  farewell: 500,
};

export interface ViewerReady {
  /** Pixels of the host's picture. */
  readonly width: number;
  readonly height: number;
  /** Whether the host takes touches. */
  readonly touch: boolean;
}

export type PeerQuality = 'good' | 'constrained' | 'stalled';

export type ViewerEvents = {
  /** What is going on, in a few words. */
  progress: [text: string];
  /** Audio and video come in this one stream. */
  stream: [MediaStream];
  /** Why this browser takes no sound; null if it does. */
  noSound: [string | null];
  /** The size and abilities of the host; again when they change. */
  ready: [ViewerReady];
  feedback: [PadFeedback];
  /** How well this viewer keeps up, as the server sees it. */
  quality: [PeerQuality];
  /** Quality of the server's link to the host. */
  hostQuality: ['ok' | 'poor'];
  title: [string];
  /** What the server is busy with, e.g. bringing the host back; null when it is done. */
  stage: [string | null];
};

export interface SessionOptions {
  readonly url: string;
  readonly credentials: string | null;
  readonly clientUniqueId: string;
  /** Of an earlier session of this viewer, whose place it takes. */
  readonly resumeSecret: string | null;
  readonly deadlines: SessionDeadlines;
  /** Media may come over a socket; null for WebRTC alone. */
  readonly media: SocketMedia | null;
  readonly company: Company;
}

export interface SocketMedia {
  readonly outlet: MediaOutlet;
  /** There is no peer connection, instead of one that comes first. */
  readonly isAlone: boolean;
}

type SessionEvents = ViewerEvents & {
  /** What a later session of this viewer takes this one's place with. */
  resume: [string];
  /** The media path is up (again). */
  connected: [];
  /** Nothing comes over the media socket any more: the network may be dead. */
  silence: [];
  /** Input has a way; `isAnother`: to where an earlier one led. */
  channels: [channels: InputOutlet, isAnother: boolean];
  /** Exactly once. */
  end: [Ending];
};

/**
 * One attempt to view a streamer: one socket and one peer connection, which end together.
 * The server offers, before or after it tells its ICE servers; this side answers. Where media come
 * over a socket of their own, that takes the peer connection's place.
 */
export class ViewerSession extends Emitter<SessionEvents> {
  readonly #deadlines: SessionDeadlines;
  readonly #credentials: string | null;
  readonly #socket: WebSocket | undefined;
  readonly #media: MediaPath | undefined;
  readonly #isAlone: boolean;
  readonly #company: Company;
  #mediaTimers: ReturnType<typeof setTimeout>[] = [];
  #silence: SilenceWatch | undefined;
  #againTimer: ReturnType<typeof setTimeout> | undefined;
  #askedAgainAt = -Infinity;
  /** Peer connections that ended while a media socket went on. */
  #lostConnections = 0;
  #connection: RTCPeerConnection | undefined;
  #stream: MediaStream | undefined;
  /** Whoever listens has the stream. */
  #isStreamOut = false;
  /** The server is busy with the host: then nothing need come. */
  #isHostAway = false;
  /** What came before there was a peer connection to take it. */
  readonly #early: (() => Promise<void>)[] = [];
  /** Negotiation steps run one after another. */
  #steps: Promise<void> = Promise.resolve();
  /** The offer is answered, or there is none to wait for. */
  #hasDescription = false;
  #candidates: RTCIceCandidateInit[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #farewell: ReturnType<typeof setTimeout> | undefined;
  /** What the server gave as the reason, should the connection end now. */
  #verdict: Ending | undefined;
  #restarting = false;
  #hasInput = false;
  /** A media socket has shown a picture, and is what the viewer has. */
  #isSocketInput = false;
  /** Those of the peer connection, once they are open. */
  #channels: InputChannels | undefined;
  #closed = false;

  constructor(options: SessionOptions) {
    super();
    const { credentials, clientUniqueId, resumeSecret, deadlines, media } = options;
    this.#deadlines = deadlines;
    this.#credentials = credentials;
    this.#isAlone = media?.isAlone === true;
    this.#company = options.company;
    this.#company.attach((message) => this.#send(message));
    if (!this.#isAlone && !hasWebRtc()) {
      this.#await(0, 'NO_WEBRTC');
      return;
    }
    const url = this.#isAlone ? `${options.url}?transport=websocket` : options.url;
    if (media !== null) this.#media = this.#mediaPath(url, media);
    this.#socket = attempt(() => new WebSocket(url));
    if (this.#socket !== undefined) this.#socket.binaryType = 'arraybuffer';
    // A socket that the browser, or the policy of a page around us, forbids cannot be reached.
    this.#await(this.#socket === undefined ? 0 : deadlines.socket, 'UNREACHABLE');
    this.#socket?.addEventListener('open', () => {
      this.#await(this.#deadlines.server, 'SERVER_SILENT');
      this.emit('progress', 'Waiting for the stream');
      const names = { client_unique_id: clientUniqueId, resume_secret: resumeSecret };
      const presence = this.#company.introduction();
      this.#send({ AuthenticateAndInit: { credentials, ...names, host_quality: true, presence } });
      if (this.#isAlone) this.#media?.begin();
    });
    this.#socket?.addEventListener('message', ({ data }) => this.#receive(data));
    this.#socket?.addEventListener('close', ({ code, reason }) => {
      const name = CLOSE_CODES[code] ?? 'SOCKET_LOST';
      const end = name === 'UNAUTHORIZED' ? unauthorized(credentials) : ending(name, reason);
      this.#end(this.#verdict ?? end);
    });
  }

  /** Media come over a socket of their own. */
  get isOnSocket(): boolean {
    return this.#media?.isUsed === true;
  }

  /** The viewer socket is open. */
  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  get connection(): RTCPeerConnection | undefined {
    return this.#connection;
  }

  /** Idempotent. No event comes after it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#farewell);
    for (const timer of this.#mediaTimers) clearTimeout(timer);
    clearTimeout(this.#againTimer);
    this.#silence?.stop();
    this.#socket?.close(1000);
    this.#media?.close();
    this.#connection?.close();
    for (const track of this.#stream?.getTracks() ?? []) this.#stream?.removeTrack(track);
  }

  #end(end: Ending): void {
    if (this.#closed) return;
    this.close();
    this.emit('end', end);
  }

  /** The one deadline that runs at a time: a later one takes the place of the former. */
  #await(milliseconds: number, code: OutcomeCode): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(this.#verdict ?? ending(code)), milliseconds);
  }

  #send(message: StreamClientMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** From the socket or the `general` channel; what makes no sense is ignored. */
  #receive(data: unknown): void {
    if (this.#closed) return;
    if (data instanceof ArrayBuffer) {
      const pads = padMessage(data);
      if (pads !== undefined) this.#feedback(pads);
      return;
    }
    if (typeof data !== 'string') return;
    let message: unknown;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    if (!this.#hasDescription) this.#await(this.#deadlines.server, 'SERVER_SILENT');
    if (typeof message === 'string') {
      // A sentence is the reason for clients that know no codes: the one of the close says more.
      if (isCode(message)) this.#conclude(ending(message));
      else this.#awaitEnd(ending(message));
    } else if (typeof message === 'object' && message !== null) {
      try {
        this.#take(message as Exclude<StreamServerMessage | StreamGeneralMessage, string>);
      } catch {
        // The shape was not what its name promised: as good as an unknown message.
      }
    }
  }

  #take(message: Exclude<StreamServerMessage | StreamGeneralMessage, string>): void {
    if ('WebRtcConfig' in message) {
      this.#configure(message.WebRtcConfig.ice_servers);
    } else if ('Signaling' in message) {
      const signaling = message.Signaling;
      if ('Description' in signaling) {
        const { ty, sdp } = signaling.Description;
        if (ty === 'offer') this.#enqueue(() => this.#answer(sdp));
      } else {
        const { candidate, sdp_mid, sdp_mline_index } = signaling.AddIceCandidate;
        const init = { candidate, sdpMid: sdp_mid ?? null, sdpMLineIndex: sdp_mline_index ?? null };
        this.#enqueue(() => this.#addCandidate(init));
      }
    } else if ('ConnectionComplete' in message) {
      const { capabilities, width, height } = message.ConnectionComplete;
      this.#verdict = undefined;
      this.#isHostAway = false;
      this.emit('ready', { width, height, touch: capabilities.touch });
      if (this.isOnSocket && !this.#isConnected) this.#onMedia();
    } else if ('UpdateApp' in message) {
      this.emit('title', message.UpdateApp.app.title);
    } else if ('StageStarting' in message) {
      const text = stageText(message.StageStarting.stage);
      this.#isHostAway = true;
      this.emit('progress', text);
      this.emit('stage', text);
    } else if ('StageComplete' in message) {
      this.#isHostAway = false;
      this.emit('stage', null);
    } else if ('StageFailed' in message) {
      const { stage, error_code } = message.StageFailed;
      if (stage === 'Authentication') this.#conclude(unauthorized(this.#credentials));
      else this.#note(ending('STAGE_FAILED', stageFailure(stage, error_code)));
    } else if ('ConnectionTerminated' in message) {
      // The server may bring the host back while the viewer stays.
      const reason = terminationReason(message.ConnectionTerminated.error_code);
      this.#note(ending('ConnectionTerminated', reason));
    } else if ('PeerClosed' in message) {
      this.#conclude(endingOf(message.PeerClosed), true);
    } else if ('Resume' in message) {
      this.emit('resume', message.Resume.secret);
    } else if ('MediaTicket' in message) {
      this.#media?.ticket(message.MediaTicket);
    } else if ('MediaRefused' in message) {
      this.#media?.refused(message.MediaRefused);
    } else if ('PeerQuality' in message) {
      this.emit('quality', message.PeerQuality.quality);
    } else if ('ConnectionStatusUpdate' in message) {
      this.emit('hostQuality', message.ConnectionStatusUpdate.status === 'Ok' ? 'ok' : 'poor');
    } else {
      this.#company.receive(message);
    }
  }

  /** Tells the viewer, and is the reason if the connection ends. */
  #note(verdict: Ending): void {
    this.#verdict = verdict;
    this.emit('progress', verdict.reason);
  }

  /** The server announced the end: it may still give a better reason or close by itself. */
  #conclude(verdict: Ending, isPrecise = false): void {
    const known = this.#verdict;
    if (isPrecise || known === undefined || (known.retry && !verdict.retry)) {
      this.#verdict = verdict;
    }
    this.#awaitEnd(verdict);
  }

  /** The server closes the socket, or else we do. */
  #awaitEnd(verdict: Ending): void {
    this.#farewell ??= setTimeout(
      () => this.#end(this.#verdict ?? verdict),
      this.#deadlines.farewell,
    );
  }

  #configure(servers: readonly { urls: string[]; username: string; credential: string }[]): void {
    if (this.#connection !== undefined) return;
    try {
      this.#connection = new RTCPeerConnection({
        bundlePolicy: 'max-bundle',
        iceServers: servers.filter(({ urls }) => urls.length > 0).map((server) => ({ ...server })),
      });
    } catch {
      this.#end(ending('NEGOTIATION_FAILED', 'The server named ICE servers that are not valid.'));
      return;
    }
    this.#watch(this.#connection);
    const channels = new InputChannels(this.#connection, {
      onOpen: () => {
        if (this.#closed) return;
        this.#channels = channels;
        if (!this.#isSocketInput) this.#openInput(channels);
      },
      onFeedback: (data) => this.#feedback(data),
    });
    for (const step of this.#early.splice(0)) this.#enqueue(step);
  }

  #feedback(data: ArrayBuffer): void {
    const feedback = decodeFeedback(data);
    if (feedback !== undefined && !this.#closed) this.emit('feedback', feedback);
  }

  #mediaPath(url: string, media: SocketMedia): MediaPath {
    return new MediaPath({
      ...media,
      url,
      ask: (support) => this.#send({ MediaSocket: { support } }),
      onPicture: () => this.#onMedia(),
      onLost: () => {
        if (this.#isConnected) return;
        this.emit('progress', 'The network path is interrupted');
        this.#await(this.#deadlines.path, 'PATH_LOST');
        this.emit('silence');
      },
      onEnd: (end) => {
        // Else WebRTC may still come, and has a deadline of its own.
        if (this.#isAlone) this.#end(this.#verdict ?? end);
      },
    });
  }

  /** The server counts a media socket as a connection. */
  #onMedia(): void {
    if (this.#closed || this.#socket === undefined) return;
    this.#hasDescription = true;
    this.#isStreamOut = false;
    clearTimeout(this.#timer);
    if (this.#isSocketInput) return;
    this.#isSocketInput = true;
    this.#openInput(new SocketChannels(this.#socket));
    this.emit('connected');
  }

  #openInput(channels: InputOutlet): void {
    this.emit('channels', channels, this.#hasInput);
    this.#hasInput = true;
  }

  /** Whether the peer connection has a path. */
  get #isConnected(): boolean {
    const state = this.#connection === undefined ? undefined : stateOf(this.#connection);
    return state === 'connected' || state === 'completed';
  }

  /** The picture of the peer connection is there: the media socket has done its work. */
  leaveMediaSocket(): void {
    if (this.#isAlone || !this.isOnSocket) return;
    this.#media?.leave();
    this.#isSocketInput = false;
    if (this.#channels !== undefined) this.#openInput(this.#channels);
  }

  #tryMediaSocket(): void {
    if (!this.#closed && !this.isOnSocket) this.#media?.begin();
  }

  #watch(connection: RTCPeerConnection): void {
    connection.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate === null || candidate.candidate === '') return;
      this.#send({
        Signaling: {
          AddIceCandidate: {
            candidate: candidate.candidate,
            sdp_mid: candidate.sdpMid,
            sdp_mline_index: candidate.sdpMLineIndex,
            username_fragment: candidate.usernameFragment,
          },
        },
      });
    });
    const isModern = 'connectionState' in connection;
    connection.addEventListener(
      // Firefox before 113 tells of ICE alone.
      isModern ? 'connectionstatechange' : 'iceconnectionstatechange',
      () => this.#onState(connection),
    );
    connection.addEventListener('datachannel', ({ channel }) => {
      if (channel.label !== 'general') return;
      channel.addEventListener('message', ({ data }) => this.#receive(data));
    });
    connection.addEventListener('track', ({ track, receiver }) => {
      // A game is played, not watched: every millisecond of buffer is felt.
      attempt(() => {
        receiver.jitterBufferTarget = 0;
        if (track.kind === 'video') track.contentHint = 'motion';
      });
      this.#stream ??= new MediaStream();
      this.#stream.addTrack(track);
      if (!this.#closed && !this.isOnSocket) this.#handOut(this.#stream);
    });
  }

  #onState(connection: RTCPeerConnection): void {
    if (this.#closed) return;
    switch (stateOf(connection)) {
      case 'connected':
      case 'completed':
        clearTimeout(this.#timer);
        for (const timer of this.#mediaTimers) clearTimeout(timer);
        this.#restarting = false;
        this.#lostConnections = 0;
        if (this.#media !== undefined) this.#watchSilence(connection);
        // Nothing has come of it, and nothing is to come.
        if (!this.isOnSocket) this.#media?.leave();
        if (this.isOnSocket || !this.#isStreamOut) void this.#moveUp(connection);
        this.emit('connected');
        break;
      case 'disconnected':
        this.emit('progress', 'The network path is interrupted');
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#restart(), this.#deadlines.heal);
        break;
      case 'failed':
        if (this.#isSocketInput) this.#leaveConnection(connection);
        else if (this.#restarting) this.#end(ending('ICE_FAILED'));
        else this.#restart();
        break;
      default:
        break;
    }
  }

  /** Where a socket shows the picture, only a path over UDP is better. */
  async #moveUp(connection: RTCPeerConnection): Promise<void> {
    if (this.isOnSocket) {
      const sample = await attemptAsync(() => new StatsCollector(connection).sample());
      if (sample !== undefined && !sample.path.endsWith('udp')) return;
    }
    if (!this.#closed && this.#stream !== undefined) this.#handOut(this.#stream);
  }

  #handOut(stream: MediaStream): void {
    this.#isStreamOut = true;
    this.emit('stream', stream);
  }

  /** ICE finds out after about six seconds what this sees after three. */
  #watchSilence(connection: RTCPeerConnection): void {
    this.#silence ??= new SilenceWatch(connection, this.#deadlines.silence, {
      onSilence: () => {
        if (this.#isHostAway || this.isOnSocket || !this.#isConnected) return;
        // Without a deadline: it may be the host that sends nothing.
        this.#send({ RestartIce: {} });
        this.#tryMediaSocket();
      },
      onPackets: () => {
        if (this.isOnSocket && this.#isConnected) void this.#moveUp(connection);
      },
    });
  }

  /** It found no path, and a media socket goes on without it. */
  #leaveConnection(connection: RTCPeerConnection): void {
    this.#silence?.stop();
    this.#silence = undefined;
    connection.close();
    this.#connection = undefined;
    this.#channels = undefined;
    this.#stream = undefined;
    this.#candidates = [];
    this.#restarting = false;
    this.#tryAgainIn(this.#deadlines.again * (this.#lostConnections === 0 ? 1 : 10));
    this.#lostConnections += 1;
  }

  /** Asks for another peer, if there is none and a media socket stands in for it. */
  tryWebRtc(): void {
    if (this.#isAlone || this.#connection !== undefined || !this.isOnSocket) return;
    const now = performance.now();
    if (now - this.#askedAgainAt < MIN_AGAIN_MS) return;
    this.#askedAgainAt = now;
    // The server answers once it has given the old one up as well.
    this.#tryAgainIn(this.#deadlines.again * 10);
    this.#send({ RestartIce: {} });
  }

  #tryAgainIn(pause: number): void {
    clearTimeout(this.#againTimer);
    this.#againTimer = setTimeout(() => this.tryWebRtc(), pause);
  }

  #restart(): void {
    if (this.#restarting || this.#closed) return;
    this.#restarting = true;
    if (!this.#isSocketInput) this.#await(this.#deadlines.restart, 'PATH_LOST');
    this.#send({ RestartIce: {} });
    this.#tryMediaSocket();
  }

  #enqueue(step: () => Promise<void>): void {
    if (this.#connection === undefined) {
      this.#early.push(step);
      return;
    }
    this.#steps = this.#steps
      .then(() => (this.#closed ? undefined : step()))
      .catch(() => this.#end(ending('NEGOTIATION_FAILED')));
  }

  async #answer(sdp: string): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return;
    await connection.setRemoteDescription({ type: 'offer', sdp: withoutLipSync(sdp) });
    await describeInStereo(connection);
    if (this.#closed) return;
    this.emit('noSound', refusedSound(sdp, connection.localDescription?.sdp ?? '') ?? null);
    this.#send({
      Signaling: {
        Description: { ty: 'answer', sdp: connection.localDescription?.sdp ?? '' },
      },
    });
    if (!this.#hasDescription) {
      this.#hasDescription = true;
      this.emit('progress', 'Finding a network path');
      if (stateOf(connection) !== 'connected') {
        this.#await(this.#deadlines.path, 'ICE_FAILED');
        const { socketMedia } = this.#deadlines;
        this.#mediaTimers = [
          setTimeout(() => this.#media?.prepare(), Math.max(0, socketMedia - DECODERS_MS)),
          setTimeout(() => this.#tryMediaSocket(), socketMedia),
        ];
      }
    }
    for (const candidate of this.#candidates.splice(0)) await this.#addCandidate(candidate);
  }

  /** One that is no good, e.g. of a family that this machine lacks, leaves the others. */
  async #addCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined || connection.remoteDescription === null) {
      this.#candidates.push(candidate);
      return;
    }
    await connection.addIceCandidate(candidate).catch(() => undefined);
  }
}

function hasWebRtc(): boolean {
  return typeof RTCPeerConnection === 'function' && typeof MediaStream === 'function';
}

/** @returns the state of ICE in browsers that know no other */
function stateOf(connection: RTCPeerConnection): RTCPeerConnectionState | RTCIceConnectionState {
  return 'connectionState' in connection
    ? connection.connectionState
    : (connection as RTCPeerConnection).iceConnectionState;
}

function stageFailure(stage: string, errorCode: number): string {
  return `This did not work out: ${stageText(stage).toLowerCase()} (error ${errorCode}).`;
}

/** A browser that does not let its answer be changed may say what it likes. */
async function describeInStereo(connection: RTCPeerConnection): Promise<void> {
  const { sdp = '' } = await connection.createAnswer();
  try {
    await connection.setLocalDescription({ type: 'answer', sdp: withStereo(sdp) });
  } catch {
    await connection.setLocalDescription();
  }
}
