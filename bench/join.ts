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

interface Plan {
  readonly joins: number;
  readonly others: number;
  readonly together: number;
  /** How often so many join together. */
  readonly crowds: number;
}

const FULL: Plan = { joins: 20, others: 19, together: 10, crowds: 3 };
const QUICK: Plan = { joins: 5, others: 4, together: 4, crowds: 1 };

/** When what happened, in the page's milliseconds. */
interface Marks {
  readonly start: number;
  readonly open: number;
  readonly offer: number;
  readonly answer: number;
  readonly ice?: number;
  readonly connected?: number;
  readonly packet?: number;
  readonly frame: number;
}

interface Scenario {
  readonly name: string;
  readonly marks: Marks[];
  /** IDRs that the host was asked for meanwhile. */
  readonly requests: number;
}

/** How long a viewer waits for a picture. */
export const join: Benchmark = {
  name: 'join',
  description: 'WebSocket open → first decoded frame in headless Chromium, milliseconds',
  async run({ quick }) {
    const plan = quick ? QUICK : FULL;
    const server = await BenchServer.start();
    const receivers = await ReceiverProcess.start();
    const context = await openBrowser();
    try {
      const page = await preparePage(context, server);
      await oneByOne(page, server, WARM_UP);
      const scenarios = [await scenario('nobody else watches', server, page, plan.joins)];
      const crowds: Scenario[] = [];
      for (let i = 0; i < plan.crowds; i += 1) {
        crowds.push(await crowd(server, page, plan.together));
        await delay(PAUSE_MS);
      }
      for (let i = 0; i < plan.others; i += 1) await server.join(`other-${i}`, receivers);
      await delay(PAUSE_MS);
      scenarios.push(
        await scenario(`${plan.others} others watch`, server, page, plan.joins),
        ...crowds,
      );
      return {
        rows: scenarios.map(row),
        notes: [
          'Times from the socket\'s opening, medians: "offer" arrives, "answer" is sent, "connected" is ICE and DTLS, "packet" the first RTP packet, "frame" the first decoded picture.',
          '"p95" and "max" are of the whole way to the first decoded picture.',
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

function joinOnce(page: Page, url: string): Promise<Marks> {
  return page.evaluate(`moonteeBenchJoin(${JSON.stringify(url)})`);
}

async function oneByOne(page: Page, server: BenchServer, count: number): Promise<Marks[]> {
  const marks: Marks[] = [];
  for (let i = 0; i < count; i += 1) {
    marks.push(await joinOnce(page, server.peerUrl));
    await delay(PAUSE_MS);
  }
  return marks;
}

async function scenario(
  name: string,
  server: BenchServer,
  page: Page,
  joins: number,
): Promise<Scenario> {
  const before = await server.stats();
  const marks = await oneByOne(page, server, joins);
  const after = await server.stats();
  return { name, marks, requests: requests(after) - requests(before) };
}

async function crowd(server: BenchServer, page: Page, size: number): Promise<Scenario> {
  const before = await server.stats();
  const marks = await Promise.all(
    Array.from({ length: size }, () => joinOnce(page, server.peerUrl)),
  );
  const after = await server.stats();
  return { name: `${size} at once`, marks, requests: requests(after) - requests(before) };
}

/** What the pipeline asked of the host, for whatever reason. */
function requests(stats: MoonteeStats): number {
  return stats.pipeline?.keyframeRequests ?? 0;
}

function row({ name, marks, requests }: Scenario): Record<string, string | number> {
  const since = (step: keyof Marks): number => {
    const times = marks.flatMap((one) => {
      const at = one[step];
      return at === undefined ? [] : [at - one.open];
    });
    return round(quantile(times, 0.5), 1);
  };
  const whole = marks.map((one) => one.frame - one.open);
  return {
    scenario: name,
    joins: marks.length,
    offer: since('offer'),
    answer: since('answer'),
    ice: since('ice'),
    connected: since('connected'),
    packet: since('packet'),
    frame: since('frame'),
    p95: round(quantile(whole, 0.95), 1),
    max: round(quantile(whole, 1), 1),
    IDRs: requests,
  };
}
