import { MoonteeError } from '../core/errors.js';
import type { OutcomeCode } from '../core/outcomes.js';
import type { Log } from '../core/log.js';
import type { Right, Rights } from '../core/rights.js';
import type {
  MediaSupport,
  StreamClientMessage,
  StreamServerMessage,
} from '../protocol/viewer-messages.js';
import { isFinal, viewerReason } from '../protocol/viewer-words.js';
import type { IceServer } from '../ice/types.js';
import { browserServers, type BrowserIceServer } from '../ice/browser-servers.js';
import type { OfferOrder, ParentMessage, ViewerAnswer } from '../protocol/ipc.js';
import type { Company } from './company.js';
import type { MediaAccess } from './media-access.js';

/** What a viewer brings that signals by requests of its own. */
export interface ViewerOffer {
  /** Null: it wants our offer. */
  readonly sdp: string | null;
  /** Called at most once. @param iceServers for the viewer's end */
  readonly onAnswer: (answer: ViewerAnswer, iceServers: readonly BrowserIceServer[]) => void;
}

/** A viewer's socket, or what stands in its place, as a streamer sees it. */
export interface Viewer {
  readonly peerId: string;
  /** What it was let in with. */
  readonly rights: Rights;
  /** What others see it called; null: it has no name. */
  readonly name: string | null;
  /** Names it when it comes back; only its client knows what it is made of. */
  readonly seat?: string;
  /** Left out: it gets our offers over its socket. */
  readonly offer?: ViewerOffer;
  /** It wants no peer: its media comes over a socket alone. */
  readonly isPeerless: boolean;
  /** That socket is the desktop socket, which carries all that belongs to the viewer. */
  readonly isDesktop?: true;
  /** The child knows of it: its socket may be handed over. Called for viewers without a peer. */
  attached?(): void;
  /** Hands a message to the browser. @param skippable unless that does not read */
  deliver(message: StreamServerMessage, skippable?: boolean): void;
  /** Hands bytes of a data channel to a browser without such channels. */
  deliverChannel(channel: number, data: Buffer): void;
  /** Ends the socket after what was delivered. */
  end(code: OutcomeCode, reason: string): void;
}

export const VIEWER_TRANSPORTS = ['webrtc', 'websocket', 'desktop'] as const;
export type ViewerTransport = (typeof VIEWER_TRANSPORTS)[number];

/** How viewers signal: over a socket, or by HTTP (WHEP). */
export const VIEWER_KINDS = ['socket', 'whep'] as const;
export type ViewerKind = (typeof VIEWER_KINDS)[number];

export type ViewerChange = { readonly kind: ViewerKind } & ViewerEvent;
type ViewerEvent =
  | { readonly what: 'joined'; readonly peerId: string; readonly code: null }
  | {
      readonly what: 'connected';
      readonly peerId: string;
      readonly code: null;
      readonly transport: ViewerTransport;
      /** Milliseconds since its negotiation began. */
      readonly joinTime: number;
    }
  | { readonly what: 'left'; readonly peerId: string; readonly code: OutcomeCode };

export const VIEWER_STATES = ['waiting', 'negotiating', 'connected'] as const;
type ViewerState = (typeof VIEWER_STATES)[number];
export const VIEWER_QUALITIES = ['good', 'constrained', 'stalled'] as const;

export interface ViewerInfo {
  readonly peerId: string;
  readonly connectedAt: Date;
  readonly state: ViewerState;
  /** As the child judges the link; null before it has. */
  readonly quality: (typeof VIEWER_QUALITIES)[number] | null;
  readonly transport: ViewerTransport;
  readonly kind: ViewerKind;
  readonly name: string | null;
  readonly rights: Rights;
}

/** The stream as viewers are told of it. */
export interface StreamInfo {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly codec: string;
  readonly touch: boolean;
}

export interface ViewersOptions {
  readonly maxViewers: number;
  /** For one viewer and its peer; must not take long. */
  readonly iceServers: (peerId: string) => Promise<readonly IceServer[]>;
  /** Milliseconds until the child's offer. */
  readonly offerTimeout: number;
  /** Milliseconds until ICE and DTLS are up, or a media socket is open. */
  readonly connectTimeout: number;
  readonly transports: readonly ViewerTransport[];
  readonly media: MediaAccess;
  /** What viewers know of each other, and who of them steers. */
  readonly company: Company;
  readonly log: Log;
  /** Hands a message to the child; false if there is no child. */
  readonly send: (message: ParentMessage) => boolean;
  /** Lets the child answer an offer. @throws the child's errors, CLOSED if there is no child */
  readonly answer: (order: OfferOrder) => Promise<ViewerAnswer>;
  readonly onChange: (change: ViewerChange) => void;
}

interface Entry {
  readonly viewer: Viewer;
  /** What it may do now. */
  rights: Rights;
  readonly connectedAt: Date;
  state: ViewerState;
  /** `lost`: it failed, and the viewer stays without it. */
  peer: 'none' | 'negotiating' | 'connected' | 'lost';
  /** A media socket is open. */
  hasMedia: boolean;
  /** It asked for a ticket before there was a session. */
  mediaRequest: MediaSupport | null;
  /** Milliseconds of `performance.now()` at which its negotiation began. */
  negotiatingSince: number;
  /** The child knows of it. */
  attached: boolean;
  iceServers: readonly IceServer[];
  configSent: boolean;
  /** `ConnectionTerminated` went out. */
  terminated: boolean;
  quality: ViewerInfo['quality'];
  timer: NodeJS.Timeout | null;
  /** What the browser sent before the child knew of it. */
  early: StreamClientMessage[];
}

const MAX_EARLY = 64;

/** Stages by the names that clients show (signaling.md b.1). */
const SETUP = 'Setup WebRTC Peer';
const NEGOTIATION = 'WebRTC Peer Negotiation';

/**
 * The viewers of one streamer: which of them wait for the session, negotiate, or see a picture.
 * Messages have the order that every known client understands: the offer first, then `WebRtcConfig`
 * (signaling.md b.3), then `ConnectionComplete` with the true size.
 */
export class Viewers {
  readonly #options: ViewersOptions;
  readonly #entries = new Map<string, Entry>();
  #picture: StreamInfo | null = null;

  constructor(options: ViewersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(peerId: string): boolean {
    return this.#entries.has(peerId);
  }

  list(): ViewerInfo[] {
    return [...this.#entries.values()].map((entry) => ({
      peerId: entry.viewer.peerId,
      connectedAt: entry.connectedAt,
      state: entry.state,
      quality: entry.quality,
      transport: this.#transportOf(entry),
      kind: kindOf(entry.viewer),
      name: entry.viewer.name,
      rights: entry.rights,
    }));
  }

  add(viewer: Viewer): void {
    if (this.#entries.size >= this.#options.maxViewers) {
      throw new MoonteeError('LIMIT_REACHED', 'The streamer has reached max_viewers');
    }
    const entry: Entry = {
      viewer,
      rights: viewer.rights,
      connectedAt: new Date(),
      state: 'waiting',
      peer: 'none',
      hasMedia: false,
      mediaRequest: null,
      negotiatingSince: 0,
      attached: false,
      iceServers: [],
      configSent: false,
      terminated: false,
      quality: null,
      timer: null,
      early: [],
    };
    this.#entries.set(viewer.peerId, entry);
    this.#options.company.join(viewer);
    this.#changed(viewer, { what: 'joined', peerId: viewer.peerId, code: null });
    if (this.#picture === null) {
      viewer.deliver({ StageStarting: { stage: 'Moonlight Stream' } });
    } else {
      this.#attach(entry);
    }
  }

  /** From the browser. */
  receive(peerId: string, message: StreamClientMessage): void {
    const entry = this.#entries.get(peerId);
    if (entry === undefined) return;
    if ('Control' in message) {
      this.#options.company.order(peerId, message.Control);
      return;
    }
    if ('Rename' in message) {
      this.#options.company.rename(peerId, message.Rename.name ?? null);
      return;
    }
    if ('Pointers' in message) {
      this.#options.company.wantPointers(peerId, message.Pointers.wanted);
      return;
    }
    if ('MediaSocket' in message) {
      this.#requestMedia(entry, message.MediaSocket.support);
      return;
    }
    if ('RestartIce' in message && entry.peer === 'lost') {
      entry.peer = 'negotiating';
      void this.#addPeerSoon(entry);
      return;
    }
    if (!entry.attached) {
      if (entry.early.length < MAX_EARLY) entry.early.push(message);
      return;
    }
    this.#options.send({ FromPeer: { peer_id: peerId, message } });
  }

  /** What the browser sends on its socket instead of a data channel. */
  receiveChannel(peerId: string, channel: number, data: Buffer): void {
    if (this.#entries.get(peerId)?.attached !== true) return;
    this.#options.send({
      FromChannel: { peer_id: peerId, channel, data: data.toString('base64') },
    });
  }

  /** Whether a media socket may be opened for it now. */
  takesMedia(peerId: string): boolean {
    const entry = this.#entries.get(peerId);
    return entry?.attached === true && entry.viewer.offer === undefined;
  }

  /** Whether it waits for a session. */
  isWaiting(peerId: string): boolean {
    return this.#entries.get(peerId)?.state === 'waiting';
  }

  /** From now on; what it holds without the right is released. A viewer that has left is ignored. */
  setRights(peerId: string, rights: Rights): void {
    const entry = this.#entries.get(peerId);
    if (entry === undefined) return;
    entry.rights = rights;
    if (entry.attached) {
      this.#options.send({ SetRights: { peer_id: peerId, rights: listOf(rights) } });
    }
  }

  /** Ends a viewer, with the reason. @returns whether it was here */
  dismiss(peerId: string, code: OutcomeCode, reason: string): boolean {
    const entry = this.#entries.get(peerId);
    if (entry === undefined) return false;
    this.#dismiss(entry, code, reason);
    if (entry.attached) this.#options.send({ RemovePeer: { peer_id: peerId, code, reason } });
    return true;
  }

  /** The browser is gone. Idempotent. */
  remove(peerId: string, code: OutcomeCode, reason: string): void {
    const entry = this.#entries.get(peerId);
    if (entry === undefined) return;
    // One that was superseded is here again already.
    this.#forget(entry, code, code === 'SUPERSEDED');
    if (entry.attached) {
      this.#options.send({ RemovePeer: { peer_id: peerId, code, reason } });
    }
  }

  /** The session runs: those who waited get their peers. */
  sessionStarted(picture: StreamInfo): void {
    const before = this.#picture;
    this.#picture = picture;
    for (const entry of this.#entries.values()) {
      if (entry.state === 'waiting') {
        entry.viewer.deliver({ StageComplete: { stage: 'Moonlight Stream' } });
        this.#attach(entry);
      } else if (
        entry.state === 'connected' &&
        (before?.width !== picture.width || before.height !== picture.height)
      ) {
        this.#complete(entry);
      }
    }
  }

  /**
   * The session is over. Viewers with a peer are ended, with the reason; viewers who only waited
   * keep waiting unless `all`.
   */
  sessionEnded(end: { code: OutcomeCode; reason: string; errorCode: number }, all: boolean): void {
    this.#picture = null;
    for (const entry of [...this.#entries.values()]) {
      if (entry.state === 'waiting') {
        if (!all) continue;
        entry.viewer.deliver({
          StageFailed: { stage: 'Moonlight Stream', error_code: end.errorCode },
        });
      } else if (!entry.terminated) {
        entry.viewer.deliver({ ConnectionTerminated: { error_code: end.errorCode } });
      }
      this.#dismiss(entry, end.code, end.reason, !all);
    }
  }

  /** The streamer is being stopped: all viewers are ended, with the reason. */
  dismissAll(code: OutcomeCode, reason: string): void {
    this.#picture = null;
    for (const entry of [...this.#entries.values()]) this.#dismiss(entry, code, reason);
  }

  /** From the child, for one browser. */
  deliver(peerId: string, message: StreamServerMessage): void {
    const entry = this.#entries.get(peerId);
    if (entry === undefined) return;
    if (typeof message === 'object') {
      if ('WebRtcConfig' in message) entry.configSent = true;
      if ('PeerQuality' in message) entry.quality = message.PeerQuality.quality;
    }
    entry.viewer.deliver(message);
    if (entry.configSent || !isOffer(message)) return;
    entry.configSent = true;
    entry.viewer.deliver({ WebRtcConfig: { ice_servers: browserServers(entry.iceServers) } });
    entry.viewer.deliver({ StageComplete: { stage: SETUP } });
    entry.viewer.deliver({ StageStarting: { stage: NEGOTIATION } });
    this.#deadline(entry, this.#options.connectTimeout, 'ICE_FAILED', 'No connection in time');
  }

  /** From the child, for all browsers that have a peer. What belongs to one peer is held back. */
  broadcast(message: StreamServerMessage): void {
    if (typeof message === 'object' && ('WebRtcConfig' in message || 'Signaling' in message)) {
      this.#options.log.warn('a broadcast of one peer’s signaling was held back');
      return;
    }
    const terminates = typeof message === 'object' && 'ConnectionTerminated' in message;
    for (const entry of this.#entries.values()) {
      // Who waits for the session wants to know how far it is, and nothing else of it.
      if (entry.state === 'waiting' && !isStage(message)) continue;
      entry.terminated ||= terminates;
      entry.viewer.deliver(message);
    }
  }

  /** ICE and DTLS of a peer are up. */
  peerConnected(peerId: string): void {
    const entry = this.#entries.get(peerId);
    if (entry === undefined || entry.state === 'waiting') return;
    if (entry.peer !== 'connected') entry.viewer.deliver({ StageComplete: { stage: NEGOTIATION } });
    entry.peer = 'connected';
    this.#connected(entry, 'webrtc');
  }

  mediaOpened(peerId: string): void {
    const entry = this.#entries.get(peerId);
    if (entry === undefined || entry.state === 'waiting') return;
    entry.hasMedia = true;
    this.#connected(entry, entry.viewer.isDesktop === true ? 'desktop' : 'websocket');
  }

  /** The viewer may open another one, or go on with its peer. */
  mediaClosed(peerId: string): void {
    const entry = this.#entries.get(peerId);
    if (entry === undefined) return;
    entry.hasMedia = false;
    if (entry.peer === 'connected') return;
    entry.state = 'negotiating';
    this.#awaitMedia(entry);
  }

  /** The peer failed, while a media socket was open. */
  peerLost(peerId: string, code: OutcomeCode): void {
    const entry = this.#entries.get(peerId);
    if (entry === undefined) return;
    entry.peer = 'lost';
    entry.configSent = false;
    this.#options.log.info({ peer_id: peerId, code }, 'viewer goes on without its peer');
    if (entry.hasMedia) return;
    entry.state = 'negotiating';
    this.#awaitMedia(entry);
  }

  deliverChannel(peerId: string, channel: number, data: Buffer): void {
    this.#entries.get(peerId)?.viewer.deliverChannel(channel, data);
  }

  /** The child has taken a peer down on its own account. */
  peerRemoved(peerId: string, code: OutcomeCode, reason: string): void {
    const entry = this.#entries.get(peerId);
    if (entry === undefined) return;
    if (entry.state !== 'connected') {
      entry.viewer.deliver({ StageFailed: { stage: NEGOTIATION, error_code: -1 } });
    }
    this.#dismiss(entry, code, reason);
  }

  #attach(entry: Entry): void {
    entry.state = 'negotiating';
    entry.negotiatingSince = performance.now();
    if (entry.viewer.offer) {
      void this.#answerSoon(entry, entry.viewer.offer);
      return;
    }
    if (entry.viewer.isPeerless || !this.#options.transports.includes('webrtc')) {
      this.#attachWithoutPeer(entry);
    } else {
      this.#attachWithPeer(entry);
    }
    if (entry.mediaRequest !== null) this.#requestMedia(entry, entry.mediaRequest);
  }

  /** Never rejects: an error costs this viewer. */
  async #answerSoon(entry: Entry, { sdp, onAnswer }: ViewerOffer): Promise<void> {
    const { peerId } = entry.viewer;
    entry.peer = 'negotiating';
    this.#deadline(entry, this.#options.offerTimeout, 'TIMEOUT', 'The streamer made no answer');
    try {
      const servers = await this.#options.iceServers(peerId);
      if (!this.#isHere(entry)) return;
      entry.attached = true;
      const ice_servers = servers.map((server) => ({ ...server, urls: [...server.urls] }));
      const answer = await this.#options.answer({
        peer_id: peerId,
        sdp,
        ice_servers,
        rights: listOf(entry.rights),
      });
      if (!this.#isHere(entry)) return;
      this.#deadline(entry, this.#options.connectTimeout, 'ICE_FAILED', 'No connection in time');
      onAnswer(answer, browserServers(servers));
    } catch (thrown) {
      const { code, message } = MoonteeError.from(thrown);
      if (code === 'INTERNAL') this.#options.log.error({ err: thrown }, 'viewer not answered');
      if (!this.#isHere(entry)) return;
      this.#dismiss(entry, code, message);
      this.#options.send({ RemovePeer: { peer_id: peerId, code, reason: message } });
    }
  }

  #attachWithoutPeer(entry: Entry): void {
    entry.attached = true;
    const { peerId } = entry.viewer;
    this.#options.send({ AddViewer: { peer_id: peerId, rights: listOf(entry.rights) } });
    this.#sendEarly(entry);
    this.#awaitMedia(entry);
    entry.viewer.attached?.();
  }

  #awaitMedia(entry: Entry): void {
    const reason = 'No media socket was opened in time';
    this.#deadline(entry, this.#options.connectTimeout, 'TIMEOUT', reason);
  }

  #attachWithPeer(entry: Entry): void {
    entry.peer = 'negotiating';
    entry.viewer.deliver({ StageStarting: { stage: SETUP } });
    this.#deadline(entry, this.#options.offerTimeout, 'TIMEOUT', 'The streamer made no offer');
    void this.#addPeerSoon(entry);
  }

  /** Never rejects: an error costs this viewer. */
  async #addPeerSoon(entry: Entry): Promise<void> {
    try {
      const servers = await this.#options.iceServers(entry.viewer.peerId);
      // It may have left, or the session may have ended, meanwhile.
      if (this.#isHere(entry)) this.#addPeer(entry, servers);
    } catch (error) {
      this.#options.log.error({ err: error }, 'viewer not attached');
      this.#dismiss(entry, 'INTERNAL', 'Internal server error');
    }
  }

  #addPeer(entry: Entry, servers: readonly IceServer[]): void {
    const { peerId } = entry.viewer;
    entry.attached = true;
    entry.iceServers = servers;
    this.#options.send({
      AddPeer: {
        peer_id: peerId,
        rights: listOf(entry.rights),
        ice_servers: servers.map((server) => ({ ...server, urls: [...server.urls] })),
      },
    });
    this.#sendEarly(entry);
  }

  #sendEarly(entry: Entry): void {
    for (const message of entry.early) {
      this.#options.send({ FromPeer: { peer_id: entry.viewer.peerId, message } });
    }
    entry.early = [];
  }

  /** Answers at once if there is a session, or else as soon as there is. */
  #requestMedia(entry: Entry, support: MediaSupport): void {
    entry.mediaRequest = null;
    const { peerId } = entry.viewer;
    if (this.#picture === null) {
      entry.mediaRequest = support;
      return;
    }
    entry.viewer.deliver(this.#options.media.answer(peerId, support, this.#picture.codec));
  }

  /** Media can reach the viewer. */
  #connected(entry: Entry, transport: ViewerTransport): void {
    this.#clearTimer(entry);
    const isFirst = entry.state !== 'connected';
    entry.state = 'connected';
    if (isFirst || transport === 'webrtc') this.#complete(entry);
    if (!isFirst) return;
    const { peerId } = entry.viewer;
    const joinTime = performance.now() - entry.negotiatingSince;
    this.#changed(entry.viewer, { what: 'connected', transport, joinTime, peerId, code: null });
  }

  #transportOf({ viewer, hasMedia, peer }: Entry): ViewerTransport {
    if (viewer.isDesktop === true) return 'desktop';
    const isPeerless = viewer.isPeerless || !this.#options.transports.includes('webrtc');
    return hasMedia || peer === 'lost' || isPeerless ? 'websocket' : 'webrtc';
  }

  #complete(entry: Entry): void {
    if (this.#picture === null) return;
    const { width, height, touch } = this.#picture;
    entry.viewer.deliver({
      ConnectionComplete: {
        capabilities: { touch },
        width,
        height,
        client_id: entry.viewer.peerId,
      },
    });
  }

  #deadline(entry: Entry, delay: number, code: OutcomeCode, reason: string): void {
    this.#clearTimer(entry);
    // Delivering may have shown that the viewer does not read any more: then it has left.
    if (!this.#isHere(entry)) return;
    entry.timer = setTimeout(() => {
      entry.timer = null;
      // What did not come in time is not all that it has.
      if (entry.hasMedia) return;
      entry.viewer.deliver({ StageFailed: { stage: NEGOTIATION, error_code: -1 } });
      const { peerId } = entry.viewer;
      this.#dismiss(entry, code, reason);
      this.#options.send({ RemovePeer: { peer_id: peerId, code, reason } });
    }, delay);
  }

  /** @param goesOn the streamer does, whatever the code: coming back helps */
  #dismiss(entry: Entry, code: OutcomeCode, reason: string, goesOn = false): void {
    if (!this.#isHere(entry)) return;
    this.#forget(entry, code, goesOn);
    const words = viewerReason(code, reason);
    const retry = goesOn && isFinal(code) ? { retry: true } : {};
    entry.viewer.deliver({ PeerClosed: { code, reason: words, ...retry } });
    entry.viewer.deliver('PeerDisconnect');
    entry.viewer.end(code, words);
  }

  #forget(entry: Entry, code: OutcomeCode, isExpected = false): void {
    this.#clearTimer(entry);
    this.#options.media.forget(entry.viewer.peerId);
    this.#entries.delete(entry.viewer.peerId);
    this.#options.company.leave(entry.viewer.peerId, isExpected);
    this.#changed(entry.viewer, { what: 'left', peerId: entry.viewer.peerId, code });
  }

  #changed(viewer: Viewer, event: ViewerEvent): void {
    this.#options.onChange({ ...event, kind: kindOf(viewer) });
  }

  #isHere(entry: Entry): boolean {
    return this.#entries.get(entry.viewer.peerId) === entry;
  }

  #clearTimer(entry: Entry): void {
    if (entry.timer !== null) clearTimeout(entry.timer);
    entry.timer = null;
  }
}

function isStage(message: StreamServerMessage): boolean {
  return (
    typeof message === 'object' &&
    ('StageStarting' in message || 'StageComplete' in message || 'StageFailed' in message)
  );
}

function isOffer(message: StreamServerMessage): boolean {
  return (
    typeof message === 'object' &&
    'Signaling' in message &&
    'Description' in message.Signaling &&
    message.Signaling.Description.ty === 'offer'
  );
}

function kindOf({ offer }: Viewer): ViewerKind {
  return offer ? 'whep' : 'socket';
}

function listOf(rights: Rights): Right[] {
  return [...rights];
}
