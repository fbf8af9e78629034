import { once } from 'node:events';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { unixPair } from '../http/unix-pair.js';
import type { Streamer } from '../streamer/streamer.js';

export type SocketOrder = Parameters<Streamer['giveSocket']>[1];

/** Bytes that may come behind an upgrade: a client sends nothing before its answer. */
const MAX_HEAD = 4_096;
/** Milliseconds for one end after the other has closed. */
const LINGER_MS = 1_500;
/** Bytes and milliseconds of a process's own answer to an upgrade. */
const MAX_ANSWER = 1_024;
const ANSWER_TIMEOUT_MS = 5_000;
const BLANK_LINE = Buffer.from('\r\n\r\n');

/**
 * Gives connections to the processes of streamers, which answer their upgrades. A plain connection is given
 * away as it is. TLS ends here, so that its plain side is piped into a pair of Unix sockets, and the process
 * gets the other end.
 */
export class HandOver {
  readonly #log: Log;
  /** Connections that go on through this process. */
  readonly #spliced = new Set<Duplex>();

  constructor(log: Log) {
    this.#log = log;
  }

  give(stream: Duplex, streamer: Streamer, order: SocketOrder): void {
    // The state of TLS cannot be given away.
    if (stream instanceof Socket && !(stream instanceof TLSSocket)) {
      streamer.giveSocket(stream, order);
    } else {
      void this.#splice(stream, streamer, order, null);
    }
  }

  /**
   * Gives a connection whose upgrade was answered here, and which therefore goes on through this process.
   *
   * @param received what the client has sent since then, which the process is to read as well
   */
  giveAnswered(stream: Duplex, streamer: Streamer, order: SocketOrder, received: Buffer): void {
    void this.#splice(stream, streamer, order, received);
  }

  /** Idempotent. */
  close(): void {
    for (const stream of this.#spliced) stream.destroy();
  }

  /** Never rejects: an error costs this connection. */
  async #splice(
    stream: Duplex,
    streamer: Streamer,
    order: SocketOrder,
    received: Buffer | null,
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
      near.on('error', () => void near.destroy());
      streamer.giveSocket(far, order);
      if (received !== null) {
        near.write(received);
        await skipAnswer(near);
      }
      join(stream, near);
    } catch (error) {
      this.#log.error({ err: error }, 'socket not handed over');
      stream.destroy();
    }
  }
}

/** @returns what came behind an upgrade, in base64 @throws BAD_REQUEST */
export function headOf(head: Buffer): string {
  if (head.length > MAX_HEAD) {
    throw new MoonteeError('BAD_REQUEST', 'Data before the answer to the upgrade');
  }
  return head.toString('base64');
}

/** Reads the answer to an upgrade that the client has been given already. Destroys the stream if it fails. */
async function skipAnswer(near: Socket): Promise<void> {
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  let answer = Buffer.alloc(0);
  try {
    for (;;) {
      await once(near, 'readable', { signal });
      const chunk = near.read() as Buffer | null;
      if (chunk !== null) answer = Buffer.concat([answer, chunk]);
      const end = answer.indexOf(BLANK_LINE);
      if (end >= 0) {
        const rest = answer.subarray(end + BLANK_LINE.length);
        if (rest.length > 0) near.unshift(rest);
        return;
      }
      if (answer.length > MAX_ANSWER || near.readableEnded) throw new MoonteeError('CLOSED');
    }
  } catch (error) {
    near.destroy();
    throw error;
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
