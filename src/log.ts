import { destination, pino, type Logger } from 'pino';

export type Log = Logger;

/** Keys whose values never reach a log line, wherever they stand in an object. */
const SECRET_KEYS = [
  'credentials',
  'credential',
  'authorization',
  'rikey',
  'pin',
  'password',
  'private_key_pem',
  'client_private_key_pem',
  'privateKeyPem',
];

/**
 * The process's logger: one JSON line an event, on stderr, so that stdout stays free for
 * what a command prints.
 *
 * @param level pino level; default `MOONTEE_LOG` or `info`
 */
export function createLog(name: string, level = process.env['MOONTEE_LOG'] ?? 'info'): Log {
  return pino(
    {
      name,
      level,
      base: { name },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]),
        censor: '[redacted]',
      },
    },
    destination({ fd: 2, sync: true }),
  );
}

/** A logger that says nothing, for tests and libraries that were given none. */
export function silentLog(): Log {
  return pino({ level: 'silent' });
}
