/** A viewer that is a bare RTCPeerConnection in a Chromium with its default settings. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import type { Peer } from '../../src/gst/types.js';
import { descendants } from '../support/process-table.js';
import { PATIENCE, until } from '../support/until.js';

/** What the page has received of the video so far. */
export interface PageFigures {
  readonly framesDecoded: number;
  readonly packetsLost: number;
  readonly packetsReceived: number;
  /** The remote candidate in use. */
  readonly protocol: string;
}

/** Runs in the page; plain JavaScript, because that is what a page understands. */
const SCRIPT = `
  const connection = new RTCPeerConnection();
  window.connection = connection;
  connection.onicecandidate = ({ candidate }) => {
    if (candidate) window.tell(candidate.candidate, candidate.sdpMid);
  };
  connection.ontrack = ({ track, streams }) => {
    if (track.kind !== 'video') return;
    const video = document.createElement('video');
    video.muted = true;
    video.autoplay = true;
    video.srcObject = streams[0];
    document.body.append(video);
  };
  window.answer = async (sdp) => {
    await connection.setRemoteDescription({ type: 'offer', sdp });
    await connection.setLocalDescription();
    return connection.localDescription.sdp;
  };
  window.add = (candidate) => connection.addIceCandidate({ candidate, sdpMLineIndex: 0 });
  window.figures = async () => {
    const result = { framesDecoded: 0, packetsLost: 0, packetsReceived: 0, protocol: '' };
    const stats = await connection.getStats();
    for (const entry of stats.values()) {
      if (entry.type === 'inbound-rtp' && entry.kind === 'video') {
        result.framesDecoded = entry.framesDecoded ?? 0;
        result.packetsLost = entry.packetsLost ?? 0;
        result.packetsReceived = entry.packetsReceived ?? 0;
      }
      if (entry.type === 'transport' && entry.selectedCandidatePairId) {
        const pair = stats.get(entry.selectedCandidatePairId);
        result.protocol = stats.get(pair?.remoteCandidateId)?.protocol ?? '';
      }
    }
    return result;
  };
`;

export class PageBrowser {
  readonly #context: BrowserContext;
  readonly #profile: string;

  private constructor(context: BrowserContext, profile: string) {
    this.#context = context;
    this.#profile = profile;
  }

  static async launch(): Promise<PageBrowser> {
    const profile = await mkdtemp(join(tmpdir(), 'moontee-browser-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: '/usr/bin/chromium',
      headless: true,
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
      timeout: PATIENCE,
    });
    context.setDefaultTimeout(PATIENCE);
    return new PageBrowser(context, profile);
  }

  async open(): Promise<PageViewer> {
    return PageViewer.start(await this.#context.newPage());
  }

  /** Ends all of its processes, without a word to anybody. */
  async kill(): Promise<void> {
    for (const pid of await descendants(process.pid)) {
      const command = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
      // Only this browser's own: its children carry the profile, or are below one that does.
      if (!command.includes(this.#profile)) continue;
      for (const each of [pid, ...(await descendants(pid))]) kill(each);
    }
  }

  async close(): Promise<void> {
    await this.#context.close();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It went with its parent.
  }
}

export class PageViewer {
  readonly #page: Page;
  /** Candidates that the browser told. */
  readonly candidates: string[] = [];

  private constructor(page: Page) {
    this.#page = page;
  }

  static async start(page: Page): Promise<PageViewer> {
    const viewer = new PageViewer(page);
    await page.exposeFunction('tell', (candidate: string) => viewer.candidates.push(candidate));
    await page.evaluate(SCRIPT);
    return viewer;
  }

  /**
   * Lets the page answer the peer's offer.
   *
   * @param detour makes of our candidates those that the page is told
   * @param onAnswer sees the page's description and may change it
   */
  async watch(
    peer: Peer,
    detour: (candidate: string) => Promise<string | null> | string | null = (line) => line,
    onAnswer: (sdp: string) => string = (sdp) => sdp,
  ): Promise<void> {
    const early: string[] = [];
    let answered = false;
    const add = async (line: string): Promise<void> => {
      const candidate = await detour(line);
      if (candidate !== null) await this.#call('add', candidate);
    };
    peer.on('candidate', ({ candidate }) => {
      if (answered) void add(candidate);
      else early.push(candidate);
    });
    const sdp = await this.#call('answer', await peer.createOffer());
    answered = true;
    for (const candidate of early) await add(candidate);
    await peer.acceptAnswer(onAnswer(String(sdp)));
  }

  async figures(): Promise<PageFigures> {
    return (await this.#call('figures')) as PageFigures;
  }

  async untilFrames(count: number): Promise<PageFigures> {
    return until(`${count} frames in the page`, async () => {
      const figures = await this.figures();
      return figures.framesDecoded >= count && figures;
    });
  }

  close(): Promise<void> {
    return this.#page.close();
  }

  #call(name: string, ...values: readonly string[]): Promise<unknown> {
    return this.#page.evaluate(
      `window.${name}(${values.map((value) => JSON.stringify(value)).join(',')})`,
    );
  }
}
