import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { unixPair } from '../http/unix-pair.js';
import type { MediaGrant } from '../streamer/media-tickets.js';
import type { StreamerRegistry } from '../streamer/registry.js';
import type { Streamer } from '../streamer/streamer.js';

export interface MediaEndpointOptions {
  readonly streamers: StreamerRegistry;
  readonly log: Log;
}

/** Bytes that may come behind an upgrade: a client sends nothing before its answer. */
const MAX_HEAD = 4_096;
/** Milliseconds for one end after the other has closed. */
const LINGER_MS = 1_500;

/**
 * `/api/streamers/{id}/media`: gives the connection to the streamer's process, which answers the
 * upgrade. A plain connection is given away as it is. TLS ends here, so that its plain side is
 * piped into a pair of Unix sockets, and the process gets the other end. Either way no message is
 * read here.
 */
export class MediaEndpoint {
  readonly #options: MediaEndpointOptions;
  /** Connections whose TLS ends here. */
  readonly #spliced = new Set<Duplex>();

  constructor(options: MediaEndpointOptions) {
    this.#options = options;
  }

  /** @throws STREAMER_NOT_FOUND, CLOSED while no media socket may be opened; the stream is untouched then */
  take(request: IncomingMessage, stream: Duplex, head: Buffer, grant: MediaGrant): void {
    const { streamerId, peerId, sound } = grant;
    const streamer = this.#options.streamers.require(streamerId);
    if (!streamer.takesMedia(peerId)) {
      throw new MoonteeError('CLOSED', 'The viewer has no session now');
    }
    if (head.length > MAX_HEAD)
      throw new MoonteeError('BAD_REQUEST', 'Data before the answer to the upgrade');
    const order = {
      peer_id: peerId,
      key: request.headers['sec-websocket-key'] ?? '',
      head: head.toString('base64'),
      sound,
    };
    // The state of TLS cannot be given away.
    if (stream instanceof Socket && !(stream instanceof TLSSocket)) {
      streamer.giveMediaSocket(stream, order);
    } else {
      void this.#splice(stream, streamer, order);
    }
  }

  /** Idempotent. */
  close(): void {
    for (const stream of this.#spliced) stream.destroy();
  }

  /** Never rejects: an error costs this connection. */
  async #splice(
    stream: Duplex,
    streamer: Streamer,
    order: Parameters<Streamer['giveMediaSocket']>[1],
  ): Promise<void> {
    this.#spliced.add(stream);
    stream.once('close', () => this.#spliced.delete(stream));
    try {
      const [near, far] = await unixPair();
      if (stream.destroyed) {
        near.destroy();
        far.destroy();
        return;
      }
      join(stream, near);
      streamer.giveMediaSocket(far, order);
    } catch (error) {
      this.#options.log.error({ err: error }, 'media socket not handed over');
      stream.destroy();
    }
  }
}

/** Pipes both ways, with back-pressure; the end of one is the end of the other. */
function join(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on('error', () => void from.destroy());
    from.once('close', () => {
      // The written bytes are still sent to a client that reads them.
      if (!to.writableEnded) to.end();
      const timer = setTimeout(() => to.destroy(), LINGER_MS);
      to.once('close', () => clearTimeout(timer));
    });
    from.pipe(to);
  }
}
