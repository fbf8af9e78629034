import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Deadline } from '../../core/deadline.js';
import { MoonteeError, type ErrorCode } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import { DRAIN_TIME_MS } from '../../moonlight/host-connections.js';
import { launchChild } from './launch.js';
import {
  Channel,
  type DataOf,
  type Handlers,
  type RequestOptions,
  type ResultOf,
} from '../../protocol/channel.js';
import {
  CHILD_METHODS,
  ChildMessage,
  SERVER_METHODS,
  type ChildChannel,
  type ParentMessage,
} from '../../protocol/ipc.js';
import { MainThread } from './main-thread.js';
import { threadStates } from './thread-states.js';

export interface ProcessOptions {
  /** The child's program: a file URL or path, `.js` or `.ts`. */
  readonly module: string | URL;
  /** Milliseconds from fork to `StreamerReady`. */
  readonly readyTimeout: number;
  /** Milliseconds without a heartbeat after which the child counts as hung. */
  readonly heartbeatTimeout: number;
  /** Resident bytes above which the child is ended. */
  readonly memoryLimit: number;
  /** As of nice(2). */
  readonly niceness: number;
  /** Answers the child's requests. */
  readonly handlers: Handlers<typeof SERVER_METHODS>;
  readonly log: Log;
}

/** @param socketId by which the child knows the connection */
export type SocketOrder = (socketId: number) => ParentMessage;

export type ChildMethod = keyof typeof CHILD_METHODS;

/** Why a child process is gone. */
export interface ProcessEnd {
  /** `CLOSED` when it was asked to stop. */
  readonly code: ErrorCode;
  readonly reason: string;
}

interface ProcessEvents {
  message: [ChildMessage];
  /** Once, last. */
  end: [ProcessEnd];
}

/** The child that belongs to the running build: `.ts` under a TypeScript loader, else `.js`. */
export function defaultChildModule(): URL {
  return new URL(`../../worker/main${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
}

/** Milliseconds for a child whose connections to the host still end in order, with some to spare. */
const DRAIN_DEADLINE_MS = DRAIN_TIME_MS + 1_000;
/** Of the time until SIGKILL, for the child; the rest is for messages and its exit. */
const CHILD_SHARE = 0.9;
/** Milliseconds for a connection to reach its child. */
const HAND_OVER_TIMEOUT_MS = 5_000;
/** Milliseconds between looks at the heartbeat. */
const WATCH_INTERVAL_MS = 250;
/** A child that is not let run is given this many times the time of one that hangs. */
const STARVED_PATIENCE = 8;
/** Until it has connected, a child loads and makes everything: it is given this many times the time. */
const START_PATIENCE = 3;
/** Part of its life in the queue for a processor that makes it a starved child. */
const STARVATION = 0.2;
/** Children alive now: none of them survives this process. */
const alive = new Set<ChildProcess>();
/** Those whose connections to the host still end in order. */
const draining = new WeakSet<ChildProcess>();
let exitHookSet = false;

function killAll(): void {
  for (const child of alive) child.kill('SIGKILL');
}

/**
 * Ends children at once, for a server that cannot wait for them.
 *
 * @returns how many are left to themselves, since their connections to hosts end in order: they
 * have a deadline of their own
 */
export function killStreamers(): number {
  let left = 0;
  for (const child of alive) {
    if (draining.has(child)) left += 1;
    else child.kill('SIGKILL');
  }
  return left;
}

/** A streamer child process: its IPC, its heartbeat and its end. */
export class StreamerProcess extends EventEmitter<ProcessEvents> {
  readonly pid: number | undefined;
  readonly #child: ChildProcess;
  readonly #log: Log;
  readonly #options: ProcessOptions;
  readonly #channel: ChildChannel;
  readonly #ready: Promise<void>;
  #resolveReady: () => void = () => undefined;
  #rejectReady: (error: MoonteeError) => void = () => undefined;
  readonly #watch: NodeJS.Timeout;
  readonly #mainThread: MainThread;
  /** What it has reached: `forked`, `ready` for its settings, `beating`, so that silence counts, `connected`. */
  #stage: 'forked' | 'ready' | 'beating' | 'connected' = 'forked';
  /** Milliseconds of the silence in which it was not let run. */
  #starvedFor = 0;
  #killTimer: NodeJS.Timeout | undefined;
  /** Milliseconds of `performance.now()` at which a child that was asked to stop is killed. */
  #killAt: number | null = null;
  #drains = false;
  #ended: ProcessEnd | null = null;
  #cause: ProcessEnd | null = null;
  #lastSeen = performance.now();
  #lastWatch = performance.now();
  #rss = 0;
  #stopping: Promise<void> | null = null;
  #nextSocketId = 1;

  constructor(options: ProcessOptions) {
    super();
    this.#options = options;
    this.#child = launchChild(options.module, options.niceness, options.log);
    this.pid = this.#child.pid;
    this.#log = options.log.child({ child_pid: this.pid });
    this.#ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    // Callers need not wait for it.
    this.#ready.catch(() => undefined);
    this.#mainThread = new MainThread(this.pid ?? 0);
    this.#watch = setInterval(() => this.#checkHeartbeat(), WATCH_INTERVAL_MS);

    alive.add(this.#child);
    if (!exitHookSet) {
      exitHookSet = true;
      process.on('exit', killAll);
    }
    this.#channel = this.#openChannel();
    this.#child.on('message', (message) => {
      this.#lastSeen = performance.now();
      this.#starvedFor = 0;
      try {
        this.#channel.receive(message);
      } catch (error) {
        // What a child brings about costs its own streamer.
        this.#log.error({ err: error }, 'message of a streamer failed');
        this.kill('STREAMER_FAILED', 'The streamer failed');
      }
    });
    this.#child.on('error', (error) => {
      this.#log.error({ err: error }, 'streamer process error');
      // A failed spawn has no exit event.
      if (this.pid === undefined) {
        this.#end({
          code: 'STREAMER_FAILED',
          reason: `Failed to spawn streamer: ${error.message}`,
        });
      }
    });
    this.#child.on('exit', (code, signal) => {
      const how = signal === null ? `with status: ${code ?? 'unknown'}` : `by ${signal}`;
      this.#end(
        this.#cause ??
          (this.#stopping === null
            ? { code: 'STREAMER_FAILED', reason: `The streamer process ended ${how}` }
            : { code: 'CLOSED', reason: 'The streamer process was stopped' }),
      );
    });
  }

  /** The machine did not let it run for a good part of its life. */
  get isStarved(): boolean {
    return this.#mainThread.starvation >= STARVATION;
  }

  get ended(): boolean {
    return this.#ended !== null;
  }

  /** Resident bytes, of the last heartbeat. */
  get rss(): number {
    return this.#rss;
  }

  /** Messages dropped so far, in both directions. */
  get drops(): number {
    return this.#channel.drops;
  }

  /** Resolves when the child listens; rejects when it ends before. */
  ready(): Promise<void> {
    return this.#ready;
  }

  /** @returns false if the child is gone or does not read any more */
  send(message: ParentMessage): boolean {
    return this.#channel.notify(message);
  }

  /**
   * Gives the child a connection with a socket on it. Takes it in any case: what cannot be given is
   * destroyed.
   *
   * @param open tells the child, by the number of the socket, what it is to do with the connection
   */
  giveSocket(connection: Socket, open: SocketOrder): void {
    const socket_id = this.#nextSocketId;
    this.#nextSocketId += 1;
    // Its server would wait, when it closes, for what is another process's by then.
    Reflect.set(connection, 'server', null);
    const timer = setTimeout(() => connection.destroy(), HAND_OVER_TIMEOUT_MS);
    connection.once('close', () => clearTimeout(timer));
    const sent = (): void => {
      if (connection.destroyed) return;
      // From here on nothing is read at this end, so that the child may answer.
      connection.destroy();
      this.send(open(socket_id));
    };
    const message = { MediaConnection: { socket_id } };
    if (!this.#channel.handOver(message, connection, sent)) connection.destroy();
  }

  /** As {@link Channel.request}. */
  request<M extends ChildMethod>(
    method: M,
    data: DataOf<typeof CHILD_METHODS, M>,
    options?: RequestOptions,
  ): Promise<ResultOf<typeof CHILD_METHODS, M>> {
    return this.#channel.request(method, data, options);
  }

  /**
   * Asks the child to end its session and exit; kills it if it does not. A child that reports that
   * its connections to the host still end in order gets six seconds more. An earlier deadline takes
   * the place of a later one.
   *
   * @param deadline of SIGKILL
   */
  stop(deadline: Deadline): Promise<void> {
    if (this.#stopping !== null) this.#hurry(deadline);
    this.#stopping ??= new Promise<void>((resolve) => {
      if (this.#ended !== null) {
        resolve();
        return;
      }
      this.#killAfter(deadline.left);
      this.once('end', () => {
        clearTimeout(this.#killTimer);
        resolve();
      });
      const within_ms = Math.floor(CHILD_SHARE * deadline.left);
      if (!this.send({ Stop: { within_ms } })) this.#child.kill('SIGKILL');
    });
    return this.#stopping;
  }

  #hurry(deadline: Deadline): void {
    const now = performance.now();
    if (this.#ended !== null || this.#drains || this.#killAt === null) return;
    if (now + deadline.left < this.#killAt) this.#killAfter(deadline.left);
  }

  #killAfter(delay: number): void {
    clearTimeout(this.#killTimer);
    this.#killAt = performance.now() + delay;
    this.#killTimer = setTimeout(() => {
      this.#log.warn('streamer process ignores stop, killing it');
      this.#child.kill('SIGKILL');
    }, delay);
  }

  /** Ends the process at once, with a reason for the `end` event. */
  kill(code: ErrorCode, reason: string): void {
    if (this.#ended !== null) return;
    this.#cause ??= { code, reason };
    // Works on a stopped (SIGSTOP) process too.
    this.#child.kill('SIGKILL');
  }

  #checkHeartbeat(): void {
    const now = performance.now();
    const late = now - this.#lastWatch - WATCH_INTERVAL_MS;
    this.#lastWatch = now;
    // Our own loop was held up: the child's heartbeats may lie unread in the channel.
    if (late > 500) this.#lastSeen = Math.max(this.#lastSeen, now - WATCH_INTERVAL_MS);
    const spent = this.#mainThread.measure(now);
    const silence = now - this.#lastSeen;
    if (spent === 'starved')
      this.#starvedFor = Math.min(silence, this.#starvedFor + WATCH_INTERVAL_MS + late);
    const patience = this.#patience;
    // Time in which it could not have answered does not count as silence, up to a bound.
    const hangs = silence - this.#starvedFor >= patience || silence >= STARVED_PATIENCE * patience;
    if (!hangs || this.#cause !== null) return;
    const [silent_ms, starved_ms] = [silence, this.#starvedFor].map(Math.round);
    const threads = threadStates(this.#child.pid ?? 0);
    this.#log.error(
      { silent_ms, starved_ms, stage: this.#stage, threads },
      'streamer process hangs',
    );
    this.kill(
      'STREAMER_HUNG',
      this.#stage === 'forked'
        ? 'The streamer process did not become ready in time'
        : 'The streamer stopped responding',
    );
  }

  /** Milliseconds of silence that make a hang of it. */
  get #patience(): number {
    const { readyTimeout, heartbeatTimeout } = this.#options;
    if (this.#stage === 'forked') return readyTimeout;
    // Its settings are on their way, and the session that sends them has a deadline of its own.
    if (this.#stage === 'ready') return Infinity;
    return this.#stage === 'beating' ? START_PATIENCE * heartbeatTimeout : heartbeatTimeout;
  }

  /** Better one streamer that restarts than a machine that runs out of memory. */
  #checkMemory(): void {
    const limit = this.#options.memoryLimit;
    if (this.#rss <= limit || this.#cause !== null) return;
    const mebibytes = (bytes: number): number => Math.round(bytes / 1_048_576);
    this.#log.error({ rss: this.#rss, limit }, 'streamer process takes too much memory');
    this.kill(
      'STREAMER_MEMORY',
      `The streamer took ${mebibytes(this.#rss)} MiB of memory and may have ${mebibytes(limit)}`,
    );
  }

  #openChannel(): ChildChannel {
    const child = this.#child;
    return new Channel({
      other: 'streamer',
      port: {
        get connected() {
          return child.connected;
        },
        // The callback takes the error of a channel that closes meanwhile.
        send: (message, sent, connection) =>
          void child.send(message as object, connection, { keepOpen: true }, sent),
      },
      incoming: ChildMessage,
      asked: CHILD_METHODS,
      served: SERVER_METHODS,
      handlers: this.#options.handlers,
      onNotification: (message) => this.#receive(message),
      onDropped: (reason) => this.#log.warn({ reason }, 'IPC message dropped'),
      onHandlerFailed: (method, error) => {
        this.#log.error({ err: error, method }, 'request of a streamer failed');
      },
    });
  }

  #receive(message: ChildMessage): void {
    if (message === 'Draining') {
      // Once: a child cannot put its end off for ever.
      if (this.#killAt !== null && !this.#drains) {
        this.#drains = true;
        draining.add(this.#child);
        this.#killAfter(this.#killAt - performance.now() + DRAIN_DEADLINE_MS);
      }
      return;
    }
    if (typeof message === 'object') {
      if ('Heartbeat' in message) {
        if (this.#stage !== 'connected') this.#stage = 'beating';
        this.#rss = message.Heartbeat.rss;
        this.#checkMemory();
        return;
      }
      if ('StreamerReady' in message) {
        this.#stage = 'ready';
        this.#resolveReady();
        return;
      }
      if ('MoonlightConnected' in message) this.#stage = 'connected';
    }
    this.emit('message', message);
  }

  #end(end: ProcessEnd): void {
    if (this.#ended !== null) return;
    this.#ended = end;
    alive.delete(this.#child);
    clearInterval(this.#watch);
    this.#rejectReady(new MoonteeError(end.code, end.reason));
    this.#channel.close(new MoonteeError('CLOSED', end.reason));
    this.#child.removeAllListeners('message');
    this.emit('end', end);
  }
}
