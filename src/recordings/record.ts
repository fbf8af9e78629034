import * as t from 'io-ts';

const nullableText = t.union([t.string, t.null]);

/** What is kept of a recording beside its files. */
export const RecordingRecord = t.type(
  {
    recording_id: t.string,
    streamer_id: t.string,
    started_at: t.string,
    /** null: it runs. */
    ended_at: nullableText,
    /** Why it ended: an error code, or `STOPPED`. */
    code: nullableText,
    reason: nullableText,
  },
  'RecordingRecord',
);
export type RecordingRecord = t.TypeOf<typeof RecordingRecord>;
