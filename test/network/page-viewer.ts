/** A viewer that is a bare RTCPeerConnection in a Chromium with its default settings. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import type { Peer } from '../../src/media/types.js';
import { descendants } from '../support/process-table.js';
import { PATIENCE, until } from '../support/until.js';
import { acceptAnswer, acceptOffer, createOffer } from '../support/peer-signaling.js';

/** What the page has received of the video so far. */
export interface PageFigures {
  readonly framesDecoded: number;
  readonly packetsLost: number;
  readonly packetsReceived: number;
  /** Of the sound: its packets, and the payload type that is decoded. */
  readonly soundPackets: number;
  readonly soundPayload: number | null;
  /** The remote candidate in use. */
  readonly protocol: string;
  /** The browser's own user fragment, of the local candidate in use. */
  readonly ufrag: string;
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
  window.states = [];
  connection.oniceconnectionstatechange = () => {
    window.states.push(connection.iceConnectionState);
  };
  window.heard = [];
  connection.ondatachannel = ({ channel }) => {
    channel.onmessage = ({ data }) => window.heard.push(channel.label + ' ' + data);
  };
  window.channel = connection.createDataChannel('keyboard');
  window.say = (text) => window.channel.send(text);
  const opened = (channel) => new Promise((done) => {
    if (channel.readyState === 'open') done();
    else channel.onopen = done;
  });
  window.chatter = async (labels) => {
    await opened(window.channel);
    let said = 0;
    const speak = () => {
      for (let i = 0; i < 4; i += 1) window.channel.send(String(++said));
    };
    const timer = setInterval(speak, 4);
    for (const label of labels) {
      // All may be open before the timer comes for the first time.
      speak();
      const channel = connection.createDataChannel(label, { maxRetransmits: 0 });
      await opened(channel);
      channel.send('first');
    }
    clearInterval(timer);
    return said;
  };
  window.flapper = async (label, rounds) => {
    for (let round = 1; round <= rounds; round += 1) {
      const channel = connection.createDataChannel(label);
      await opened(channel);
      for (let i = 1; i <= 3; i += 1) channel.send(round + '.' + i);
      // What is on its way when a channel is closed may be lost, and the old channel is to be gone first.
      await new Promise((done) => setTimeout(done, 250));
      const closed = new Promise((done) => (channel.onclose = done));
      channel.close();
      await closed;
      await new Promise((done) => setTimeout(done, 250));
    }
  };
  window.offer = async (restart) => {
    if (restart) connection.restartIce();
    await connection.setLocalDescription();
    return connection.localDescription.sdp;
  };
  window.accept = (sdp) => connection.setRemoteDescription({ type: 'answer', sdp });
  window.answer = async (sdp, refused) => {
    await connection.setRemoteDescription({ type: 'offer', sdp });
    for (const transceiver of connection.getTransceivers()) {
      if (transceiver.receiver.track.kind === refused) transceiver.stop();
    }
    await connection.setLocalDescription();
    return connection.localDescription.sdp;
  };
  window.add = (candidate) => connection.addIceCandidate({ candidate, sdpMLineIndex: 0 });
  window.figures = async () => {
    const result = {
      framesDecoded: 0, packetsLost: 0, packetsReceived: 0,
      soundPackets: 0, soundPayload: null, protocol: '', ufrag: '',
    };
    const stats = await connection.getStats();
    for (const entry of stats.values()) {
      if (entry.type === 'inbound-rtp' && entry.kind === 'video') {
        result.framesDecoded = entry.framesDecoded ?? 0;
        result.packetsLost = entry.packetsLost ?? 0;
        result.packetsReceived = entry.packetsReceived ?? 0;
      }
      if (entry.type === 'inbound-rtp' && entry.kind === 'audio') {
        result.soundPackets = entry.packetsReceived ?? 0;
        result.soundPayload = stats.get(entry.codecId)?.payloadType ?? null;
      }
      if (entry.type === 'transport' && entry.selectedCandidatePairId) {
        const pair = stats.get(entry.selectedCandidatePairId);
        result.protocol = stats.get(pair?.remoteCandidateId)?.protocol ?? '';
        result.ufrag = stats.get(pair?.localCandidateId)?.usernameFragment ?? '';
      }
    }
    return result;
  };
  window.reports = async () => {
    const reports = {};
    for (const { type, kind, reportsSent } of (await connection.getStats()).values()) {
      if (type === 'remote-outbound-rtp') reports[kind] = reportsSent;
    }
    return reports;
  };
  window.playout = async () => {
    const times = {};
    for (const { type, kind, estimatedPlayoutTimestamp } of (await connection.getStats()).values()) {
      if (type === 'inbound-rtp') times[kind] = estimatedPlayoutTimestamp;
    }
    return times;
  };
  window.security = async () => {
    const [certificate] = connection.sctp.transport.getRemoteCertificates();
    const stats = await connection.getStats();
    const transport = [...stats.values()].find(({ type }) => type === 'transport');
    if (!certificate || !transport?.dtlsCipher) return null;
    return { certificate: Array.from(new Uint8Array(certificate)), cipher: transport.dtlsCipher };
  };
`;

/** What the page knows of the other end of DTLS. */
export interface PageSecurity {
  /** DER. */
  readonly certificate: Buffer;
  /** By the name of OpenSSL and browsers. */
  readonly cipher: string;
}

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
  /** Candidates that came before a description. */
  #early: string[] | null = [];
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
    const tell = this.#trickle(peer, detour);
    const sdp = await this.answer(await createOffer(peer));
    await tell();
    await acceptAnswer(peer, onAnswer(sdp));
  }

  /**
   * The peer offers again, with fresh credentials.
   *
   * @param detour as of {@link watch}
   * @returns the offer
   */
  async restart(
    peer: Peer,
    detour?: (candidate: string) => Promise<string | null> | string | null,
  ): Promise<string> {
    const tell = this.#trickle(peer, detour);
    const offer = await createOffer(peer, true);
    const answer = await this.answer(offer);
    await tell();
    await acceptAnswer(peer, answer);
    return offer;
  }

  /** The page offers. @returns the peer's answer */
  async offer(peer: Peer, restart: boolean): Promise<string> {
    const tell = this.#trickle(peer);
    const answer = await acceptOffer(peer, String(await this.#call('offer', restart)));
    await this.#call('accept', answer);
    await this.#described();
    await tell();
    return answer;
  }

  /** The page's answer to an offer. @param refused a medium that it does not take */
  async answer(offer: string, refused: 'audio' | '' = ''): Promise<string> {
    const answer = String(await this.#call('answer', offer, refused));
    await this.#described();
    return answer;
  }

  /** Once it knows a description, which a test may pass on later than candidates. */
  async addCandidate(line: string): Promise<void> {
    if (this.#early) this.#early.push(line);
    else await this.#call('add', line);
  }

  async #described(): Promise<void> {
    const early = this.#early ?? [];
    this.#early = null;
    for (const line of early) await this.addCandidate(line);
  }

  /** Sends on the page's own channel, `keyboard`. */
  async say(text: string): Promise<void> {
    await this.#call('say', text);
  }

  /**
   * Counts on `keyboard`, a thousand times a second, while it opens more channels one after
   * another and says `first` on each.
   *
   * @returns how far it has counted
   */
  async chatter(labels: readonly string[]): Promise<number> {
    return Number(await this.#page.evaluate(`window.chatter(${JSON.stringify(labels)})`));
  }

  /** Opens a channel of this label, says `ROUND.1` to `ROUND.3` and closes it, so many times. */
  async flapper(label: string, rounds: number): Promise<void> {
    await this.#page.evaluate(`window.flapper(${JSON.stringify(label)}, ${rounds})`);
  }

  /** What came on channels: label and text. */
  heard(): Promise<readonly string[]> {
    return this.#page.evaluate<string[]>('window.heard');
  }

  /** All of `iceConnectionState`, in order. */
  states(): Promise<readonly string[]> {
    return this.#page.evaluate<string[]>('window.states');
  }

  /**
   * Passes the peer's candidates on, in place of whoever did before.
   *
   * @returns lets them through, once the page knows the description that they belong to
   */
  #trickle(
    peer: Peer,
    detour: (candidate: string) => Promise<string | null> | string | null = (line) => line,
  ): () => Promise<void> {
    const early: string[] = [];
    let ready = false;
    const add = async (line: string): Promise<void> => {
      const candidate = await detour(line);
      if (candidate !== null) await this.addCandidate(candidate);
    };
    peer.removeAllListeners('candidate');
    peer.on('candidate', ({ candidate }) => {
      if (ready) void add(candidate);
      else early.push(candidate);
    });
    return async () => {
      ready = true;
      for (const candidate of early) await add(candidate);
    };
  }

  async figures(): Promise<PageFigures> {
    return (await this.#call('figures')) as PageFigures;
  }

  /** Sender reports so far, of each medium. */
  async reports(): Promise<Readonly<Record<string, number>>> {
    return (await this.#call('reports')) as Record<string, number>;
  }

  /** Milliseconds on the sender's clock of what is played now, once reports tell. */
  async playout(): Promise<Readonly<Record<string, number>>> {
    return (await this.#call('playout')) as Record<string, number>;
  }

  security(): Promise<PageSecurity> {
    return until('DTLS', async () => {
      const found = (await this.#call('security')) as {
        readonly certificate: readonly number[];
        readonly cipher: string;
      } | null;
      return found && { ...found, certificate: Buffer.from(found.certificate) };
    });
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

  #call(name: string, ...values: readonly (string | boolean)[]): Promise<unknown> {
    return this.#page.evaluate(
      `window.${name}(${values.map((value) => JSON.stringify(value)).join(',')})`,
    );
  }
}
