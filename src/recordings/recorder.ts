import { EventEmitter } from 'node:events';
import { statfs } from 'node:fs/promises';
import type { Deadline } from '../core/deadline.js';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { settlesWithin } from '../core/settles-within.js';
import type { RecordingEndCode } from '../protocol/outcome-codes.js';
import type { StreamerRegistry } from '../streamer/registry.js';
import type { Streamer } from '../streamer/streamer.js';
import type { RecordingRecord } from './record.js';
import { RecordingStore } from './store.js';

/** Milliseconds between two looks for recordings that are too old. */
const SWEEP_INTERVAL_MS = 60_000;
/** Milliseconds for the file system to say how much room it has: one on a network may hang. */
const ROOM_DEADLINE_MS = 500;

export interface RecorderLimits {
  readonly maxRunning: number;
  readonly fileBytes: number;
  readonly fileMs: number;
  readonly durationMs: number;
  /** Bytes of all recordings together. */
  readonly totalBytes: number;
  /** Milliseconds that an ended recording is kept; 0 keeps it. */
  readonly retentionMs: number;
}

export interface RecorderEvents {
  started: [RecordingRecord];
  /** Its files are complete, and its end is written down. */
  ended: [RecordingRecord, RecordingEndCode];
}

/** Starts and stops recordings of streamers, within the limits, and keeps their records. */
export class Recorder extends EventEmitter<RecorderEvents> {
  readonly store: RecordingStore;
  readonly #limits: RecorderLimits;
  readonly #log: Log;
  /** Bytes that running recordings may come to. */
  readonly #granted = new Map<string, number>();
  /** Recordings that are being started. */
  #starting = 0;
  /** Ends that are being written down. */
  readonly #endings = new Map<string, Promise<void>>();
  readonly #sweeper: NodeJS.Timeout;

  /** @throws CONFIG_INVALID */
  static async open(
    folder: string,
    limits: RecorderLimits,
    streamers: StreamerRegistry,
    log: Log,
  ): Promise<Recorder> {
    const recorder = new Recorder(await RecordingStore.open(folder, log), limits, streamers, log);
    await recorder.sweep(Date.now());
    return recorder;
  }

  private constructor(
    store: RecordingStore,
    limits: RecorderLimits,
    streamers: StreamerRegistry,
    log: Log,
  ) {
    super();
    this.store = store;
    this.#limits = limits;
    this.#log = log;
    streamers.on('created', (streamer) => this.#watch(streamer));
    this.#sweeper = setInterval(() => {
      this.sweep(Date.now()).catch((error: unknown) => {
        log.error({ err: error }, 'old recordings not removed');
      });
    }, SWEEP_INTERVAL_MS);
    this.#sweeper.unref();
  }

  /** @throws LIMIT_REACHED, CLOSED while the streamer has no session, RECORDING_FAILED */
  async start(streamer: Streamer): Promise<RecordingRecord> {
    const free = this.#limits.maxRunning - this.#granted.size - this.#starting;
    if (free <= 0) throw new MoonteeError('LIMIT_REACHED', 'Too many recordings run at once');
    this.#starting += 1;
    try {
      const bytes = Math.floor((await this.#bytesLeft()) / free);
      if (bytes < 1)
        throw new MoonteeError('LIMIT_REACHED', 'The recordings have reached recordings_mib');
      return await this.#begin(streamer, bytes);
    } finally {
      this.#starting -= 1;
    }
  }

  /** Resolves when its files are complete, and its end is on the disk. */
  async stop(streamer: Streamer | undefined, { recording_id }: RecordingRecord): Promise<void> {
    if (this.#granted.has(recording_id))
      await streamer?.request('stop_recording', { recording_id });
    await this.#endings.get(recording_id);
  }

  /** Removes what has ended so long ago. @param now milliseconds since 1970 */
  async sweep(now: number): Promise<void> {
    const { retentionMs } = this.#limits;
    if (retentionMs === 0) return;
    for (const { recording_id, ended_at } of this.store.list()) {
      if (ended_at === null || now - Date.parse(ended_at) < retentionMs) continue;
      await this.store.remove(recording_id);
      this.#log.info({ recording_id }, 'old recording removed');
    }
  }

  /** Bytes that the file system has left for recordings; null if it does not say. Never rejects. */
  async freeBytes(): Promise<number | null> {
    let bytes: number | null = null;
    const asked = statfs(this.store.folder).then(({ bavail, bsize }) => {
      bytes = bavail * bsize;
    });
    await settlesWithin(ROOM_DEADLINE_MS, asked);
    return bytes;
  }

  /** After the streamers: the last sidecars are written. Idempotent, never rejects. */
  async close(deadline: Deadline): Promise<void> {
    clearInterval(this.#sweeper);
    await settlesWithin(deadline.left, Promise.all(this.#endings.values()));
  }

  async #begin(streamer: Streamer, bytes: number): Promise<RecordingRecord> {
    const record = await this.store.create(streamer.id);
    const { recording_id } = record;
    this.#granted.set(recording_id, bytes);
    const { fileBytes, fileMs, durationMs } = this.#limits;
    try {
      await streamer.request('start_recording', {
        recording_id,
        folder: this.store.folderOf(recording_id),
        limits: {
          file_bytes: fileBytes,
          file_ms: fileMs,
          total_bytes: bytes,
          total_ms: durationMs,
        },
      });
    } catch (error) {
      this.#granted.delete(recording_id);
      await this.store.remove(recording_id);
      throw error;
    }
    this.#log.info({ streamer_id: streamer.id, recording_id }, 'recording started');
    this.emit('started', record);
    return record;
  }

  #watch(streamer: Streamer): void {
    streamer.on('recording-ended', ({ id, code, reason }) => this.#end(id, code, reason));
    streamer.on('process-ended', () => {
      for (const { recording_id, streamer_id } of this.store.list()) {
        if (streamer_id !== streamer.id || !this.#granted.has(recording_id)) continue;
        this.#end(recording_id, 'STREAMER_FAILED', 'The process of the streamer ended');
      }
    });
  }

  #end(id: string, code: RecordingEndCode, reason: string): void {
    if (!this.#granted.delete(id)) return;
    this.#log.info({ recording_id: id, code, reason }, 'recording ended');
    const ending = this.store
      .end(id, code, reason)
      .then((record) => {
        if (record !== null) this.emit('ended', record, code);
      })
      .finally(() => this.#endings.delete(id));
    this.#endings.set(id, ending);
  }

  /** Bytes that no recording has used or may use yet. */
  async #bytesLeft(): Promise<number> {
    const used = this.store.list().map(async ({ recording_id: id }) => {
      return this.#granted.get(id) ?? (await this.store.bytesOf(id));
    });
    const sum = (await Promise.all(used)).reduce((total, bytes) => total + bytes, 0);
    return this.#limits.totalBytes - sum;
  }
}
