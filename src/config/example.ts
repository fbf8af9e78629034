import { GROUPS } from './groups.js';
import { KEYS, type ConfigKey } from './schema.js';

/** Columns of a comment. */
const WIDTH = 96;

const HEAD = [
  "Moontee's configuration: JSON with comments. Every key is commented out and shows its default.",
  'Remove the // in front of those that you change. "moontee config check" says whether it is valid.',
];

/** A configuration that changes nothing, with every key explained. */
export function exampleConfig(): string {
  const lines = [...HEAD.map((line) => `// ${line}`), '{'];
  for (const { title, keys } of GROUPS) {
    lines.push(`  // --- ${title} ${'-'.repeat(Math.max(0, WIDTH - title.length - 9))}`, '');
    for (const name of keys) lines.push(...explained(name), '');
  }
  lines.pop();
  return [...lines, '}', ''].join('\n');
}

function explained(name: ConfigKey): string[] {
  const { codec, doc, fallback } = KEYS[name];
  const words = `${doc} Must be ${codec.name}.`;
  return [
    ...wrapped(words, WIDTH - 5).map((line) => `  // ${line}`),
    `  // "${name}": ${JSON.stringify(fallback)},`,
  ];
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
