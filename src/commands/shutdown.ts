import { flushLog, type Log } from '../log.js';

/**
 * Resolves with the exit code once the process was told to end (SIGTERM, SIGINT, SIGHUP) and
 * `close` is done: 0, or 1 where it took longer than `deadline` milliseconds. A second signal
 * ends at once.
 */
export function untilTold(close: () => Promise<void>, deadline: number, log: Log): Promise<number> {
  return new Promise((resolve) => {
    let told = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (told) process.exit(1);
      told = true;
      log.info({ signal }, 'ending');
      const timer = setTimeout(() => {
        log.error('ending took too long');
        void flushLog().finally(() => process.exit(1));
      }, deadline);
      close().then(
        () => {
          clearTimeout(timer);
          resolve(0);
        },
        (error: unknown) => {
          log.error({ err: error }, 'ending failed');
          resolve(1);
        },
      );
    };
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, onSignal);
  });
}
