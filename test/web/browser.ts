import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium, type BrowserContext, type Page } from 'playwright-core';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Two pages of one machine must find each other without multicast.
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

/** Milliseconds that anything in a browser may take on a busy machine. */
export const PATIENCE = 60_000;

/** Builds the page into a directory of its own. */
export async function buildPage(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'moontee-page-'));
  await promisify(execFile)(process.execPath, [
    join(ROOT, 'scripts/build.js'),
    '--page-only',
    '--page-dir',
    directory,
  ]);
  return directory;
}

/** A Chromium with an empty profile. */
export class TestBrowser {
  readonly context: BrowserContext;
  readonly #profile: string;

  private constructor(context: BrowserContext, profile: string) {
    this.context = context;
    this.#profile = profile;
  }

  static async launch(): Promise<TestBrowser> {
    const profile = await mkdtemp(join(tmpdir(), 'moontee-browser-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: '/usr/bin/chromium',
      headless: true,
      args: ARGUMENTS,
      viewport: { width: 1280, height: 720 },
      timeout: PATIENCE,
    });
    context.setDefaultTimeout(PATIENCE);
    return new TestBrowser(context, profile);
  }

  /** @param errors collects what the page complains about */
  async open(url: string, errors: string[] = []): Promise<Page> {
    const page = await this.context.newPage();
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await page.goto(url);
    return page;
  }

  async close(): Promise<void> {
    await this.context.close();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
