import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'ava';
import { threadStates } from '../../src/streamer/supervisor/thread-states.js';
import { until } from '../support/until.js';

test('a process that sleeps, spins or was stopped', async (t) => {
  // A process of several threads, whose main thread spins once it is told to.
  const child = spawn(process.execPath, [
    '-e',
    "process.stdin.once('data', () => { for (;;); }); console.log('ready')",
  ]);
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const pid = child.pid ?? 0;
  const main = (): string => threadStates(pid)[0] ?? '';
  await until('it sleeps', () => main().startsWith('main S'));
  t.true(threadStates(pid).length > 1);
  t.regex(threadStates(pid)[1] ?? '', /^\d+ \S.* [RSDT]/);
  child.stdin.write('go\n');
  await until('it spins', () => main().startsWith('main R'));
  child.kill('SIGSTOP');
  await until('it is stopped', () => main().startsWith('main T'));
  child.kill('SIGKILL');
  await once(child, 'exit');
  t.deepEqual(threadStates(pid), []);
});
