/** The command line: finds the command and turns what it throws into text and an exit code. */
import { MoonteeError } from './core/errors.js';
import { surviveLostReaders } from './core/log.js';
import { USAGE, UsageError } from './commands/usage.js';

/** Gets what follows the command's name; resolves with the process's exit code. */
type Command = (args: readonly string[]) => Promise<number>;

/** Loaded on demand, so that the server never loads what only another command needs. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./commands/serve.js')).serve,
  demo: async () => (await import('./commands/demo.js')).demo,
  pair: async () => (await import('./commands/hosts.js')).pair,
  unpair: async () => (await import('./commands/hosts.js')).unpair,
  forget: async () => (await import('./commands/hosts.js')).forget,
  discover: async () => (await import('./commands/discover.js')).discover,
  hosts: async () => (await import('./commands/hosts.js')).hosts,
  apps: async () => (await import('./commands/hosts.js')).apps,
  config: async () => (await import('./commands/config.js')).config,
  pipeline: async () => (await import('./commands/pipeline.js')).pipeline,
  doctor: async () => (await import('./commands/doctor.js')).doctor,
  mcp: async () => (await import('./commands/mcp.js')).mcp,
  'demo-host': async () => (await import('./commands/demo-host.js')).demoHost,
};

async function main(args: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = args;
  if (name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(USAGE);
    return 0;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!load) throw new UsageError(`Unknown command '${name}'.`);
  const command = await load();
  return command(rest);
}

/** parseArgs marks its errors with such codes. */
function isArgumentError(error: unknown): error is Error {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('ERR_PARSE_ARGS')
  );
}

surviveLostReaders();
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError || isArgumentError(error)) {
    process.stderr.write(`moontee: ${error.message}\nSee 'moontee help'.\n`);
    process.exitCode = 2;
  } else if (error instanceof MoonteeError) {
    process.stderr.write(`moontee: ${error.message} (${error.code})\n`);
    process.exitCode = 1;
  } else {
    throw error;
  }
}
