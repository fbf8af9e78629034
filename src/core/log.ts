import { levels, pino, type Bindings, type Logger } from 'pino';
import { LogOutput, type LogSettings } from './log-output.js';
import { loggable, withoutUserInfo } from './log-values.js';

export type Log = Logger;

/** Milliseconds that the last lines of a process get. */
const FLUSH_DEADLINE_MS = 500;

let current: LogOutput | null = null;

/** For what is logged from now on. @throws the operating system's error about the file */
export function configureLog(settings: LogSettings): void {
  current?.flushSync();
  current = new LogOutput(settings);
}

/**
 * The process's logger: one line an event, on stderr, so that stdout stays free for what a
 * command prints. It never waits for its reader.
 *
 * @param level pino level; default `MOONTEE_LOG`, or `info` if that is not a level
 */
export function createLog(name: string, level = environmentLevel()): Log {
  return createLogTo(logOutput(), name, level);
}

/** The variable may be meant for another program, whose levels have other names. */
function environmentLevel(): string {
  const level = process.env['MOONTEE_LOG'] ?? '';
  return level === 'silent' || Object.hasOwn(levels.values, level) ? level : 'info';
}

/** As {@link createLog}, for lines that go elsewhere. */
export function createLogTo(
  output: { write(line: string): void; flushSync?(): void },
  name: string,
  level = 'info',
): Log {
  const log = pino(
    {
      name,
      level,
      base: { name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { log: loggable },
      serializers: { err: (shown: unknown) => shown },
      // The facts have been seen to; the words of a line may be those of an error.
      hooks: { streamWrite: withoutUserInfo },
    },
    output,
  );
  // Formatters are not asked about what a child of the logger is bound to; its children inherit this.
  const child: unknown = Reflect.get(log, 'child');
  Object.defineProperty(log, 'child', {
    value(this: Log, bindings: Bindings, ...rest: unknown[]): Log {
      return Reflect.apply(child as () => Log, this, [loggable(bindings), ...rest]) as Log;
    },
  });
  return log;
}

/** Where the lines of this process go to, and those of its children. */
export function logOutput(): LogOutput {
  current ??= new LogOutput({ format: 'auto', file: null });
  return current;
}

/** Gives the last lines their time; to be awaited before a process ends itself. */
export async function flushLog(): Promise<void> {
  await current?.flush(FLUSH_DEADLINE_MS);
}

/**
 * The reader of our output may go. What a command prints then is lost, which must not end the
 * process. Without a listener, Node throws the error.
 */
export function surviveLostReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** A logger that writes nothing, for tests and libraries that were given none. */
export function silentLog(): Log {
  return pino({ level: 'silent' });
}
