/** How a streamer child is started: what it inherits, what it must not, and its priority. */
import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { setPriority } from 'node:os';
import type { Log } from '../../core/log.js';
import { childEnvironment } from '../../config/child-environment.js';
import { forwardOutput } from './output.js';
import { withLibraries } from './libraries.js';

/**
 * A child ends when the channel to us closes, but one that hangs could not. util-linux makes the
 * kernel kill it when we are gone, in any state.
 */
const SETPRIV = '/usr/bin/setpriv';
const DIE_WITH_PARENT = ['--pdeathsig', 'KILL'];
/** A program that does nothing, and milliseconds for it. */
const NOTHING = '/bin/true';
const PROBE_TIMEOUT_MS = 5_000;

let diesWithParent: boolean | null = null;

/** Tried once: a sandbox may not let it, and other systems have a setpriv that does not know how. */
function canDieWithParent(log: Log): boolean {
  if (diesWithParent !== null) return diesWithParent;
  const { status } = spawnSync(SETPRIV, [...DIE_WITH_PARENT, NOTHING], {
    stdio: 'ignore',
    timeout: PROBE_TIMEOUT_MS,
  });
  diesWithParent = status === 0;
  if (!diesWithParent) {
    log.warn({ program: SETPRIV }, 'a streamer that hangs could outlive a server that is killed');
  }
  return diesWithParent;
}

/**
 * Settings of glibc's allocator; docs/fan-out.md has the figures. Every viewer comes with a dozen
 * threads, and glibc gives new threads an arena each. The leftovers of viewers would be scattered
 * over eight arenas a core, none of which is ever empty. With one arena, threads must not meet in
 * it for every packet, so each keeps a picture's worth of freed packets. By itself glibc keeps
 * seven, of up to 1 kB. The operator's own settings win.
 */
const ALLOCATOR: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '1',
  GLIBC_TUNABLES: 'glibc.malloc.tcache_max=4096:glibc.malloc.tcache_count=64',
};
/**
 * MiB of each half of V8's young generation. Its default of 16 fills up over hours and is never
 * given back; a streamer's allocations are dead after milliseconds.
 */
const HEAP = ['--max-semi-space-size=4'] as const;

/** Has the child find out whether it could serve, and end. */
export const PROBE = '--probe';

/**
 * Starts the child. Media comes before REST: the child gets the wished priority if that is
 * permitted.
 *
 * @param module file URL or path, `.js` or `.ts`
 * @param niceness as of nice(2)
 * @param args of the program
 */
export function launchChild(
  module: string | URL,
  niceness: number,
  log: Log,
  args: readonly string[] = [],
): ChildProcess {
  // A loader of TypeScript comes along; an inspector's port would collide.
  const execArgv = process.execArgv.filter((argument) => !argument.startsWith('--inspect'));
  const child = fork(module, [...args], {
    ...(canDieWithParent(log)
      ? {
          execPath: SETPRIV,
          execArgv: [...DIE_WITH_PARENT, process.execPath, ...HEAP, ...execArgv],
        }
      : { execArgv: [...HEAP, ...execArgv] }),
    env: withLibraries({
      ...ALLOCATOR,
      ...childEnvironment(),
      // Wherever the server has it from.
      MOONTEE_LOG: log.level,
    }),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'json',
  });
  if (child.stderr !== null) forwardOutput(child.stderr);
  if (child.pid !== undefined) prioritise(child.pid, niceness, log);
  return child;
}

/** At once, while it has one thread: threads inherit what the thread that makes them has. */
function prioritise(pid: number, niceness: number, log: Log): void {
  try {
    setPriority(pid, niceness);
  } catch (error) {
    // An ordinary user may only step back. Not worth more than a word: it works all the same.
    log.debug({ err: error, niceness }, 'priority of the streamer process not set');
  }
}
