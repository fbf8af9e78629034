import { mkdtempSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../src/moonlight/random.js';
import type { RecordingInfo } from '../src/protocol/rest-models.js';
import { kernelDrops } from '../test/support/kernel-drops.js';
import { readMatroska, VIDEO_TRACK } from '../test/support/matroska.js';
import { discover, playInPage, type Played } from '../test/support/recording-player.js';
import { until } from '../test/support/until.js';
import { TestBrowser } from '../test/web/browser.js';
import type { Benchmark } from './benchmark.js';
import { removeAtExit } from './support/processes.js';
import { ReceiverProcess } from './support/receiver.js';
import { BenchServer } from './support/server.js';
import { round } from './support/statistics.js';

const JOINS = 200;
const QUICK_JOINS = 10;
/** Joins under way at a time. */
const PARALLEL = 4;
/** Milliseconds that a joiner watches. */
const LONGEST_WATCH = 800;
/** Who watches all the time, and must miss nothing. */
const WATCHERS = ['watcher-1', 'watcher-2'];
/** Recordings that are attached and detached one after the other, and milliseconds of each. */
const ATTACHMENTS = 10;
const ATTACHED_FOR = 700;
const DEFAULT_SEED = 1;
/** Bytes of a file that has begun for certain: more than its header. */
const BEGUN = 65_536;
/** Milliseconds by which a player's end may differ from the last picture's time. */
const END_TOLERANCE = 100;
/** Of the pictures, at least so many are decoded. */
const DECODED_SHARE = 0.99;

/** A recording beside viewers that come and go, cut off by SIGKILL, and how its file plays. */
export const recording: Benchmark = {
  name: 'recording',
  description:
    'what watchers miss while recordings come and go, and a recording of many joins that ends with SIGKILL',
  async run({ quick, joins = quick ? QUICK_JOINS : JOINS, seed = DEFAULT_SEED }) {
    const scene = await Scene.start();
    try {
      const lostBefore = await scene.framesLost();
      const attaching = await scene.watch('recordings come and go', () => scene.attach());
      let cut: RecordingInfo | null = null;
      const joining = await scene.watch(`${joins} joins, recorded`, async () => {
        cut = await scene.record(joins, seed);
      });
      const lost = (await scene.framesLost()) - lostBefore;
      const file = await scene.cutOff(cut);
      const failures = [...judgeWatchers([attaching, joining]), ...judgeFile(file)];
      if (failures.length > 0) process.exitCode = 1;
      return {
        rows: [attaching, joining],
        notes: [
          `frames that the host's network lost meanwhile: ${lost}`,
          ...describeFile(file),
          ...failures.map((text) => `FAILED: ${text}`),
        ],
      };
    } finally {
      await scene.stop();
    }
  },
};

/** Of all watchers together. */
type Watched = Record<'phase', string> &
  Record<
    'seconds' | 'packets' | 'lost' | 'kernel drops' | 'pictures' | 'broken' | 'longest gap ms',
    number
  >;

interface CutFile {
  readonly code: string | null;
  readonly mebibytes: number;
  /** Times of its pictures, milliseconds. */
  readonly pictures: readonly number[];
  readonly beginsWithKeyframe: boolean;
  /** null without that program. */
  readonly discovered: string | null;
  readonly played: Played;
}

class Scene {
  readonly #server: BenchServer;
  readonly #watchers: ReceiverProcess;
  readonly #list: URL;

  private constructor(server: BenchServer, watchers: ReceiverProcess) {
    this.#server = server;
    this.#watchers = watchers;
    this.#list = new URL('api/streamers/bench/recordings', server.pageUrl);
  }

  static async start(): Promise<Scene> {
    const watchers = await ReceiverProcess.start();
    const server = await BenchServer.start();
    for (const id of WATCHERS) await server.join(id, watchers);
    return new Scene(server, watchers);
  }

  /** What the watchers got while `work` went on. */
  async watch(phase: string, work: () => Promise<void>): Promise<Watched> {
    const drops = kernelDrops(this.#watchers.pid);
    const begin = performance.now();
    this.#watchers.reset();
    await work();
    const stats = await this.#watchers.stats();
    const sum = (pick: (one: (typeof stats)[number]) => number): number =>
      stats.reduce((total, one) => total + pick(one), 0);
    return {
      phase,
      seconds: round((performance.now() - begin) / 1000, 1),
      packets: sum(({ packets }) => packets),
      lost: sum(({ lost }) => lost),
      'kernel drops': kernelDrops(this.#watchers.pid) - drops,
      pictures: sum(({ frames }) => frames),
      // At the beginning and the end of the time one of each watcher's is cut in two.
      broken: Math.max(
        0,
        sum(({ frames, complete }) => frames - complete - 2),
      ),
      'longest gap ms': round(Math.max(...stats.map(({ longestGap }) => longestGap)), 0),
    };
  }

  async framesLost(): Promise<number> {
    return (await this.#server.stats()).session.framesLost;
  }

  /** Recordings, one after the other. */
  async attach(): Promise<void> {
    for (let i = 0; i < ATTACHMENTS; i += 1) {
      const { recording_id: id } = await this.#begin();
      await delay(ATTACHED_FOR);
      await this.#ask(`${id}?files=true`, 'DELETE');
    }
  }

  /** One recording, during which so many viewers come and go; it is not interrupted. */
  async record(joins: number, seed: number): Promise<RecordingInfo> {
    const random = new SeededRandom(seed);
    const receivers = await ReceiverProcess.start();
    const info = await this.#begin();
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < joins) {
        next += 1;
        const viewer = await this.#server.join(`viewer-${next}`, receivers);
        await delay(random.next() * LONGEST_WATCH);
        await viewer.leave();
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
    await receivers.stop();
    return info;
  }

  /** Kills the streamer's process, and plays what it has left behind. */
  async cutOff(info: RecordingInfo | null): Promise<CutFile> {
    if (info === null) throw new Error('nothing was recorded');
    process.kill(this.#server.streamerPid, 'SIGKILL');
    const { recording_id: id } = info;
    const ended = await until('the end of the recording', async () => {
      const now = await this.#describe(id);
      return now.status === 'ended' && now;
    });
    const url = this.#url(`${id}/files/1`);
    const content = Buffer.from(await (await fetch(url)).arrayBuffer());
    const folder = mkdtempSync(join(tmpdir(), 'moontee-bench-recording-'));
    removeAtExit(folder);
    const path = join(folder, 'cut.mkv');
    await writeFile(path, content);
    const { blocks } = readMatroska(path);
    const video = blocks.filter(({ track }) => track === VIDEO_TRACK);
    const browser = await TestBrowser.launch();
    try {
      const page = await browser.open(new URL('api/openapi.json', this.#server.pageUrl).href);
      return {
        code: ended.code,
        mebibytes: content.length / 1_048_576,
        pictures: video.map(({ time }) => time),
        beginsWithKeyframe: video[0]?.keyframe === true,
        discovered: await discover(path),
        played: await playInPage(page, url.href),
      };
    } finally {
      await browser.close();
    }
  }

  async stop(): Promise<void> {
    await this.#watchers.stop();
    await this.#server.stop();
  }

  /** Starts a recording; resolves when its first file has pictures. */
  async #begin(): Promise<RecordingInfo> {
    const info = (await (await this.#ask('', 'POST')).json()) as RecordingInfo;
    await until('the first pictures of the recording', async () => {
      return (await this.#describe(info.recording_id)).bytes > BEGUN;
    });
    return info;
  }

  async #describe(id: string): Promise<RecordingInfo> {
    return (await (await this.#ask(id, 'GET')).json()) as RecordingInfo;
  }

  async #ask(path: string, method: string): Promise<Response> {
    const answer = await fetch(this.#url(path), { method });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }

  #url(path: string): URL {
    return new URL(path === '' ? this.#list.href : `${this.#list.href}/${path}`);
  }
}

function judgeWatchers(phases: readonly Watched[]): string[] {
  return phases.flatMap(({ phase, lost, 'kernel drops': drops }) =>
    lost > drops ? [`${phase}: the watchers miss ${lost} packets`] : [],
  );
}

function judgeFile(file: CutFile): string[] {
  const { played, pictures, discovered } = file;
  const last = pictures.at(-1) ?? 0;
  const checks: [string, boolean][] = [
    ['the recording ended otherwise', file.code === 'STREAMER_FAILED'],
    ['the file begins with no key frame', file.beginsWithKeyframe],
    ['gst-discoverer-1.0 finds no H.264', discovered === null || /H\.?264/.test(discovered)],
    ['gst-discoverer-1.0 finds no Opus', discovered === null || /Opus/.test(discovered)],
    [`Chromium complains: ${String(played.error)}`, played.error === null],
    ['Chromium does not come to the end', played.ended],
    [
      'Chromium ends elsewhere than the last picture',
      Math.abs(played.position * 1000 - last) <= END_TOLERANCE,
    ],
    [
      'Chromium does not decode all pictures',
      played.decoded >= DECODED_SHARE * pictures.length && played.soundBytes > 0,
    ],
  ];
  return checks.flatMap(([text, passed]) => (passed ? [] : [text]));
}

function describeFile({ code, mebibytes, pictures, discovered, played }: CutFile): string[] {
  const gaps = pictures.map((time, i) => time - (pictures[i - 1] ?? time));
  const [, duration = '?'] = /Duration: ([\d:.]+)/.exec(discovered ?? '') ?? [];
  return [
    `the file, cut off by SIGKILL (${String(code)}): ${round(mebibytes, 1)} MiB, ${pictures.length} pictures in ${round((pictures.at(-1) ?? 0) / 1000, 2)} s, ${Math.max(...gaps)} ms between two at most`,
    discovered === null
      ? 'gst-discoverer-1.0 is not installed'
      : `gst-discoverer-1.0: ${duration}, H.264 and Opus`,
    `Chromium: ${played.decoded} pictures of ${played.width}x${played.height} decoded, ${played.dropped} of them not shown in time, ${round(played.soundBytes / 1024, 0)} KiB of sound, at the end after ${round(played.position, 2)} of ${round(played.duration, 2)} s`,
  ];
}
