/** Moontee's page in a browser of its own, which reads how old the pictures are that it shows. */
import { setTimeout as delay } from 'node:timers/promises';
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { TestBrowser } from '../../test/web/browser.js';

export interface GlassFigures {
  /** Milliseconds from drawing at the host to painting, a value for each picture. */
  readonly ages: readonly number[];
  /** Milliseconds of the picture that was to be seen, 20 times a second. */
  readonly shown: readonly number[];
  readonly unreadable: number;
}

/** Milliseconds for a picture to come. */
const PATIENCE_MS = 60_000;
const POLL_MS = 20;

export class GlassViewer {
  readonly #browser: TestBrowser;
  readonly #page: Page;

  private constructor(browser: TestBrowser, page: Page) {
    this.#browser = browser;
    this.#page = page;
  }

  /**
   * Opens the page, with a script in front of its own.
   *
   * @param url of the page, with its settings
   */
  static async open(url: string, script = ''): Promise<GlassViewer> {
    const browser = await TestBrowser.launch();
    const program = readFileSync(new URL('./glass-page.js', import.meta.url), 'utf8');
    await browser.context.addInitScript(`${script}; (() => { ${program} })()`);
    const page = await browser.open(url);
    return new GlassViewer(browser, page);
  }

  /** Until pictures are shown over that transport. */
  async untilShown(transport: 'webrtc' | 'websocket'): Promise<void> {
    await this.#until(`window.moontee?.transport === '${transport}' && moonteeGlass.last !== null`);
  }

  /** Milliseconds from the page's load to its first picture. */
  async firstPicture(): Promise<number> {
    await this.#until('window.moontee?.firstFrameAt > 0');
    return this.#page.evaluate<number>('moontee.firstFrameAt');
  }

  async watch(milliseconds: number): Promise<GlassFigures> {
    await this.#page.evaluate('moonteeGlass.reset()');
    await delay(milliseconds);
    return this.#page.evaluate<GlassFigures>(
      '(({ ages, shown, unreadable }) => ({ ages, shown, unreadable }))(moonteeGlass)',
    );
  }

  /** Milliseconds until a picture is shown that was drawn after now. */
  async untilFresh(): Promise<number> {
    const since = await this.#page.evaluate<number>('moonteeGlass.clock()');
    await this.#until(`moonteeGlass.isFreshSince(${since})`);
    return (await this.#page.evaluate<number>('moonteeGlass.lastAt')) - since;
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }

  async #until(expression: string): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!(await this.#page.evaluate<boolean>(`!!(${expression})`))) {
      if (performance.now() > deadline) throw new Error(`not in time: ${expression}`);
      await delay(POLL_MS);
    }
  }
}
