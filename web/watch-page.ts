import { ViewerConnection, type MoonteeApi } from '../client/index.js';
import { exposeViewer } from './debug.js';
import { Cleanup, element, icon } from './dom.js';
import { MediaPlayer } from './media-player.js';
import { Notice } from './notice.js';
import { Playback } from './playback.js';
import { keepAwake } from './screen.js';
import { loadSettings } from './settings.js';
import { StreamShow } from './stream-show.js';

/** Milliseconds of a connection without a frame after which it is of no use. */
const NO_PICTURE_MS = 15_000;
const TICK_MS = 1_000;

export interface WatchPageOptions {
  readonly api: MoonteeApi;
  readonly streamerId: string;
  readonly onUnauthorized: () => void;
}

/** One streamer to be watched and heard, and nothing else: to be embedded, or captured. */
export class WatchPage {
  readonly element: HTMLElement;
  readonly #cleanup = new Cleanup();
  readonly #connection: ViewerConnection;
  readonly #playback: Playback;
  readonly #notice: Notice;
  readonly #show: StreamShow;
  /** The server works on something, and reports when that fails. */
  #isBusy = false;

  constructor({ api, streamerId, onUnauthorized }: WatchPageOptions) {
    const settings = loadSettings();
    const cleanup = this.#cleanup;
    const playback = new Playback(settings.volume, cleanup);
    const player = new MediaPlayer(() => playback.framesPainted, cleanup);
    const connection = new ViewerConnection({ api, streamerId, media: player });
    connection.transport = settings.transport;
    this.#connection = connection;
    this.#playback = playback;
    this.#show = new StreamShow(connection, playback, () => undefined);
    this.#notice = new Notice({
      retry: () => connection.retryNow(),
      leave: null,
      enterCredentials: onUnauthorized,
    });
    const pill = element(
      'button',
      { class: 'sound-pill', type: 'button', hidden: true, onclick: () => playback.unmute() },
      icon('muted'),
      'Click for sound',
    );
    playback.on('sound', (sound) => {
      pill.hidden = sound !== 'blocked';
    });
    const stage = element(
      'div',
      { class: 'stage watched', role: 'group', 'aria-label': `Screen of ${streamerId}` },
      playback.video,
    );
    this.element = element('main', { class: 'viewer' }, stage, this.#notice.element, pill);
    this.#follow(player);
    keepAwake(cleanup);
    cleanup.every(TICK_MS, () => this.#tick());
    exposeViewer(connection, playback, player);
    document.title = `${streamerId} – Moontee`;
    connection.start();
  }

  close(): void {
    window.moontee = undefined;
    this.#show.dropProbe();
    this.#notice.close();
    this.#cleanup.run();
    this.#connection.close();
  }

  #follow(player: MediaPlayer): void {
    const connection = this.#connection;
    const playback = this.#playback;
    const showNotice = (): void => this.#notice.show(connection.status, playback.hasPicture);
    connection.on('status', (status) => {
      this.element.dataset['state'] = status.state;
      if (status.state === 'connected') playback.expect();
      showNotice();
    });
    connection.on('restarted', () => {
      this.#isBusy = false;
      this.#show.dropProbe();
      playback.restart();
    });
    connection.on('progress', (text) => this.#notice.progress(text));
    connection.on('stage', (text) => {
      this.#isBusy = text !== null;
    });
    connection.on('stream', (stream) => this.#show.show(stream));
    player.on('stream', (stream) => playback.play(stream));
    player.on('canvas', (canvas) => this.#show.showCanvas(canvas));
    player.on('drawn', (...drawn) => playback.drawn(...drawn));
    playback.on('picture', showNotice);
    this.#cleanup.listen(document, 'visibilitychange', () => playback.expect());
    this.#cleanup.listen(window, 'online', () => connection.retryNow());
  }

  #tick(): void {
    const connection = this.#connection;
    const playback = this.#playback;
    void connection.stats().then((sample) => {
      if (sample !== undefined) playback.decoded(sample.framesDecoded);
    });
    const isExpected = connection.status.state === 'connected' && !document.hidden;
    const isStuck = isExpected && !playback.hasPicture && !this.#isBusy;
    if (isStuck && playback.silence > NO_PICTURE_MS) connection.giveUp('NO_PICTURE');
  }
}
