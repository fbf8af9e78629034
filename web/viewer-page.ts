import {
  ViewerConnection,
  type MoonteeApi,
  type Transport,
  type ViewerReady,
} from '../client/index.js';
import { attempt, attemptAsync } from '../client/attempt.js';
import { exposeViewer } from './debug.js';
import { Cleanup, element, icon } from './dom.js';
import { Gamepads } from './gamepad-input.js';
import { captureKeyboard } from './keyboard-input.js';
import { keyPanel } from './key-panel.js';
import { captureMouse, unlockPointer } from './mouse-input.js';
import { MediaPlayer } from './media-player.js';
import { Notice } from './notice.js';
import { pictureBox, placeIn, type PictureBox, type Place } from './picture.js';
import { Playback } from './playback.js';
import { Remarks } from './remarks.js';
import { followFullscreen, keepAwake, toggleFullscreen } from './screen.js';
import { loadSettings, saveSettings } from './settings.js';
import { statsPanel } from './stats-panel.js';
import { captureTouch, type TouchMode } from './touch-input.js';
import { ViewerToolbar } from './viewer-toolbar.js';

/** Milliseconds of a connection without a frame after which it is of no use. */
const NO_PICTURE_MS = 15_000;
const TRANSPORTS: readonly Transport[] = ['auto', 'webrtc', 'websocket'];
/** Milliseconds for which a network without a path for WebRTC is remembered. */
const SOCKET_NEEDED_MS = 7 * 24 * 3_600_000;
const TICK_MS = 1_000;

export interface ViewerPageOptions {
  readonly api: MoonteeApi;
  readonly streamerId: string;
  readonly onUnauthorized: () => void;
}

/** One streamer: its picture and sound, and everything by which it is steered. */
export class ViewerPage {
  readonly element: HTMLElement;
  readonly #connection: ViewerConnection;
  readonly #cleanup = new Cleanup();
  readonly #settings = loadSettings();
  readonly #playback: Playback;
  readonly #player: MediaPlayer;
  /** Where a browser without track generators shows the pictures of a media socket. */
  #canvas: HTMLCanvasElement | null = null;
  /** Waits for the first picture of a stream that is to follow a media socket. */
  #probe: HTMLVideoElement | null = null;
  readonly #stage: HTMLElement;
  readonly #notice: Notice;
  readonly #remarks = new Remarks();
  readonly #stats = statsPanel();
  readonly #toolbar: ViewerToolbar;
  readonly #keys: ReturnType<typeof keyPanel>;
  readonly #soundPill: HTMLElement;
  readonly #gamepads: Gamepads;
  readonly #keyboard: ReturnType<typeof captureKeyboard>;
  #host: ViewerReady = { width: 0, height: 0, touch: false };

  constructor({ api, streamerId, onUnauthorized }: ViewerPageOptions) {
    this.#playback = new Playback(this.#settings.volume, this.#cleanup);
    this.#player = new MediaPlayer(() => this.#playback.framesPainted, this.#cleanup);
    const isNeeded = Date.now() - this.#settings.socketNeededAt < SOCKET_NEEDED_MS;
    const connection = new ViewerConnection({
      api,
      streamerId,
      media: this.#player,
      ...(isNeeded ? { deadlines: { socketMedia: 0 } } : {}),
    });
    connection.transport = this.#settings.transport;
    saveSettings(this.#settings);
    this.#connection = connection;
    this.#stage = stageOf(streamerId, this.#playback.video);
    this.#notice = new Notice({
      retry: () => connection.retryNow(),
      leave,
      enterCredentials: onUnauthorized,
    });
    this.#keys = keyPanel(connection.input, () => {
      this.#toolbar.keysClosed();
      this.#stage.focus({ preventScroll: true });
    });
    this.#toolbar = this.#makeToolbar(streamerId);
    this.#soundPill = element(
      'button',
      {
        class: 'sound-pill',
        type: 'button',
        hidden: true,
        onclick: () => this.#playback.unmute(),
      },
      icon('muted'),
      'Click for sound',
    );
    this.element = element(
      'main',
      { class: 'viewer' },
      this.#stage,
      this.#notice.element,
      this.#toolbar.element,
      this.#stats.element,
      this.#remarks.element,
      this.#soundPill,
      this.#keys.element,
    );
    this.#stats.element.hidden = !this.#settings.stats;
    this.#stage.classList.toggle('relative', this.#settings.mouse === 'relative');
    this.#keyboard = this.#capture();
    this.#gamepads = new Gamepads(
      connection.input,
      (name) => {
        this.#remarks.showShortly(
          `A controller is left out, since its layout is not known: ${name}`,
        );
      },
      this.#cleanup,
    );
    this.#followScreen();
    this.#followConnection();
    this.#followStream();
    this.#followPlayback();
    this.#cleanup.every(TICK_MS, () => this.#tick());
    exposeViewer(connection, this.#playback, this.#player);
    document.title = `${streamerId} – Moontee`;
    connection.start();
  }

  close(): void {
    window.moontee = undefined;
    this.#dropProbe();
    this.#connection.input.releaseAll();
    this.#notice.close();
    this.#cleanup.run();
    this.#connection.close();
  }

  get #touchMode(): TouchMode {
    return this.#settings.touch === 'touch' && !this.#host.touch ? 'mouse' : this.#settings.touch;
  }

  #makeToolbar(streamerId: string): ViewerToolbar {
    return new ViewerToolbar(streamerId, this.#settings, {
      leave,
      toggleSound: () => this.#playback.toggleSound(),
      toggleMouse: () => this.#toggleMouse(),
      nextTouchMode: () => this.#nextTouchMode(),
      nextTransport: () => this.#nextTransport(),
      toggleKeys: () => this.#keys.toggle(),
      toggleStats: () => this.#toggleStats(),
      toggleScreen: () => this.#toggleScreen(),
    });
  }

  #toggleMouse(): void {
    const settings = this.#settings;
    settings.mouse = settings.mouse === 'relative' ? 'absolute' : 'relative';
    if (settings.mouse === 'absolute') unlockPointer();
    this.#toolbar.showMouse(settings.mouse);
    this.#stage.classList.toggle('relative', settings.mouse === 'relative');
    saveSettings(settings);
  }

  #nextTouchMode(): void {
    const modes: TouchMode[] = this.#host.touch
      ? ['mouse', 'trackpad', 'touch']
      : ['mouse', 'trackpad'];
    this.#settings.touch = modes[(modes.indexOf(this.#touchMode) + 1) % modes.length] ?? 'mouse';
    this.#toolbar.showTouch(this.#settings.touch);
    this.#connection.input.releaseAll();
    saveSettings(this.#settings);
  }

  #nextTransport(): void {
    const settings = this.#settings;
    settings.transport =
      TRANSPORTS[(TRANSPORTS.indexOf(settings.transport) + 1) % TRANSPORTS.length] ?? 'auto';
    this.#toolbar.showTransport(settings.transport);
    saveSettings(settings);
    this.#connection.transport = settings.transport;
    this.#connection.start();
  }

  #toggleStats(): void {
    this.#settings.stats = !this.#settings.stats;
    this.#stats.element.hidden = !this.#settings.stats;
    this.#toolbar.showStats(this.#settings.stats);
    saveSettings(this.#settings);
  }

  #toggleScreen(): void {
    void toggleFullscreen(this.element, this.#playback.video);
  }

  /** Takes keys, mouse and fingers. */
  #capture(): ReturnType<typeof captureKeyboard> {
    const stage = this.#stage;
    const cleanup = this.#cleanup;
    const { input } = this.#connection;
    const box = (): PictureBox => pictureBox(stage.getBoundingClientRect(), this.#playback.size);
    const place = (x: number, y: number): Place => placeIn(box(), x, y);
    const scale = (): number =>
      this.#host.width > 0 ? this.#host.width / Math.max(1, box().width) : 1;
    const keyboard = captureKeyboard({
      root: this.element,
      stage,
      input,
      shortcuts: {
        Z: () => {
          unlockPointer();
          this.#toolbar.focus();
        },
        X: () => this.#toggleScreen(),
        S: () => this.#toggleStats(),
        Q: leave,
      },
      isActive: () => this.#connection.status.state === 'connected',
      cleanup,
    });
    const isRelative = (): boolean => this.#settings.mouse === 'relative';
    captureMouse({ stage, input, place, scale, isRelative, cleanup });
    captureTouch({ stage, input, place, scale, mode: () => this.#touchMode, cleanup });
    for (const name of ['click', 'keydown'] as const) {
      cleanup.listen(stage, name, () => {
        if (this.#playback.isBlocked) this.#playback.unmute();
      });
    }
    return keyboard;
  }

  #followScreen(): void {
    followFullscreen((isFull) => {
      this.#toolbar.showScreen(isFull);
      this.#stage.focus({ preventScroll: true });
    }, this.#cleanup);
    keepAwake(this.#cleanup);
    this.#cleanup.listen(document, 'visibilitychange', () => this.#playback.expect());
    const onNetwork = (): void => {
      if (this.#connection.status.state === 'waiting') this.#connection.retryNow();
      else this.#connection.tryWebRtc();
    };
    this.#cleanup.listen(window, 'online', onNetwork);
    // Chromium's.
    const { connection: network } = navigator as { connection?: EventTarget };
    if (network !== undefined) this.#cleanup.listen(network, 'change', onNetwork);
  }

  #followConnection(): void {
    const connection = this.#connection;
    connection.on('status', (status) => {
      this.element.dataset['state'] = status.state;
      if (status.state === 'connected') {
        this.#playback.expect();
        if (this.#settings.transport === 'auto') this.#remember(connection.isOnSocket);
      }
      this.#showNotice();
      if (status.state !== 'waiting' && status.state !== 'ended') return;
      // Nothing can be done with the picture any more, but something about the connection.
      unlockPointer();
      const { activeElement } = document;
      if (activeElement === this.#stage || activeElement === document.body) this.#notice.focus();
    });
    connection.on('restarted', () => {
      this.#dropProbe();
      this.#playback.restart();
      this.#keyboard.restart();
      this.#remarks.reset();
    });
    connection.on('stage', (text) => {
      this.#remarks.stage = text;
      this.#remark();
    });
    connection.on('progress', (text) => this.#notice.progress(text));
    connection.on('ready', (ready) => {
      this.#host = ready;
      this.#remarks.stage = null;
      this.#remark();
      this.#toolbar.showTouch(this.#touchMode);
    });
    connection.on('title', (text) => this.#toolbar.showTitle(text));
  }

  #followStream(): void {
    const connection = this.#connection;
    connection.on('stream', (stream) => {
      if (connection.isOnSocket) this.#moveTo(stream);
      else this.#playStream(stream);
    });
    connection.on('noMediaSocket', (reason) => this.#remarks.showShortly(reason));
    this.#player.on('stream', (stream) => this.#playback.play(stream));
    this.#player.on('canvas', (canvas) => this.#showCanvas(canvas));
    this.#player.on('drawn', (...drawn) => this.#playback.drawn(...drawn));
    connection.on('noSound', (reason) => {
      this.#toolbar.showNoSound(reason);
      if (reason !== null) this.#remarks.showShortly(reason);
    });
    connection.on('feedback', (feedback) => this.#gamepads.feedback(feedback));
    connection.on('quality', (quality) => {
      this.#remarks.constrained = quality !== 'good';
    });
    connection.on('hostQuality', (quality) => {
      this.#remarks.hostPoor = quality === 'poor';
    });
  }

  #playStream(stream: MediaStream): void {
    this.#playback.play(stream);
    this.#showCanvas(null);
  }

  /** The picture of a media socket stays until this stream has one. */
  #moveTo(stream: MediaStream): void {
    this.#dropProbe();
    const probe = element('video', { autoplay: true, playsinline: true });
    this.#probe = probe;
    probe.muted = true;
    probe.srcObject = stream;
    void attemptAsync(() => probe.play());
    attempt(() =>
      probe.requestVideoFrameCallback(() => {
        if (this.#probe !== probe) return;
        this.#dropProbe();
        if (!this.#connection.isOnSocket) return;
        this.#connection.leaveMediaSocket();
        this.#remember(false);
        this.#playStream(stream);
      }),
    );
  }

  /** One that is not needed any more would go on decoding. */
  #dropProbe(): void {
    if (this.#probe !== null) this.#probe.srcObject = null;
    this.#probe = null;
  }

  #remember(isSocketNeeded: boolean): void {
    this.#settings.socketNeededAt = isSocketNeeded ? Date.now() : 0;
    saveSettings(this.#settings);
  }

  #showCanvas(canvas: HTMLCanvasElement | null): void {
    this.#canvas?.remove();
    this.#canvas = canvas;
    if (canvas !== null) this.#stage.append(canvas);
  }

  #followPlayback(): void {
    this.#playback.on('picture', () => {
      this.#showNotice();
      this.#toolbar.fold();
      if (document.activeElement === document.body) this.#stage.focus({ preventScroll: true });
    });
    this.#playback.on('sound', (sound) => {
      this.#soundPill.hidden = sound !== 'blocked' || !this.#toolbar.hasSound;
      this.#toolbar.showSound(sound === 'on');
    });
  }

  #showNotice(): void {
    this.#notice.show(this.#connection.status, this.#playback.hasPicture);
  }

  #remark(): void {
    const isConnected = this.#connection.status.state === 'connected';
    this.#remarks.update(isConnected && this.#playback.hasPicture);
  }

  #tick(): void {
    const connection = this.#connection;
    const playback = this.#playback;
    void connection.stats().then((sample) => {
      if (sample !== undefined) playback.decoded(sample.framesDecoded);
      if (this.#settings.stats) this.#stats.show(sample, playback.timeToFirstFrame);
    });
    this.#remarks.followAnswers(playback.lastFrameAt, connection.input.actedAt);
    this.#remark();
    // A hidden page need not be shown anything.
    const isStuck =
      connection.status.state === 'connected' && !playback.hasPicture && !document.hidden;
    // While the server works on something, it reports when that fails.
    if (isStuck && this.#remarks.stage === null && playback.silence > NO_PICTURE_MS) {
      connection.giveUp('NO_PICTURE');
    }
  }
}

function stageOf(streamerId: string, video: HTMLVideoElement): HTMLElement {
  return element(
    'div',
    {
      class: 'stage',
      tabindex: 0,
      role: 'application',
      'aria-label': `Screen of ${streamerId}. Keys go to the host; Control, Alt, Shift and Z returns to the tool bar.`,
    },
    video,
  );
}

function leave(): void {
  location.hash = '#/';
}
