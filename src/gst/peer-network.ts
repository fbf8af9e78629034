/** Turns {@link NetworkOptions} into what webrtcbin and libnice understand, and back. */
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { MoonteeError } from '../errors.js';
import { formatCandidate, type ParsedCandidate } from './sdp.js';
import { descendants, emit, type NiceSinkElement, type WebRtcElement } from './binding.js';
import type { GstRuntime } from './runtime.js';
import type { IceServer, NetworkOptions } from './types.js';

const HOST = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])$/;
const URL =
  /^(stun|stuns|turn|turns):(\[[^\]]+\]|[^:?]+)(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/;

interface ServerUris {
  readonly stun: string | null;
  readonly turn: readonly string[];
}

/**
 * webrtcbin's form of the servers: `stun://host:port`, `turn://user:password@host:port`.
 *
 * @throws CONFIG_INVALID for a URL that is none
 */
export function serverUris(servers: readonly IceServer[]): ServerUris {
  let stun: string | null = null;
  const turn: string[] = [];
  for (const server of servers) {
    for (const url of server.urls) {
      const [, scheme, host, port, transport] = URL.exec(url) ?? [];
      if (!scheme || !host || !HOST.test(host)) {
        throw new MoonteeError('CONFIG_INVALID', `Not an ICE server URL: ${url}`);
      }
      const secure = scheme.endsWith('s');
      const where = `${host}:${port ?? (secure ? 5349 : 3478)}`;
      if (scheme.startsWith('stun')) {
        // webrtcbin takes one, and none over TLS.
        if (!secure) stun ??= `stun://${where}`;
        continue;
      }
      const user = encodeURIComponent(server.username ?? '');
      const password = encodeURIComponent(server.credential ?? '');
      const query = transport ? `?transport=${transport}` : '';
      turn.push(`${scheme}://${user}:${password}@${where}${query}`);
    }
  }
  return { stun, turn };
}

/**
 * Addresses to gather on. libnice by itself takes every address of every interface, and each
 * one costs sockets in every peer.
 */
export function gatheringAddresses(
  network: NetworkOptions,
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): string[] {
  const wanted = (address: string): boolean =>
    network.ipv6 ? isIP(address) !== 0 : isIP(address) === 4;
  if (network.localAddresses.length > 0) return network.localAddresses.filter(wanted);
  const all = Object.values(interfaces).flatMap((list) => list ?? []);
  const found = all
    .filter((entry) => !entry.internal && !entry.address.startsWith('fe80:'))
    .map((entry) => entry.address)
    .filter(wanted);
  // A machine without a network still has itself.
  return found.length > 0 ? found : ['127.0.0.1'];
}

/** What must be set before the first offer is made. */
export function applyServers(
  runtime: GstRuntime,
  element: WebRtcElement,
  network: NetworkOptions,
): void {
  const { stun, turn } = serverUris(network.iceServers);
  if (stun) element.stunServer = stun;
  for (const uri of turn) emit(element, 'add-turn-server', uri);
  if (network.relayOnly) {
    element.iceTransportPolicy = runtime.namespaces.GstWebRTC.WebRTCICETransportPolicy.RELAY;
  }
}

/**
 * Sets up the peer's NiceAgent. It exists once an offer or answer has been made, and must be
 * ready before `set-local-description` starts to gather. Reached through `nicesink`: reading
 * webrtcbin's own `ice-agent` takes a reference that is not ours.
 */
export function configureAgent(
  runtime: GstRuntime,
  element: WebRtcElement,
  network: NetworkOptions,
): void {
  const { Nice } = runtime.namespaces;
  for (const child of descendants(element)) {
    if (!child.getName()?.startsWith('nicesink')) continue;
    const { agent, stream } = child as NiceSinkElement;
    // On by default: a UPnP client with sockets and a thread in every peer.
    agent.upnp = false;
    agent.iceTcp = network.tcpCandidates;
    if (network.portRange) {
      agent.setPortRange(stream, 1, network.portRange.min, network.portRange.max);
    }
    for (const text of gatheringAddresses(network)) {
      const address = Nice.Address.new();
      if (address.setFromString(text)) agent.addLocalAddress(address);
    }
    return;
  }
  throw new MoonteeError('PIPELINE_FAILED', 'The peer connection has no ICE transport');
}

/** The lines that a local candidate becomes on its way to the browser; none where filtered. */
export function publishCandidate(candidate: ParsedCandidate, network: NetworkOptions): string[] {
  if (candidate.transport === 'tcp' && !network.tcpCandidates) return [];
  if (!network.ipv6 && isIP(candidate.address) === 6) return [];
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

/** Whether a browser's candidate is of any use to us. */
export function acceptsRemote(candidate: ParsedCandidate, network: NetworkOptions): boolean {
  // A browser that hides its addresses reaches us and becomes peer-reflexive; resolving
  // names that a stranger chose is not needed for it.
  if (isIP(candidate.address) === 0) return false;
  if (candidate.component !== 1 || candidate.port === 0) return false;
  if (candidate.transport === 'tcp' && !network.tcpCandidates) return false;
  return network.ipv6 || isIP(candidate.address) === 4;
}
