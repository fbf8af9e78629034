import { resolve } from 'node:path';
import type { Config } from '../config/schema.js';
import type { Log } from '../core/log.js';
import type { AppUsers } from '../hosts/app-users.js';
import { SessionPlanner } from '../hosts/session-planner.js';
import { iceServerProvider } from '../ice/configured.js';
import { Recorder } from '../recordings/recorder.js';
import type { Doors } from '../streamer/doors.js';
import { networkOf } from '../streamer/network.js';
import type { MediaTickets } from '../streamer/media-tickets.js';
import { pipelinesOf } from '../streamer/pipelines.js';
import { StreamerRegistry } from '../streamer/registry.js';
import type { Stores } from './stores.js';

/** Milliseconds for an offer of the child, and then for ICE and DTLS: the child's own are shorter. */
const OFFER_TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 45_000;

const MIB = 1_048_576;

/** The registry, wired to hosts, pairings and ICE servers. */
export function createStreamers(
  config: Config,
  { hosts, identities }: Stores,
  tickets: MediaTickets,
  doors: Doors,
  childModule: string | URL,
  log: Log,
): { readonly streamers: StreamerRegistry; readonly apps: AppUsers } {
  const planner = new SessionPlanner({
    hosts,
    identities,
    pin: config.pairing_pin,
    unpairOnDelete: config.unpair_on_delete,
    appWait: config.app_wait_ms,
    isRunning: (id) => {
      const status = streamers.get(id)?.status;
      return status !== undefined && status !== 'failed' && status !== 'stopping';
    },
    log,
  });
  const network = networkOf(config);
  const iceServers = iceServerProvider(config, network.ice_servers, log);
  void iceServers.warmUp();
  const streamers: StreamerRegistry = new StreamerRegistry({
    maxStreamers: config.max_streamers,
    retention: config.end_policy === 'keep' ? Infinity : config.failure_retention_ms,
    log,
    streamer: {
      module: childModule,
      network,
      iceServers: (viewerId) => iceServers.serversFor(viewerId),
      maxViewers: config.max_viewers,
      maxPads: config.max_pads_per_viewer,
      outputs: { max: config.max_outputs, allowed: config.outputs_allowed },
      pipelines: pipelinesOf(config),
      startTimeout: config.create_timeout_ms,
      heartbeatInterval: config.heartbeat_interval_ms,
      heartbeatTimeout: config.heartbeat_timeout_ms,
      memoryLimit: config.streamer_memory_mib * MIB,
      niceness: config.streamer_niceness,
      stopTimeout: config.stop_timeout_ms,
      offerTimeout: OFFER_TIMEOUT_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      media: {
        transports: config.viewer_transports,
        tickets,
        pathPrefix: config.web_path_prefix,
      },
      restart: {
        policy: config.end_policy,
        backoffMin: config.restart_backoff_min_ms,
        backoffMax: config.restart_backoff_max_ms,
        maxAttempts: config.restart_max_attempts,
        stableAfter: config.restart_stable_ms,
      },
      doors,
      prepare: (spec, signal) => planner.prepare(spec, signal),
      apps: planner.apps,
      log,
    },
  });
  return { streamers, apps: planner.apps };
}

/** Null without a folder for recordings. @throws CONFIG_INVALID */
export async function openRecorder(
  config: Config,
  streamers: StreamerRegistry,
  log: Log,
): Promise<Recorder | null> {
  if (config.recordings_path === null) return null;
  const limits = {
    maxRunning: config.max_recordings,
    fileBytes: config.recording_file_mib * MIB,
    fileMs: config.recording_file_ms,
    durationMs: config.recording_duration_ms,
    totalBytes: config.recordings_mib * MIB,
    retentionMs: config.recordings_retention_ms,
  };
  return Recorder.open(resolve(config.recordings_path), limits, streamers, log);
}
