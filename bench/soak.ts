import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:dgram';
import { crc32 } from 'node:zlib';
import { silentLog } from '../src/core/log.js';
import { VideoStream } from '../src/moonlight/video/video-stream.js';
import type { Benchmark, BenchmarkResult } from './benchmark.js';
import { end, forkProgram } from './support/processes.js';
import { ensureSoakClip, SOAK_FPS } from './support/soak-clip.js';
import { SoakLedger } from './support/soak-ledger.js';
import type {
  SoakReceiverMessage,
  SoakSenderMessage,
  SoakSenderOptions,
} from './support/soak-sender.js';
import { line, round } from './support/statistics.js';

const PACKET_SIZE = 1392;
const QUICK_MINUTES = 0.25;
const DEFAULT_MINUTES = 1;

/** Rows of the table. */
const PARTS = 10;

/** Milliseconds between two looks at the memory. */
const MEMORY_INTERVAL_MS = 1000;

/** Milliseconds on top of the stream's own length within which a soak must be over. */
const DEADLINE_MS = 120_000;

const MEBIBYTE = 1024 * 1024;

/** What the network does; all of it is late by up to 20 ms, so that datagrams overtake others. */
type Weather = Pick<SoakSenderOptions, 'profile' | 'spells'>;

const JITTER = 20;

/** 1 % of the datagrams are lost, each on its own; 5 % in one second of every ten. */
const SPELLS: Weather = {
  profile: { loss: 0.01, jitter: JITTER },
  spells: { loss: 0.05, jitter: JITTER },
};

/** 1 % of the datagrams are lost each on its own, and 5 % in runs: more than FEC is made for. */
const RUN_LENGTH = 4;
const RUNS: Weather = {
  profile: {
    loss: 0.01,
    burst: { probability: 0.05 / 0.95 / RUN_LENGTH, length: RUN_LENGTH },
    jitter: JITTER,
  },
  spells: null,
};

interface MemorySample {
  readonly minutes: number;
  readonly rss: number;
  readonly heap: number;
  readonly buffers: number;
  /** Microseconds that the process has used so far. */
  readonly cpu: number;
}

interface Soak {
  readonly samples: readonly MemorySample[];
  readonly offered: number;
  readonly survived: number;
  readonly received: number;
  readonly stats: Readonly<VideoStream['stats']>;
}

function memorySample(startedAt: number): MemorySample {
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    minutes: (performance.now() - startedAt) / 60_000,
    rss: rss / MEBIBYTE,
    heap: heapUsed / MEBIBYTE,
    buffers: arrayBuffers / MEBIBYTE,
    cpu: user + system,
  };
}

async function receiveSoak(
  minutes: number,
  seed: number,
  weather: Weather,
  ledger: SoakLedger,
): Promise<Soak> {
  const frames = Math.round(minutes * 60 * SOAK_FPS);
  const options: SoakSenderOptions = { frames, packetSize: PACKET_SIZE, seed, ...weather };
  const sender = forkProgram(new URL('./support/soak-sender.ts', import.meta.url), [
    JSON.stringify(options),
  ]);
  const samples: MemorySample[] = [];
  let stream: VideoStream | null = null;
  let received = 0;
  let startedAt = 0;
  const sample = (): void => void samples.push(memorySample(startedAt));
  let sampling: NodeJS.Timeout | undefined;
  let deadline: NodeJS.Timeout | undefined;

  const open = async (port: number): Promise<void> => {
    // The tap sees what the kernel hands out: what it drops is lost in theory, too.
    const tap = (message: unknown): void => {
      const { socket } = message as { socket: Socket };
      socket.on('message', (datagram) => {
        received++;
        ledger.arrived(datagram);
      });
    };
    subscribe('udp.socket', tap);
    const opened = new VideoStream({
      remote: { address: '127.0.0.1', port },
      pingPayload: null,
      key: Buffer.alloc(16),
      encrypted: false,
      codec: 'h264',
      fps: SOAK_FPS,
      packetSize: PACKET_SIZE,
      referenceFrameInvalidation: false,
      log: silentLog(),
    });
    stream = opened;
    opened.on('access-unit', ({ frameNumber, data }) => ledger.shown(frameNumber, crc32(data)));
    opened.on('idr-needed', () => sender.send({ type: 'idr' } satisfies SoakReceiverMessage));
    startedAt = performance.now();
    await opened.start();
    unsubscribe('udp.socket', tap);
    sample();
    sampling = setInterval(sample, MEMORY_INTERVAL_MS);
  };

  try {
    const done = await new Promise<Extract<SoakSenderMessage, { type: 'done' }>>(
      (resolve, reject) => {
        const late = (): void => reject(new Error('the soak did not end in time'));
        deadline = setTimeout(late, minutes * 60_000 + DEADLINE_MS);
        sender.once('error', reject);
        sender.once('exit', (code) => reject(new Error(`the sender exited early with ${code}`)));
        sender.on('message', (message: SoakSenderMessage) => {
          if (message.type === 'ready') open(message.port).catch(reject);
          else if (message.type === 'sent') ledger.sent(message.first, message.units);
          else resolve(message);
        });
      },
    );
    sample();
    const { stats } = stream as unknown as VideoStream;
    return { samples, offered: done.offered, survived: done.survived, received, stats };
  } finally {
    clearInterval(sampling);
    clearTimeout(deadline);
    (stream as VideoStream | null)?.close();
    await end(sender);
  }
}

const percent = (part: number, whole: number): number =>
  whole === 0 ? 0 : round((part / whole) * 100, 3);

const inPart = (samples: readonly MemorySample[], part: number, minutes: number): MemorySample[] =>
  samples.filter((one) => Math.floor((one.minutes / minutes) * PARTS) === part);

/** A long stream over a bad network: what is shown of what could be, memory and CPU. */
function soakIn(weather: Weather, name: string, what: string): Benchmark {
  return {
    name,
    description: `1080p60 at 20 Mbit/s with 1 % random loss, ${what} and 20 ms jitter`,
    run: ({ quick, minutes, seed = 1 }) =>
      runSoak(weather, minutes ?? (quick ? QUICK_MINUTES : DEFAULT_MINUTES), seed),
  };
}

export const soak = soakIn(SPELLS, 'soak', '5 % loss in one second of every ten');
export const soakRuns = soakIn(RUNS, 'soak-runs', '5 % lost in runs of four');

async function runSoak(weather: Weather, minutes: number, seed: number): Promise<BenchmarkResult> {
  const checksums = (await ensureSoakClip()).map((unit) => crc32(unit));
  const frames = Math.round(minutes * 60 * SOAK_FPS);
  const ledger = new SoakLedger(frames);
  const { samples, stats, ...datagrams } = await receiveSoak(minutes, seed, weather, ledger);

  const parts = ledger.figures(checksums, Math.ceil(frames / PARTS));
  const rows = parts.map((part, index) => {
    const memory = inPart(samples, index, minutes);
    const [first, last] = [memory[0], memory.at(-1)];
    const time = first && last ? (last.minutes - first.minutes) * 60e6 : 0;
    return {
      minute: round(((index + 1) * minutes) / PARTS, 2),
      ...part,
      shown_of_recoverable_percent: percent(part.shown, part.recoverable),
      shown_of_decodable_percent: percent(part.decodable - part.missed, part.decodable),
      rss_mib: round(last?.rss ?? 0, 1),
      heap_mib: round(last?.heap ?? 0, 1),
      buffers_mib: round(last?.buffers ?? 0, 1),
      cpu_percent: percent((last?.cpu ?? 0) - (first?.cpu ?? 0), time),
    };
  });
  const sum = (name: keyof (typeof parts)[number]): number =>
    parts.reduce((total, part) => total + part[name], 0);
  // The first fifth is left out: caches and the compiler fill up.
  const settled = samples.filter((one) => one.minutes > minutes / 5);
  const trend = line(settled.map(({ minutes: at, rss }) => [at, rss] as const)).slope;
  const { offered, survived, received } = datagrams;
  return {
    rows,
    notes: [
      `Seed ${seed}, ${minutes} min, ${offered} datagrams: ${percent(offered - survived, offered)} % lost by the network, ${survived - received} by the kernel.`,
      `Shown of recoverable: ${percent(sum('shown'), sum('recoverable'))} % (${sum('shown')} of the ${sum('recoverable')} frames, of ${sum('sent')}, of which enough arrived for FEC).`,
      `Shown of decodable: ${percent(sum('decodable') - sum('missed'), sum('decodable'))} % (of the ${sum('decodable')} recoverable frames with nothing missing since the latest key frame; key frames come on request only).`,
      `Frames not shown for each key frame asked for: ${round((sum('sent') - sum('shown')) / Math.max(1, stats.idrRequests), 2)}, the one that could not be restored included.`,
      `Whole frames put together: ${percent(stats.framesComplete, sum('recoverable'))} % of the recoverable ones. Wrong pictures: ${sum('wrong')}. Key frames asked for: ${stats.idrRequests}. Packets restored: ${stats.packetsRecovered}.`,
      `Memory: ${round(trend, 3)} MiB a minute over the last four fifths.`,
      'CPU is that of the receiving process with the books of this benchmark, in percent of one core; sender and network are another process.',
    ],
  };
}
