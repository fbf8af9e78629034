import type { MediaSupport, StreamServerMessage } from '../protocol/viewer-messages.js';
import { TICKET_LIFETIME_MS, type MediaTickets } from './media-tickets.js';

/** How the codec strings of a codec begin (RFC 6381). */
const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  h264: ['avc1.', 'avc3.'],
  h265: ['hvc1.', 'hev1.'],
  av1: ['av01.'],
};

export interface MediaAccessOptions {
  readonly streamerId: string;
  readonly tickets: MediaTickets;
  /** In front of the path, as browsers see it; '' for none. */
  readonly pathPrefix: string;
  /** Whether media may go over a WebSocket. */
  readonly isAllowed: boolean;
}

/** Who of one streamer's viewers may open a media socket. */
export class MediaAccess {
  readonly #options: MediaAccessOptions;

  constructor(options: MediaAccessOptions) {
    this.#options = options;
  }

  /** @param codec of the stream's video @returns a ticket, or the reason why there is none */
  answer(peerId: string, support: MediaSupport, codec: string): StreamServerMessage {
    const { streamerId, tickets, pathPrefix, isAllowed } = this.#options;
    if (!isAllowed) {
      const reason = 'This server sends media over WebRTC only';
      return { MediaRefused: { code: 'FORBIDDEN', reason } };
    }
    const families = FAMILIES[codec] ?? [];
    const isKnown = (name: string): boolean => families.some((start) => name.startsWith(start));
    if (!support.video.some(isKnown)) {
      const reason = `The browser has no decoder for ${codec}`;
      return { MediaRefused: { code: 'VIEWER_CODEC_UNSUPPORTED', reason } };
    }
    const sound = support.audio.includes('opus');
    const ticket = tickets.issue({ streamerId, peerId, sound });
    const path = `${pathPrefix}/api/streamers/${encodeURIComponent(streamerId)}/media`;
    return { MediaTicket: { ticket, path, expires_in_ms: TICKET_LIFETIME_MS } };
  }

  /** The viewer has left. */
  forget(peerId: string): void {
    this.#options.tickets.revoke(peerId);
  }
}
