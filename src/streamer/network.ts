import { isLoopback } from '../config/codecs.js';
import { bindOf } from '../config/load.js';
import type { Config } from '../config/schema.js';
import type { IpcNetwork } from '../protocol/ipc.js';

/** Google's; browsers slow down with more of them. */
const PUBLIC_STUN = ['stun:stun.l.google.com:19302', 'stun:stun1.l.google.com:19302'];

/** The network settings of viewers' media, as they are sent to the streamer children. */
export function networkOf(config: Config): IpcNetwork {
  const kinds = config.webrtc_network_types;
  const nat = config.webrtc_nat_1to1;
  const loopback = isLoopback(bindOf(config).host);
  const defaults: NonNullable<Config['webrtc_ice_servers']> = loopback
    ? []
    : [{ urls: PUBLIC_STUN }];
  return {
    ice_servers: (config.webrtc_ice_servers ?? defaults).map(({ urls, username, credential }) => ({
      urls: [...urls],
      username: username ?? '',
      credential: credential ?? '',
    })),
    port_range: config.webrtc_port_range,
    nat_1to1: nat === null ? null : { ips: [...nat.ips], type: nat.ice_candidate_type },
    local_addresses: [...config.webrtc_local_addresses],
    interfaces: [...config.webrtc_interfaces],
    relay_only: config.webrtc_relay_only,
    udp_candidates: kinds.includes('udp4') || kinds.includes('udp6'),
    tcp_candidates: kinds.includes('tcp4') || kinds.includes('tcp6'),
    ipv4: kinds.includes('udp4') || kinds.includes('tcp4'),
    ipv6: kinds.includes('udp6') || kinds.includes('tcp6'),
  };
}
