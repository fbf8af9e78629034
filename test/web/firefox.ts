import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { PATIENCE } from './browser.js';

/**
 * Debian's Firefox brings no H.264 for WebRTC: its makers fetch that as a plug-in. With these it
 * decodes by libavcodec of the system, as Firefox does elsewhere by the platform's decoder.
 */
const PLATFORM_H264 = {
  'media.webrtc.hw.h264.enabled': true,
  'media.navigator.mediadatadecoder_h264_enabled': true,
  // 1 is "works": the list of graphics drivers knows no machine without one.
  'gfx.blacklist.webrtc.hw.acceleration.h264': 1,
};

const PREFERENCES = {
  // Sound without a click, and two pages of one machine that find each other without multicast.
  'media.autoplay.default': 0,
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  // Nothing is fetched.
  'media.gmp-manager.updateEnabled': false,
  'media.gmp-provider.enabled': false,
};

export interface FirefoxOptions {
  /** Whether it takes H.264; Debian's does not by itself. */
  readonly h264?: boolean;
}

/** A Firefox with an empty profile, driven by WebDriver BiDi. */
export class Firefox {
  readonly #browser: Browser;
  readonly #profile: string;

  private constructor(browser: Browser, profile: string) {
    this.#browser = browser;
    this.#profile = profile;
  }

  static async launch({ h264 = true }: FirefoxOptions = {}): Promise<Firefox> {
    const profile = await mkdtemp(join(tmpdir(), 'moontee-firefox-'));
    const browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: '/usr/bin/firefox-esr',
      headless: true,
      userDataDir: profile,
      extraPrefsFirefox: { ...PREFERENCES, ...(h264 ? PLATFORM_H264 : {}) },
      defaultViewport: { width: 1280, height: 720 },
      timeout: PATIENCE,
      protocolTimeout: PATIENCE,
    });
    return new Firefox(browser, profile);
  }

  /**
   * @param errors collects what the page complains about
   * @param prepare does what must be done before the page's own script runs
   */
  async open(
    url: string,
    errors: string[] = [],
    prepare: (page: Page) => Promise<void> = () => Promise.resolve(),
  ): Promise<Page> {
    const page = await this.#browser.newPage();
    await prepare(page);
    page.on('pageerror', (error) => {
      errors.push(error instanceof Error ? error.message : String(error));
    });
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await page.goto(url, { timeout: PATIENCE });
    return page;
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
