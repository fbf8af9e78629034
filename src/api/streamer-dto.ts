import { rightsOn, type Principal } from '../access/principal.js';
import { OUTCOMES } from '../core/outcomes.js';
import type { Streamer } from '../streamer/streamer.js';
import type { StreamerInfo } from '../protocol/rest-models.js';
import { outputInfo } from './output-dto.js';

/**
 * What this caller may know of a streamer. Viewers get the same form without what belongs to others: outputs,
 * the client's name, reasons for operators; and those who manage it learn who else is here.
 */
export function streamerInfoFor(streamer: Streamer, reader: Principal): StreamerInfo {
  const info = streamerInfo(streamer);
  if (reader.kind === 'administrator') return info;
  const failure = info.failure && {
    ...info.failure,
    reason: OUTCOMES[info.failure.code].words,
  };
  const isManager = rightsOn(reader, streamer.id).has('manage');
  return {
    ...info,
    peers: isManager ? info.peers : [],
    outputs: [],
    client_unique_id: null,
    failure,
    error: failure?.reason ?? null,
  };
}

export function streamerInfo(streamer: Streamer): StreamerInfo {
  const { spec, picture, failure, viewers } = streamer;
  return {
    streamer_id: streamer.id,
    status: streamer.status,
    moonlight_connected: picture !== null && streamer.status === 'active',
    connected_peers: viewers.length,
    // The host's word counts, once there is one.
    width: picture?.width ?? spec.settings.width,
    height: picture?.height ?? spec.settings.height,
    fps: picture?.fps ?? spec.settings.fps,
    created_at: streamer.createdAt.toISOString(),
    peers: viewers.map(({ peerId, connectedAt, state, quality, transport, kind, rights }) => ({
      peer_id: peerId,
      connected_at: connectedAt.toISOString(),
      state,
      quality,
      transport,
      kind,
      name: streamer.company.nameOf(peerId),
      rights: [...rights],
    })),
    outputs: streamer.outputs.list().map(outputInfo),
    host_id: spec.host_id,
    app_id: spec.app_id,
    client_unique_id: spec.client_unique_id,
    codec: picture?.codec ?? null,
    restarts: streamer.restarts,
    failure:
      failure === null
        ? null
        : { code: failure.code, reason: failure.reason, at: failure.at.toISOString() },
    error: failure?.reason ?? null,
  };
}
