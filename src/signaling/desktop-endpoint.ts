import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { assertMay } from '../access/gate.js';
import type { Principal } from '../access/principal.js';
import type { Tenures } from '../access/tenures.js';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { refuseRaw } from '../http/raw-answer.js';
import { readDesktopInit } from '../protocol/desktop-client.js';
import { errorText } from '../protocol/desktop-socket.js';
import { viewerReason } from '../protocol/viewer-words.js';
import type { StreamerRegistry } from '../streamer/registry.js';
import { closeCode } from './close-codes.js';
import { DesktopSession, type Arrival } from './desktop-session.js';
import { answerUpgrade, endWithText, readFirstText } from './first-text.js';
import { headOf, type HandOver } from './hand-over.js';

/** Milliseconds until the first message. */
const INIT_TIMEOUT_MS = 30_000;
/** Milliseconds that the other side has to take an error. */
const LINGER_MS = 1_500;

/** A desktop socket that may be opened. */
export interface DesktopGrant {
  /** Null: its first message names it. */
  readonly streamerId: string | null;
  /** What the client calls itself; '' if it does not. */
  readonly clientId: string;
  readonly principal: Principal;
}

/**
 * The desktop socket (desktop-socket.md). If the streamer is known from the upgrade, its process gets the
 * connection as it is, and no message is read here. Otherwise the first message has to be read here, and what
 * follows goes through this process.
 */
export class DesktopEndpoint {
  readonly #streamers: StreamerRegistry;
  readonly #handOver: HandOver;
  readonly #tenures: Tenures;
  readonly #log: Log;
  /** Connections whose first message has not come. */
  readonly #unnamed = new Set<Duplex>();

  constructor(streamers: StreamerRegistry, handOver: HandOver, tenures: Tenures, log: Log) {
    this.#streamers = streamers;
    this.#handOver = handOver;
    this.#tenures = tenures;
    this.#log = log;
  }

  /** @throws STREAMER_NOT_FOUND, LIMIT_REACHED and other refusals; the stream is untouched then */
  take(request: IncomingMessage, stream: Duplex, head: Buffer, grant: DesktopGrant): void {
    const key = request.headers['sec-websocket-key'] ?? '';
    const { streamerId } = grant;
    if (streamerId === null) {
      void this.#takeUnnamed(stream, head, key, grant);
      return;
    }
    this.#open(streamerId, grant, {
      ...{ stream, key, head: headOf(head), received: null },
      refuse: (error) => refuseRaw(stream, error),
    });
  }

  /** Idempotent. Sessions end with their streamers. */
  close(): void {
    for (const stream of this.#unnamed) stream.destroy();
  }

  #open(streamerId: string, grant: DesktopGrant, arrival: Arrival): void {
    assertMay(grant.principal, 'watch', streamerId);
    const streamer = this.#streamers.require(streamerId);
    const parts = { handOver: this.#handOver, tenures: this.#tenures };
    new DesktopSession(streamer, grant, arrival, parts).start();
  }

  /** Never rejects: an error costs this connection. */
  async #takeUnnamed(
    stream: Duplex,
    head: Buffer,
    key: string,
    grant: DesktopGrant,
  ): Promise<void> {
    this.#unnamed.add(stream);
    const refuse = (error: MoonteeError): void => refuseByText(stream, error);
    try {
      answerUpgrade(stream, key);
      const { text, received } = await readFirstText(stream, head, INIT_TIMEOUT_MS);
      const init = readDesktopInit(text);
      if (init === null) {
        throw new MoonteeError(
          'VIEWER_MESSAGE_INVALID',
          'The first message is not an init message',
        );
      }
      if (init.sessionId === '') {
        throw new MoonteeError('BAD_REQUEST', 'The first message names no session');
      }
      this.#open(init.sessionId, grant, { stream, key, head: '', received, refuse });
    } catch (thrown) {
      const error = MoonteeError.from(thrown);
      this.#log.info({ code: error.code }, 'desktop socket refused');
      refuse(error);
    } finally {
      this.#unnamed.delete(stream);
    }
  }
}

/** An error that the frontend shows, on a connection whose upgrade was answered. */
function refuseByText(stream: Duplex, { code, message }: MoonteeError): void {
  if (stream.destroyed) return;
  stream.once('finish', () => void stream.destroy());
  const timer = setTimeout(() => stream.destroy(), LINGER_MS);
  stream.once('close', () => clearTimeout(timer));
  endWithText(stream, errorText(viewerReason(code, message)), closeCode(code));
}
