import { rm } from 'node:fs/promises';
import type { ExecutionContext } from 'ava';
import type { Page } from 'playwright-core';
import { until } from '../support/until.js';
import { TestBrowser, buildPage } from './browser.js';
import { FakeServer } from './fake-server.js';

/** Code for the page is text: this program knows no DOM, and the page's policy no waiting in it. */
export async function untilTrue(page: Page, expression: string): Promise<void> {
  await until(expression, () => page.evaluate<boolean>(`Boolean(${expression})`));
}

export const untilPicture = async (page: Page): Promise<void> =>
  untilTrue(page, "window.moontee?.state === 'connected' && moontee.framesDecoded > 3");

/** The page in a Chromium, before a server and a host that are made up. */
export class Stand {
  readonly server: FakeServer;
  readonly browser: TestBrowser;
  /** The page that plays the host. */
  readonly host: Page;
  readonly url: string;
  readonly #directory: string;

  private constructor(
    server: FakeServer,
    browser: TestBrowser,
    host: Page,
    url: string,
    directory: string,
  ) {
    this.server = server;
    this.browser = browser;
    this.host = host;
    this.url = url;
    this.#directory = directory;
  }

  static async start(): Promise<Stand> {
    const directory = await buildPage();
    const server = new FakeServer(directory);
    const url = await server.listen();
    const browser = await TestBrowser.launch();
    const host = await browser.open(`${url}/host.html`);
    await server.until(() => server.hasHost, 'the host page');
    return new Stand(server, browser, host, url, directory);
  }

  /** As at the start, with one streamer. */
  async reset(): Promise<void> {
    this.server.reset();
    await this.host.evaluate('window.isStill = false');
  }

  /**
   * A viewer, closed when the test ends.
   *
   * @param script runs in the page before its own
   */
  async open(
    t: ExecutionContext,
    script = '',
    { errors = [], userAgent }: { errors?: string[]; userAgent?: string } = {},
  ): Promise<Page> {
    const page = await this.browser.context.newPage();
    t.teardown(async () => {
      const count = this.server.viewers;
      await page.close();
      await this.server.until(
        () => this.server.viewers < Math.max(1, count),
        'the viewer to leave',
      );
    });
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    if (userAgent !== undefined) {
      const devtools = await this.browser.context.newCDPSession(page);
      await devtools.send('Emulation.setUserAgentOverride', { userAgent });
    }
    if (script !== '') await page.addInitScript(script);
    await page.goto(`${this.url}/#/streamers/demo`);
    return page;
  }

  /** The same, once there is a picture. */
  async view(...options: Parameters<Stand['open']>): Promise<Page> {
    const page = await this.open(...options);
    await untilPicture(page);
    return page;
  }

  /** The messages of some channels since the last call, once there are as many as expected. */
  async messages(labels: readonly string[], count: number): Promise<string[]> {
    const of = (): string[] =>
      this.server.channelMessages
        .filter(({ label }) => labels.includes(label))
        .map(({ hex }) => hex);
    await this.server.until(() => of().length >= count, `${count} messages on ${labels.join()}`);
    const all = of();
    this.server.channelMessages.length = 0;
    return all;
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.server.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
