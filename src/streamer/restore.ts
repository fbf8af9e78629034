import { setTimeout as sleep } from 'node:timers/promises';
import { isRight } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { AtomicFile } from '../storage/atomic-file.js';
import type { Log } from '../core/log.js';
import { describeIssues } from '../codec/issues.js';
import type { StreamerRegistry } from './registry.js';
import { streamerSpec } from '../protocol/create-request.js';
import { OutputOrder } from '../protocol/output-spec.js';
import { StreamerSpec } from '../protocol/streamer-spec.js';
import type { Streamer } from './streamer.js';

/** Milliseconds that a creation waits for its entry to be on the disk. */
const WRITE_DEADLINE_MS = 1_000;

/** Files of before have no outputs. */
const RestoredStreamer = t.intersection([
  StreamerSpec,
  t.partial({ outputs: t.array(OutputOrder) }),
]);
type RestoredStreamer = t.TypeOf<typeof RestoredStreamer>;

const RestoreFile = t.type({ streamers: t.array(RestoredStreamer) }, 'streamers.json');

/** Keeps on disk which streamers there are, to start them again after a restart. */
export class StreamerRestore {
  readonly #file: AtomicFile;
  readonly #streamers: StreamerRegistry;
  readonly #log: Log;
  /**
   * Streamers whose creators got their answer; one that a shutdown cut off is not wanted any more.
   */
  readonly #promised = new WeakSet<Streamer>();
  #written = '';
  #writing: Promise<void> = Promise.resolve();
  #frozen = false;

  constructor(path: string, streamers: StreamerRegistry, log: Log) {
    this.#file = new AtomicFile(path);
    this.#streamers = streamers;
    this.#log = log;
  }

  /** Starts what ran before and follows changes from then on. A file that is broken, or cannot be read, starts nothing. */
  async start(): Promise<void> {
    const specs = await this.#read();
    for (const spec of specs) {
      try {
        // The file may have been written by hand: what REST refuses is refused here.
        const checked = streamerSpec(spec);
        const { outputs = [] } = spec;
        this.#promised.add(await this.#streamers.create(checked, { patient: true, outputs }));
      } catch (error) {
        this.#log.warn({ err: error, streamer_id: spec.streamer_id }, 'streamer not restored');
      }
    }
    this.#streamers.rememberWith(async (streamer) => {
      this.#promised.add(streamer);
      this.#save();
      await Promise.race([this.#writing, sleep(WRITE_DEADLINE_MS, undefined, { ref: false })]);
    });
    for (const event of ['status', 'removed'] as const) {
      this.#streamers.on(event, () => this.#save());
    }
    this.#save();
  }

  /**
   * From now on the file stays as it is: streamers that end now are to come back. Resolves
   * when it is on the disk.
   */
  async freeze(): Promise<void> {
    this.#frozen = true;
    await this.#writing;
  }

  async #read(): Promise<readonly RestoredStreamer[]> {
    try {
      const text = await this.#file.read();
      if (text === null) return [];
      const decoded = RestoreFile.decode(JSON.parse(text));
      if (isRight(decoded)) return decoded.right.streamers;
      this.#log.error({ reason: describeIssues(decoded.left) }, 'no streamers restored');
    } catch (error) {
      this.#log.error({ err: error }, 'no streamers restored');
    }
    return [];
  }

  #save(): void {
    if (this.#frozen) return;
    const specs = this.#streamers
      .list()
      .filter(
        (streamer) =>
          this.#promised.has(streamer) &&
          streamer.status !== 'failed' &&
          streamer.status !== 'stopping' &&
          !streamer.lifetime.passing,
      )
      .map(({ spec, outputs }) => {
        const orders = outputs.orders();
        return orders.length === 0 ? spec : { ...spec, outputs: orders };
      });
    const text = `${JSON.stringify({ streamers: specs }, null, 2)}\n`;
    if (text === this.#written) return;
    this.#written = text;
    this.#writing = this.#file.write(text).catch((error: unknown) => {
      this.#written = '';
      this.#log.error({ err: error }, 'streamers not saved');
    });
  }
}
