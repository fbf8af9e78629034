/**
 * A process that logs: on the order `{lines}` so many lines of 1 kB, and it answers when it is
 * through. `exit` ends it as a program ends itself, `fatal` fatally; `block` does to its stderr what
 * others may do who share it.
 */
import { execFileSync } from 'node:child_process';
import { createLog, flushLog, logOutput, surviveLostReaders } from '../../src/core/log.js';

const log = createLog('writer');
const padding = 'x'.repeat(1_000);
let written = 0;

surviveLostReaders();
process.on('message', (order: { lines: number } | 'exit' | 'fatal' | 'block') => {
  if (order === 'block') {
    execFileSync('python3', ['-c', 'import os; os.set_blocking(2, True)'], { stdio: 'inherit' });
    return;
  }
  if (order === 'exit' || order === 'fatal') {
    if (order === 'fatal') log.fatal('the last line');
    else log.info('the last line');
    void flushLog().finally(() => process.exit(order === 'exit' ? 0 : 1));
    return;
  }
  for (let i = 0; i < order.lines; i += 1) {
    written += 1;
    log.info({ padding, written }, 'line');
  }
  process.stdout.write(`${written}\n`);
  process.send?.({ written, dropped: logOutput().dropped });
});
process.send?.('ready');
