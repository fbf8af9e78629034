/** Whether viewers that come and go leave threads or descriptors behind in this process. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import { gstRuntime } from '../../src/gst/runtime.js';
import { census, type Census } from './census.js';
import { until } from './until.js';

/** What may come and go for other reasons. */
const SLACK = 6;
/** Collections until the counts of a first round are those of a process at rest. */
const COLLECTIONS = 40;

async function collected(): Promise<Census> {
  gstRuntime().collector.now();
  await delay(100);
  return census();
}

/** @param cycles lets so many come and go, and resolves when they have gone */
export async function nothingStays(
  t: ExecutionContext,
  cycles: (count: number) => Promise<void>,
  count: number,
): Promise<void> {
  await cycles(6);
  for (let round = 0; round < COLLECTIONS; round += 1) await collected();
  const before = await collected();
  await cycles(count);
  const after = await until('threads and descriptors are back', async () => {
    const now = await collected();
    const isBack =
      now.threads <= before.threads + SLACK && now.descriptors <= before.descriptors + SLACK;
    return isBack && now;
  });
  t.log({ before, after });
}
