import type { IncomingMessage } from 'node:http';
import { AddressList } from '../access/address-list.js';
import { AddressQuota } from '../access/address-quota.js';
import { Authenticator } from '../access/authenticator.js';
import { ClientAddress } from '../access/client-address.js';
import { CreationLimit } from '../access/creation-limit.js';
import { Credentials } from '../access/credentials.js';
import { Gate } from '../access/gate.js';
import { OriginGuard } from '../access/origin-guard.js';
import { ProxyUsers } from '../access/proxy-users.js';
import { RefusalLog } from '../access/refusal-log.js';
import type { ViewerAccess } from '../access/viewer-access.js';
import type { Config } from '../config/schema.js';
import type { Log } from '../core/log.js';
import { Connections } from '../http/connections.js';
import { queryParameter, targetOf } from '../http/request-target.js';
import type { DesktopAccess } from '../signaling/upgrade.js';

/** Who may do what, and how much of it: one set for requests and sockets. */
export interface Guards {
  readonly credentials: Credentials;
  readonly authenticator: Authenticator;
  readonly addresses: ClientAddress;
  readonly refusals: RefusalLog;
  readonly connections: Connections;
  readonly gate: Gate;
  readonly origins: OriginGuard;
  readonly creations: CreationLimit;
  readonly redemptions: CreationLimit;
  /** Sockets that are open and have not authenticated. */
  readonly pending: AddressQuota;
  readonly desktop: DesktopAccess;
  /** Gets every request whose sender is known. */
  readonly onKnown: (request: IncomingMessage) => void;
}

export function createGuards(config: Config, access: ViewerAccess, log: Log): Guards {
  const credentials = new Credentials(config.credentials, config.auth_failures_per_minute);
  const addresses = new ClientAddress(config.trusted_proxies);
  const refusals = new RefusalLog(log);
  const connections = new Connections({
    maxConnections: config.max_connections,
    maxPerAddress: config.max_connections_per_address,
    maxRequestsPerAddress: config.max_requests_per_address,
    addresses,
    refusals,
  });
  const { tokens, identity } = access;
  const authenticator = new Authenticator({ credentials, tokens, identity });
  const onKnown = (request: IncomingMessage): void => connections.trust(request);
  return {
    credentials,
    authenticator,
    addresses,
    refusals,
    connections,
    gate: new Gate({
      authenticator,
      proxyUsers: new ProxyUsers({
        header: config.user_header?.toLowerCase() ?? null,
        rights: new Set(config.proxy_user_rights),
        addresses,
      }),
      addresses,
      tokenOf: (request) => queryParameter(targetOf(request), 'token'),
      onKnown,
    }),
    origins: new OriginGuard({
      allowedOrigins: config.allowed_origins,
      credentialsRequired: credentials.required,
      secure: config.certificate !== null,
      addresses,
    }),
    creations: new CreationLimit(config.creations_per_minute),
    redemptions: new CreationLimit(config.redemptions_per_minute),
    pending: new AddressQuota({
      what: 'sockets that have not authenticated',
      perAddress: config.max_pending_sockets_per_address,
      inAll: config.max_pending_sockets,
    }),
    desktop: {
      path: config.desktop_socket?.path ?? null,
      streamer: config.desktop_socket?.streamer ?? null,
      openTo: new AddressList(config.desktop_socket?.open_to ?? []),
    },
    onKnown,
  };
}
