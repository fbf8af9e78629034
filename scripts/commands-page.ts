/** docs/commands.md, made from the declarations of the commands. `./moontee` prints its blocks as help. */
import { createProgram, withSubcommands, wordsOf } from '../src/commands/program.js';

const INTRODUCTION = `# Commands

What \`moontee help\` and \`moontee COMMAND --help\` print; neither installs or starts anything. In a clone the
program is \`./moontee\`. [Operation](operation.md) tells what to use when.

- An option's value follows it (\`--port 8081\`) or is part of the word (\`--port=8081\`).
- Exit codes: 0, it is done; 1, it failed, and the message says why and what to do; 2, the command line was wrong.
- \`--json\` prints one JSON value, or one a line where a command reports more than one thing.

`;

export function documentCommands(): string {
  const program = createProgram(() => undefined);
  const sections = withSubcommands(program).map((command) => {
    const title = `moontee ${wordsOf(command)}`.trim();
    let text = '';
    command.configureOutput({ writeOut: (part) => (text += part) });
    command.outputHelp();
    return `## ${title}\n\n\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`;
  });
  return INTRODUCTION + sections.join('\n');
}
