import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { MoonteeError } from '../core/errors.js';
import type { MediaGrant } from '../streamer/media-tickets.js';
import type { StreamerRegistry } from '../streamer/registry.js';
import { headOf, type HandOver } from './hand-over.js';

/**
 * `/api/streamers/{id}/media`: gives the connection to the streamer's process, which answers the
 * upgrade. No message is read here.
 */
export class MediaEndpoint {
  readonly #streamers: StreamerRegistry;
  readonly #handOver: HandOver;

  constructor(streamers: StreamerRegistry, handOver: HandOver) {
    this.#streamers = streamers;
    this.#handOver = handOver;
  }

  /** @throws STREAMER_NOT_FOUND, CLOSED while no media socket may be opened; the stream is untouched then */
  take(request: IncomingMessage, stream: Duplex, head: Buffer, grant: MediaGrant): void {
    const { streamerId, peerId, sound } = grant;
    const streamer = this.#streamers.require(streamerId);
    if (!streamer.takesMedia(peerId)) {
      throw new MoonteeError('CLOSED', 'The viewer has no session now');
    }
    const order = {
      peer_id: peerId,
      key: request.headers['sec-websocket-key'] ?? '',
      head: headOf(head),
      sound,
    };
    this.#handOver.give(stream, streamer, (socket_id) => ({ OpenMedia: { ...order, socket_id } }));
  }
}
