import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { MoonteeError } from '../../core/errors.js';
import { letGo, trackHostSocket } from '../host-connections.js';
import { aborted } from '../nvhttp/http.js';
import { MAX_RESPONSE } from './message.js';

/** Milliseconds (gamestream.md §3.1). */
export interface RtspTimers {
  readonly connect: number;
  /** Pause between attempts while the host still refuses connections. */
  readonly retry: number;
  /** How long refusals are put up with. */
  readonly refusals: number;
  /** Longest silence while waiting for the answer. */
  readonly silence: number;
}

export const RTSP_TIMERS: RtspTimers = {
  connect: 10_000,
  retry: 500,
  refusals: 10_000,
  silence: 15_000,
};

export interface RtspExchange {
  /** IP address. */
  readonly address: string;
  readonly port: number;
  readonly request: Buffer;
  /** Whether the answer is complete before the host closes. May throw. */
  readonly isComplete: (bytes: Buffer) => boolean;
  readonly timers: RtspTimers;
  readonly signal: AbortSignal;
}

/**
 * Sends one request on a connection of its own, in one write. Reads until the host closes or the
 * answer is complete.
 *
 * @throws MoonteeError RTSP_FAILED with `details.error_code`, CLOSED (aborted)
 */
export async function exchange(options: RtspExchange): Promise<Buffer> {
  const { signal, timers } = options;
  const socket = await connectPatiently(options);
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      onAbort = () => reject(aborted(signal));
      signal.addEventListener('abort', onAbort, { once: true });
      // It may have come between the connection and now.
      if (signal.aborted) onAbort();
      const silent = (): void => reject(failure('ETIMEDOUT', 'the host does not answer'));
      timer = setTimeout(silent, timers.silence);
      socket.on('error', (error) => reject(failure(codeOf(error), error.message)));
      socket.on('end', () => {
        if (size > 0) resolve(Buffer.concat(chunks));
        else reject(failure(null, 'the host ended the connection without an answer'));
      });
      socket.on('close', () => reject(failure('ECONNRESET', 'connection closed')));
      socket.on('data', (chunk: Buffer) => {
        clearTimeout(timer);
        timer = setTimeout(silent, timers.silence);
        chunks.push(chunk);
        size += chunk.length;
        if (size > MAX_RESPONSE) {
          reject(failure(null, 'the answer does not end'));
          return;
        }
        try {
          const bytes = Buffer.concat(chunks);
          if (options.isComplete(bytes)) resolve(bytes);
        } catch (error) {
          reject(MoonteeError.from(error, 'RTSP_FAILED'));
        }
      });
      socket.write(options.request);
    });
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
    letGo(socket);
  }
}

/** A host opens its RTSP port late at times: refusals are retried for a while. */
async function connectPatiently(options: RtspExchange): Promise<Socket> {
  const { signal, timers } = options;
  const deadline = performance.now() + timers.refusals;
  for (;;) {
    if (signal.aborted) throw aborted(signal);
    try {
      return await connectOnce(options);
    } catch (error) {
      const refused = error instanceof MoonteeError && error.details['reason'] === 'ECONNREFUSED';
      if (!refused || performance.now() + timers.retry > deadline) throw error;
    }
    await sleep(timers.retry, undefined, { signal }).catch(() => undefined);
  }
}

async function connectOnce({ address, port, timers, signal }: RtspExchange): Promise<Socket> {
  const socket = trackHostSocket(connect({ host: address, port, noDelay: true }));
  // Errors after the verdict have no receiver left.
  socket.on('error', () => undefined);
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      onAbort = () => reject(aborted(signal));
      signal.addEventListener('abort', onAbort, { once: true });
      const late = (): void => reject(failure('ETIMEDOUT', 'no connection'));
      timer = setTimeout(late, timers.connect);
      socket.once('connect', resolve);
      socket.once('error', (error) => reject(failure(codeOf(error), error.message)));
    });
    return socket;
  } catch (error) {
    letGo(socket);
    throw error;
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}

function codeOf(error: Error): string | null {
  return 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** Numbers of Linux, as clients of this protocol have always shown them. */
const ERRNO: Readonly<Record<string, number>> = {
  ECONNRESET: 104,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTUNREACH: 113,
  ENETUNREACH: 101,
};

function failure(reason: string | null, message: string): MoonteeError {
  return new MoonteeError('RTSP_FAILED', `RTSP handshake failed: ${message}`, {
    details: { reason, error_code: (reason === null ? undefined : ERRNO[reason]) ?? -1 },
  });
}
