/** Turns {@link NetworkOptions} into what webrtcbin and libnice understand, and back. */
import { MoonteeError } from '../../core/errors.js';
import { authorityOf, isRelay, isSecure, parseIceUrl } from '../../ice/ice-url.js';
import { gatheringAddresses } from '../../ice/gathering-addresses.js';
import { descendants, emit, type NiceSinkElement, type WebRtcElement } from '../binding.js';
import type { GstRuntime } from '../runtime.js';
import type { IceServer, NetworkOptions } from '../../ice/types.js';

/**
 * Milliseconds between two connectivity checks, the least that RFC 8445 §14.2 allows. A check, its
 * answer and the nomination follow at this pace. With libnice's own 20 they took 60 of the 100
 * milliseconds of a join.
 */
const CHECK_INTERVAL_MS = 5;

interface ServerUris {
  readonly stun: string | null;
  readonly turn: readonly string[];
}

/**
 * webrtcbin's form of the servers: `stun://host:port`, `turn://user:password@host:port`. Those over
 * TLS are for browsers alone: libnice does not speak it.
 *
 * @throws CONFIG_INVALID for an invalid URL
 */
export function serverUris(servers: readonly IceServer[]): ServerUris {
  let stun: string | null = null;
  const turn: string[] = [];
  for (const server of servers) {
    for (const text of server.urls) {
      const url = parseIceUrl(text);
      if (!url) throw new MoonteeError('CONFIG_INVALID', `Invalid ICE server URL: ${text}`);
      if (isSecure(url)) continue;
      if (!isRelay(url)) {
        // webrtcbin takes one.
        stun ??= `stun://${authorityOf(url)}`;
        continue;
      }
      if (!server.username || !server.credential) continue;
      const user = encodeURIComponent(server.username);
      const password = encodeURIComponent(server.credential);
      turn.push(`turn://${user}:${password}@${authorityOf(url)}?transport=${url.transport}`);
    }
  }
  return { stun, turn };
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
 * Sets up the peer's NiceAgent. It exists once an offer or answer has been made, and must be ready
 * before `set-local-description` starts to gather. It is reached through `nicesink`, since reading
 * webrtcbin's own `ice-agent` takes a reference that is not ours.
 *
 * @returns closes its sockets, to be called once webrtcbin has come to rest: they would stay open
 * until several collections of garbage have reached the agent. Null: the agent was not found
 * @throws ICE_FAILED if there is no address to make candidates on, or those that may be used cannot be
 * set
 */
export function configureAgent(
  runtime: GstRuntime,
  element: WebRtcElement,
  network: NetworkOptions,
): (() => void) | null {
  const { Nice } = runtime.namespaces;
  const addresses = gatheringAddresses(network);
  if (addresses.length === 0) {
    // With none given, libnice would take them all.
    throw new MoonteeError(
      'ICE_FAILED',
      'The server has no candidate to offer: webrtc_local_addresses, webrtc_interfaces and webrtc_network_types leave no address of this machine',
    );
  }
  const transport = transportOf(element);
  if (!transport) {
    if (isRestricted(network)) {
      throw new MoonteeError(
        'ICE_FAILED',
        'This GStreamer does not let webrtc_port_range, webrtc_local_addresses, webrtc_interfaces and webrtc_network_types be applied',
      );
    }
    return null;
  }
  const { agent, stream } = transport;
  // On by default: a UPnP client with sockets and a thread in every peer.
  agent.upnp = false;
  agent.stunPacingTimer = CHECK_INTERVAL_MS;
  agent.iceUdp = network.udpCandidates !== false;
  agent.iceTcp = network.tcpCandidates;
  if (network.portRange) {
    agent.setPortRange(stream, 1, network.portRange.min, network.portRange.max);
  }
  for (const text of addresses) {
    const address = Nice.Address.new();
    if (address.setFromString(text)) agent.addLocalAddress(address);
  }
  return () => agent.removeStream(stream);
}

/** Everything is bundled: one transport. */
function transportOf(element: WebRtcElement): NiceSinkElement | null {
  for (const child of descendants(element)) {
    // The property: node-gtk would never free what getName returns.
    if (child.name.startsWith('nicesink')) return child as NiceSinkElement;
  }
  return null;
}

/** What libnice does by itself is not what the operator wants. */
function isRestricted(network: NetworkOptions): boolean {
  const { portRange, localAddresses, interfaces, ipv4, ipv6, udpCandidates } = network;
  return (
    portRange !== null ||
    localAddresses.length > 0 ||
    (interfaces ?? []).length > 0 ||
    ipv4 === false ||
    !ipv6 ||
    udpCandidates === false
  );
}

/** Whether the peer's NiceAgent can be reached. */
export function hasAgent(element: WebRtcElement): boolean {
  return transportOf(element) !== null;
}

export interface IceCredentials {
  readonly ufrag: string;
  readonly pwd: string;
}

/**
 * Lets the peer's NiceAgent restart ICE: new credentials of its own, no remote candidates. Sockets,
 * local candidates and the path in use stay.
 *
 * @returns the credentials for the next local description; null if the agent refuses or was not found
 */
export function restartAgent(element: WebRtcElement): IceCredentials | null {
  const transport = transportOf(element);
  if (!transport?.agent.restartStream(transport.stream)) return null;
  const [known, ufrag, pwd] = transport.agent.getLocalCredentials(transport.stream);
  return known ? { ufrag, pwd } : null;
}
