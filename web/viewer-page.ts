import {
  ViewerConnection,
  type MoonteeApi,
  type Transport,
  type ViewerReady,
} from '../client/index.js';
import { captureInput } from './capture.js';
import { exposeViewer } from './debug.js';
import { Cleanup, element, icon } from './dom.js';
import { Gamepads } from './gamepad-input.js';
import type { CapturedKeyboard } from './keyboard-input.js';
import { keyPanel } from './key-panel.js';
import { unlockPointer } from './mouse-input.js';
import { MediaPlayer } from './media-player.js';
import { Notice } from './notice.js';
import { People } from './people/people.js';
import { maySteer } from './people/situation.js';
import { pictureBox, type PictureBox } from './picture.js';
import { Playback } from './playback.js';
import { Remarks } from './remarks.js';
import { followFullscreen, keepAwake, toggleFullscreen } from './screen.js';
import { loadSettings, saveSettings } from './settings.js';
import { statsPanel } from './stats-panel.js';
import { StreamShow } from './stream-show.js';
import type { TouchMode } from './touch-input.js';
import { ViewGestures } from './view-gestures.js';
import { TOUCH_HELP, ViewerToolbar } from './viewer-toolbar.js';
import { fitVisibleRoom } from './visible-room.js';

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
  readonly #show: StreamShow;
  readonly #stage: HTMLElement;
  readonly #notice: Notice;
  readonly #remarks = new Remarks();
  readonly #stats = statsPanel();
  readonly #toolbar: ViewerToolbar;
  readonly #keys: ReturnType<typeof keyPanel>;
  readonly #soundPill: HTMLElement;
  readonly #gamepads: Gamepads;
  readonly #people: People;
  readonly #view: ViewGestures;
  readonly #keyboard: CapturedKeyboard;
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
    this.#show = new StreamShow(connection, this.#playback, () => this.#remember(false));
    this.#view = new ViewGestures(this.#stage, () => this.#people.place(), this.#cleanup);
    this.#people = this.#makePeople(api, streamerId);
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
      this.#people.element,
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
    this.#show.dropProbe();
    this.#connection.input.releaseAll();
    this.#notice.close();
    this.#cleanup.run();
    this.#connection.close();
  }

  get #touchMode(): TouchMode {
    const { you } = this.#connection.company;
    if (you !== undefined && !maySteer(you)) return 'view';
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
      togglePeople: () => this.#people.toggle(),
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
    const modes: TouchMode[] = [
      'mouse',
      'trackpad',
      ...(this.#host.touch ? ['touch' as const] : []),
    ];
    modes.push('view');
    this.#settings.touch = modes[(modes.indexOf(this.#touchMode) + 1) % modes.length] ?? 'mouse';
    this.#toolbar.showTouch(this.#settings.touch);
    this.#connection.input.releaseAll();
    this.#view.reset();
    this.#remarks.showShortly(TOUCH_HELP[this.#settings.touch]);
    this.#remark();
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

  /** Where the picture is now, in the page. */
  #box(): PictureBox {
    return this.#view.boxOf(pictureBox(this.#stage.getBoundingClientRect(), this.#playback.size));
  }

  #makePeople(api: MoonteeApi, streamerId: string): People {
    return new People({
      ...{ api, streamerId, connection: this.#connection, stage: this.#stage },
      settings: this.#settings,
      box: () => this.#box(),
      onCount: (count) => this.#toolbar.showPeople(count),
      onOpen: (isOpen) => {
        this.#toolbar.showPeopleOpen(isOpen);
        if (isOpen) this.#toolbar.makeRoom();
        else this.#stage.focus({ preventScroll: true });
      },
      onGranted: (granted) => {
        this.#toolbar.showGranted(granted);
        this.#toolbar.showTouch(this.#touchMode);
      },
      onRemark: (text) => {
        this.#remarks.showShortly(text);
        this.#remark();
      },
      cleanup: this.#cleanup,
    });
  }

  #capture(): CapturedKeyboard {
    const stage = this.#stage;
    const cleanup = this.#cleanup;
    for (const name of ['click', 'keydown'] as const) {
      cleanup.listen(stage, name, () => {
        if (this.#playback.isBlocked) this.#playback.unmute();
      });
    }
    return captureInput({
      root: this.element,
      stage,
      input: this.#connection.input,
      shortcuts: {
        Z: () => {
          unlockPointer();
          this.#toolbar.focus();
        },
        X: () => this.#toggleScreen(),
        S: () => this.#toggleStats(),
        Q: leave,
      },
      box: () => this.#box(),
      hostWidth: () => this.#host.width,
      isRelative: () => this.#settings.mouse === 'relative',
      touchMode: () => this.#touchMode,
      view: this.#view,
      isActive: () => this.#connection.status.state === 'connected',
      cleanup,
    });
  }

  #followScreen(): void {
    followFullscreen((isFull) => {
      this.#toolbar.showScreen(isFull);
      this.#stage.focus({ preventScroll: true });
    }, this.#cleanup);
    keepAwake(this.#cleanup);
    fitVisibleRoom(this.element, this.#cleanup);
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
      this.#show.dropProbe();
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
    connection.on('stream', (stream) => this.#show.show(stream));
    connection.on('noMediaSocket', (reason) => this.#remarks.showShortly(reason));
    this.#player.on('stream', (stream) => this.#playback.play(stream));
    this.#player.on('canvas', (canvas) => this.#show.showCanvas(canvas));
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

  #remember(isSocketNeeded: boolean): void {
    this.#settings.socketNeededAt = isSocketNeeded ? Date.now() : 0;
    saveSettings(this.#settings);
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
