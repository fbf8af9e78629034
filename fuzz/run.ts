/**
 * `npm run fuzz -- [--target NAME] [--seconds 600] [--seed N]`: fuzzes one target, or all of them
 * one after another, each for so long. Failures are written to .cache/fuzz.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { TARGET_NAMES } from './targets/index.js';
import { watchTarget } from './watch.js';

const { values } = parseArgs({
  options: {
    target: { type: 'string', multiple: true },
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);
const names = values.target ?? TARGET_NAMES;
const unknown = names.find((name) => !TARGET_NAMES.includes(name));
if (unknown !== undefined || !(seconds > 0) || !Number.isInteger(seed)) {
  process.stderr.write(`Targets: ${TARGET_NAMES.join(', ')}\n`);
  process.exit(2);
}

const folder = fileURLToPath(new URL('../.cache/fuzz/', import.meta.url));
mkdirSync(folder, { recursive: true });
let findings = 0;
for (const name of names) {
  const done = await watchTarget({ name, seed, duration: seconds * 1000 }, (input, error) => {
    findings++;
    const id = createHash('sha256').update(input).digest('hex').slice(0, 12);
    const file = `${folder}${name}-${id}`;
    writeFileSync(`${file}.bin`, input);
    writeFileSync(`${file}.txt`, `${error}\n`);
    process.stdout.write(`FINDING ${name}: ${file}.bin\n${error}\n`);
  });
  process.stdout.write(
    done === null
      ? `${name}: hung\n`
      : `${name}: ${done.inputs} inputs, ${done.blocks} blocks, corpus ${done.corpus}, ` +
          `memory ${done.growth.toFixed(1)} MiB, ${done.findings} findings\n`,
  );
}
process.exitCode = findings === 0 ? 0 : 1;
