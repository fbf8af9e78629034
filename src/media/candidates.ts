/**
 * ICE candidates of both sides: which of them may be used, and when they may be passed on. Each is
 * kept until the description that it belongs to is known to the other side.
 */
import { isIP } from 'node:net';
import { isLinkLocal } from '../ice/gathering-addresses.js';
import type { PathReport } from '../ice/path-report.js';
import type { NetworkOptions } from '../ice/types.js';
import { formatCandidate, parseCandidate, type ParsedCandidate } from './sdp.js';

/** Candidates that a browser may send, from one ICE restart to the next. */
const REMOTE_LIMIT = 64;

export interface IceCandidatesContext {
  readonly network: NetworkOptions;
  readonly path: PathReport;
  /** Sends one of ours to the browser. */
  sendLocal(line: string): void;
  /** Hands one of the browser's to the engine. */
  deliverRemote(line: string): void;
}

export class IceCandidates {
  readonly #context: IceCandidatesContext;
  /** All of ours, as many as there are addresses: a restart makes the browser forget them. */
  readonly #local: string[] = [];
  /** How many of them were sent since ICE was started. */
  #sent = 0;
  #localHeld = true;
  readonly #remote: string[] = [];
  #remoteCount = 0;
  #remoteHeld = true;

  constructor(context: IceCandidatesContext) {
    this.#context = context;
  }

  /** A candidate of ours, as the engine writes it. */
  addLocal(line: string): void {
    const { network, path } = this.#context;
    const parsed = parseCandidate(line);
    if (!parsed) return;
    const published = publishCandidate(parsed, network);
    if (published.length === 0) path.withheld();
    for (const candidate of published) {
      path.published(parsed.type, parsed.transport);
      this.#local.push(candidate);
    }
    if (!this.#localHeld) this.flushLocal();
  }

  /** A local description is being made: its candidates must not overtake it. */
  holdLocal(): void {
    this.#localHeld = true;
  }

  /** The local description was sent. */
  flushLocal(): void {
    this.#localHeld = false;
    const pending = this.#local.slice(this.#sent);
    this.#sent = this.#local.length;
    for (const line of pending) this.#context.sendLocal(line);
  }

  /** A candidate of the browser's. One that is invalid or may not be used is ignored. */
  addRemote(line: string): void {
    if (this.#remoteCount >= REMOTE_LIMIT) return;
    const { network, path } = this.#context;
    const parsed = parseCandidate(line);
    if (!parsed) return;
    path.remote(parsed.type, isIP(parsed.address) === 0);
    if (!acceptsRemote(parsed, network)) return;
    this.#remoteCount += 1;
    this.#remote.push(line.replace(/^a=/, '').trim());
    if (!this.#remoteHeld) this.flushRemote();
  }

  /** The engine knows the remote description. */
  flushRemote(): void {
    this.#remoteHeld = false;
    for (const line of this.#remote.splice(0)) this.#context.deliverRemote(line);
  }

  /** ICE is restarted: all of ours are sent again, and the browser will send others. */
  restart(): void {
    this.#sent = 0;
    this.#localHeld = true;
    this.#remote.length = 0;
    this.#remoteCount = 0;
    this.#remoteHeld = true;
  }
}

/** The lines that a local candidate becomes on its way to the browser; empty if it is filtered. */
export function publishCandidate(candidate: ParsedCandidate, network: NetworkOptions): string[] {
  if (!allows(candidate, network)) return [];
  if (network.relayOnly && candidate.type !== 'relay') return [];
  const nat = network.nat1to1;
  if (!nat || candidate.type !== 'host') return [formatCandidate(candidate)];
  const family = isIP(candidate.address);
  const mapped = nat.ips
    .filter((ip) => isIP(ip) === family)
    .map((address, index): ParsedCandidate =>
      nat.type === 'host'
        ? { ...candidate, address, foundation: `${candidate.foundation}n${index}` }
        : {
            ...candidate,
            address,
            type: 'srflx',
            foundation: `${candidate.foundation}s${index}`,
            // RFC 8445 §5.1.2: type preference 100 instead of 126.
            priority: Math.max(1, candidate.priority - (26 << 24)),
          },
    );
  if (mapped.length === 0) return [formatCandidate(candidate)];
  const lines = mapped.map((entry) => formatCandidate(entry, candidate.address));
  return nat.type === 'host' ? lines : [formatCandidate(candidate), ...lines];
}

/** Whether a candidate, ours or a browser's, is of a wanted kind. */
function allows({ transport, address }: ParsedCandidate, network: NetworkOptions): boolean {
  if (transport === 'tcp' ? !network.tcpCandidates : network.udpCandidates === false) return false;
  if (isIP(address) === 4) return network.ipv4 !== false;
  return network.ipv6 && !isLinkLocal(address);
}

/** Whether a browser's candidate is of any use to us. */
export function acceptsRemote(candidate: ParsedCandidate, network: NetworkOptions): boolean {
  // A browser that hides its addresses reaches us and becomes peer-reflexive. Resolving names that
  // a stranger chose is not needed for it.
  if (isIP(candidate.address) === 0) return false;
  if (candidate.component !== 1 || candidate.port === 0) return false;
  return allows(candidate, network);
}
