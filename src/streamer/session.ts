import { ERRORS, type ErrorCode } from '../errors.js';
import type { Log } from '../log.js';
import type { ChildMessage } from './ipc.js';
import type { SessionEnd } from './policy.js';
import type { StreamerProcess } from './process.js';
import type { InitMessage } from './spec.js';
import type { Picture, Viewers } from './viewers.js';

/** Why a session is over, before it is known how long it was. */
export type SessionVerdict = Omit<SessionEnd, 'connectedFor'>;

export interface SessionOptions {
  readonly child: StreamerProcess;
  readonly init: InitMessage;
  readonly viewers: Viewers;
  /** Aborted when the session has not connected in time. */
  readonly startSignal: AbortSignal;
  /** Aborted when the streamer is being stopped. */
  readonly stopSignal: AbortSignal;
  /** Milliseconds that the child has to end before it is killed. */
  readonly stopTimeout: number;
  readonly quitApp: () => boolean;
  readonly onConnected: (picture: Picture) => void;
  /** The link to the host broke; the child brings it back and says so by connecting again. */
  readonly onInterrupted: (reason: string) => void;
  /** The session is over; the child still cleans up. */
  readonly onOver: (end: SessionVerdict) => void;
  readonly log: Log;
}

/** Sees a session through from `Init` to the end of its process. Never rejects. */
export function runSession(options: SessionOptions): Promise<SessionEnd> {
  const { child, startSignal, stopSignal, stopTimeout } = options;
  let connectedAt: number | null = null;
  let verdict: SessionVerdict | null = null;

  const finish = (end: SessionVerdict): void => {
    verdict ??= end;
    void child.stop({ quitApp: false, deadline: stopTimeout });
  };
  const onStop = (): void => {
    void child.stop({ quitApp: options.quitApp(), deadline: stopTimeout });
  };
  const onStartAbort = (): void => {
    if (stopSignal.aborted || connectedAt !== null) return;
    const reason = 'Moonlight did not connect in time';
    const end: SessionVerdict = { code: 'TIMEOUT', reason, errorCode: -1, byHost: false };
    options.onOver(end);
    finish(end);
  };
  startSignal.addEventListener('abort', onStartAbort, { once: true });
  stopSignal.addEventListener('abort', onStop, { once: true });

  child.on('message', (message) => {
    if (typeof message === 'object' && 'MoonlightConnected' in message) {
      if (verdict !== null || stopSignal.aborted) return;
      connectedAt ??= performance.now();
      options.onConnected(message.MoonlightConnected);
      return;
    }
    const end = dispatch(message, options);
    if (end === null) return;
    options.onOver(end);
    finish(end);
  });
  child
    .ready()
    .then(() => {
      child.send({ Init: options.init });
      child.send('StartMoonlight');
    })
    // The `end` event tells the rest.
    .catch(() => undefined);

  return new Promise((resolve) => {
    child.once('end', ({ code, reason }) => {
      startSignal.removeEventListener('abort', onStartAbort);
      stopSignal.removeEventListener('abort', onStop);
      child.removeAllListeners();
      const connectedFor = connectedAt === null ? 0 : performance.now() - connectedAt;
      const end = verdict ?? { code, reason, errorCode: -102, byHost: false };
      resolve({ ...end, connectedFor });
    });
  });
}

/** Hands a message on; one that ends the session is returned as its verdict. */
function dispatch(
  message: Exclude<ChildMessage, { MoonlightConnected: unknown }>,
  { viewers, onInterrupted, log }: SessionOptions,
): SessionVerdict | null {
  if (typeof message === 'string') {
    if (message === 'FirstFrame') log.info('first frame');
  } else if ('ToPeer' in message) {
    viewers.deliver(message.ToPeer.peer_id, message.ToPeer.message);
  } else if ('Broadcast' in message) {
    viewers.broadcast(message.Broadcast);
  } else if ('PeerConnected' in message) {
    viewers.peerConnected(message.PeerConnected.peer_id);
  } else if ('PeerRemoved' in message) {
    const { peer_id, code, reason } = message.PeerRemoved;
    viewers.peerRemoved(peer_id, code, reason);
  } else if ('MoonlightReconnecting' in message) {
    onInterrupted(message.MoonlightReconnecting.reason);
  } else if ('MoonlightDisconnected' in message) {
    const { code, reason, error_code, by_host } = message.MoonlightDisconnected;
    return {
      code: knownCode(code, 'STREAM_TERMINATED'),
      reason,
      errorCode: error_code,
      byHost: by_host,
    };
  } else if ('Failed' in message) {
    const { code, reason } = message.Failed;
    return { code: knownCode(code, 'STREAMER_FAILED'), reason, errorCode: -1, byHost: false };
  }
  return null;
}

function knownCode(code: string, otherwise: ErrorCode): ErrorCode {
  return Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : otherwise;
}
