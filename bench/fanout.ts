import { setTimeout as delay } from 'node:timers/promises';
import type { Benchmark } from './benchmark.js';
import type { Contender } from './support/contender.js';
import { Janus, janusInstalled } from './support/janus.js';
import { Moontee } from './support/moontee.js';
import { ReceiverProcess } from './support/receiver.js';
import { SocketContender } from './support/socket-contender.js';
import { line, median, round } from './support/statistics.js';
import { footprint, sampleCpu, type Footprint } from './support/usage.js';

/** Milliseconds between the last join and the first window. */
const SETTLE_MS = 1_500;
const WINDOW_MS = 2_000;

/** In a second, divided by the hundred of a percentage. */
const MICROSECONDS = 1e4;

/** One contender with so many viewers in one round. */
interface Sample extends Footprint {
  readonly contender: string;
  readonly viewers: number;
  /** Percent of a core. */
  readonly cpu: number;
  readonly receiversCpu: number;
  readonly senderCpu: number;
  /** Percent of all cores, by all processes. */
  readonly machine: number;
  /** Of all viewers. */
  readonly packets: number;
  /** To all viewers, a second. */
  readonly rate: number;
  readonly lost: number;
  readonly incomplete: number;
  readonly fullRate: number;
  /** Pictures a second, of the viewer that got the fewest. */
  readonly fps: number;
}

/** What a round is made of. */
interface Plan {
  readonly sizes: readonly number[];
  /** More of them, of contenders that carry hundreds. */
  readonly hundreds: readonly number[];
  readonly rounds: number;
  readonly windows: number;
}

const FULL: Plan = { sizes: [1, 5, 10, 20, 40], hundreds: [100, 200], rounds: 3, windows: 3 };
const QUICK: Plan = { sizes: [1, 5, 10], hundreds: [], rounds: 1, windows: 3 };

/** Far more than two cores carry, with the receivers on the same ones. */
const MOST: Plan = {
  sizes: [20, 40, 60, 80, 100, 120, 140, 160],
  hundreds: [],
  rounds: 1,
  windows: 3,
};
const QUICK_MOST: Plan = { sizes: [20, 40], hundreds: [], rounds: 1, windows: 1 };
/** Share of lost packets at which a server with its receivers is at its end. */
const TOO_MANY_LOST = 0.001;

/** Moontee's streamer over both transports, and Janus's streaming plugin: same stream, same run. */
export const fanout: Benchmark = {
  name: 'fanout',
  description: 'what a viewer costs the server, Moontee beside Janus, 10 Mbit/s 720p60 H.264',
  async run({ quick }) {
    const { samples, notes } = await compare(quick ? QUICK : FULL, () => false);
    return { rows: summarize(samples), notes: [...notes, ...conclude(samples)] };
  },
};

/** The same until the machine is full. */
export const limit: Benchmark = {
  name: 'limit',
  description: 'how many viewers this machine carries, receivers included, Moontee beside Janus',
  async run({ quick }) {
    const { samples, notes } = await compare(quick ? QUICK_MOST : MOST, atItsEnd);
    return {
      rows: summarize(samples),
      notes: [...notes, `A server's last row is the first with ${TOO_MANY_LOST * 100} % lost.`],
    };
  },
};

function atItsEnd({ lost, packets }: Sample): boolean {
  return lost > TOO_MANY_LOST * packets;
}

/** @param stop whether a contender is to be spared more viewers */
async function compare(
  plan: Plan,
  stop: (sample: Sample) => boolean,
): Promise<{ samples: Sample[]; notes: string[] }> {
  const notes: string[] = [];
  const starters: (() => Promise<Contender>)[] = [() => Moontee.start({ audio: false })];
  starters.push(
    () => SocketContender.start(false),
    () => SocketContender.start(true),
  );
  if (janusInstalled()) starters.push(() => Janus.start());
  else notes.push('Janus is not installed (Debian package janus): Moontee alone.');
  const samples: Sample[] = [];
  for (let i = 0; i < plan.rounds; i += 1) {
    for (const start of i % 2 === 0 ? starters : starters.toReversed()) {
      samples.push(...(await measure(start, plan, stop)));
    }
  }
  return { samples, notes };
}

/** A fresh server, and then more and more viewers. */
async function measure(
  start: () => Promise<Contender>,
  plan: Plan,
  stop: (sample: Sample) => boolean,
): Promise<Sample[]> {
  const receivers = await ReceiverProcess.start();
  const contender = await start();
  const samples: Sample[] = [];
  try {
    let joined = 0;
    const hundreds = contender.carriesHundreds ? plan.hundreds : [];
    for (const viewers of [0, ...plan.sizes, ...hundreds]) {
      for (; joined < viewers; joined += 1) await contender.join(`viewer-${joined}`, receivers);
      await delay(SETTLE_MS);
      receivers.reset();
      const startedAt = performance.now();
      const front = contender.frontPid;
      const own = [contender.pid, ...(front === null ? [] : [front])];
      const pids = [receivers.pid, contender.senderPid, ...own];
      const { processes, machine } = await sampleCpu(pids, plan.windows, WINDOW_MS);
      const stats = await receivers.stats();
      const seconds = (performance.now() - startedAt) / 1000;
      const [receiversCpu = 0, senderCpu = 0, ...ownCpu] = processes;
      const cpu = ownCpu.reduce((sum, one) => sum + one, 0);
      const packets = stats.reduce((sum, peer) => sum + peer.packets, 0);
      const sample: Sample = {
        contender: contender.name,
        viewers,
        cpu,
        receiversCpu,
        senderCpu,
        machine,
        packets,
        rate: packets / seconds,
        lost: stats.reduce((sum, peer) => sum + peer.lost, 0),
        // The latest picture may be half way.
        incomplete: stats.reduce(
          (sum, peer) => sum + Math.max(0, peer.frames - peer.complete - 1),
          0,
        ),
        fps: viewers === 0 ? 0 : Math.min(...stats.map((peer) => peer.complete)) / seconds,
        fullRate: contender.fullRate,
        ...own.map(footprint).reduce(addFootprints),
      };
      samples.push(sample);
      if (stop(sample)) break;
    }
  } finally {
    await contender.stop();
    await receivers.stop();
  }
  return samples;
}

function addFootprints(one: Footprint, other: Footprint): Footprint {
  return {
    rss: one.rss + other.rss,
    threads: one.threads + other.threads,
    descriptors: one.descriptors + other.descriptors,
  };
}

/** Medians over the rounds; losses are summed up. */
function summarize(samples: readonly Sample[]): Record<string, string | number>[] {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = `${sample.viewers} ${sample.contender}`;
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  return [...groups.values()]
    .map((group) => {
      const [first] = group as [Sample, ...Sample[]];
      const of = (field: keyof Sample): number => median(group.map((one) => Number(one[field])));
      const total = (field: keyof Sample): number =>
        group.reduce((sum, one) => sum + Number(one[field]), 0);
      return {
        viewers: first.viewers,
        server: first.contender,
        'cpu %': round(of('cpu'), 1),
        'µs a packet': first.viewers === 0 ? '' : round(perPacket(samples, group), 1),
        'rss MiB': round(of('rss'), 1),
        threads: of('threads'),
        descriptors: of('descriptors'),
        packets: total('packets'),
        lost: total('lost'),
        'broken frames': total('incomplete'),
        'min fps': round(of('fps'), 1),
        'receivers %': round(of('receiversCpu'), 1),
        'sender %': round(of('senderCpu'), 1),
        'machine %': round(of('machine'), 0),
      };
    })
    .sort((a, b) => a.viewers - b.viewers || a.server.localeCompare(b.server));
}

/** Microseconds of CPU that so many viewers cost on top of none, by packet that reached one. */
function perPacket(all: readonly Sample[], group: readonly Sample[]): number {
  const idle = median(
    all
      .filter(({ contender, viewers }) => contender === group[0]?.contender && viewers === 0)
      .map(({ cpu }) => cpu),
  );
  return median(group.map(({ cpu, rate }) => ((cpu - idle) / rate) * MICROSECONDS));
}

/** What one more viewer costs: the straight line through the sizes. */
function perViewer(
  samples: readonly Sample[],
  contender: string,
): { cpu: number; perPacket: number; rss: number } {
  const own = samples.filter((sample) => sample.contender === contender && sample.viewers > 0);
  // By packets rather than by viewers: on a busy machine one contender may get fewer of them.
  const packet = line(own.map(({ rate, cpu }) => [rate, cpu] as const)).slope;
  return {
    cpu: packet * (own[0]?.fullRate ?? 0),
    perPacket: packet * MICROSECONDS,
    rss: line(own.map(({ viewers, rss }) => [viewers, rss] as const)).slope,
  };
}

function conclude(samples: readonly Sample[]): string[] {
  const names = [...new Set(samples.map(({ contender }) => contender))];
  const notes = names.map((name) => {
    const { cpu, perPacket: each, rss } = perViewer(samples, name);
    return (
      `${name}: one more viewer costs ${round(cpu)} % of a core ` +
      `(${round(each, 1)} µs a packet or picture) and ${round(rss)} MiB`
    );
  });
  if (names.includes('janus')) {
    const [ours, theirs] = [perViewer(samples, 'moontee'), perViewer(samples, 'janus')];
    notes.push(
      `moontee / janus, one more viewer: CPU ${round(ours.cpu / theirs.cpu)}, memory ${round(ours.rss / theirs.rss)}`,
    );
  }
  notes.push(
    'Slopes of straight lines from 1 viewer on; CPU by packets delivered, at the full rate of the clip.',
    'ws and wss: viewers over WebSockets, plain and with TLS; a packet is a whole picture there, and the server process counts too.',
    'moontee also receives GameStream (its row with 0 viewers); janus takes plain RTP. "machine" is everything that ran.',
  );
  return notes;
}
