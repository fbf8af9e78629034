/**
 * `npm run bench -- NAME [--json] [--quick] [--minutes N] [--seed N] [--joins N]`: runs one benchmark and
 * prints its figures as a table, or as JSON.
 */
import { parseArgs } from 'node:util';
import type { Benchmark } from './benchmark.js';

const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  receive: async () => (await import('./receive.js')).receive,
  floor: async () => (await import('./floor.js')).floor,
  join: async () => (await import('./join.js')).join,
  input: async () => (await import('./input.js')).input,
  latency: async () => (await import('./latency.js')).latency,
  fanout: async () => (await import('./fanout.js')).fanout,
  glass: async () => (await import('./glass.js')).glass,
  limit: async () => (await import('./fanout.js')).limit,
  isolation: async () => (await import('./isolation.js')).isolation,
  crowd: async () => (await import('./crowd.js')).crowd,
  churn: async () => (await import('./churn.js')).churn,
  ways: async () => (await import('./ways.js')).ways,
  recording: async () => (await import('./recording.js')).recording,
  chaos: async () => (await import('./chaos.js')).chaos,
  soak: async () => (await import('./soak.js')).soak,
  'soak-runs': async () => (await import('./soak.js')).soakRuns,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    joins: { type: 'string' },
  },
});
const [name = ''] = positionals;
const number = (name: 'minutes' | 'seed' | 'joins'): Partial<Record<typeof name, number>> => {
  const text = values[name];
  if (text === undefined) return {};
  const value = Number(text);
  if (!(value > 0)) throw new RangeError(`--${name} is a positive number`);
  return { [name]: value };
};
const load = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
if (load) {
  const benchmark = await load();
  const { rows, notes } = await benchmark.run({
    quick: values.quick,
    ...number('minutes'),
    ...number('seed'),
    ...number('joins'),
  });
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ name, rows, notes }, null, 2)}\n`);
  } else {
    process.stdout.write(`${benchmark.name}: ${benchmark.description}\n\n${table(rows)}\n`);
    for (const note of notes) process.stdout.write(`${note}\n`);
  }
} else {
  process.stderr.write(`Benchmarks: ${Object.keys(BENCHMARKS).join(', ')}\n`);
  process.exitCode = 2;
}

/** Rows as aligned columns; numbers to the right. */
function table(rows: readonly Readonly<Record<string, string | number>>[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cell = (value: string | number | undefined): string =>
    typeof value === 'number' ? String(Math.round(value * 100) / 100) : (value ?? '');
  const widths = columns.map((column) =>
    Math.max(column.length, ...rows.map((row) => cell(row[column]).length)),
  );
  const line = (cells: readonly string[]): string =>
    cells.map((text, i) => text.padStart(widths[i] ?? 0)).join('  ');
  const lines = rows.map((row) => line(columns.map((column) => cell(row[column]))));
  return [line(columns), ...lines, ''].join('\n');
}
