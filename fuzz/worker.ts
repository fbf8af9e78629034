/** One target in a thread of its own, so that an observer can end it if it hangs. */
import { parentPort, workerData } from 'node:worker_threads';
import { runCampaign } from './campaign.js';
import { MAX_INPUT } from './mutate.js';
import { openTarget } from './targets/index.js';
import { HEADER, type WorkerOrder, type WorkerReport } from './watch.js';

const { name, seed, duration, shared } = workerData as WorkerOrder;
const header = new Int32Array(shared, 0, HEADER.WORDS);
const current = new Uint8Array(shared, HEADER.WORDS * Int32Array.BYTES_PER_ELEMENT, MAX_INPUT);
const report = (message: WorkerReport): void => parentPort?.postMessage(message);

const target = await openTarget(name);
const { findings, corpus, ...figures } = await runCampaign({
  target,
  seed,
  duration,
  before: (input) => {
    current.set(input.subarray(0, MAX_INPUT));
    header[HEADER.LENGTH] = Math.min(input.length, MAX_INPUT);
    Atomics.add(header, HEADER.COUNT, 1);
  },
  found: ({ input, error }) => report({ type: 'finding', input: input.toString('base64'), error }),
});
await target.close?.();
report({ type: 'done', ...figures, corpus: corpus.length, findings: findings.length });
