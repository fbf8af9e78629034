import { ViewerConnection, type MoonteeApi, type ViewerReady } from '../client/index.js';
import { Cleanup, element, icon } from './dom.js';
import { Gamepads } from './gamepad-input.js';
import { captureKeyboard } from './keyboard-input.js';
import { keyPanel } from './key-panel.js';
import { captureMouse, unlockPointer } from './mouse-input.js';
import { Notice } from './notice.js';
import { pictureBox, placeIn, type PictureBox, type Place } from './picture.js';
import { Playback } from './playback.js';
import { followFullscreen, keepAwake, toggleFullscreen } from './screen.js';
import { loadSettings, saveSettings } from './settings.js';
import { statsPanel } from './stats-panel.js';
import { Toolbar, toolbarItem } from './toolbar.js';
import { captureTouch, type TouchMode } from './touch-input.js';

/** Milliseconds of a connection without a frame after which it is of no use. */
const NO_PICTURE = 15_000;
/** Milliseconds that an input may go without any change of the picture. */
const STANDSTILL = 3_000;
/** Milliseconds for which it is said that something is left out. */
const SHORT_REMARK = 20_000;

const TOUCH_LABELS: Readonly<Record<TouchMode, string>> = {
  touch: 'Fingers: touch screen',
  mouse: 'Fingers: click where they tap',
  trackpad: 'Fingers: track pad',
};

/** Letters of the page's shortcuts, as they are shown. */
const SHORTCUTS = [
  ['Z', 'tool bar'],
  ['X', 'full screen'],
  ['S', 'statistics'],
  ['Q', 'all streamers'],
] as const;

export interface ViewerPageOptions {
  readonly api: MoonteeApi;
  readonly streamerId: string;
  readonly onUnauthorized: () => void;
}

export interface ViewerPage {
  readonly element: HTMLElement;
  close(): void;
}

/** One streamer: its picture and sound, and everything by which it is steered. */
export function viewerPage({ api, streamerId, onUnauthorized }: ViewerPageOptions): ViewerPage {
  const cleanup = new Cleanup();
  const settings = loadSettings();
  const connection = new ViewerConnection({ api, streamerId });
  const { input } = connection;
  let host: ViewerReady = { width: 0, height: 0, touch: false };
  let hostPoor = false;
  let isConstrained = false;
  let stageText: string | null = null;
  /** When the first input was sent that no frame has followed. */
  let unansweredAt: number | undefined;
  let noSound: string | null = null;
  /** What is left out, said for a while. */
  let shortRemark: { readonly text: string; readonly until: number } | undefined;

  const playback = new Playback(settings.volume, cleanup);
  const { video } = playback;
  const stage = element(
    'div',
    {
      class: 'stage',
      tabindex: 0,
      role: 'application',
      'aria-label': `Screen of ${streamerId}. Keys go to the host; Control, Alt, Shift and Z returns to the tool bar.`,
    },
    video,
  );
  const leave = (): void => {
    location.hash = '#/';
  };
  const notice = new Notice({
    retry: () => connection.retryNow(),
    leave,
    enterCredentials: onUnauthorized,
  });
  const badge = element('p', { class: 'remark', role: 'status', hidden: true });
  const stats = statsPanel();
  const keys = keyPanel(input, () => {
    keysItem.update({ pressed: false });
    stage.focus({ preventScroll: true });
  });

  const box = (): PictureBox => pictureBox(stage.getBoundingClientRect(), playback.size);
  const place = (x: number, y: number): Place => placeIn(box(), x, y);
  const scale = (): number => (host.width > 0 ? host.width / Math.max(1, box().width) : 1);
  const touchMode = (): TouchMode =>
    settings.touch === 'touch' && !host.touch ? 'mouse' : settings.touch;

  const save = (): void => saveSettings(settings);
  const toggleStats = (): void => {
    settings.stats = !settings.stats;
    stats.element.hidden = !settings.stats;
    statsItem.update({ pressed: settings.stats });
    save();
  };
  const toggleScreen = (): void => void toggleFullscreen(root, video);
  const describeMouse = (): { icon: 'mouse' | 'pointer'; label: string; pressed: boolean } =>
    settings.mouse === 'relative'
      ? { icon: 'mouse', label: 'Mouse: locked, for games', pressed: true }
      : { icon: 'pointer', label: 'Mouse: follows the pointer', pressed: false };

  const soundItem = toolbarItem({
    icon: 'sound',
    label: 'Sound off',
    onPress: () => playback.toggleSound(),
  });
  const mouseItem = toolbarItem({
    ...describeMouse(),
    onPress: () => {
      settings.mouse = settings.mouse === 'relative' ? 'absolute' : 'relative';
      if (settings.mouse === 'absolute') unlockPointer();
      mouseItem.update(describeMouse());
      stage.classList.toggle('relative', settings.mouse === 'relative');
      save();
    },
  });
  const touchItem = toolbarItem({
    icon: 'touch',
    label: TOUCH_LABELS[settings.touch],
    onPress: () => {
      const modes: TouchMode[] = host.touch
        ? ['mouse', 'trackpad', 'touch']
        : ['mouse', 'trackpad'];
      settings.touch = modes[(modes.indexOf(touchMode()) + 1) % modes.length] ?? 'mouse';
      touchItem.update({ label: TOUCH_LABELS[settings.touch] });
      input.releaseAll();
      save();
    },
  });
  touchItem.element.classList.add('for-touch');
  const keysItem = toolbarItem({
    icon: 'keyboard',
    label: 'Keyboard',
    pressed: false,
    onPress: () => keysItem.update({ pressed: keys.toggle() }),
  });
  const statsItem = toolbarItem({
    icon: 'stats',
    label: 'Statistics',
    shortcut: 'S',
    pressed: settings.stats,
    onPress: toggleStats,
  });
  const screenItem = toolbarItem({
    icon: 'enlarge',
    label: 'Full screen',
    shortcut: 'X',
    pressed: false,
    onPress: toggleScreen,
  });
  const backItem = toolbarItem({
    icon: 'back',
    label: 'All streamers',
    shortcut: 'Q',
    onPress: leave,
  });
  const title = element('span', { class: 'title' }, streamerId);
  const toolbar = new Toolbar(
    [backItem, title, soundItem, mouseItem, touchItem, keysItem, statsItem, screenItem],
    SHORTCUTS,
  );

  const soundPill = element(
    'button',
    { class: 'sound-pill', type: 'button', hidden: true, onclick: () => playback.unmute() },
    icon('muted'),
    'Click for sound',
  );

  const root = element(
    'main',
    { class: 'viewer' },
    stage,
    notice.element,
    toolbar.element,
    stats.element,
    badge,
    soundPill,
    keys.element,
  );
  stats.element.hidden = !settings.stats;
  stage.classList.toggle('relative', settings.mouse === 'relative');

  const keyboard = captureKeyboard({
    root,
    stage,
    input,
    shortcuts: {
      Z: () => {
        unlockPointer();
        toolbar.focus();
      },
      X: toggleScreen,
      S: toggleStats,
      Q: leave,
    },
    isActive: () => connection.status.state === 'connected',
    cleanup,
  });
  const isRelative = (): boolean => settings.mouse === 'relative';
  captureMouse({ stage, input, place, scale, isRelative, cleanup });
  captureTouch({ stage, input, place, scale, mode: touchMode, cleanup });
  for (const name of ['click', 'keydown'] as const) {
    cleanup.listen(stage, name, () => {
      if (playback.isBlocked) playback.unmute();
    });
  }
  const sayShortly = (text: string): void => {
    shortRemark = { text, until: performance.now() + SHORT_REMARK };
  };
  const gamepads = new Gamepads(
    input,
    (name) => {
      sayShortly(`A controller is left out, since its layout is not known: ${name}`);
    },
    cleanup,
  );
  followFullscreen((isFull) => {
    screenItem.update({
      icon: isFull ? 'reduce' : 'enlarge',
      label: isFull ? 'Leave full screen' : 'Full screen',
      pressed: isFull,
    });
    stage.focus({ preventScroll: true });
  }, cleanup);
  keepAwake(cleanup);

  /** What is wrong with a picture that is there; over none the notice speaks. */
  const remarkText = (): string => {
    if (connection.status.state !== 'connected' || !playback.hasPicture) return '';
    const now = performance.now();
    if (stageText !== null) return stageText;
    if (unansweredAt !== undefined && now - unansweredAt > STANDSTILL) {
      return 'The picture stands still, and the host does not react';
    }
    if (isConstrained) return 'Your network cannot keep up';
    if (hostPoor) return 'The link to the host is poor';
    return shortRemark !== undefined && now < shortRemark.until ? shortRemark.text : '';
  };
  /** A host sends nothing while nothing changes; but input changes something. */
  const followAnswers = (): void => {
    const { lastFrameAt } = playback;
    if (unansweredAt !== undefined && lastFrameAt >= unansweredAt) unansweredAt = undefined;
    if (input.actedAt > lastFrameAt) unansweredAt ??= input.actedAt;
  };
  const remark = (): void => {
    const text = remarkText();
    badge.hidden = text === '';
    if (badge.textContent !== text) badge.textContent = text;
  };

  const show = (): void => notice.show(connection.status, playback.hasPicture);
  connection.on('status', (status) => {
    root.dataset['state'] = status.state;
    if (status.state === 'connected') playback.expect();
    show();
    if (status.state !== 'waiting' && status.state !== 'ended') return;
    // Nothing can be done with the picture any more, but something about the connection.
    unlockPointer();
    const { activeElement } = document;
    if (activeElement === stage || activeElement === document.body) notice.focus();
  });
  connection.on('restarted', () => {
    playback.restart();
    keyboard.restart();
    unansweredAt = undefined;
    hostPoor = false;
    isConstrained = false;
    stageText = null;
  });
  connection.on('stage', (text) => {
    stageText = text;
    remark();
  });
  connection.on('progress', (text) => notice.progress(text));
  connection.on('noSound', (reason) => {
    noSound = reason;
    if (reason === null) return;
    soundItem.update({ icon: 'muted', label: reason });
    sayShortly(reason);
  });
  connection.on('stream', (stream) => playback.play(stream));
  connection.on('ready', (ready) => {
    host = ready;
    stageText = null;
    remark();
    touchItem.update({ label: TOUCH_LABELS[touchMode()] });
  });
  connection.on('title', (text) => {
    title.textContent = `${streamerId} · ${text}`;
  });
  connection.on('feedback', (feedback) => gamepads.feedback(feedback));
  connection.on('quality', (quality) => {
    isConstrained = quality !== 'good';
  });
  connection.on('hostQuality', (quality) => {
    hostPoor = quality === 'poor';
  });
  playback.on('picture', () => {
    show();
    toolbar.fold(true);
    if (document.activeElement === document.body) stage.focus({ preventScroll: true });
  });
  playback.on('sound', (sound) => {
    soundPill.hidden = sound !== 'blocked' || noSound !== null;
    const isOn = sound === 'on';
    soundItem.update(
      noSound === null
        ? { icon: isOn ? 'sound' : 'muted', label: isOn ? 'Sound off' : 'Sound on' }
        : { icon: 'muted', label: noSound },
    );
  });

  cleanup.every(1_000, () => {
    void connection.stats().then((sample) => {
      if (sample !== undefined) playback.decoded(sample.framesDecoded);
      if (settings.stats) stats.show(sample, playback.timeToFirstFrame);
    });
    followAnswers();
    remark();
    // A page that nobody looks at need not be shown anything.
    const isStuck =
      connection.status.state === 'connected' && !playback.hasPicture && !document.hidden;
    // While the server works on something, it tells when that fails.
    if (isStuck && stageText === null && playback.silence > NO_PICTURE) {
      connection.giveUp('NO_PICTURE');
    }
  });
  cleanup.listen(document, 'visibilitychange', () => playback.expect());
  cleanup.listen(window, 'online', () => {
    if (connection.status.state === 'waiting') connection.retryNow();
  });

  window.moontee = {
    get state() {
      return connection.status.state;
    },
    get reason() {
      return 'end' in connection.status ? connection.status.end.reason : null;
    },
    get code() {
      return 'end' in connection.status ? connection.status.end.code : null;
    },
    get framesDecoded() {
      return playback.framesDecoded;
    },
    get firstFrameAt() {
      return playback.firstFrameAt ?? null;
    },
    get timeToFirstFrame() {
      return playback.timeToFirstFrame ?? null;
    },
    get width() {
      return playback.size.width;
    },
    get height() {
      return playback.size.height;
    },
    stats: () => connection.stats(),
  };
  document.title = `${streamerId} – Moontee`;
  connection.start();

  return {
    element: root,
    close: () => {
      window.moontee = undefined;
      input.releaseAll();
      notice.close();
      cleanup.run();
      connection.close();
    },
  };
}
