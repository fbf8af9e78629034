import type { Deadline } from '../core/deadline.js';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { ChildMessage } from '../protocol/ipc.js';
import type { RecordingEndCode } from '../protocol/outcome-codes.js';
import type { PointerPlace } from '../protocol/company-messages.js';
import type { OutputStatus } from '../protocol/output-spec.js';
import type { SessionEnd } from './policy.js';
import type { StreamerProcess } from './supervisor/process.js';
import type { InitMessage } from '../protocol/streamer-spec.js';
import type { StreamInfo, Viewers } from './viewers.js';

/** Why a session is over, before it is known how long it was. */
export type SessionVerdict = Omit<SessionEnd, 'connectedFor'>;

/** The end of a child and its effect; `final` if the policy was asked already. */
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
  /** Adds to an end what the child cannot know. */
  readonly judge: (end: SessionVerdict) => SessionVerdict;
  /** @throws MoonteeError if the session may not be: it is ended, with that reason */
  readonly onConnected: (connected: StreamInfo & { sessions_by_address?: boolean }) => void;
  /** The host is silent for now; the child connects again when it is back. */
  readonly onInterrupted: (reason: string) => void;
  /**
   * The session is lost, while its child lives on.
   *
   * @returns milliseconds until it is to be brought back, or null to give up
   */
  readonly onLost: (end: SessionEnd) => number | null;
  /** The session is over; the child still cleans up. */
  readonly onOver: (end: SessionVerdict) => void;
  readonly onRecordingEnded: (id: string, code: RecordingEndCode, reason: string) => void;
  readonly onOutputChanged: (status: OutputStatus) => void;
  /** Input of these viewers has gone to the host. */
  readonly onActed: (peerIds: readonly string[]) => void;
  /** These viewers did something that they may not do. */
  readonly onTried: (peerIds: readonly string[]) => void;
  readonly onPointed: (pointers: readonly PointerPlace[]) => void;
  readonly log: Log;
}

/** Sees a child through from `Init` to the end of its process. Never rejects. */
export function runSession(options: SessionOptions): Promise<RunEnd> {
  return new Run(options).result();
}

class Run {
  readonly #options: SessionOptions;
  #connected = false;
  /** First picture of the session that runs now. */
  #pictureAt: number | null = null;
  #verdict: SessionVerdict | null = null;
  #final = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  result(): Promise<RunEnd> {
    const { child, init, startSignal, stopSignal, judge } = this.#options;
    startSignal.addEventListener('abort', this.#onStartAbort, { once: true });
    stopSignal.addEventListener('abort', this.#stop, { once: true });
    child.on('message', (message) => this.#onMessage(message));
    child
      .ready()
      .then(() => {
        child.send({ Init: init });
        child.send('StartMoonlight');
      })
      // The `end` event has the reason.
      .catch(() => undefined);
    return new Promise((resolve) => {
      child.once('end', ({ code, reason }) => {
        clearTimeout(this.#retry);
        startSignal.removeEventListener('abort', this.#onStartAbort);
        stopSignal.removeEventListener('abort', this.#stop);
        child.removeAllListeners();
        const end = this.#verdict ?? judge({ code, reason, ...UNSAID, errorCode: -102 });
        resolve({ ...end, connectedFor: this.#connectedFor, final: this.#final });
      });
    });
  }

  get #connectedFor(): number {
    return this.#pictureAt === null ? 0 : performance.now() - this.#pictureAt;
  }

  /** Nothing that the child reports counts any more. */
  get #isOver(): boolean {
    return this.#verdict !== null || this.#options.stopSignal.aborted;
  }

  readonly #stop = (): void => {
    clearTimeout(this.#retry);
    void this.#options.child.stop(this.#options.stopDeadline());
  };

  readonly #onStartAbort = (): void => {
    if (this.#options.stopSignal.aborted || this.#connected) return;
    const reason = 'Moonlight did not connect in time';
    this.#end(this.#options.judge({ code: 'TIMEOUT', reason, ...UNSAID }));
  };

  #end(end: SessionVerdict): void {
    this.#options.onOver(end);
    this.#verdict ??= end;
    this.#stop();
  }

  #onMessage(message: ChildMessage): void {
    if (message === 'FirstFrame') {
      this.#options.log.info('first frame');
      this.#pictureAt ??= performance.now();
    } else if (typeof message === 'object' && 'MoonlightConnected' in message) {
      if (!this.#isOver) this.#onConnected(message.MoonlightConnected);
    } else if (typeof message === 'object' && 'MoonlightLost' in message) {
      const { code, error_code: errorCode, reason, silent } = message.MoonlightLost;
      if (!this.#isOver) this.#onLost({ code, reason, errorCode, byHost: false, silent });
    } else {
      const verdict = dispatch(message, this.#options);
      if (verdict !== null) this.#end(this.#options.judge(verdict));
    }
  }

  #onConnected(connected: Parameters<SessionOptions['onConnected']>[0]): void {
    this.#connected = true;
    try {
      this.#options.onConnected(connected);
    } catch (thrown) {
      const { code, message: reason } = MoonteeError.from(thrown);
      this.#end({ code, reason, ...UNSAID });
    }
  }

  #onLost(lost: SessionVerdict): void {
    const { child, onLost } = this.#options;
    const delay = onLost({ ...lost, connectedFor: this.#connectedFor });
    this.#pictureAt = null;
    if (delay !== null) {
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => child.send('StartMoonlight'), delay);
      return;
    }
    this.#final = true;
    child.send('GiveUp');
    this.#end(lost);
  }
}

/** Of an end that neither the host nor its silence brought. */
const UNSAID = { errorCode: -1, byHost: false, silent: false } as const;

/** Hands a message on; one that ends the session is returned as its verdict. */
function dispatch(
  message: Exclude<
    ChildMessage,
    { MoonlightConnected: unknown } | { MoonlightLost: unknown } | 'FirstFrame'
  >,
  options: SessionOptions,
): SessionVerdict | null {
  const { viewers, onInterrupted, onRecordingEnded, onOutputChanged } = options;
  if (typeof message === 'string') {
    return null;
  } else if ('ToPeer' in message) {
    viewers.deliver(message.ToPeer.peer_id, message.ToPeer.message);
  } else if ('Broadcast' in message) {
    viewers.broadcast(message.Broadcast);
  } else if ('PeerConnected' in message) {
    viewers.peerConnected(message.PeerConnected.peer_id);
  } else if ('ToChannel' in message) {
    const { peer_id, channel, data } = message.ToChannel;
    viewers.deliverChannel(peer_id, channel, Buffer.from(data, 'base64'));
  } else if ('MediaOpened' in message) {
    viewers.mediaOpened(message.MediaOpened.peer_id);
  } else if ('MediaClosed' in message) {
    viewers.mediaClosed(message.MediaClosed.peer_id);
  } else if ('PeerLost' in message) {
    viewers.peerLost(message.PeerLost.peer_id, message.PeerLost.code);
  } else if ('PeerRemoved' in message) {
    const { peer_id, code, reason } = message.PeerRemoved;
    viewers.peerRemoved(peer_id, code, reason);
  } else if ('Acted' in message) {
    options.onActed(message.Acted.peer_ids);
  } else if ('Tried' in message) {
    options.onTried(message.Tried.peer_ids);
  } else if ('Pointers' in message) {
    options.onPointed(message.Pointers.pointers);
  } else if ('RecordingEnded' in message) {
    const { recording_id, code, reason } = message.RecordingEnded;
    onRecordingEnded(recording_id, code, reason);
  } else if ('OutputChanged' in message) {
    onOutputChanged(message.OutputChanged);
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
