/** Explains why a viewer and we do not find each other. Pure. */

export type CandidateKind = 'host' | 'srflx' | 'prflx' | 'relay';

export interface PathConditions {
  readonly relayOnly: boolean;
  /** TURN servers that our own side can use. */
  readonly turnServers: number;
  readonly portRange: { readonly min: number; readonly max: number } | null;
}

const DOCTOR = "'moontee doctor ice' tells more";

/** Counts both sides' candidates. */
export class PathReport {
  readonly #conditions: PathConditions;
  readonly #ours = new Map<string, number>();
  readonly #theirs = new Map<string, number>();
  #withheld = 0;
  #gathered = false;

  constructor(conditions: PathConditions) {
    this.#conditions = conditions;
  }

  /** One of ours that was sent to the viewer. */
  published(kind: CandidateKind, transport: 'udp' | 'tcp'): void {
    count(this.#ours, transport === 'tcp' ? `${kind} over TCP` : kind);
  }

  /** One of ours that the configuration does not let out. */
  withheld(): void {
    this.#withheld += 1;
  }

  /** @param hidden its address is an mDNS name */
  remote(kind: CandidateKind, hidden: boolean): void {
    count(this.#theirs, hidden ? 'hidden behind mDNS' : kind);
  }

  /** All of ours have been gathered. */
  gathered(): void {
    this.#gathered = true;
  }

  /** The viewer has nothing to connect to, and never will. */
  get hopeless(): boolean {
    return this.#gathered && this.#ours.size === 0;
  }

  get counts(): { ours: Record<string, number>; theirs: Record<string, number>; withheld: number } {
    return {
      ours: Object.fromEntries(this.#ours),
      theirs: Object.fromEntries(this.#theirs),
      withheld: this.#withheld,
    };
  }

  /** A sentence or two for the viewer's operator; no addresses, no secrets. */
  get reason(): string {
    const { relayOnly, turnServers, portRange } = this.#conditions;
    if (this.#ours.size === 0) return `The server has no candidate to offer: ${this.#lack()}`;
    const turn =
      turnServers === 0
        ? 'no TURN server is configured'
        : (this.#ours.get('relay') ?? 0) === 0
          ? `no TURN server gave us a relay, ${DOCTOR}`
          : relayOnly
            ? 'the relay does not reach the viewer'
            : 'not even the relay helped';
    const ports = portRange ? `, UDP ports ${portRange.min}–${portRange.max}` : '';
    const theirs = this.#theirs.size === 0 ? 'none' : list(this.#theirs);
    return (
      `No network path between the viewer and the server. Candidates of the server: ` +
      `${list(this.#ours)}${ports}; of the viewer: ${theirs}; ${turn}`
    );
  }

  #lack(): string {
    const { relayOnly, turnServers, portRange } = this.#conditions;
    if (relayOnly) {
      return turnServers === 0
        ? 'only relays may be used, and no TURN server is configured'
        : `only relays may be used, and no TURN server gave us one, ${DOCTOR}`;
    }
    if (this.#withheld > 0) {
      return 'webrtc_network_types and webrtc_local_addresses leave none of those that were found';
    }
    if (portRange) {
      return `no port of webrtc_port_range ${portRange.min}–${portRange.max} is free; every viewer needs one`;
    }
    return `none could be made on the addresses of this machine, ${DOCTOR}`;
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function list(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, number]) => `${number} ${name}`).join(', ');
}
