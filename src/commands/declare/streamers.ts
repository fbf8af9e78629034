import type { Command } from 'commander';
import { configOption, hostIdFrom, integerFrom, jsonOption } from '../options.js';
import type { Attach } from '../program.js';
import { CREATE_OPTIONS } from '../streamer-options.js';

/** App ids have 32 bits, with or without a sign. */
const MIN_APP_ID = -0x8000_0000;
const MAX_APP_ID = 0xffff_ffff;

export function declareStreamers(program: Command, attach: Attach): void {
  program.commandsGroup('Streamers:');
  const streamers = program
    .command('streamers')
    .description('list, create or delete streamers of the running server');
  const declare = (words: string, description: string): Command =>
    streamers
      .command(words)
      .description(description)
      .addOption(configOption())
      .addOption(jsonOption());
  attach(declare('list', 'list all of them'), async () => (await import('../streamers.js')).list);
  const create = declare('create', 'start a session with a host, for any number of viewers')
    .argument('<host-id>', 'as "moontee hosts" lists it', hostIdFrom)
    .argument(
      '<app-id>',
      'as "moontee apps HOST_ID" lists it',
      integerFrom(MIN_APP_ID, MAX_APP_ID),
    );
  for (const { option } of CREATE_OPTIONS) create.addOption(option);
  attach(create, async () => (await import('../streamers.js')).create);
  attach(
    declare('delete', 'end one: its viewers, its session, and its app on the host')
      .argument('<id>')
      .option('--keep-app', 'leave the app running on the host'),
    async () => (await import('../streamers.js')).remove,
  );
}
