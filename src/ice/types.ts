export interface IceServer {
  readonly urls: readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

export interface NetworkOptions {
  readonly iceServers: readonly IceServer[];
  /** UDP ports for host candidates; one a peer. */
  readonly portRange: { readonly min: number; readonly max: number } | null;
  /** Addresses that replace (`host`) or join (`srflx`) our own in candidates. */
  readonly nat1to1: { readonly ips: readonly string[]; readonly type: 'host' | 'srflx' } | null;
  /** Addresses candidates may be gathered on; empty means all but loopback-only rules. */
  readonly localAddresses: readonly string[];
  /** Names of the interfaces candidates may be gathered on; empty or left out means all. */
  readonly interfaces?: readonly string[];
  readonly relayOnly: boolean;
  /** Default true. */
  readonly udpCandidates?: boolean;
  readonly tcpCandidates: boolean;
  /** Default true. */
  readonly ipv4?: boolean;
  readonly ipv6: boolean;
}
