/** Streamers with their true children, media and all, on hosts of a test. */
import type { ExecutionContext } from 'ava';
import { Deadline } from '../../src/core/deadline.js';
import { silentLog } from '../../src/core/log.js';
import type { ClientIdentity, PairedHost } from '../../src/moonlight/types.js';
import type { AppOwner } from '../../src/streamer/app-owner.js';
import { defaultChildModule } from '../../src/streamer/supervisor/process.js';
import { MediaTickets } from '../../src/streamer/media-tickets.js';
import { Doors } from '../../src/streamer/doors.js';
import { StreamerRegistry } from '../../src/streamer/registry.js';
import type { StreamerSpec } from '../../src/protocol/streamer-spec.js';
import type { StreamerOptions } from '../../src/streamer/streamer.js';
import { PIPELINES, STREAMER_SETTINGS } from './stream-settings.js';

/** Nothing is shared, nothing is quit. */
const NO_APPS: AppOwner = {
  sessionEnded: () => undefined,
  failed: () => undefined,
  ourDoing: () => null,
  mayQuit: () => Promise.resolve(true),
  leaving: () => undefined,
  leave: () => Promise.resolve(),
};

/**
 * Attempts follow each other quickly, and nobody counts as hung or slow.
 *
 * @param seatPatience milliseconds that a second streamer of an unknown host waits for the first
 */
export function realStreamers(
  t: ExecutionContext,
  host: PairedHost,
  identity: ClientIdentity,
  changes: Partial<StreamerOptions> = {},
  seatPatience?: number,
): StreamerRegistry {
  const log = silentLog();
  const streamers = new StreamerRegistry({
    maxStreamers: 4,
    retention: Infinity,
    ...(seatPatience === undefined ? {} : { seatPatience }),
    log,
    streamer: {
      module: defaultChildModule(),
      network: {
        ice_servers: [],
        port_range: null,
        nat_1to1: null,
        local_addresses: [],
        relay_only: false,
        tcp_candidates: false,
        ipv6: false,
      },
      maxViewers: 2,
      maxPads: 4,
      outputs: { max: 4, allowed: [] },
      doors: new Doors(),
      pipelines: PIPELINES,
      startTimeout: 60_000,
      heartbeatInterval: 200,
      heartbeatTimeout: 40_000,
      memoryLimit: 4 * 1024 ** 3,
      niceness: 0,
      stopTimeout: 20_000,
      offerTimeout: 30_000,
      connectTimeout: 30_000,
      media: { transports: ['webrtc'], tickets: new MediaTickets(), pathPrefix: '' },
      restart: {
        policy: 'restart',
        backoffMin: 50,
        backoffMax: 500,
        maxAttempts: 2,
        stableAfter: 60_000,
      },
      apps: NO_APPS,
      prepare: () =>
        Promise.resolve({
          host_address: host.address,
          host_http_port: host.httpPort,
          host_unique_id: identity.uniqueId,
          client_private_key_pem: identity.privateKeyPem,
          client_certificate_pem: identity.certificatePem,
          server_certificate_pem: host.certificatePem,
        }),
      log,
      ...changes,
    },
  });
  t.teardown(() => streamers.close(false, Deadline.in(60_000)));
  return streamers;
}

export function streamerSpec(id: string, appId: number): StreamerSpec {
  const settings = { ...STREAMER_SETTINGS, width: 320, height: 240, fps: 30, bitrate: 2000 };
  return { streamer_id: id, client_unique_id: null, host_id: 0, app_id: appId, settings };
}
