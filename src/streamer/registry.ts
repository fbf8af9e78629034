import { EventEmitter } from 'node:events';
import type { Deadline } from '../core/deadline.js';
import { MoonteeError, type ErrorCode } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { LAST_QUIT_TIMEOUT_MS, type Leave } from './app-owner.js';
import { HostSeats } from './host-seats.js';
import type { StreamerSpec } from '../protocol/streamer-spec.js';
import { Streamer, type CreateOptions, type StreamerOptions } from './streamer.js';
import type { OutputChange } from './outputs.js';
import type { ViewerChange } from './viewers.js';

/** Milliseconds from SIGKILL until the end of a process is known. */
const HANDOVER_MS = 200;

export interface RegistryOptions {
  readonly streamer: StreamerOptions;
  readonly maxStreamers: number;
  /** Milliseconds that a failed streamer can still be asked why; Infinity keeps it. */
  readonly retention: number;
  /** Milliseconds, as of {@link HostSeats}. */
  readonly seatPatience?: number;
  readonly log: Log;
}

export interface RegistryEvents {
  created: [Streamer];
  status: [Streamer];
  viewer: [Streamer, ViewerChange];
  output: [Streamer, OutputChange];
  /** Whether for good: it neither comes back nor is replaced. */
  removed: [Streamer, boolean];
}

/** All streamers of the server, by id, in the order of their creation. */
export class StreamerRegistry extends EventEmitter<RegistryEvents> {
  readonly #options: RegistryOptions;
  readonly #log: Log;
  readonly #streamers = new Map<string, Streamer>();
  /** Ids whose next streamer waits for the end of the one before. */
  readonly #reserved = new Set<string>();
  readonly #retention = new Map<Streamer, NodeJS.Timeout>();
  readonly #seats: HostSeats;
  #remember: (streamer: Streamer) => Promise<void> = () => Promise.resolve();
  #closed = false;

  constructor(options: RegistryOptions) {
    super();
    this.#options = options;
    this.#log = options.log;
    this.#seats = new HostSeats(options.seatPatience);
  }

  /**
   * Makes a streamer and starts it. Of several calls with one id exactly one succeeds. A
   * failed streamer gives its id up; one that is stopping is waited for.
   */
  async create(spec: StreamerSpec, options: CreateOptions = {}): Promise<Streamer> {
    const id = spec.streamer_id;
    this.#assertOpen();
    const existing = this.#streamers.get(id);
    if (this.#reserved.has(id)) throw new MoonteeError('STREAMER_EXISTS');
    if (existing !== undefined) {
      if (existing.status !== 'stopping' && existing.status !== 'failed') {
        throw new MoonteeError('STREAMER_EXISTS');
      }
      this.#reserved.add(id);
      try {
        await this.#remove(existing, 'STREAMER_STOPPING', 'The streamer is being replaced', {
          quit: 'no',
          forGood: false,
        });
      } finally {
        this.#reserved.delete(id);
      }
      this.#assertOpen();
    }
    const running = [...this.#streamers.values()].filter(({ status }) => status !== 'failed');
    if (running.length + this.#reserved.size >= this.#options.maxStreamers) {
      throw new MoonteeError('LIMIT_REACHED', 'The server has reached max_streamers');
    }
    const streamer = new Streamer(spec, this.#options.streamer, this.#seats, options);
    // Every legacy socket that keeps it listens, too.
    streamer.setMaxListeners(0);
    this.#streamers.set(id, streamer);
    streamer.on('viewer', (change) => this.emit('viewer', streamer, change));
    streamer.on('output', (change) => this.emit('output', streamer, change));
    streamer.on('status', (status) => {
      this.emit('status', streamer);
      if (status === 'failed') this.#retain(streamer);
    });
    this.#log.info(
      { streamer_id: id, host_id: spec.host_id, app_id: spec.app_id },
      'streamer created',
    );
    this.emit('created', streamer);
    return streamer;
  }

  /** Sets what {@link promise} waits for. */
  rememberWith(remember: (streamer: Streamer) => Promise<void>): void {
    this.#remember = remember;
  }

  /**
   * Before its creator gets an answer: from then on it outlives a restart. Never rejects, and is
   * bounded.
   */
  async promise(streamer: Streamer): Promise<void> {
    if (this.#streamers.get(streamer.id) === streamer) await this.#remember(streamer);
  }

  get(id: string): Streamer | undefined {
    return this.#streamers.get(id);
  }

  /** @throws STREAMER_NOT_FOUND */
  require(id: string): Streamer {
    const streamer = this.#streamers.get(id);
    if (streamer === undefined) throw new MoonteeError('STREAMER_NOT_FOUND');
    return streamer;
  }

  list(): Streamer[] {
    return [...this.#streamers.values()];
  }

  /**
   * Ends a streamer. Viewers are notified at once. Resolves when its process is gone, and its app
   * if that was wished.
   *
   * @param quitApp quit its app, unless other streamers use that too
   * @param forAll quit it even then: they start it again
   * @throws STREAMER_NOT_FOUND also if it is being ended already
   */
  async delete(id: string, quitApp: boolean, forAll = false): Promise<void> {
    const streamer = this.require(id);
    if (streamer.status === 'stopping') throw new MoonteeError('STREAMER_NOT_FOUND');
    await this.#remove(streamer, 'STREAMER_STOPPING', 'The streamer was deleted', {
      quit: quitApp ? (forAll ? 'for-all' : 'by-last') : 'no',
      forGood: true,
    });
  }

  /**
   * Ends all of them; new ones are refused from now on.
   *
   * @param deadline of all of it: their processes are killed so early that apps can be quit after them
   */
  async close(quitApp: boolean, deadline: Deadline): Promise<void> {
    this.#closed = true;
    const processes = quitApp ? deadline.before(LAST_QUIT_TIMEOUT_MS + HANDOVER_MS) : deadline;
    await Promise.all(
      this.list().map((streamer) =>
        // A code of its own: viewers may come back to a server that comes back.
        this.#remove(
          streamer,
          'CLOSED',
          'The server is shutting down',
          { quit: quitApp ? 'by-last' : 'no', forGood: false },
          processes,
        ),
      ),
    );
  }

  #assertOpen(): void {
    if (this.#closed) throw new MoonteeError('CLOSED', 'The server is shutting down');
    this.#options.streamer.doors.assertOpen();
  }

  async #remove(
    streamer: Streamer,
    code: ErrorCode,
    reason: string,
    leave: Leave,
    deadline?: Deadline,
  ): Promise<void> {
    clearTimeout(this.#retention.get(streamer));
    this.#retention.delete(streamer);
    await streamer.close(code, reason, leave, deadline);
    if (this.#streamers.get(streamer.id) !== streamer) return;
    this.#streamers.delete(streamer.id);
    this.emit('removed', streamer, leave.forGood);
    streamer.removeAllListeners();
  }

  #retain(streamer: Streamer): void {
    if (!Number.isFinite(this.#options.retention)) return;
    const timer = setTimeout(() => {
      void this.#remove(streamer, 'STREAMER_STOPPING', 'The streamer failed', {
        quit: 'no',
        forGood: true,
      });
    }, this.#options.retention);
    this.#retention.set(streamer, timer);
  }
}
