import { isIP } from 'node:net';
import type { PathReport } from '../../ice/path-report.js';
import type { Log } from '../../core/log.js';
import { acceptsRemote, publishCandidate } from './network.js';
import { parseCandidate } from '../../media/sdp.js';
import type { NetworkOptions } from '../../ice/types.js';
import type { PeerCandidate } from '../../media/types.js';

/** Candidates that a browser may send, from one ICE restart to the next. */
const REMOTE_LIMIT = 64;

/** What the candidates need of their peer. */
export interface IceCandidatesHost {
  readonly peerId: string;
  readonly network: NetworkOptions;
  readonly path: PathReport;
  /** One of ours, for the browser. */
  tell(candidate: PeerCandidate): void;
  /** One of the browser's, for webrtcbin. */
  deliver(line: string): void;
}

/** The candidates of both sides, each kept until the description that it belongs to is set. */
export class IceCandidates {
  readonly #host: IceCandidatesHost;
  readonly #log: Log;
  #described = false;
  #local: PeerCandidate[] = [];
  /** All of ours: they stay good, but a restart makes the browser forget them. */
  readonly #gathered: PeerCandidate[] = [];
  #remoteReady = false;
  #remote: string[] = [];
  #remoteCount = 0;

  constructor(host: IceCandidatesHost, log: Log) {
    this.#host = host;
    this.#log = log;
  }

  /** A candidate of ours, as webrtcbin says it. */
  gathered(line: string): void {
    const { network, path } = this.#host;
    const parsed = parseCandidate(line);
    if (!parsed) return;
    const published = publishCandidate(parsed, network);
    if (published.length === 0) path.withheld();
    for (const candidate of published) {
      path.published(parsed.type, parsed.transport);
      const told: PeerCandidate = { candidate, sdpMLineIndex: 0, sdpMid: null };
      this.#gathered.push(told);
      if (this.#described && this.#local.length === 0) this.#host.tell(told);
      else this.#local.push(told);
    }
  }

  /** A local description has been set; its candidates follow once the caller has seen it. */
  described(): void {
    this.#described = true;
    setImmediate(() => {
      for (const candidate of this.#local.splice(0)) this.#host.tell(candidate);
    });
  }

  /** A remote description has been set, with these candidates in it. */
  remoteDescribed(lines: readonly string[]): void {
    this.#remoteReady = true;
    for (const line of this.#remote.splice(0)) this.#host.deliver(line);
    for (const line of lines) this.addRemote(line);
  }

  /** A candidate of the browser's. What is none, and what may not be used, is passed over. */
  addRemote(line: string): void {
    const { network, path, peerId } = this.#host;
    const parsed = parseCandidate(line);
    if (!parsed) {
      this.#log.debug({ peer_id: peerId }, 'candidate ignored');
      return;
    }
    if (this.#remoteCount < REMOTE_LIMIT) path.remote(parsed.type, isIP(parsed.address) === 0);
    if (!acceptsRemote(parsed, network)) return;
    this.#remoteCount += 1;
    if (this.#remoteCount > REMOTE_LIMIT) return;
    const clean = line.replace(/^a=/, '').trim();
    if (this.#remoteReady) this.#host.deliver(clean);
    else this.#remote.push(clean);
  }

  /** ICE begins anew: ours are told again, the browser will send others. */
  restart(): void {
    this.#remoteReady = false;
    this.#remote = [];
    this.#remoteCount = 0;
    this.#local = [...this.#gathered];
  }

  clear(): void {
    this.#local = [];
    this.#remote = [];
  }
}
