import type { OutputInfo } from '../protocol/rest-models.js';
import type { OutputView } from '../streamer/outputs.js';

const NO_RTP = { host: null, video_port: null, audio_port: null, video_rtcp_port: null } as const;

/** What may be shown: a query may have secrets in it, and a token is one. */
export function outputInfo({ spec, changedAt, ...status }: OutputView): OutputInfo {
  const changed_at = changedAt.toISOString();
  if (spec.type === 'rtp') return { ...status, ...spec, url: null, has_token: false, changed_at };
  const { type, keyframe_interval_ms, token } = spec;
  const { origin, pathname } = new URL(spec.url);
  const shown = { type, url: origin + pathname, has_token: token !== null, keyframe_interval_ms };
  return { ...status, ...NO_RTP, ...shown, changed_at };
}
