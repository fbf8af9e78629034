import { access, constants } from 'node:fs/promises';
import type { Routes } from '../http/routes.js';
import type { Health, Readiness } from '../protocol/rest-models.js';
import type { Doors } from '../streamer/doors.js';
import type { StreamerRegistry } from '../streamer/registry.js';

export interface ReadinessOptions {
  readonly streamers: StreamerRegistry;
  readonly doors: Doors;
  /** Of the data, and whether it can be written. */
  readonly folder: string;
  readonly isWritable: boolean;
  /** Whether streamer processes can be started; never rejects. */
  readonly workerWorks: () => Promise<boolean>;
}

/** Whether the server can serve somebody who comes now. */
export class ReadinessCheck {
  readonly #options: ReadinessOptions;

  constructor(options: ReadinessOptions) {
    this.#options = options;
  }

  async look(): Promise<Readiness> {
    const { doors } = this.#options;
    const reasons: Readiness['reasons'] = [
      ...(doors.isOpen ? [] : (['draining'] as const)),
      ...((await this.#hasData()) ? [] : (['data_folder'] as const)),
      ...((await this.#hasWorkers()) ? [] : (['streamer_process'] as const)),
    ];
    return { status: reasons.length === 0 ? 'ready' : 'not_ready', reasons };
  }

  async #hasData(): Promise<boolean> {
    const { folder, isWritable } = this.#options;
    const mode = isWritable ? constants.R_OK | constants.W_OK : constants.R_OK;
    return access(folder, mode).then(
      () => true,
      () => false,
    );
  }

  async #hasWorkers(): Promise<boolean> {
    const { streamers, workerWorks } = this.#options;
    // One that runs is proof enough.
    return streamers.list().some(({ status }) => status === 'active') || workerWorks();
  }
}

/** For load balancers and supervisors, which have no credentials. */
export function healthRoutes(
  routes: Routes,
  { readiness }: { readonly readiness: ReadinessCheck },
): void {
  routes.get('/healthz', 'open', (context) => {
    const health: Health = { status: 'ok' };
    context.set('Cache-Control', 'no-store');
    context.body = health;
  });

  routes.get('/readyz', 'open', async (context) => {
    const answer = await readiness.look();
    context.set('Cache-Control', 'no-store');
    context.status = answer.status === 'ready' ? 200 : 503;
    context.body = answer;
  });
}
