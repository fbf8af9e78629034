import type { Command } from 'commander';
import { USAGE } from '../../demo-host/usage.js';
import type { Attach } from '../program.js';
import { UsageError } from '../usage.js';

export function declareTools(program: Command, attach: Attach): void {
  program.commandsGroup('Tools:');
  attach(
    program
      .command('mcp')
      .description('serve tools for an agent that looks and acts, over standard input and output')
      .requiredOption('--url <url>', 'where the server is')
      .option('--token <token>', 'of the agent; other users can read it here')
      .option('--token-file <file>', 'file whose first line is the token; default: MOONTEE_TOKEN')
      .option('--streamer <id>', 'the only one that the agent sees'),
    async () => (await import('../mcp.js')).mcp,
  );
  attach(
    program
      .command('demo-host')
      .description('run the built-in GameStream host alone')
      .argument('[option...]')
      .allowUnknownOption()
      .passThroughOptions()
      .configureHelp({ formatHelp: () => USAGE }),
    async () => (await import('../demo-host.js')).demoHost,
  );
  for (const [name, description] of [
    ['test', 'run the tests; it takes arguments of ava'],
    ['bench', 'run a benchmark; bench/README.md lists them'],
  ] as const) {
    attach(
      program
        .command(name)
        .description(description)
        .argument('[argument...]')
        .allowUnknownOption()
        .passThroughOptions(),
      () => Promise.resolve(() => Promise.reject(onlyInSources(name))),
    );
  }
}

/** The launcher of the sources runs them, and never gets here. */
function onlyInSources(name: string): UsageError {
  return new UsageError(`${name} is there in a clone of the sources only: ./moontee ${name}`);
}
