import { Counter, Gauge, type Registry } from 'prom-client';
import type { EventEmitter } from 'node:events';
import type { RecordingEndCode } from '../../protocol/outcome-codes.js';
import type { RecorderEvents } from '../../recordings/recorder.js';
import type { RecordingRecord } from '../../recordings/record.js';

/** The recordings whose metrics are exposed. */
export interface MeteredRecorder extends EventEmitter<RecorderEvents> {
  readonly store: { list(): readonly RecordingRecord[] };
  freeBytes(): Promise<number | null>;
}

const STATES = ['recording', 'ended'] as const;
/** Ends that occur. They begin at 0, since an increase is seen only of what was there before. */
const USUAL_ENDS = [
  'STOPPED',
  'STREAMER_STOPPING',
  'LIMIT_REACHED',
  'RECORDING_DISK_FULL',
  'RECORDING_FAILED',
  'STREAMER_FAILED',
  'STREAM_TERMINATED',
  'PIPELINE_FAILED',
] as const satisfies readonly RecordingEndCode[];

/**
 * What the server knows of recordings: how many there are, how they ended, and the room that is left.
 * What they hold is counted by the children that write them.
 *
 * @param recorder null if recording is off
 * @param streamerIds of the streamers alive
 */
export function recordingMetrics(
  registry: Registry,
  recorder: MeteredRecorder | null,
  streamerIds: () => readonly string[],
): void {
  const registers = [registry];
  new Gauge({
    name: 'moontee_recordings',
    help: 'Recordings of a streamer by state',
    labelNames: ['streamer_id', 'state'],
    registers,
    collect() {
      this.reset();
      const records = recorder?.store.list() ?? [];
      for (const streamer_id of recorder === null ? [] : streamerIds()) {
        const own = records.filter((record) => record.streamer_id === streamer_id);
        const running = own.filter(({ ended_at }) => ended_at === null).length;
        const counts = { recording: running, ended: own.length - running };
        for (const state of STATES) this.set({ streamer_id, state }, counts[state]);
      }
    },
  });
  new Gauge({
    name: 'moontee_recordings_free_bytes',
    help: 'Bytes that the file system of recordings_path has left',
    registers,
    async collect() {
      this.reset();
      const bytes = (await recorder?.freeBytes()) ?? null;
      if (bytes === null) this.remove();
      else this.set(bytes);
    },
  });
  const ends = new Counter({
    name: 'moontee_recording_ends_total',
    help: 'Recordings that ended, by reason; STOPPED by request',
    labelNames: ['code'],
    registers,
  });
  if (recorder === null) return;
  for (const code of USUAL_ENDS) ends.inc({ code }, 0);
  recorder.on('ended', (_record, code) => ends.inc({ code }));
}
