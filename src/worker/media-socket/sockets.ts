import type { Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { Deadline } from '../../core/deadline.js';
import type { Log } from '../../core/log.js';
import { OUTCOMES, type OutcomeCode } from '../../core/outcomes.js';
import { settlesWithin } from '../../core/settles-within.js';
import type { MediaBus } from '../../media/bus.js';
import type { PeerQuality } from '../../media/types.js';
import type { NegotiatedStream } from '../../moonlight/types.js';
import type { MediaOrder } from '../../protocol/ipc.js';
import {
  MAX_FEEDBACK_BYTES,
  MEDIA_CLOSE,
  MEDIA_PROTOCOL,
  type MediaCloseCode,
} from '../../protocol/media-socket.js';
import type { SocketViewerStats } from '../../protocol/statistics.js';
import { upgradeOf } from '../held-connections.js';
import { MediaFramer } from './framer.js';
import { MediaViewer } from './viewer.js';

const POLL_INTERVAL_MS = 100;
/** Bytes of a message that is read at all; longer ones than a browser's are refused. */
const MAX_PAYLOAD = 4 * MAX_FEEDBACK_BYTES;
const CLOSE_DEADLINE_MS = 2_000;
/** Of a deadline, for browsers to answer close frames; who does not goes with the process. */
const CLOSE_SHARE = 0.8;

export interface MediaSocketsOptions {
  readonly bus: MediaBus;
  readonly onOpened: (peerId: string) => void;
  readonly onQuality: (peerId: string, quality: PeerQuality) => void;
  /** A media socket has ended, whoever ended it, unless it was by {@link MediaSockets.end}. */
  readonly onClosed: (peerId: string, code: OutcomeCode, reason: string) => void;
  readonly log: Log;
}

type SocketTotals = Pick<SocketViewerStats, 'picturesSent' | 'bytesSent' | 'picturesDropped'>;

interface Open {
  readonly viewer: MediaViewer;
  readonly detach: () => void;
}

/** The media sockets of one streamer: connections that the server hands over, and what is sent on them. */
export class MediaSockets {
  readonly #options: MediaSocketsOptions;
  readonly #server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload: MAX_PAYLOAD,
    // Who answers pings must have a bound on it.
    autoPong: false,
    handleProtocols: () => MEDIA_PROTOCOL,
  });
  readonly #viewers = new Map<string, Open>();
  readonly #closing = new Set<Promise<void>>();
  #framer: MediaFramer | null = null;
  #poll: NodeJS.Timeout | null = null;
  #hdr = false;
  /** Of media sockets that have ended. */
  #gone: SocketTotals = { picturesSent: 0, bytesSent: 0, picturesDropped: 0 };

  constructor(options: MediaSocketsOptions) {
    this.#options = options;
  }

  /** What sessions with the host agree to: the first, and each that is brought back. */
  negotiated(stream: NegotiatedStream): void {
    if (this.#framer === null) this.#framer = new MediaFramer(stream);
    else this.#framer.renegotiated(stream);
    this.#framer.setHdr(this.#hdr);
  }

  setHdr(hdr: boolean): void {
    this.#hdr = hdr;
    this.#framer?.setHdr(hdr);
  }

  has(peerId: string): boolean {
    return this.#viewers.has(peerId);
  }

  /** Answers the browser's upgrade. Another media socket of the viewer is closed. */
  open({ peer_id: peerId, key, head, sound }: MediaOrder, stream: Socket): void {
    const framer = this.#framer;
    if (framer === null || stream.destroyed) {
      stream.destroy();
      return;
    }
    stream.setNoDelay(true);
    this.#server.handleUpgrade(
      upgradeOf(key, MEDIA_PROTOCOL),
      stream,
      Buffer.from(head, 'base64'),
      (socket) => {
        this.#attach(peerId, framer, stream, socket, sound);
      },
    );
  }

  /** Ends the media socket of a viewer that leaves. Idempotent. */
  end(peerId: string, code: OutcomeCode, reason: string): void {
    this.#end(peerId, closeCodeOf(code), reason);
  }

  stats(): SocketViewerStats[] {
    return [...this.#viewers.values()].map(({ viewer }) => viewer.stats());
  }

  /** Of all media sockets so far. */
  totals(): SocketTotals {
    return this.stats().reduce(addCounts, this.#gone);
  }

  /** Idempotent, never rejects. */
  async close(deadline: Deadline): Promise<void> {
    for (const peerId of [...this.#viewers.keys()]) {
      this.#end(peerId, MEDIA_CLOSE.RESTART, 'The streamer is stopping');
    }
    await settlesWithin(CLOSE_SHARE * deadline.left, Promise.all(this.#closing));
  }

  #attach(
    peerId: string,
    framer: MediaFramer,
    stream: Socket,
    socket: WebSocket,
    sound: boolean,
  ): void {
    const { bus, log, onOpened, onQuality, onClosed } = this.#options;
    this.#end(peerId, MEDIA_CLOSE.SUPERSEDED, 'Another media socket of this viewer took over');
    const viewer: MediaViewer = new MediaViewer({
      ...{ peerId, stream, socket, framer, sound },
      requestKeyframe: (reason) => bus.requestKeyframe(reason, viewer.id),
      onQuality: (quality) => onQuality(peerId, quality),
      onClosed: (code, reason) => {
        log.info({ peer_id: peerId, code, reason }, 'media socket closed');
        this.#forget(peerId, viewer);
        onClosed(peerId, code, reason);
      },
      log: log.child({ peer_id: peerId }),
    });
    const detach = bus.attach(viewer);
    this.#viewers.set(peerId, { viewer, detach });
    log.info({ peer_id: peerId }, 'media socket opened');
    viewer.replay(bus.recent);
    // Asks for the key frame that it begins with, if there was none.
    viewer.poll(performance.now());
    if (this.#poll === null) this.#startPolling();
    onOpened(peerId);
  }

  #end(peerId: string, code: MediaCloseCode, reason: string): void {
    const open = this.#viewers.get(peerId);
    if (open === undefined) return;
    open.viewer.end(code, reason);
    this.#forget(peerId, open.viewer);
  }

  #forget(peerId: string, viewer: MediaViewer): void {
    const open = this.#viewers.get(peerId);
    if (open?.viewer !== viewer) return;
    this.#viewers.delete(peerId);
    open.detach();
    this.#gone = addCounts(this.#gone, viewer.stats());
    const closed = viewer.close(Deadline.in(CLOSE_DEADLINE_MS)).then(() => {
      this.#closing.delete(closed);
    });
    this.#closing.add(closed);
    if (this.#viewers.size === 0) this.#stopPolling();
  }

  #startPolling(): void {
    this.#poll = setInterval(() => {
      const now = performance.now();
      for (const { viewer } of [...this.#viewers.values()]) viewer.poll(now);
    }, POLL_INTERVAL_MS);
  }

  #stopPolling(): void {
    if (this.#poll !== null) clearInterval(this.#poll);
    this.#poll = null;
  }
}

function addCounts(sum: SocketTotals, one: SocketTotals): SocketTotals {
  return {
    picturesSent: sum.picturesSent + one.picturesSent,
    bytesSent: sum.bytesSent + one.bytesSent,
    picturesDropped: sum.picturesDropped + one.picturesDropped,
  };
}

function closeCodeOf(code: OutcomeCode): MediaCloseCode {
  if (code === 'LEFT') return MEDIA_CLOSE.NORMAL;
  if (code === 'SUPERSEDED') return MEDIA_CLOSE.SUPERSEDED;
  if (code === 'REVOKED' || code === 'EXPIRED') return MEDIA_CLOSE.REVOKED;
  return OUTCOMES[code].retry ? MEDIA_CLOSE.RESTART : MEDIA_CLOSE.ENDED;
}
