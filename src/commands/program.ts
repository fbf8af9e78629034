/** All commands with their arguments and options; what they do is loaded when they run. */
import { Command, CommanderError } from 'commander';
import { nearest, suggestion } from '../core/nearest.js';
import { packageVersion } from '../core/package-version.js';
import { declareHosts } from './declare/hosts.js';
import { declareMachine } from './declare/machine.js';
import { declareServer } from './declare/server.js';
import { declareStreamers } from './declare/streamers.js';
import { declareTools } from './declare/tools.js';
import { Invocation } from './invocation.js';
import { UsageError } from './usage.js';

/** Resolves with the process's exit code. */
type Run = (call: Invocation) => Promise<number>;
export type Attach = (command: Command, load: () => Promise<Run>) => Command;

/** Columns of the help, whatever the terminal has: a page of the documentation is made of it. */
const HELP_WIDTH = 96;

const INTRODUCTION =
  'Moontee keeps one Moonlight session alive and shows it to any number of browsers.';

/** @param end gets the exit code of the command that ran */
export function createProgram(end: (exitCode: number) => void): Command {
  const attach: Attach = (command, load) =>
    command.action(async () => {
      const run = await load();
      end(await run(new Invocation(command)));
    });
  const program = new Command('moontee')
    .description(INTRODUCTION)
    .usage('COMMAND [OPTION …]')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this; after a command, its help')
    // `help COMMAND` is taken care of below, for commands of several words too.
    .helpCommand(false)
    .enablePositionalOptions()
    .showSuggestionAfterError(false)
    .configureOutput({
      getOutHelpWidth: () => HELP_WIDTH,
      getErrHelpWidth: () => HELP_WIDTH,
      // What throws is printed by who catches it.
      outputError: () => undefined,
      writeErr: () => undefined,
    })
    .configureHelp({ subcommandTerm: termOf })
    .addHelpText('after', '\n"moontee help COMMAND" says more about one of them.');
  declareServer(program, attach);
  declareStreamers(program, attach);
  declareHosts(program, attach);
  declareMachine(program, attach);
  declareTools(program, attach);
  for (const command of withSubcommands(program)) {
    if (command !== program) command.helpOption('-h, --help', 'print this');
    refineErrors(command);
  }
  return program;
}

/**
 * Runs what the command line says.
 *
 * @param args what follows the program's name
 * @returns the exit code
 * @throws UsageError, and what commands throw
 */
export async function runProgram(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = createProgram((code) => (exitCode = code));
  const [first, ...rest] = args;
  // `help config init` is `config init --help`.
  const words = first === undefined ? ['--help'] : first === 'help' ? [...rest, '--help'] : args;
  assertCommand(program, words);
  try {
    await program.parseAsync([...words], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error;
    // Help, or the version, was printed.
  }
  return exitCode;
}

/** A command and all below it, each behind its parent. */
export function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

/** `config init`; empty for all of them. */
export function wordsOf(command: Command): string {
  if (command.parent === null) return '';
  return `${wordsOf(command.parent)} ${command.name()}`.trim();
}

/** The library would print help for it. */
function assertCommand(program: Command, words: readonly string[]): void {
  let command = program;
  for (const word of words) {
    if (word.startsWith('-') || command.commands.length === 0) return;
    const next = command.commands.find((each) => each.name() === word);
    // `doctor` has both: arguments of its own are for the library to refuse.
    if (next === undefined && command.registeredArguments.length > 0) return;
    if (next === undefined) {
      const known = command.commands.map((each) => each.name());
      const what = `unknown command '${[wordsOf(command), word].join(' ').trim()}'`;
      throw new UsageError(`${what}${suggestion(word, known)}`, wordsOf(command));
    }
    command = next;
  }
}

function termOf(command: Command): string {
  const operands = command.registeredArguments.map((argument) => {
    const name = argument.name() + (argument.variadic ? '...' : '');
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [command.name(), ...operands].join(' ');
}

/** What the library refuses is told in our form, with the names of options that are not listed. */
function refineErrors(command: Command): void {
  command.exitOverride((error) => {
    if (error.exitCode === 0) throw error;
    if (error.code === 'commander.help') {
      const names = command.commands.map((each) => each.name()).join(', ');
      throw new UsageError(`${wordsOf(command)} takes one of: ${names}`, wordsOf(command));
    }
    const message = error.message.replace(/^error: /, '');
    const [, option = ''] = /unknown option '(--[^'=]+)/.exec(message) ?? [];
    const known = command.options.flatMap(({ long }) => long ?? []);
    const meant = option === '' ? null : nearest(option, known);
    const hint = meant === null ? '' : `; did you mean ${meant}?`;
    throw new UsageError(`${message}${hint}`, wordsOf(command));
  });
}
