import type { Deadline } from '../core/deadline.js';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { IceServer } from '../ice/types.js';
import { formatIceFragment, parseIceFragment, type IceParameters } from '../media/ice-fragment.js';
import type { Peer } from '../media/types.js';
import { transportOfAnswer, withCandidates } from '../media/viewer-offer.js';
import type { ViewerAnswer, ViewerPatch, ViewerPatched } from '../protocol/ipc.js';

export interface WhepViewerOptions {
  readonly peer: Peer;
  /** Milliseconds that the answer waits for more candidates, once there is one. */
  readonly gatherTimeout: number;
  readonly log: Log;
  /** Called at most once, when the viewer cannot go on. */
  readonly fail: (error: MoonteeError) => void;
  readonly connected: () => void;
}

/** Milliseconds for hosts' own addresses, with servers to ask, and if only relays may be used. */
const GATHER_MS = { hosts: 500, servers: 1_000, relays: 3_000 } as const;
/** Milliseconds between two looks at the candidates. */
const POLL_MS = 20;

/** How long an answer waits for candidates: a viewer is told none later. */
export function gatherTimeout(servers: readonly IceServer[], relayOnly: boolean): number {
  if (relayOnly) return GATHER_MS.relays;
  return servers.length > 0 ? GATHER_MS.servers : GATHER_MS.hosts;
}

/**
 * A viewer that signals over HTTP (WHEP): one description of ours with all of our candidates, and patches
 * of its own candidates and credentials afterwards, or of its answer.
 */
export class WhepViewer {
  readonly peer: Peer;
  readonly #options: WhepViewerOptions;
  #answer: string | null = null;
  #candidates: string[] = [];
  #gathered = false;
  /** The description is an offer of ours. */
  #awaitsAnswer = false;
  /** Tail of the queue of patches. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: WhepViewerOptions) {
    const { peer, connected, fail } = options;
    this.peer = peer;
    this.#options = options;
    peer.on('description', ({ sdp }) => {
      this.#answer = sdp;
      this.#candidates = [];
    });
    peer.on('candidate', ({ candidate }) => this.#candidates.push(candidate));
    peer.on('gathered', () => (this.#gathered = true));
    peer.on('state', (state) => {
      if (state === 'connected') connected();
      else if (state === 'failed') fail(this.#failure());
    });
  }

  /**
   * Our answer to the offer, or our offer.
   *
   * @throws why there is none
   */
  async describe(offer: string | null): Promise<ViewerAnswer> {
    this.#awaitsAnswer = offer === null;
    if (offer === null) await this.peer.offer();
    else await this.peer.receive({ type: 'offer', sdp: offer });
    await this.#untilGathered();
    const sdp = withCandidates(this.#described(), this.#candidates);
    return { sdp, ice: transportOfAnswer(sdp).ufrag };
  }

  /**
   * Takes a fragment or an answer, in turn. An answer that is invalid ends the viewer.
   *
   * @throws VIEWER_SDP_INVALID, PRECONDITION_FAILED, PRECONDITION_REQUIRED; the connection goes on then
   */
  patch(patch: ViewerPatch): Promise<ViewerPatched> {
    const patched = this.#turn.then(() => this.#patch(patch));
    this.#turn = patched.catch(() => undefined);
    return patched;
  }

  /** It says nothing but what {@link patch} takes. */
  receive(): void {
    this.#options.log.debug('message of a viewer without a socket dropped');
  }

  /** It has no channel on which it could be told. */
  hostQuality(): void {
    // Nothing to do.
  }

  async close(deadline?: Deadline): Promise<void> {
    this.peer.removeAllListeners();
    await this.peer.close(deadline);
  }

  async #patch({ fragment, answer: sdp, if_match }: ViewerPatch): Promise<ViewerPatched> {
    const current = transportOfAnswer(this.#described()).ufrag;
    if (sdp !== null) {
      if (!this.#awaitsAnswer) {
        throw new MoonteeError('VIEWER_SDP_INVALID', 'No answer of the viewer is awaited');
      }
      this.#awaitsAnswer = false;
      await this.peer.receive({ type: 'answer', sdp });
      this.#described();
      return { fragment: null, ice: current };
    }
    const { ice, candidates } = parseIceFragment(fragment ?? '');
    if (if_match !== null && !['*', current].includes(tagOf(if_match))) {
      throw new MoonteeError('PRECONDITION_FAILED', 'If-Match names another ICE session');
    }
    const isRestart = ice !== null && ice.ufrag !== this.peer.remoteUfrag;
    if (isRestart && if_match === null) {
      throw new MoonteeError('PRECONDITION_REQUIRED', 'An ICE restart needs If-Match: "*"');
    }
    const answer = isRestart ? await this.#restart(ice) : null;
    for (const candidate of candidates) {
      this.peer.addCandidate({ candidate, sdpMid: null, sdpMLineIndex: 0 });
    }
    return answer ?? { fragment: null, ice: current };
  }

  async #restart(ice: IceParameters): Promise<ViewerPatched> {
    await this.peer.restartByViewer(ice);
    if (this.peer.remoteUfrag !== ice.ufrag) {
      throw new MoonteeError('VIEWER_SDP_INVALID', 'Only who makes the offer can restart ICE so');
    }
    const transport = transportOfAnswer(this.#described());
    const fragment = formatIceFragment(transport, transport, this.#candidates);
    return { fragment, ice: transport.ufrag };
  }

  /** @throws why there is no description of ours */
  #described(): string {
    if (this.peer.failure || this.#answer === null) throw this.#failure();
    return this.#answer;
  }

  #failure(): MoonteeError {
    return this.peer.failure ?? new MoonteeError('CLOSED', 'The viewer has left');
  }

  /** A peer without any candidate fails by itself, with a deadline of its own. */
  async #untilGathered(): Promise<void> {
    const deadline = performance.now() + this.#options.gatherTimeout;
    const isOver = (): boolean => this.#candidates.length > 0 && performance.now() > deadline;
    while (!this.#gathered && !isOver()) {
      this.#described();
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

/** An entity tag without its quotes, which some players leave out. */
function tagOf(text: string): string {
  return text.trim().replace(/^"(.*)"$/, '$1');
}
