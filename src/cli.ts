/** The command line: runs a command and turns what it throws into text and an exit code. */
import { MoonteeError } from './core/errors.js';
import { surviveLostReaders } from './core/log.js';
import { runProgram } from './commands/program.js';
import { remedyOf } from './commands/remedies.js';
import { UsageError } from './commands/usage.js';

surviveLostReaders();
try {
  process.exitCode = await runProgram(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    const help = `moontee ${error.command}`.trim();
    process.stderr.write(`moontee: ${error.message}\nSee '${help} --help'.\n`);
    process.exitCode = 2;
  } else if (error instanceof MoonteeError) {
    process.stderr.write(`moontee: ${error.message} (${error.code})\n${remedyOf(error.code)}\n`);
    process.exitCode = 1;
  } else {
    throw error;
  }
}
