import type { Deadline } from '../core/deadline.js';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { ChildMessage } from '../protocol/ipc.js';
import type { SessionEnd } from './policy.js';
import type { StreamerProcess } from './supervisor/process.js';
import type { InitMessage } from '../protocol/streamer-spec.js';
import type { Picture, Viewers } from './viewers.js';

/** Why a session is over, before it is known how long it was. */
export type SessionVerdict = Omit<SessionEnd, 'connectedFor'>;

/** The end of a child and of what it did; `final` where the policy was asked already. */
export interface RunEnd extends SessionEnd {
  readonly final: boolean;
}

export interface SessionOptions {
  readonly child: StreamerProcess;
  readonly init: InitMessage;
  readonly viewers: Viewers;
  /** Aborted when the session has not connected in time. */
  readonly startSignal: AbortSignal;
  /** Aborted when the streamer is being stopped. */
  readonly stopSignal: AbortSignal;
  /** When a child that is stopped now is killed. */
  readonly stopDeadline: () => Deadline;
  /** Says of an end what the child cannot know. */
  readonly judge: (end: SessionVerdict) => SessionVerdict;
  /** @throws MoonteeError where the session may not be: it is ended, with that reason */
  readonly onConnected: (connected: Picture & { sessions_by_address?: boolean }) => void;
  /** The host is silent for now; the child says by connecting again that it is not. */
  readonly onInterrupted: (reason: string) => void;
  /**
   * The session is lost, while its child lives on.
   *
   * @returns milliseconds until it is to be brought back, or null to give up
   */
  readonly onLost: (end: SessionEnd) => number | null;
  /** The session is over; the child still cleans up. */
  readonly onOver: (end: SessionVerdict) => void;
  readonly onRecordingEnded: (id: string, code: string, reason: string) => void;
  readonly log: Log;
}

/** Sees a child through from `Init` to the end of its process. Never rejects. */
export function runSession(options: SessionOptions): Promise<RunEnd> {
  const { child, startSignal, stopSignal, stopDeadline } = options;
  let connected = false;
  /** First picture of the session that runs now. */
  let pictureAt: number | null = null;
  let verdict: SessionVerdict | null = null;
  let final = false;
  let retry: NodeJS.Timeout | undefined;
  const connectedFor = (): number => (pictureAt === null ? 0 : performance.now() - pictureAt);

  const finish = (end: SessionVerdict): void => {
    verdict ??= end;
    clearTimeout(retry);
    void child.stop(stopDeadline());
  };
  const onStop = (): void => {
    clearTimeout(retry);
    void child.stop(stopDeadline());
  };
  const onStartAbort = (): void => {
    if (stopSignal.aborted || connected) return;
    const reason = 'Moonlight did not connect in time';
    const end = options.judge({ code: 'TIMEOUT', reason, ...UNSAID });
    options.onOver(end);
    finish(end);
  };
  startSignal.addEventListener('abort', onStartAbort, { once: true });
  stopSignal.addEventListener('abort', onStop, { once: true });

  const onLost = (lost: SessionVerdict): void => {
    const delay = options.onLost({ ...lost, connectedFor: connectedFor() });
    pictureAt = null;
    if (delay !== null) {
      clearTimeout(retry);
      retry = setTimeout(() => child.send('StartMoonlight'), delay);
      return;
    }
    final = true;
    child.send('GiveUp');
    options.onOver(lost);
    finish(lost);
  };

  child.on('message', (message) => {
    if (message === 'FirstFrame') {
      options.log.info('first frame');
      pictureAt ??= performance.now();
      return;
    }
    if (typeof message === 'object' && 'MoonlightConnected' in message) {
      if (verdict !== null || stopSignal.aborted) return;
      connected = true;
      try {
        options.onConnected(message.MoonlightConnected);
      } catch (thrown) {
        const { code, message: reason } = MoonteeError.from(thrown);
        const end = { code, reason, ...UNSAID };
        options.onOver(end);
        finish(end);
      }
      return;
    }
    if (typeof message === 'object' && 'MoonlightLost' in message) {
      if (verdict !== null || stopSignal.aborted) return;
      const { code, error_code, reason, silent } = message.MoonlightLost;
      onLost({ code, reason, errorCode: error_code, byHost: false, silent });
      return;
    }
    const said = dispatch(message, options);
    if (said === null) return;
    const end = options.judge(said);
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
      clearTimeout(retry);
      startSignal.removeEventListener('abort', onStartAbort);
      stopSignal.removeEventListener('abort', onStop);
      child.removeAllListeners();
      const end = verdict ?? options.judge({ code, reason, ...UNSAID, errorCode: -102 });
      resolve({ ...end, connectedFor: connectedFor(), final });
    });
  });
}

/** Of an end that neither the host nor its silence brought. */
const UNSAID = { errorCode: -1, byHost: false, silent: false } as const;

/** Hands a message on; one that ends the session is returned as its verdict. */
function dispatch(
  message: Exclude<
    ChildMessage,
    { MoonlightConnected: unknown } | { MoonlightLost: unknown } | 'FirstFrame'
  >,
  { viewers, onInterrupted, onRecordingEnded }: SessionOptions,
): SessionVerdict | null {
  if (typeof message === 'string') {
    return null;
  } else if ('ToPeer' in message) {
    viewers.deliver(message.ToPeer.peer_id, message.ToPeer.message);
  } else if ('Broadcast' in message) {
    viewers.broadcast(message.Broadcast);
  } else if ('PeerConnected' in message) {
    viewers.peerConnected(message.PeerConnected.peer_id);
  } else if ('PeerRemoved' in message) {
    const { peer_id, code, reason } = message.PeerRemoved;
    viewers.peerRemoved(peer_id, code, reason);
  } else if ('RecordingEnded' in message) {
    const { recording_id, code, reason } = message.RecordingEnded;
    onRecordingEnded(recording_id, code, reason);
  } else if ('MoonlightReconnecting' in message) {
    onInterrupted(message.MoonlightReconnecting.reason);
  } else if ('MoonlightDisconnected' in message) {
    const { code, reason, error_code, by_host } = message.MoonlightDisconnected;
    return {
      code,
      reason,
      errorCode: error_code,
      byHost: by_host,
      silent: false,
    };
  } else if ('Failed' in message) {
    const { code, reason } = message.Failed;
    return { code, reason, ...UNSAID };
  }
  return null;
}
