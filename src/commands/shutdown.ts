import { flushLog, type Log } from '../core/log.js';

export interface ShutdownOptions {
  /** Milliseconds for `close`. */
  readonly deadline: number;
  readonly log: Log;
  /** Default: SIGTERM, SIGINT. */
  readonly signals?: readonly NodeJS.Signals[];
  /** Resolves if the process is asked to end in another way than by a signal. */
  readonly asked?: Promise<void>;
}

/**
 * Resolves with the exit code once the process was asked to end and `close` is done: 0, or 1 if it
 * took longer than the deadline. A second signal ends at once.
 *
 * An uncaught exception ends the process in the same order, with 1, since the state that it
 * interrupted is in doubt. An unhandled rejection interrupted nothing and is only logged. Both are
 * defects of ours; see ARCHITECTURE.md, "Defects".
 */
export function untilTold(
  close: () => Promise<void>,
  { deadline, log, signals = ['SIGTERM', 'SIGINT'], asked }: ShutdownOptions,
): Promise<number> {
  return new Promise((resolve) => {
    let signalled = false;
    const end = (code: number): void => {
      signalled = true;
      const timer = setTimeout(() => {
        log.error('shutdown took too long');
        void flushLog().finally(() => process.exit(1));
      }, deadline);
      close().then(
        () => {
          clearTimeout(timer);
          resolve(code);
        },
        (error: unknown) => {
          clearTimeout(timer);
          log.error({ err: error }, 'shutdown failed');
          resolve(1);
        },
      );
    };
    for (const signal of signals) {
      process.on(signal, () => {
        if (signalled) process.exit(1);
        log.info({ signal }, 'shutting down');
        end(0);
      });
    }
    void asked?.then(() => {
      if (!signalled) end(0);
    });
    process.on('unhandledRejection', (reason) => {
      log.error({ err: reason }, 'unhandled rejection');
    });
    process.on('uncaughtException', (error) => {
      log.fatal({ err: error }, 'uncaught exception');
      if (!signalled) end(1);
    });
  });
}
