import { Option, type Command } from 'commander';
import { configOption, hostIdFrom, jsonOption, pinFrom, secondsUpTo } from '../options.js';
import type { Attach } from '../program.js';

const HOST_ID = 'as "moontee hosts" lists it';

const BESIDE_A_SERVER = `
If a server runs on the data folder, the server does it; otherwise this command does.`;

export function declareHosts(program: Command, attach: Attach): void {
  program.commandsGroup('Hosts:');
  attach(
    program
      .command('discover')
      .description('list hosts that announce themselves in this network')
      .addOption(
        new Option('--seconds <number>', 'how long to listen; default: 3').argParser(
          secondsUpTo(60),
        ),
      )
      .addOption(jsonOption()),
    async () => (await import('../discover.js')).discover,
  );
  const declare = (words: string, description: string): Command =>
    program
      .command(words)
      .description(description)
      .addOption(configOption())
      .addOption(jsonOption())
      .addHelpText('after', BESIDE_A_SERVER);
  attach(
    declare('pair', 'add a GameStream host and pair with it')
      .argument('<address>', 'of the host, with :PORT if it is not 47989')
      .addOption(
        new Option(
          '--pin <digits>',
          'four digits to enter on the host; default: pairing_pin, or random',
        ).argParser(pinFrom),
      ),
    async () => (await import('../hosts.js')).pair,
  );
  attach(
    declare('hosts', 'list the hosts that are known'),
    async () => (await import('../hosts.js')).hosts,
  );
  attach(
    declare('apps', 'list the apps of a host').argument('<host-id>', HOST_ID, hostIdFrom),
    async () => (await import('../hosts.js')).apps,
  );
  attach(
    declare('wake', 'wake a host by its network card').argument('<host-id>', HOST_ID, hostIdFrom),
    async () => (await import('../hosts.js')).wake,
  );
  attach(
    declare('unpair', 'forget the pairing with a host').argument('<host-id>', HOST_ID, hostIdFrom),
    async () => (await import('../hosts.js')).unpair,
  );
  attach(
    declare('forget', 'forget a host with its pairings').argument('<host-id>', HOST_ID, hostIdFrom),
    async () => (await import('../hosts.js')).forget,
  );
}
