import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../src/moonlight/random.js';
import { descendantsNamed } from '../test/support/process-table.js';
import { ReceiverProcess } from '../test/support/receiver.js';
import { until } from '../test/support/until.js';
import type { Benchmark } from './benchmark.js';
import { ChaosHost } from './support/chaos-host.js';
import { ChaosServer, type ServerHost } from './support/chaos-server.js';
import { visit } from './support/chaos-viewer.js';
import { median, quantile, round } from './support/statistics.js';
import type { Footprint } from './support/usage.js';

const MINUTES = 30;
const QUICK_MINUTES = 1;
const DEFAULT_SEED = 1;
/** Milliseconds of trouble between two rests, and between two actions. */
const ROUND = 120_000;
const QUICK_ROUND = 25_000;
const LONGEST_PAUSE_MS = 700;

const HOSTS = 2;
const MOST_STREAMERS = 4;
const MOST_VISITS = 8;
const MALICIOUS = 0.1;

/** What happens next, and its share of 100. */
const ACTIONS = {
  join: 68,
  create: 12,
  delete: 10,
  'stop a streamer for a moment': 5,
  'stop a streamer for good': 1,
  'kill a streamer': 3,
  'kill a host': 1,
} as const;
type Action = keyof typeof ACTIONS;

/** Milliseconds. */
const SHORT_STOP = 1_500;
const LONGEST_OUTAGE_MS = 15_000;
/** That everything has to come to rest after a round. */
const REST_PATIENCE_MS = 120_000;
/** After the last streamer has gone, for sockets and timers that end by themselves. */
const SETTLE_MS = 5_000;

/** By how much a median may grow from the first half of the rests to the second. */
const FLAT = { threads: 1, descriptors: 4, rss: 10 } as const;

interface Rest extends Footprint {
  readonly minute: number;
  readonly actions: number;
}

/**
 * Random joins, some of them malicious, creates and deletes, streamers that are stopped or killed,
 * and hosts that die. In between everything is ended, and registry, processes and hosts must agree.
 */
export const chaos: Benchmark = {
  name: 'chaos',
  description:
    'random joins (one in ten malicious), creates, deletes, stopped and killed streamers, dying hosts (seeded)',
  async run({ quick, minutes = quick ? QUICK_MINUTES : MINUTES, seed = DEFAULT_SEED }) {
    const world = await World.start(seed);
    const rests: Rest[] = [];
    const begin = performance.now();
    let failure = '';
    try {
      while (failure === '' && performance.now() - begin < minutes * 60_000) {
        try {
          await world.trouble(quick ? QUICK_ROUND : ROUND);
          const held = await world.rest();
          const minute = round((performance.now() - begin) / 60_000, 1);
          rests.push({ ...held, minute, actions: world.actions });
          process.stderr.write(`${JSON.stringify(rowOf(rests.at(-1)))}\n`);
        } catch (error) {
          failure = `FAILED after ${world.actions} actions: ${String(error)}`;
          process.exitCode = 1;
        }
      }
      const { times } = world.server;
      return {
        rows: rests.map(rowOf),
        notes: [
          ...(failure === '' ? [] : [failure]),
          `seed ${seed}; ${world.summary()}`,
          verdict(rests),
          `REST: ${times.length} requests, median ${round(median(times), 0)} ms, p99 ${round(quantile(times, 0.99), 0)} ms, longest ${round(Math.max(...times), 0)} ms (creates wait for the host)`,
          'Each row is the server process without garbage and with no streamer left: none in the registry, no process below it, no app running on a host.',
        ],
      };
    } finally {
      await world.stop();
    }
  },
};

function rowOf(rest: Rest | undefined): Record<string, number> {
  if (!rest) return {};
  const { minute, actions, threads, descriptors, rss } = rest;
  return { minute, actions, threads, descriptors, 'rss MiB': round(rss, 1) };
}

/** From the second row on: the first round loads code and fills pools. */
function verdict(rests: readonly Rest[]): string {
  const settled = rests.slice(1);
  if (settled.length < 4) return 'too few rests to say whether it is flat';
  const half = Math.floor(settled.length / 2);
  const growth = (field: keyof Footprint): number =>
    median(settled.slice(-half).map((rest) => rest[field])) -
    median(settled.slice(0, half).map((rest) => rest[field]));
  const [threads, descriptors, rss] = [growth('threads'), growth('descriptors'), growth('rss')];
  const flat = threads <= FLAT.threads && descriptors <= FLAT.descriptors && rss <= FLAT.rss;
  if (!flat) process.exitCode = 1;
  return `${flat ? 'flat' : 'NOT FLAT'}: second half against first half (medians): threads ${threads}, descriptors ${descriptors}, rss ${round(rss, 1)} MiB`;
}

class World {
  actions = 0;
  readonly server: ChaosServer;
  readonly #hosts: readonly ChaosHost[];
  readonly #known: readonly ServerHost[];
  #receivers: ReceiverProcess;
  readonly #random: SeededRandom;
  readonly #counts = new Map<string, number>();
  /** Ids of streamers that have been asked for and not deleted, and those of them that exist. */
  readonly #streamers = new Set<string>();
  readonly #created = new Set<string>();
  /** What is under way; each ends by itself. */
  readonly #running = new Set<Promise<void>>();
  #visits = 0;
  #next = 0;

  private constructor(
    server: ChaosServer,
    hosts: readonly ChaosHost[],
    known: readonly ServerHost[],
    receivers: ReceiverProcess,
    seed: number,
  ) {
    this.server = server;
    this.#hosts = hosts;
    this.#known = known;
    this.#receivers = receivers;
    this.#random = new SeededRandom(seed);
  }

  static async start(seed: number): Promise<World> {
    const hosts = Array.from({ length: HOSTS }, () => new ChaosHost());
    for (const host of hosts) await host.start();
    const server = await ChaosServer.start();
    const known = [];
    for (const host of hosts) known.push(await server.addHost(host));
    return new World(server, hosts, known, await ReceiverProcess.start(), seed);
  }

  async trouble(length: number): Promise<void> {
    const over = performance.now() + length;
    while (performance.now() < over) {
      if (!this.server.running) throw new Error('the server has ended');
      this.actions += 1;
      this.#begin(this.#choose());
      await delay(this.#random.next() * LONGEST_PAUSE_MS);
    }
  }

  /** Ends everything. @throws if something does not come to rest, or two views differ */
  async rest(): Promise<Footprint> {
    await Promise.all(this.#running);
    await this.#receivers.kill();
    this.#receivers = await ReceiverProcess.start();
    for (const host of this.#hosts) if (!host.alive) await host.start();
    // Failed ones too, which stay to be asked why.
    const left = (await this.server.sessions()).map(({ session_id }) => session_id);
    await Promise.all(left.map((id) => this.server.delete(id)));
    this.#streamers.clear();
    this.#created.clear();
    await until(
      'the registry is empty',
      async () => (await this.server.sessions()).length === 0,
      REST_PATIENCE_MS,
    );
    await until(
      'no streamer process is left',
      async () => (await descendantsNamed(this.server.pid, 'worker/main')).length === 0,
      REST_PATIENCE_MS,
    );
    for (const host of this.#hosts) {
      await until('no app runs on a host', async () => !(await host.busy()), REST_PATIENCE_MS);
    }
    await delay(SETTLE_MS);
    return this.server.footprint();
  }

  summary(): string {
    return [...this.#counts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([what, count]) => `${count} ${what}`)
      .join(', ');
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.#receivers.kill();
    for (const host of this.#hosts) await host.stop();
  }

  #choose(): Action {
    let at = this.#random.next() * 100;
    for (const [action, share] of Object.entries(ACTIONS)) {
      if (at < share) return action as Action;
      at -= share;
    }
    return 'join';
  }

  #begin(action: Action): void {
    const work = this.#act(action)
      .catch((error: unknown) => this.#count(`${action}: ${String(error).slice(0, 80)}`))
      .finally(() => this.#running.delete(work));
    this.#running.add(work);
  }

  async #act(action: Action): Promise<void> {
    // Now and then a viewer comes, or deletes, while a streamer is only coming to be.
    const early = this.#created.size === 0 || this.#random.chance(0.1);
    const id = this.#pick([...(early ? this.#streamers : this.#created)]);
    if (action === 'create' || id === undefined) {
      await this.#create();
    } else if (action === 'join') {
      await this.#join(id);
    } else if (action === 'delete') {
      this.#streamers.delete(id);
      this.#created.delete(id);
      this.#count(`deletes: ${(await this.server.delete(id)).status}`);
    } else if (action === 'kill a host') {
      await this.#outage();
    } else {
      await this.#strike(action, id);
    }
  }

  async #create(): Promise<void> {
    const host = this.#pick(this.#known);
    if (this.#streamers.size >= MOST_STREAMERS || host === undefined) return;
    this.#next += 1;
    const id = `streamer-${this.#next}`;
    this.#streamers.add(id);
    const outcome = await this.server.create(id, host);
    this.#count(`create: ${outcome}`);
    if (outcome !== 'created') this.#streamers.delete(id);
    else if (this.#streamers.has(id)) this.#created.add(id);
  }

  async #join(id: string): Promise<void> {
    if (this.#visits >= MOST_VISITS) return;
    this.#visits += 1;
    this.#next += 1;
    const malicious = this.#random.chance(MALICIOUS);
    try {
      const url = this.server.socketUrl(id);
      const name = `viewer-${this.#next}`;
      this.#count(await visit(url, this.#receivers, name, malicious, this.#random));
    } finally {
      this.#visits -= 1;
    }
  }

  async #strike(action: Action, id: string): Promise<void> {
    const sessions = await this.server.sessions();
    const pid = sessions.find(({ session_id }) => session_id === id)?.streamer_pid;
    if (typeof pid !== 'number') return;
    this.#count(action);
    signal(pid, action === 'kill a streamer' ? 'SIGKILL' : 'SIGSTOP');
    if (action !== 'stop a streamer for a moment') return;
    await delay(this.#random.next() * SHORT_STOP);
    signal(pid, 'SIGCONT');
  }

  async #outage(): Promise<void> {
    const host = this.#pick(this.#hosts.filter(({ alive }) => alive));
    if (!host) return;
    this.#count('kill a host');
    host.kill();
    await delay(this.#random.next() * LONGEST_OUTAGE_MS);
    await host.start();
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from[this.#random.below(from.length)];
  }

  #count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }
}

/** To a streamer process that may have gone meanwhile. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone.
  }
}
