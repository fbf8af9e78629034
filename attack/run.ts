/**
 * `npm run attack -- [--minutes 12] [--seed 1] [--only TEXT]`: attacks a server of its own on the
 * loopback network and prints a table. Ends with 1 at any way in, any end of a process, or a
 * healthy viewer with less than 95 % of its frames.
 */
import { parseArgs } from 'node:util';
import { ATTACKS, FULL_MINUTES, runCampaign } from './campaign.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: String(FULL_MINUTES) },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
const attacks = ATTACKS.filter(({ name }) => name.includes(values.only));
if (!(minutes > 0) || !Number.isInteger(seed) || attacks.length === 0) {
  process.stderr.write(`Attacks:\n${ATTACKS.map(({ name }) => `  ${name}\n`).join('')}`);
  process.exit(2);
}

const width = Math.max(...attacks.map(({ name }) => name.length));
const isClean = await runCampaign({
  attacks,
  picture: 'clip',
  minutes,
  seed,
  onOutcome({ attack, tried, findings, note }) {
    const verdict = findings.length === 0 ? 'held ' : 'FOUND';
    process.stdout.write(
      `${attack.padEnd(width)}  ${String(tried).padStart(8)}  ${verdict}  ${note}\n`,
    );
    for (const finding of findings) process.stdout.write(`    ${finding}\n`);
  },
});
process.exit(isClean ? 0 : 1);
