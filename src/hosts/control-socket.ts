import { once } from 'node:events';
import { chmod, mkdtemp, open, rename, rm, rmdir, type FileHandle } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { isRight } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { MoonteeError } from '../core/errors.js';
import { isErrorCode } from '../core/outcomes.js';
import type { Log } from '../core/log.js';
import { ControlCommand, ControlItem } from '../protocol/control-command.js';
import { FolderLock } from '../storage/folder-lock.js';

const FILE = 'moontee.sock';
/** People at a command line at a time, bytes of what one asks, milliseconds to ask it in. */
const MAX_CONNECTIONS = 8;
const MAX_REQUEST = 65_536;
const REQUEST_TIMEOUT_MS = 5_000;
/**
 * Milliseconds for a server to accept the connection, and for all of a command. A person types the
 * PIN.
 */
const CONNECT_TIMEOUT_MS = 2_000;
const COMMAND_TIMEOUT_MS = 150_000;
/** Characters of an answer's line, which may hold a file, and lines. */
const MAX_LINE = 64 * 1_048_576;
const MAX_LINES = 100_000;

const Request = t.type({ file: t.string, ask: ControlCommand }, 'ControlRequest');

/** `done` or an error is the end of an answer; items come before. */
const Answer = t.union([
  t.type({ item: ControlItem }),
  t.type({ done: t.literal(true) }),
  t.type({ error: t.string, code: t.string }),
]);

export type RunCommand = (
  command: ControlCommand,
  emit: (item: ControlItem) => void,
  signal: AbortSignal,
) => Promise<void>;

/**
 * The command line's way into a running server: a Unix socket in the data folder, for the same user
 * only. TLS, credentials and prefix of the server do not matter to it. One JSON line asks, JSON
 * lines answer.
 */
export class ControlSocket {
  readonly #path: string;
  readonly #file: string;
  readonly #run: RunCommand;
  readonly #log: Log;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(dataPath: string, run: RunCommand, log: Log) {
    this.#path = join(dirname(dataPath), FILE);
    this.#file = basename(dataPath);
    this.#run = run;
    this.#log = log;
    this.#server = createServer((socket) => this.#serve(socket));
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /**
   * The caller owns the folder: a socket that an earlier owner left there is replaced. A file
   * system without sockets costs only this, with a warning.
   *
   * @param dataPath file of the hosts
   */
  static async listen(dataPath: string, run: RunCommand, log: Log): Promise<ControlSocket> {
    const control = new ControlSocket(dataPath, run, log);
    try {
      await control.#listen();
    } catch (error) {
      log.warn({ err: error }, 'no socket for the command line');
    }
    return control;
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    await Promise.all([closed, rm(this.#path, { force: true }).catch(() => undefined)]);
  }

  /** Others see it only when it is complete: it is made in a folder that is ours alone, and moved. */
  async #listen(): Promise<void> {
    const directory = await mkdtemp(join(dirname(this.#path), '.moontee-'));
    try {
      const made = join(directory, 's');
      await throughFolder(made, async (path) => {
        this.#server.listen({ path });
        await once(this.#server, 'listening');
      });
      this.#server.on('error', (error) => this.#log.warn({ err: error }, 'control socket error'));
      await chmod(made, 0o600);
      await rename(made, this.#path);
    } finally {
      await rmdir(directory).catch(() => undefined);
    }
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    const gone = new AbortController();
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      gone.abort(new MoonteeError('CLOSED', 'The caller left'));
    });
    const timer = setTimeout(() => socket.destroy(), REQUEST_TIMEOUT_MS);
    let text = '';
    socket.setEncoding('utf8');
    const onData = (chunk: string): void => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end < 0 && text.length <= MAX_REQUEST) return;
      clearTimeout(timer);
      socket.off('data', onData);
      // What else it sends is not read.
      socket.resume();
      void this.#answer(socket, end < 0 ? '' : text.slice(0, end), gone.signal);
    };
    socket.on('data', onData);
    socket.once('close', () => clearTimeout(timer));
  }

  async #answer(socket: Socket, line: string, signal: AbortSignal): Promise<void> {
    const write = (answer: t.TypeOf<typeof Answer>): void => {
      if (!socket.destroyed) socket.write(`${JSON.stringify(answer)}\n`);
    };
    try {
      const ask = this.#decode(line);
      this.#log.info({ command: ask.command }, 'command received');
      await this.#run(ask, (item) => write({ item }), signal);
      write({ done: true });
    } catch (thrown) {
      const { code, message } = MoonteeError.from(thrown);
      this.#log.warn({ code }, 'command of the command line failed');
      write({ error: message, code });
    }
    socket.end();
  }

  #decode(line: string): ControlCommand {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw new MoonteeError('BAD_REQUEST');
    }
    const decoded = Request.decode(value);
    if (!isRight(decoded)) {
      throw new MoonteeError('BAD_REQUEST', 'The server that runs does not know this command');
    }
    const { file, ask } = decoded.right;
    if (file !== this.#file) {
      throw new MoonteeError(
        'CONFIG_INVALID',
        `The server that runs on this folder keeps its hosts in ${this.#file}, not in ${file}`,
      );
    }
    return ask;
  }
}

/**
 * Takes the folder for this process. If the file system has no locks, a server that answers there
 * is enough to stay away.
 *
 * @param dataPath file of the hosts
 * @throws DATA_IN_USE
 */
export async function takeDataFolder(dataPath: string, log: Log): Promise<FolderLock> {
  const folder = dirname(dataPath);
  const lock = await FolderLock.take(folder, log);
  if (lock.isHeld) return lock;
  const socket = await connectTo(join(folder, FILE));
  if (socket === null) return lock;
  socket.destroy();
  throw new MoonteeError('DATA_IN_USE', `Another Moontee uses the data folder ${folder}`);
}

/**
 * Has the server that owns the folder do it.
 *
 * @param dataPath file of the hosts
 * @param patience milliseconds for all of it; Infinity for what ends only when people do
 * @returns false if no server runs
 * @throws the server's error; TIMEOUT; CLOSED if it ended meanwhile
 */
export async function askServer(
  dataPath: string,
  ask: ControlCommand,
  onItem: (item: ControlItem) => void,
  patience = COMMAND_TIMEOUT_MS,
): Promise<boolean> {
  const socket = await connectTo(join(dirname(dataPath), FILE));
  if (socket === null) return false;
  const late = new AbortController();
  const timer = Number.isFinite(patience) ? setTimeout(() => late.abort(), patience) : undefined;
  try {
    socket.write(`${JSON.stringify({ file: basename(dataPath), ask })}\n`);
    let count = 0;
    for await (const line of createInterface({ input: socket, signal: late.signal })) {
      count += 1;
      if (count > MAX_LINES || line.length > MAX_LINE) break;
      const answer = Answer.decode(parsed(line));
      if (!isRight(answer)) break;
      if ('done' in answer.right) return true;
      if ('error' in answer.right) {
        const { code, error } = answer.right;
        throw new MoonteeError(isErrorCode(code) ? code : 'INTERNAL', error);
      }
      onItem(answer.right.item);
    }
    throw late.signal.aborted
      ? new MoonteeError('TIMEOUT', 'The server did not answer in time')
      : new MoonteeError('CLOSED', 'The server ended before it was done');
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

/** @returns null if nothing listens */
async function connectTo(path: string): Promise<Socket | null> {
  try {
    return await throughFolder(path, async (short) => {
      const socket = connect({ path: short });
      // Once it is open, the end of its lines reports the same.
      socket.on('error', () => undefined);
      try {
        await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
        return socket;
      } catch (error) {
        socket.destroy();
        throw error;
      }
    });
  } catch {
    return null;
  }
}

/** The path of a socket has 107 bytes: folders with longer ones are reached by their descriptor. */
async function throughFolder<T>(path: string, use: (short: string) => Promise<T>): Promise<T> {
  let folder: FileHandle | undefined;
  try {
    folder = await open(dirname(path), 'r');
    return await use(`/proc/self/fd/${folder.fd}/${basename(path)}`);
  } finally {
    await folder?.close();
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
