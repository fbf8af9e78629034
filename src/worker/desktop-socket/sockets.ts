import type { Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { Deadline } from '../../core/deadline.js';
import type { Log } from '../../core/log.js';
import type { OutcomeCode } from '../../core/outcomes.js';
import { settlesWithin } from '../../core/settles-within.js';
import type { ViewerInput } from '../../input/viewer-input.js';
import type { MediaBus } from '../../media/bus.js';
import type { PeerQuality } from '../../media/types.js';
import type { NegotiatedStream } from '../../moonlight/types.js';
import { MAX_INIT_BYTES, type DesktopInit } from '../../protocol/desktop-client.js';
import { cursorName, type Lateness } from '../../protocol/desktop-socket.js';
import type { DesktopOrder } from '../../protocol/ipc.js';
import type { SocketViewerStats } from '../../protocol/statistics.js';
import { upgradeOf } from '../held-connections.js';
import { DesktopFramer } from './framer.js';
import { Presence } from './presence.js';
import { DesktopViewer, type DesktopTimes } from './viewer.js';

/** How often viewers are looked at, and see what others move. */
const POLL_INTERVAL_MS = 50;
/** Frames of a message, and pieces of one that have arrived: browsers send whole frames. */
const MAX_FRAGMENTS = 64;
const MAX_CHUNKS = 1_024;
const CLOSE_DEADLINE_MS = 2_000;
/** Of a deadline, for browsers to answer close frames; who does not goes with the process. */
const CLOSE_SHARE = 0.8;

export interface DesktopSocketsOptions {
  readonly bus: MediaBus;
  /** A viewer has said who it is, and gets pictures. */
  readonly onOpened: (peerId: string) => void;
  readonly onQuality: (peerId: string, quality: PeerQuality) => void;
  /** @returns whether the host gets anything of it */
  readonly onInput: (peerId: string, input: ViewerInput) => boolean;
  /** A viewer has left or has to, whoever decided it, unless it was {@link DesktopSockets.end}. */
  readonly onClosed: (peerId: string, code: OutcomeCode, reason: string) => void;
  /** By how much this process is late. */
  readonly lateness: () => Lateness;
  /** Default: those of the protocol. */
  readonly times?: DesktopTimes;
  readonly log: Log;
}

type SocketTotals = Pick<SocketViewerStats, 'picturesSent' | 'bytesSent' | 'picturesDropped'>;

interface Open {
  readonly viewer: DesktopViewer;
  /** Under this name another socket takes its place; '' for none. */
  clientId: string;
  /** Since it has said who it is. */
  detach: (() => void) | null;
}

/** The desktop sockets of one streamer (desktop-socket.md): viewers with everything on one connection. */
export class DesktopSockets {
  readonly #options: DesktopSocketsOptions;
  readonly #server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload: MAX_INIT_BYTES,
    // Who answers pings must have a bound on it.
    autoPong: false,
    maxFragments: MAX_FRAGMENTS,
    maxBufferedChunks: MAX_CHUNKS,
  });
  readonly #viewers = new Map<string, Open>();
  readonly #presence = new Presence();
  readonly #closing = new Set<Promise<void>>();
  #framer: DesktopFramer | null = null;
  #poll: NodeJS.Timeout | null = null;
  /** Milliseconds that the host took for its latest picture. */
  #encoderLatency = 0;
  /** Of viewers that have left. */
  #gone: SocketTotals = { picturesSent: 0, bytesSent: 0, picturesDropped: 0 };

  constructor(options: DesktopSocketsOptions) {
    this.#options = options;
  }

  /** What sessions with the host agree to: the first, and each that is brought back. */
  negotiated(stream: NegotiatedStream): void {
    const framer = this.#framer;
    if (framer === null) {
      this.#framer = new DesktopFramer(stream);
      return;
    }
    const before = framer.streamInit;
    framer.renegotiated(stream);
    if (framer.streamInit.equals(before)) return;
    for (const { viewer, detach } of this.#viewers.values()) {
      if (detach !== null) viewer.restart(framer.streamInit);
    }
  }

  /** @param latency milliseconds that the host took for its latest picture */
  setEncoderLatency(latency: number): void {
    this.#encoderLatency = latency;
  }

  /** Answers the browser's upgrade. */
  open(order: DesktopOrder, stream: Socket): void {
    const framer = this.#framer;
    if (framer === null || stream.destroyed) {
      stream.destroy();
      return;
    }
    stream.setNoDelay(true);
    const head = Buffer.from(order.head, 'base64');
    this.#server.handleUpgrade(upgradeOf(order.key), stream, head, (socket) => {
      this.#attach(order, framer, stream, socket);
    });
  }

  /** Ends the socket of a viewer that leaves. Idempotent. */
  end(peerId: string, code: OutcomeCode, reason: string): void {
    const open = this.#viewers.get(peerId);
    if (open === undefined) return;
    open.viewer.end(code, reason);
    this.#forget(peerId);
  }

  stats(): SocketViewerStats[] {
    return [...this.#viewers.values()].map(({ viewer }) => viewer.stats());
  }

  /** Of all desktop sockets so far. */
  totals(): SocketTotals {
    return this.stats().reduce(addCounts, this.#gone);
  }

  /** Idempotent, never rejects. */
  async close(deadline: Deadline): Promise<void> {
    for (const peerId of [...this.#viewers.keys()]) {
      this.end(peerId, 'STREAMER_STOPPING', 'The streamer is stopping');
    }
    await settlesWithin(CLOSE_SHARE * deadline.left, Promise.all(this.#closing));
  }

  #attach(order: DesktopOrder, framer: DesktopFramer, stream: Socket, socket: WebSocket): void {
    const { bus, times, lateness, onInput, onQuality } = this.#options;
    const { peer_id: peerId, client_id: clientId } = order;
    const viewer: DesktopViewer = new DesktopViewer({
      ...{ peerId, stream, socket, framer },
      requestKeyframe: (reason) => bus.requestKeyframe(reason, viewer.id),
      onInit: (init) => this.#begin(peerId, framer, init),
      onInput: (inputs) => {
        for (const input of inputs) {
          if (onInput(peerId, input)) this.#presence.saw(peerId, input, framer.video);
        }
      },
      onQuality: (quality) => onQuality(peerId, quality),
      onClosed: (code, reason) => {
        this.#forget(peerId);
        this.#tellClosed(peerId, code, reason);
      },
      pongFigures: () => ({ encoderLatency: this.#encoderLatency, lateness: lateness() }),
      ...(times === undefined ? {} : { times }),
    });
    this.#viewers.set(peerId, { viewer, clientId, detach: null });
    this.#poll ??= setInterval(() => this.#pollAll(), POLL_INTERVAL_MS);
  }

  /** The browser has said who it is. */
  #begin(peerId: string, framer: DesktopFramer, init: DesktopInit): void {
    const open = this.#viewers.get(peerId);
    if (open === undefined) return;
    const { viewer } = open;
    if (open.clientId === '') open.clientId = init.clientId;
    this.#supersede(peerId, open.clientId);
    const { codec } = framer;
    const isPlayable =
      codec !== null && (init.videoFormats === null || (init.videoFormats & codec.format) !== 0);
    if (!isPlayable) {
      const reason = `The browser has no decoder for ${framer.video.codec}`;
      viewer.end('VIEWER_CODEC_UNSUPPORTED', reason);
      this.#forget(peerId);
      this.#tellClosed(peerId, 'VIEWER_CODEC_UNSUPPORTED', reason);
      return;
    }
    viewer.send(framer.streamInit);
    viewer.send(cursorName());
    viewer.sendText(framer.connectionComplete);
    const { name, avatarUrl } = init;
    this.#presence.join(peerId, { name, avatarUrl, send: (message) => viewer.send(message) });
    open.detach = this.#options.bus.attach(viewer);
    this.#options.log.info({ peer_id: peerId }, 'desktop socket opened');
    // Asks for the key frame that it begins with.
    viewer.poll(performance.now());
    this.#options.onOpened(peerId);
  }

  #supersede(peerId: string, clientId: string): void {
    if (clientId === '') return;
    const reason = 'Another connection of this client took over';
    for (const [older, open] of [...this.#viewers]) {
      if (older === peerId || open.clientId !== clientId) continue;
      this.end(older, 'SUPERSEDED', reason);
      this.#tellClosed(older, 'SUPERSEDED', reason);
    }
  }

  #tellClosed(peerId: string, code: OutcomeCode, reason: string): void {
    this.#options.log.info({ peer_id: peerId, code, reason }, 'desktop socket closed');
    this.#options.onClosed(peerId, code, reason);
  }

  #forget(peerId: string): void {
    const open = this.#viewers.get(peerId);
    if (open === undefined) return;
    this.#viewers.delete(peerId);
    open.detach?.();
    this.#presence.leave(peerId);
    this.#gone = addCounts(this.#gone, open.viewer.stats());
    const closed = open.viewer.close(Deadline.in(CLOSE_DEADLINE_MS)).then(() => {
      this.#closing.delete(closed);
    });
    this.#closing.add(closed);
    if (this.#viewers.size > 0 || this.#poll === null) return;
    clearInterval(this.#poll);
    this.#poll = null;
  }

  #pollAll(): void {
    const now = performance.now();
    for (const { viewer } of [...this.#viewers.values()]) viewer.poll(now);
    this.#presence.flush();
  }
}

function addCounts(sum: SocketTotals, one: SocketTotals): SocketTotals {
  return {
    picturesSent: sum.picturesSent + one.picturesSent,
    bytesSent: sum.bytesSent + one.bytesSent,
    picturesDropped: sum.picturesDropped + one.picturesDropped,
  };
}
