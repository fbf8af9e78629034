import { Worker } from 'node:worker_threads';
import { threadModule } from '../test/support/typescript.js';
import { MAX_INPUT } from './mutate.js';

/** Numbers at the start of the memory that both threads see; the input follows. */
export const HEADER = { COUNT: 0, LENGTH: 1, WORDS: 2 } as const;

export interface WorkerOrder {
  readonly name: string;
  readonly seed: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly shared: SharedArrayBuffer;
}

export type WorkerReport =
  | { readonly type: 'finding'; readonly input: string; readonly error: string }
  | {
      readonly type: 'done';
      readonly inputs: number;
      readonly blocks: number;
      readonly corpus: number;
      readonly findings: number;
      readonly growth: number;
    };

const WORKER = new URL('./worker.ts', import.meta.url).href;
const BOOTSTRAP = threadModule(`await import(${JSON.stringify(WORKER)});`);

/** Milliseconds without a new input after which a target hangs. */
const HANG = 60_000;

/**
 * Fuzzes one target in a thread, and ends it if it hangs.
 *
 * @returns its result, or null if it did not come back
 */
export async function watchTarget(
  order: Omit<WorkerOrder, 'shared'>,
  found: (input: Buffer, error: string) => void,
): Promise<Extract<WorkerReport, { type: 'done' }> | null> {
  const shared = new SharedArrayBuffer(HEADER.WORDS * Int32Array.BYTES_PER_ELEMENT + MAX_INPUT);
  const header = new Int32Array(shared, 0, HEADER.WORDS);
  const worker = new Worker(BOOTSTRAP, {
    workerData: { ...order, shared } satisfies WorkerOrder,
  });
  let count = -1;
  let hung: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      hung = setInterval(() => {
        const now = Atomics.load(header, HEADER.COUNT);
        if (now !== count) {
          count = now;
          return;
        }
        const offset = HEADER.WORDS * Int32Array.BYTES_PER_ELEMENT;
        found(
          Buffer.from(new Uint8Array(shared, offset, header[HEADER.LENGTH] ?? 0)),
          `It did not come back in ${HANG} ms`,
        );
        resolve(null);
      }, HANG);
      worker.on('message', (message: WorkerReport) => {
        if (message.type === 'done') resolve(message);
        else found(Buffer.from(message.input, 'base64'), message.error);
      });
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error(`${order.name} ended without a report`)));
    });
  } finally {
    clearInterval(hung);
    worker.removeAllListeners();
    await worker.terminate();
  }
}
