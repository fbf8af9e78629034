import { Agent, get } from 'node:http';
import { Agent as TlsAgent, get as getSecure } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import type { Benchmark } from './benchmark.js';
import { ReceiverProcess } from './support/receiver.js';
import { BenchServer } from './support/server.js';
import { quantile, round } from './support/statistics.js';
import { sampleCpu } from './support/usage.js';

const FULL = { viewers: 200, window: 15_000 };
const QUICK = { viewers: 40, window: 4_000 };
/** Milliseconds after the last join. */
const SETTLE = 3_000;
/** Milliseconds between two requests. */
const REQUEST_INTERVAL = 50;
const REQUEST_TIMEOUT = 10_000;
/** Viewers that join at once. */
const JOINING = 10;

/** Viewers over WebSockets on one streamer, and what others notice of them. */
export const crowd: Benchmark = {
  name: 'crowd',
  description:
    'what 200 WebSocket viewers of one streamer do to REST and to a viewer of another streamer, plain and with TLS',
  async run({ quick }) {
    const plan = quick ? QUICK : FULL;
    const rows: Record<string, string | number>[] = [];
    for (const tls of [false, true]) rows.push(...(await compare(tls, plan)));
    return {
      rows,
      notes: [
        `The crowd's clip has 10 Mbit/s for each. REST: GET /api/streamers, every ${REQUEST_INTERVAL} ms.`,
        'The other viewer has a streamer, a host and a receiving process of its own; gaps are between its pictures, 16.7 ms apart at the host.',
        'With TLS the server process encrypts for the whole crowd. Receivers run on the same cores.',
      ],
    };
  },
};

async function compare(
  tls: boolean,
  { viewers, window }: { viewers: number; window: number },
): Promise<Record<string, string | number>[]> {
  const server = await BenchServer.start({ audio: false, tls, streamers: 2 });
  const others = await ReceiverProcess.start();
  const receivers = await ReceiverProcess.start();
  try {
    const other = others.watch('other', server.peerUrls[1] ?? '');
    await other.untilMedia();
    const way = tls ? 'wss' : 'ws';
    await delay(SETTLE);
    const alone = await phase(server, others, receivers, window);
    for (let joined = 0; joined < viewers; joined += JOINING) {
      const some = Array.from({ length: Math.min(JOINING, viewers - joined) }, (_, index) =>
        receivers.watch(`crowd-${joined + index}`, server.peerUrl).untilMedia(),
      );
      await Promise.all(some);
    }
    await delay(SETTLE);
    const crowded = await phase(server, others, receivers, window);
    return [
      { over: way, crowd: 0, ...alone },
      { over: way, crowd: viewers, ...crowded },
    ];
  } finally {
    await server.stop();
    await others.stop();
    await receivers.stop();
  }
}

async function phase(
  server: BenchServer,
  others: ReceiverProcess,
  receivers: ReceiverProcess,
  window: number,
): Promise<Record<string, string | number>> {
  others.reset();
  receivers.reset();
  const startedAt = performance.now();
  const end = startedAt + window;
  const pids = [server.pid, server.streamerPid, receivers.pid];
  const [latencies, usage] = await Promise.all([
    measureRest(server.pageUrl, end),
    sampleCpu(pids, 1, window),
  ]);
  const [other] = await others.stats();
  const arrivals = await others.arrivals('other');
  const crowd = await receivers.stats();
  const seconds = (performance.now() - startedAt) / 1_000;
  const gaps = arrivals.slice(1).map(({ at }, index) => at - (arrivals[index]?.at ?? at));
  const [serverCpu = 0, streamerCpu = 0, receiversCpu = 0] = usage.processes;
  return {
    'REST p50 ms': round(quantile(latencies, 0.5)),
    'p99 ms': round(quantile(latencies, 0.99)),
    'max ms': round(Math.max(...latencies), 1),
    'other fps': round((other?.complete ?? 0) / seconds, 1),
    lost: other?.lost ?? 0,
    'gap p99 ms': round(quantile(gaps, 0.99), 1),
    'longest gap ms': round(Math.max(...gaps), 1),
    'crowd min fps': crowd.length === 0 ? '' : round(lowest(crowd) / seconds, 1),
    'server %': round(serverCpu, 1),
    'streamer %': round(streamerCpu, 1),
    'receivers %': round(receiversCpu, 1),
    'machine %': round(usage.machine, 0),
  };
}

function lowest(crowd: readonly { readonly complete: number }[]): number {
  return Math.min(...crowd.map(({ complete }) => complete));
}

/** Milliseconds of each request, one after another on one connection. */
async function measureRest(pageUrl: string, end: number): Promise<number[]> {
  const url = new URL('api/streamers', pageUrl);
  const isSecure = url.protocol === 'https:';
  const agent = isSecure
    ? new TlsAgent({ keepAlive: true, rejectUnauthorized: false })
    : new Agent({ keepAlive: true });
  const latencies: number[] = [];
  try {
    while (performance.now() < end) {
      const startedAt = performance.now();
      await request(url, isSecure ? getSecure : get, agent);
      latencies.push(performance.now() - startedAt);
      await delay(REQUEST_INTERVAL);
    }
  } finally {
    agent.destroy();
  }
  return latencies;
}

function request(url: URL, send: typeof get, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = send(url, { agent, timeout: REQUEST_TIMEOUT }, (response) => {
      response.resume();
      response.once('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`status ${response.statusCode ?? 0}`));
      });
    });
    asked.once('timeout', () => asked.destroy(new Error('REST does not answer')));
    asked.once('error', reject);
  });
}
