/** Decides when a recording changes to another file, and when it ends. */
export interface RecordingLimits {
  /** Bytes and milliseconds of media in one file. */
  readonly fileBytes: number;
  readonly fileMs: number;
  /** Bytes and milliseconds of media in all its files. */
  readonly totalBytes: number;
  readonly totalMs: number;
}

export interface RecordingFigures {
  readonly fileBytes: number;
  readonly fileMs: number;
  readonly totalBytes: number;
  readonly totalMs: number;
}

export type RecordingVerdict = 'continue' | 'rotate' | 'end';

/** An end is due at once; for a rotation the next key frame is waited for. */
export function judgeRecording(
  limits: RecordingLimits,
  { fileBytes, fileMs, totalBytes, totalMs }: RecordingFigures,
): RecordingVerdict {
  if (totalBytes >= limits.totalBytes || totalMs >= limits.totalMs) return 'end';
  return fileBytes >= limits.fileBytes || fileMs >= limits.fileMs ? 'rotate' : 'continue';
}
