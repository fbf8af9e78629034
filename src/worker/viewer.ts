import type { Deadline } from '../core/deadline.js';
import type { Peer } from '../media/types.js';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type {
  StreamClientMessage,
  StreamServerGeneralMessage,
  StreamServerMessage,
} from '../protocol/viewer-messages.js';

type HostQuality = 'ok' | 'poor';

export interface ChildViewerOptions {
  readonly peer: Peer;
  readonly log: Log;
  readonly send: (message: StreamServerMessage) => void;
  /** Called at most once, when the viewer cannot go on. */
  readonly fail: (error: MoonteeError) => void;
  readonly connected: () => void;
}

/** One viewer inside the streamer child: its messages on one side, its peer on the other. */
export class ChildViewer {
  readonly peer: Peer;
  readonly #log: Log;
  /** The viewer has asked for the state of the host's link; other clients may be broken by it. */
  #wantsHostQuality = false;
  #hostQuality: HostQuality = 'ok';
  #sentHostQuality: HostQuality = 'ok';

  constructor({ peer, log, send, fail, connected }: ChildViewerOptions) {
    this.peer = peer;
    this.#log = log;
    peer.on('description', ({ type, sdp }) => {
      send({ Signaling: { Description: { ty: type, sdp } } });
    });
    peer.on('candidate', ({ candidate, sdpMid, sdpMLineIndex }) => {
      const place = { sdp_mid: sdpMid, sdp_mline_index: sdpMLineIndex, username_fragment: null };
      send({ Signaling: { AddIceCandidate: { candidate, ...place } } });
    });
    peer.on('channel-open', () => this.#sendHostQuality());
    peer.on('state', (state) => {
      if (state === 'connected') connected();
      else if (state === 'failed') fail(peer.failure ?? new MoonteeError('INTERNAL'));
    });
  }

  /** Sends the first offer. */
  start(): void {
    void this.peer.offer();
  }

  /** Takes a message of the browser; what makes no sense now is dropped with a log line. */
  receive(message: StreamClientMessage): void {
    if ('AuthenticateAndInit' in message) {
      this.#wantsHostQuality ||= message.AuthenticateAndInit.host_quality === true;
      this.#sendHostQuality();
    } else if ('RestartIce' in message) {
      void this.peer.offer({ iceRestart: true });
    } else if ('Signaling' in message) {
      const signaling = message.Signaling;
      if ('AddIceCandidate' in signaling) {
        const { candidate, sdp_mid, sdp_mline_index } = signaling.AddIceCandidate;
        this.peer.addCandidate({
          candidate,
          sdpMid: sdp_mid ?? null,
          sdpMLineIndex: sdp_mline_index ?? 0,
        });
      } else {
        const { ty, sdp } = signaling.Description;
        if (ty === 'answer' || ty === 'offer') void this.peer.receive({ type: ty, sdp });
        else this.#log.debug({ type: ty }, 'description dropped');
      }
    }
  }

  /** Sets how good the link to the host is. */
  hostQuality(quality: HostQuality): void {
    this.#hostQuality = quality;
    this.#sendHostQuality();
  }

  async close(deadline?: Deadline): Promise<void> {
    this.peer.removeAllListeners();
    await this.peer.close(deadline);
  }

  /** Called whenever it may be possible: a channel that is not open yet takes nothing. */
  #sendHostQuality(): void {
    if (!this.#wantsHostQuality || this.#hostQuality === this.#sentHostQuality) return;
    const status = this.#hostQuality === 'ok' ? 'Ok' : 'Poor';
    const message: StreamServerGeneralMessage = { ConnectionStatusUpdate: { status } };
    if (!this.peer.send('general', JSON.stringify(message))) return;
    this.#sentHostQuality = this.#hostQuality;
  }
}
