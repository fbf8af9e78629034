import type { Streamer } from '../streamer/streamer.js';
import type { StreamerInfo } from '../protocol/rest-models.js';
import { outputInfo } from './output-dto.js';

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
    peers: viewers.map(({ peerId, connectedAt, state, quality, transport, kind }) => ({
      peer_id: peerId,
      connected_at: connectedAt.toISOString(),
      state,
      quality,
      transport,
      kind,
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
