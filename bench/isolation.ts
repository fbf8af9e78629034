import { setTimeout as delay } from 'node:timers/promises';
import { formatCandidate, parseCandidate } from '../src/media/sdp.js';
import { LossyLink, NARROW } from '../test/network/lossy-link.js';
import type { Benchmark } from './benchmark.js';
import { Moontee, type Detour } from './support/moontee.js';
import { match, type Latencies } from './support/picture-match.js';
import { ReceiverProcess } from './support/receiver.js';
import { quantile, round } from './support/statistics.js';

const HEALTHY = ['healthy-1', 'healthy-2', 'healthy-3'];

const MINUTES = 10;
/** Milliseconds, and windows without trouble before and after it. */
const FULL = { window: 30_000, settle: 3_000, calm: 3 };
const QUICK = { window: 5_000, settle: 1_000, calm: 1 };
/** Milliseconds that a viewer reads before it stops, and from one join to the next. */
const READS_FOR = 3_000;
const HOP = 1_000;

/** Healthy viewers, with and without three bad ones beside them. */
export const isolation: Benchmark = {
  name: 'isolation',
  description:
    'what healthy viewers get beside one behind 1 Mbit/s and 5 % loss, one that stopped reading, and one that joins and leaves every second',
  async run({ quick, minutes = MINUTES }) {
    const { window, settle, calm } = quick ? QUICK : FULL;
    const windows = quick ? 3 : Math.max(1, Math.round((minutes * 60_000) / window));
    const scene = await Scene.start();
    try {
      const calmBefore = await scene.phase('alone', calm, window, settle);
      const asking = await scene.askForKeyframes();
      const keyed = await scene.phase('key frames asked for', calm, window, settle);
      await asking.stop();
      const trouble = new Trouble(scene.moontee);
      await trouble.begin();
      const troubled = await scene.phase('in bad company', windows, window, settle);
      const figures = await trouble.end();
      const calmAfter = await scene.phase('alone again', calm, window, settle);
      const rows = [calmBefore, keyed, troubled, calmAfter];
      const { shown, sent } = troubled;
      if (shown < 0.999 * sent) process.exitCode = 1;
      return {
        rows: rows.map((phase) => ({
          phase: phase.name,
          seconds: round((phase.windows * window) / 1000, 0),
          'pictures sent': phase.sent,
          shown: phase.shown,
          '% shown': round((100 * phase.shown) / phase.sent, 3),
          'worst viewer %': round(100 * phase.worst, 3),
          'packets lost': phase.lost,
          'p50 ms': round(quantile(phase.latencies, 0.5)),
          'p90 ms': round(quantile(phase.latencies, 0.9)),
          'p99 ms': round(quantile(phase.latencies, 0.99)),
          'key frames asked of the host': phase.keyframes,
        })),
        notes: [
          ...figures,
          'Key frames asked for: no trouble, but a fourth viewer that asks for one every second, of which one in 2.5 s is granted; joiners get more.',
          `${HEALTHY.length} healthy viewers, added up; a picture is shown when all of its packets came. Latency is from the picture's last data datagram at the host to its first packet at the viewer.`,
          'The bad link is a relay in this process; its viewer asks for what it misses and for a key frame once a second.',
        ],
      };
    } finally {
      await scene.stop();
    }
  },
};

interface Phase {
  readonly name: string;
  readonly windows: number;
  sent: number;
  shown: number;
  lost: number;
  /** Share that the worst viewer got in its worst window. */
  worst: number;
  keyframes: number;
  readonly latencies: number[];
}

class Scene {
  readonly moontee: Moontee;
  readonly #receivers: ReceiverProcess;

  private constructor(moontee: Moontee, receivers: ReceiverProcess) {
    this.moontee = moontee;
    this.#receivers = receivers;
  }

  static async start(): Promise<Scene> {
    const receivers = await ReceiverProcess.start();
    try {
      const moontee = await Moontee.start();
      for (const id of HEALTHY) await moontee.join(id, receivers);
      return new Scene(moontee, receivers);
    } catch (error) {
      await receivers.stop();
      throw error;
    }
  }

  async phase(name: string, windows: number, window: number, settle: number): Promise<Phase> {
    const phase: Phase = {
      name,
      windows,
      sent: 0,
      shown: 0,
      lost: 0,
      worst: 1,
      keyframes: 0,
      latencies: [],
    };
    await delay(settle);
    const before = await this.#keyframes();
    for (let i = 0; i < windows; i += 1) await this.#window(phase, window);
    phase.keyframes = (await this.#keyframes()) - before;
    return phase;
  }

  /** A fourth viewer that does no harm, but asks for a key frame every second. */
  async askForKeyframes(): Promise<{ stop(): Promise<void> }> {
    const receivers = await ReceiverProcess.start();
    const viewer = await this.moontee.join('asking', receivers, true);
    return {
      stop: async () => {
        await viewer.leave();
        await receivers.stop();
      },
    };
  }

  async stop(): Promise<void> {
    await this.moontee.stop();
    await this.#receivers.stop();
  }

  async #window(phase: Phase, window: number): Promise<void> {
    this.#receivers.reset();
    await delay(window);
    const stats = await this.#receivers.stats();
    const departures = await this.moontee.host.departures();
    for (const { id, lost } of stats) {
      const found: Latencies = { fromFirst: [], fromLast: [], unmatched: 0 };
      const sent = match(departures, await this.#receivers.arrivals(id), found);
      const shown = found.fromLast.length;
      phase.sent += sent;
      phase.shown += shown;
      phase.lost += lost;
      phase.worst = Math.min(phase.worst, sent === 0 ? 0 : shown / sent);
      phase.latencies.push(...found.fromLast);
    }
  }

  async #keyframes(): Promise<number> {
    const { pipeline } = await this.moontee.stats();
    return pipeline?.keyframeRequests ?? 0;
  }
}

/** The three bad viewers, until they are asked to end. */
class Trouble {
  readonly #moontee: Moontee;
  readonly #codes = new Map<string, number>();
  readonly #links: LossyLink[] = [];
  readonly #narrowIds = new Set<string>();
  #over = false;
  #hops = 0;
  #hopsWithPicture = 0;
  #frozen = 0;
  #work: Promise<unknown> = Promise.resolve();

  constructor(moontee: Moontee) {
    this.#moontee = moontee;
    moontee.on('removed', ({ peer_id, code }) => {
      const kind = peer_id.split('-', 1)[0] ?? '';
      if (code !== 'LEFT') {
        const key = `${kind}: ${code}`;
        this.#codes.set(key, (this.#codes.get(key) ?? 0) + 1);
      }
    });
  }

  async begin(): Promise<void> {
    this.#work = Promise.all([this.#narrow(), this.#freeze(), this.#hop()]);
    this.#work.catch(() => undefined);
    // An early failure is one of the whole run.
    await Promise.race([this.#work, delay(1)]);
  }

  /** @returns what the three went through, a line each */
  async end(): Promise<string[]> {
    this.#over = true;
    await this.#work;
    const sum = (pick: (link: LossyLink) => number): number =>
      this.#links.reduce((total, link) => total + pick(link), 0);
    for (const link of this.#links) link.close();
    const codes = [...this.#codes].map(([what, count]) => `${count} × ${what}`);
    return [
      `behind the bad link: ${this.#narrowIds.size} connection(s), ${sum(({ counts }) => counts.forwarded)} packets through, ${sum(({ counts }) => counts.dropped)} lost`,
      `stopped reading: ${this.#frozen} times; joined and left: ${this.#hops} times, ${this.#hopsWithPicture} of them with a picture within the second`,
      `closed by the server: ${codes.length === 0 ? 'none' : codes.join(', ')}`,
    ];
  }

  /** Comes back whenever the server has had enough of it. */
  async #narrow(): Promise<void> {
    const receivers = await ReceiverProcess.start();
    for (let i = 0; !this.#over; i += 1) {
      const id = `narrow-${i}`;
      this.#narrowIds.add(id);
      const gone = this.#gone(id);
      let link: LossyLink | null = null;
      const detour: Detour = async (candidate) => {
        const parsed = parseCandidate(candidate);
        if (!parsed?.address.includes('.') || link) return null;
        link = await LossyLink.open(parsed.port, NARROW, parsed.address);
        this.#links.push(link);
        return formatCandidate({ ...parsed, port: link.port });
      };
      this.#moontee.open(id, receivers, detour);
      await this.#stay(id, gone);
    }
    await receivers.stop();
  }

  async #freeze(): Promise<void> {
    for (let i = 0; !this.#over; i += 1) {
      const id = `frozen-${i}`;
      const receivers = await ReceiverProcess.start();
      const gone = this.#gone(id);
      const receiver = this.#moontee.open(id, receivers);
      await Promise.race([gone, this.#moontee.orFailure(receiver.untilMedia())]);
      await delay(READS_FOR);
      receivers.freeze();
      this.#frozen += 1;
      await this.#stay(id, gone);
      await receivers.kill();
    }
  }

  async #hop(): Promise<void> {
    const receivers = await ReceiverProcess.start();
    while (!this.#over) {
      const id = `hopping-${this.#hops}`;
      this.#hops += 1;
      const gone = this.#gone(id);
      const receiver = this.#moontee.open(id, receivers);
      receiver.once('media', () => {
        this.#hopsWithPicture += 1;
      });
      await delay(HOP);
      receiver.close();
      await this.#leave(id, gone);
    }
    await receivers.stop();
  }

  /** Resolves when the server has removed the viewer by itself. */
  #gone(id: string): Promise<void> {
    return new Promise((resolve) => {
      const listener = ({ peer_id }: { peer_id: string }): void => {
        if (peer_id !== id) return;
        this.#moontee.off('removed', listener);
        resolve();
      };
      this.#moontee.on('removed', listener);
    });
  }

  /** Until the server has enough of it, or until all is over. */
  async #stay(id: string, gone: Promise<void>): Promise<void> {
    const over = async (): Promise<'over'> => {
      while (!this.#over) await delay(200);
      return 'over';
    };
    if ((await Promise.race([gone, over()])) === 'over') await this.#leave(id, gone);
  }

  /** One that the server has removed by itself meanwhile is gone as well. */
  async #leave(id: string, gone: Promise<void>): Promise<void> {
    await Promise.race([gone, this.#moontee.remove(id)]);
  }
}
