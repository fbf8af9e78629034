import type { IncomingMessage } from 'node:http';
import type { AddressList } from '../access/address-list.js';
import type { AddressQuota, Place } from '../access/address-quota.js';
import type { ClientAddress } from '../access/client-address.js';
import { accessOfUnknown, assertMay, type Gate } from '../access/gate.js';
import type { OriginGuard } from '../access/origin-guard.js';
import { GUEST, type Principal } from '../access/principal.js';
import { queryParameter, targetOf } from '../http/request-target.js';
import type { Routes } from '../http/routes.js';
import { MoonteeError } from '../core/errors.js';
import { readClientId } from '../protocol/desktop-client.js';
import { MEDIA_PROTOCOL } from '../protocol/media-socket.js';
import type { MediaGrant, MediaTickets } from '../streamer/media-tickets.js';
import type { StreamerRegistry } from '../streamer/registry.js';
import type { DesktopGrant } from './desktop-endpoint.js';

/** What is known of a viewer socket before it is one. */
export interface SocketGrant {
  readonly endpoint: 'peer' | 'legacy';
  readonly streamerId: string | null;
  /** Whose credentials the upgrade carried, or a guest where none are needed; null: they are still to come. */
  readonly principal: Principal | null;
  readonly address: string;
  /** It wants no peer: its media comes over a socket alone. */
  readonly isPeerless: boolean;
  /** To be called when the first message had the right credentials. */
  readonly onKnown: () => void;
}

/** A media socket, whose ticket was good. */
export interface MediaSocketGrant {
  readonly endpoint: 'media';
  readonly media: MediaGrant;
}

/** A desktop socket, whose caller may open it. */
export interface DesktopSocketGrant {
  readonly endpoint: 'desktop';
  readonly desktop: DesktopGrant;
}

export type UpgradeGrant = SocketGrant | MediaSocketGrant | DesktopSocketGrant;
export type Endpoint = UpgradeGrant['endpoint'];

export interface UpgradeOptions {
  readonly streamers: StreamerRegistry;
  /** Whether callers need credentials at all. */
  readonly credentialsRequired: boolean;
  readonly gate: Gate;
  readonly addresses: ClientAddress;
  readonly guard: OriginGuard;
  readonly routes: Routes<Endpoint>;
  readonly tickets: MediaTickets;
  /** Sockets that are open and have not authenticated. */
  readonly pending: AddressQuota;
  /** Gets every request whose sender is known. */
  readonly onKnown: (request: IncomingMessage) => void;
  /** What viewers of streamers that exist must show; the legacy socket makes them, and asks always. */
  readonly peerCredentials: 'required' | 'optional';
  readonly desktop: DesktopAccess;
}

/** The desktop socket's part of the configuration. */
export interface DesktopAccess {
  /** Null: it is off. */
  readonly path: string | null;
  /** Null: the client names it. */
  readonly streamer: string | null;
  /** Where no credentials are needed. */
  readonly openTo: AddressList;
}

/** The sockets of viewers, who may also show their credentials in the first message. */
export function socketRoutes(routes: Routes<Endpoint>, { path }: DesktopAccess): void {
  routes.socket('/api/streamers/:id/peer', 'watch', 'peer');
  // Its ticket was given to a viewer.
  routes.socket('/api/streamers/:id/media', 'watch', 'media');
  routes.socket('/api/host/stream', 'administrator', 'legacy');
  if (path !== null) routes.socket(path, 'watch', 'desktop');
}

/**
 * Decides about an upgrade before there is a socket. The answer does not reveal to a stranger
 * whether a streamer exists: that is answered after the first message.
 *
 * @throws MoonteeError the refusal
 */
export async function grantSocket(
  request: IncomingMessage,
  options: UpgradeOptions,
): Promise<UpgradeGrant> {
  const { streamers, gate, addresses, guard, routes } = options;
  const target = targetOf(request);
  if (!guard.allowsHost(request)) throw new MoonteeError('FORBIDDEN');
  const route = routes.matchSocket(target.path);
  if (route === null) {
    await gate.admit(request, accessOfUnknown(target.path));
    throw new MoonteeError('NOT_FOUND');
  }
  const streamerId = route.parameters['id'] ?? null;
  const caller = await gate.identify(request);
  if (route.endpoint === 'media') return grantMedia(request, streamerId ?? '', options);
  if (route.endpoint === 'desktop') return grantDesktop(request, caller, options);
  const isOpen = route.endpoint === 'peer' && options.peerCredentials === 'optional';
  const isKnown = caller.kind !== 'stranger';
  if (isKnown) assertMay(caller, route.access, streamerId);
  assertPage(request, caller, isOpen, options);
  const principal = isKnown ? caller : isOpen ? GUEST : null;
  const address = addresses.of(request);
  if (principal !== null && streamerId !== null) streamers.require(streamerId);
  const place = principal !== null ? null : waitIn(options.pending, address, request);
  const onKnown = (): void => {
    place?.leave();
    options.onKnown(request);
  };
  if (isKnown) onKnown();
  const { endpoint } = route;
  const isPeerless = transportOf(request) === 'websocket';
  return { endpoint, streamerId, principal, address, isPeerless, onKnown };
}

/**
 * A page of another site shows no credentials that it does not know, but a browser may show a proxy who it
 * is for any page.
 *
 * @throws FORBIDDEN
 */
function assertPage(
  request: IncomingMessage,
  { kind, isAmbient }: Principal,
  isOpen: boolean,
  { guard, credentialsRequired }: UpgradeOptions,
): void {
  const isShown = kind !== 'stranger' && (credentialsRequired || kind === 'viewer');
  const isFine = isAmbient
    ? guard.isOwnPage(request)
    : isShown || guard.allowsSocket(request, isOpen);
  if (!isFine) throw new MoonteeError('FORBIDDEN', 'This page may not open a socket here');
}

/** The ticket is what a viewer shows here, and has been given for the rest. Wrong credentials beside it are refused. */
function grantMedia(
  request: IncomingMessage,
  streamerId: string,
  { tickets, onKnown }: UpgradeOptions,
): MediaSocketGrant {
  const ticket = queryParameter(targetOf(request), 't') ?? '';
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',');
  const speaks = offered.some((name) => name.trim() === MEDIA_PROTOCOL);
  const media = tickets.redeem(streamerId, ticket);
  if (!speaks) throw new MoonteeError('BAD_REQUEST', `The subprotocol must be ${MEDIA_PROTOCOL}`);
  onKnown(request);
  return { endpoint: 'media', media };
}

/** Its frontend shows no credentials of ours: who stands before it does, or it is open to an address. */
function grantDesktop(
  request: IncomingMessage,
  caller: Principal,
  options: UpgradeOptions,
): DesktopSocketGrant {
  const { desktop, addresses, onKnown } = options;
  const isOpen = desktop.openTo.has(addresses.of(request));
  const isKnown = caller.kind !== 'stranger';
  if (!isKnown && !isOpen) throw new MoonteeError('UNAUTHORIZED');
  assertPage(request, caller, true, options);
  const target = targetOf(request);
  const sessionId = queryParameter(target, 'session_id') ?? '';
  const clientId = readClientId(queryParameter(target, 'client_id') ?? '');
  const streamerId = desktop.streamer ?? (sessionId === '' ? null : sessionId);
  const principal = isKnown ? caller : GUEST;
  if (streamerId !== null) assertMay(principal, 'watch', streamerId);
  onKnown(request);
  return { endpoint: 'desktop', desktop: { streamerId, clientId, principal } };
}

/** @throws BAD_REQUEST */
function transportOf(request: IncomingMessage): string {
  const transport = queryParameter(targetOf(request), 'transport') ?? 'webrtc';
  if (transport === 'webrtc' || transport === 'websocket') return transport;
  throw new MoonteeError('BAD_REQUEST', 'The transport must be webrtc or websocket');
}

function waitIn(pending: AddressQuota, address: string, { socket }: IncomingMessage): Place {
  const place = pending.enter(address, () => void socket.destroy());
  socket.once('close', () => place.leave());
  return place;
}
