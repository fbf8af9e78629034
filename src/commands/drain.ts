import { loadConfig } from '../config/load.js';
import { askRunningServer, withFolder } from './data-folder.js';
import type { Invocation } from './invocation.js';
import { print, printJson } from './output.js';

/** Milliseconds for the server to end once nobody is left. */
const END_PATIENCE_MS = 30_000;

const BEGUN = 'The server lets nobody else in. It goes on draining if this command is ended.';

/**
 * `moontee drain [--timeout SECONDS]`: the server lets nobody else in and ends when the last viewer
 * has gone. Resolves when it has ended; a call that is interrupted changes nothing about that.
 */
export async function drain(call: Invocation): Promise<number> {
  const { config } = loadConfig(call.settings);
  const isJson = call.flag('json');
  const seconds = call.number('timeout');
  const timeout = seconds === undefined ? null : Math.round(seconds * 1_000);
  const counts: number[] = [];
  await askRunningServer(
    config,
    { command: 'drain', timeout },
    (item) => {
      if (!('viewers' in item)) return;
      if (counts.length === 0 && !isJson) print(BEGUN);
      counts.push(item.viewers);
      if (isJson) printJson(item);
      else print(item.viewers === 0 ? 'Nobody is left.' : `Viewers that are left: ${item.viewers}`);
    },
    Infinity,
  );
  if (!isJson && counts.at(-1) !== 0) print('They are not waited for any more.');
  // Who owns the folder next can be sure that the server has ended.
  await withFolder(config, () => Promise.resolve(), { patience: END_PATIENCE_MS });
  if (isJson) printJson({ ended: true });
  else print('The server has ended.');
  return 0;
}
