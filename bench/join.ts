import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import type { Benchmark } from './benchmark.js';
import type { MoonteeStats } from './support/moontee.js';
import { removeAtExit } from './support/processes.js';
import { ReceiverProcess } from './support/receiver.js';
import { BenchServer } from './support/server.js';
import { quantile, round } from './support/statistics.js';

const CHROMIUM = '/usr/bin/chromium';
const WARM_UP = 3;
/** Milliseconds between two joins, so that the server has forgotten the last one. */
const PAUSE_MS = 700;
const TRANSPORTS = ['webrtc', 'websocket'] as const;

interface Plan {
  readonly joins: number;
  readonly others: number;
  readonly together: number;
  /** How often so many join together. */
  readonly crowds: number;
}

const FULL: Plan = { joins: 20, others: 19, together: 10, crowds: 3 };
const QUICK: Plan = { joins: 5, others: 4, together: 4, crowds: 1 };

type Transport = (typeof TRANSPORTS)[number];

/** When what happened, in the page's milliseconds. */
interface Marks {
  readonly start: number;
  readonly open: number;
  readonly offer?: number;
  readonly answer?: number;
  readonly ice?: number;
  readonly connected?: number;
  /** A media socket's own steps. */
  readonly ticket?: number;
  readonly media?: number;
  readonly packet?: number;
  readonly frame: number;
  readonly painted?: number;
}

interface Scenario {
  readonly name: string;
  readonly over: Transport;
  readonly marks: Marks[];
  /** IDRs that the host was asked for meanwhile. */
  readonly requests: number;
}

/** How long a viewer waits for a picture. */
export const join: Benchmark = {
  name: 'join',
  description:
    'WebSocket open → first decoded frame in headless Chromium, over both transports, milliseconds',
  async run({ quick }) {
    const plan = quick ? QUICK : FULL;
    const server = await BenchServer.start();
    const receivers = await ReceiverProcess.start();
    const context = await openBrowser();
    try {
      const page = await preparePage(context, server);
      const scenarios: Scenario[] = [];
      for (const over of TRANSPORTS) {
        await oneByOne(page, server, over, WARM_UP);
        scenarios.push(await scenario('nobody else watches', server, page, over, plan.joins));
        for (let i = 0; i < plan.crowds; i += 1) {
          scenarios.push(await crowd(server, page, over, plan.together));
          await delay(PAUSE_MS);
        }
      }
      for (let i = 0; i < plan.others; i += 1) await server.join(`other-${i}`, receivers);
      await delay(PAUSE_MS);
      for (const over of TRANSPORTS) {
        scenarios.push(
          await scenario(`${plan.others} others watch`, server, page, over, plan.joins),
        );
      }
      return {
        rows: scenarios.map(row),
        notes: [
          'Times from the socket\'s opening, medians: "offer" arrives, "answer" is sent, "connected" is ICE and DTLS, "packet" the first RTP packet, "frame" the first decoded picture.',
          'Over a WebSocket: "ticket" arrives, "media" is the media socket\'s opening, "packet" the first picture, "painted" the screen\'s frame after it was drawn.',
          '"p95" and "max" are of the whole way to the first decoded picture, over a WebSocket to the painted one.',
        ],
      };
    } finally {
      await context.close();
      await receivers.stop();
      await server.stop();
    }
  },
};

async function openBrowser(): Promise<BrowserContext> {
  const profile = mkdtempSync(path(tmpdir(), 'moontee-bench-browser-'));
  removeAtExit(profile);
  return chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--autoplay-policy=no-user-gesture-required',
      '--disable-features=WebRtcHideLocalIpsWithMdns',
    ],
  });
}

async function preparePage(context: BrowserContext, server: BenchServer): Promise<Page> {
  const page = await context.newPage();
  await page.goto(server.pageUrl);
  await page.evaluate(readFileSync(new URL('./support/join-page.js', import.meta.url), 'utf8'));
  return page;
}

function joinOnce(page: Page, over: Transport, url: string): Promise<Marks> {
  const program = over === 'webrtc' ? 'moonteeBenchJoin' : 'moonteeBenchJoinSocket';
  return page.evaluate(`${program}(${JSON.stringify(url)})`);
}

async function oneByOne(
  page: Page,
  server: BenchServer,
  over: Transport,
  count: number,
): Promise<Marks[]> {
  const marks: Marks[] = [];
  for (let i = 0; i < count; i += 1) {
    marks.push(await joinOnce(page, over, server.peerUrl));
    await delay(PAUSE_MS);
  }
  return marks;
}

async function scenario(
  name: string,
  server: BenchServer,
  page: Page,
  over: Transport,
  joins: number,
): Promise<Scenario> {
  const before = await server.stats();
  const marks = await oneByOne(page, server, over, joins);
  const after = await server.stats();
  return { name, over, marks, requests: requests(after) - requests(before) };
}

async function crowd(
  server: BenchServer,
  page: Page,
  over: Transport,
  size: number,
): Promise<Scenario> {
  const before = await server.stats();
  const marks = await Promise.all(
    Array.from({ length: size }, () => joinOnce(page, over, server.peerUrl)),
  );
  const after = await server.stats();
  return { name: `${size} at once`, over, marks, requests: requests(after) - requests(before) };
}

/** What the pipeline asked of the host, for whatever reason. */
function requests(stats: MoonteeStats): number {
  return stats.pipeline?.keyframeRequests ?? 0;
}

function row({ name, over, marks, requests }: Scenario): Record<string, string | number> {
  const since = (step: keyof Marks): number | string => {
    const times = marks.flatMap((one) => {
      const at = one[step];
      return at === undefined ? [] : [at - one.open];
    });
    return times.length === 0 ? '' : round(quantile(times, 0.5), 1);
  };
  const whole = marks.map((one) => (one.painted ?? one.frame) - one.open);
  return {
    scenario: name,
    over,
    joins: marks.length,
    offer: since('offer'),
    answer: since('answer'),
    ice: since('ice'),
    connected: since('connected'),
    ticket: since('ticket'),
    media: since('media'),
    packet: since('packet'),
    frame: since('frame'),
    painted: since('painted'),
    p95: round(quantile(whole, 0.95), 1),
    max: round(quantile(whole, 1), 1),
    IDRs: requests,
  };
}
