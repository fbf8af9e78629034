import { Option, type Command } from 'commander';
import { addSettings, configOption, integerFrom, jsonOption, secondsUpTo } from '../options.js';
import type { Attach } from '../program.js';

/** Seconds: a week. */
const MAX_DRAIN_S = 604_800;

export function declareServer(program: Command, attach: Attach): void {
  program.commandsGroup('Server:');
  attach(
    addSettings(program.command('serve').description('run the server')),
    async () => (await import('../serve.js')).serve,
  );
  attach(
    addSettings(
      program
        .command('demo')
        .description('run a server with a built-in host, to see what it does')
        .addOption(
          new Option('--port <number>', 'where to listen; 0: any free port').argParser(
            integerFrom(0, 65_535),
          ),
        )
        .option('--input-log <file>', 'append a JSON line for every input event of the host')
        .option('--verbose', 'log to the terminal instead of a file'),
    ),
    async () => (await import('../demo.js')).demo,
  );
  attach(
    program
      .command('drain')
      .description('let nobody else in, and end the server when the last viewer has gone')
      .addOption(
        new Option(
          '--timeout <seconds>',
          'end it after that time in any case; default: wait',
        ).argParser(secondsUpTo(MAX_DRAIN_S)),
      )
      .addOption(configOption())
      .addOption(jsonOption()),
    async () => (await import('../drain.js')).drain,
  );
  declareBackup(program, attach);
}

function declareBackup(program: Command, attach: Attach): void {
  attach(
    program
      .command('backup')
      .description('write hosts, pairings, streamers and tokens into one file; a server may run')
      .argument('<file>', 'a new one; it will hold private keys')
      .addOption(configOption())
      .addOption(jsonOption()),
    async () => (await import('../backup.js')).backup,
  );
  attach(
    program
      .command('restore')
      .description('put a backup in the place of the data; no server may run')
      .argument('<file>', 'that "moontee backup" wrote')
      .addOption(configOption())
      .addOption(jsonOption()),
    async () => (await import('../backup.js')).restore,
  );
}
