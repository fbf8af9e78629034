import type { OutputInfo } from '../protocol/rest-models.js';
import type { OutputView } from '../streamer/outputs.js';

export function outputInfo({ spec, changedAt, ...status }: OutputView): OutputInfo {
  return { ...status, ...spec, changed_at: changedAt.toISOString() };
}
