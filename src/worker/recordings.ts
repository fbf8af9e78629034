import { join } from 'node:path';
import { Deadline } from '../core/deadline.js';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { settlesWithin } from '../core/settles-within.js';
import { Recording, type RecordingEnd, type RecordingStats } from '../gst/outlets/recording.js';
import type { MediaBus } from '../media/bus.js';
import type { NegotiatedStream } from '../moonlight/types.js';
import type { ChildMessage, RecordingOrder } from '../protocol/ipc.js';
import { recordingFileName } from '../protocol/recording-files.js';

/** Milliseconds for a recording to write out what waits, if nothing else ends. */
const STOP_TIMEOUT_MS = 2_500;

/** Of recordings, those that run or all so far. */
interface Totals {
  bytes: number;
  durationMs: number;
  unitsDropped: number;
}

interface Running {
  readonly recording: Recording;
  readonly detach: () => void;
}

/** The recordings of one streamer. Each ends once, and the server is sent the reason. */
export class Recordings {
  readonly #bus: MediaBus;
  readonly #send: (message: ChildMessage) => void;
  readonly #log: Log;
  readonly #running = new Map<string, Running>();
  readonly #closing = new Set<Promise<void>>();
  /** Of those that have ended. */
  readonly #past: Totals = { bytes: 0, durationMs: 0, unitsDropped: 0 };

  constructor(bus: MediaBus, send: (message: ChildMessage) => void, log: Log) {
    this.#bus = bus;
    this.#send = send;
    this.#log = log;
  }

  /** @throws ELEMENT_MISSING, INTERNAL for an id that is in use */
  start(order: RecordingOrder, { video, audio }: NegotiatedStream): void {
    const { recording_id: id, folder, limits } = order;
    if (this.#running.has(id)) throw new MoonteeError('INTERNAL', 'The recording runs already');
    const recording = new Recording({
      id,
      path: (number) => join(folder, recordingFileName(number)),
      codec: video.codec,
      audio,
      limits: {
        fileBytes: limits.file_bytes,
        fileMs: limits.file_ms,
        totalBytes: limits.total_bytes,
        totalMs: limits.total_ms,
      },
      requestKeyframe: (reason) => this.#bus.requestKeyframe(reason, id),
      ended: (code, reason) => void this.stop(id, code, reason),
      log: this.#log,
    });
    const detach = this.#bus.attach(recording);
    this.#running.set(id, { recording, detach });
    try {
      recording.start();
    } catch (error) {
      this.#running.delete(id);
      detach();
      void recording.close(Deadline.in(STOP_TIMEOUT_MS));
      throw error;
    }
  }

  /** Idempotent, never rejects; resolves when its files are complete. */
  async stop(
    id: string,
    code: RecordingEnd,
    reason: string,
    deadline = Deadline.in(STOP_TIMEOUT_MS),
  ): Promise<void> {
    const running = this.#running.get(id);
    if (!running) return;
    this.#running.delete(id);
    running.detach();
    addTo(this.#past, running.recording.stats());
    const closed = running.recording
      .close(deadline)
      .catch((error: unknown) => this.#log.error({ err: error }, 'recording did not close'))
      .then(() => {
        this.#closing.delete(closed);
        this.#send({ RecordingEnded: { recording_id: id, code, reason } });
      });
    this.#closing.add(closed);
    await closed;
  }

  stats(): RecordingStats[] {
    return [...this.#running.values()].map(({ recording }) => recording.stats());
  }

  /** Of all recordings so far. */
  totals(): Readonly<Totals> {
    const totals = { ...this.#past };
    for (const each of this.stats()) addTo(totals, each);
    return totals;
  }

  /** Idempotent, never rejects. @param cause why they end */
  async close(deadline: Deadline, cause: MoonteeError): Promise<void> {
    for (const id of [...this.#running.keys()]) {
      void this.stop(id, cause.code, cause.message, deadline);
    }
    await settlesWithin(deadline.left, Promise.all(this.#closing));
  }
}

function addTo(totals: Totals, { bytes, durationMs, unitsDropped }: Readonly<Totals>): void {
  totals.bytes += bytes;
  totals.durationMs += durationMs;
  totals.unitsDropped += unitsDropped;
}
