/**
 * Ends as `moontee serve` does. A line on stdin makes a defect: `reject` a rejection that
 * nobody waits for, `throw` an exception that nobody catches. Prints what it does.
 */
import { createInterface } from 'node:readline';
import { untilTold } from '../../src/commands/shutdown.js';
import { createLog, flushLog } from '../../src/core/log.js';

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  if (line === 'reject') void Promise.reject(new Error('lost promise'));
  setTimeout(() => process.stdout.write(`alive after ${line}\n`), 50);
  if (line === 'throw') throw new Error('stray exception');
});
const ended = untilTold(
  () => {
    process.stdout.write('closed\n');
    return Promise.resolve();
  },
  { deadline: 5_000, log: createLog('defects', 'info') },
);
process.stdout.write('ready\n');
const code = await ended;
await flushLog();
process.exit(code);
