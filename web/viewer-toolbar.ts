import { element } from './dom.js';
import type { Settings } from './settings.js';
import { Toolbar, toolbarItem, type ToolbarItem } from './toolbar.js';
import type { TouchMode } from './touch-input.js';

const TOUCH_LABELS: Readonly<Record<TouchMode, string>> = {
  touch: 'Fingers: touch screen',
  mouse: 'Fingers: click where they tap',
  trackpad: 'Fingers: track pad',
};

const TRANSPORT_LABELS: Readonly<Record<Settings['transport'], string>> = {
  auto: 'Media by WebRTC, else by WebSocket',
  webrtc: 'Media by WebRTC',
  websocket: 'Media by WebSocket',
};

/** Letters of the page's shortcuts, as they are shown. */
const SHORTCUTS = [
  ['Z', 'tool bar'],
  ['X', 'full screen'],
  ['S', 'statistics'],
  ['Q', 'all streamers'],
] as const;

/** What the buttons do. */
export interface ViewerActions {
  readonly leave: () => void;
  readonly toggleSound: () => void;
  readonly toggleMouse: () => void;
  readonly nextTouchMode: () => void;
  readonly nextTransport: () => void;
  /** @returns whether the panel is open now */
  readonly toggleKeys: () => boolean;
  readonly toggleStats: () => void;
  readonly toggleScreen: () => void;
}

/** The bar of one viewer: its buttons show the settings. */
export class ViewerToolbar {
  readonly #bar: Toolbar;
  readonly #title: HTMLElement;
  readonly #streamerId: string;
  readonly #sound: ToolbarItem;
  readonly #mouse: ToolbarItem;
  readonly #touch: ToolbarItem;
  readonly #transport: ToolbarItem;
  readonly #keys: ToolbarItem;
  readonly #stats: ToolbarItem;
  readonly #screen: ToolbarItem;
  /** Why there is no sound; null if there is. */
  #noSound: string | null = null;

  constructor(streamerId: string, settings: Settings, actions: ViewerActions) {
    this.#streamerId = streamerId;
    this.#title = element('span', { class: 'title' }, streamerId);
    this.#sound = toolbarItem({
      icon: 'sound',
      label: 'Sound off',
      onPress: actions.toggleSound,
    });
    this.#mouse = toolbarItem({ ...mouseButton(settings.mouse), onPress: actions.toggleMouse });
    this.#touch = toolbarItem({
      icon: 'touch',
      label: TOUCH_LABELS[settings.touch],
      onPress: actions.nextTouchMode,
    });
    this.#touch.element.classList.add('for-touch');
    this.#transport = toolbarItem({
      icon: 'transport',
      label: TRANSPORT_LABELS[settings.transport],
      onPress: actions.nextTransport,
    });
    this.#keys = toolbarItem({
      icon: 'keyboard',
      label: 'Keyboard',
      pressed: false,
      onPress: () => this.#keys.update({ pressed: actions.toggleKeys() }),
    });
    this.#stats = toolbarItem({
      icon: 'stats',
      label: 'Statistics',
      shortcut: 'S',
      pressed: settings.stats,
      onPress: actions.toggleStats,
    });
    this.#screen = toolbarItem({
      icon: 'enlarge',
      label: 'Full screen',
      shortcut: 'X',
      pressed: false,
      onPress: actions.toggleScreen,
    });
    const back = toolbarItem({
      icon: 'back',
      label: 'All streamers',
      shortcut: 'Q',
      onPress: actions.leave,
    });
    this.#bar = new Toolbar(
      [
        back,
        this.#title,
        this.#sound,
        this.#mouse,
        this.#touch,
        this.#keys,
        this.#transport,
        this.#stats,
        this.#screen,
      ],
      SHORTCUTS,
    );
  }

  get element(): HTMLElement {
    return this.#bar.element;
  }

  get hasSound(): boolean {
    return this.#noSound === null;
  }

  focus(): void {
    this.#bar.focus();
  }

  fold(): void {
    this.#bar.fold(true);
  }

  showTitle(text: string): void {
    this.#title.textContent = `${this.#streamerId} · ${text}`;
  }

  showMouse(mode: Settings['mouse']): void {
    this.#mouse.update(mouseButton(mode));
  }

  showTouch(mode: TouchMode): void {
    this.#touch.update({ label: TOUCH_LABELS[mode] });
  }

  showTransport(transport: Settings['transport']): void {
    this.#transport.update({ label: TRANSPORT_LABELS[transport] });
  }

  showStats(isOn: boolean): void {
    this.#stats.update({ pressed: isOn });
  }

  keysClosed(): void {
    this.#keys.update({ pressed: false });
  }

  showScreen(isFull: boolean): void {
    this.#screen.update({
      icon: isFull ? 'reduce' : 'enlarge',
      label: isFull ? 'Leave full screen' : 'Full screen',
      pressed: isFull,
    });
  }

  /** @param reason why there is no sound; null if there is */
  showNoSound(reason: string | null): void {
    this.#noSound = reason;
    if (reason !== null) this.#sound.update({ icon: 'muted', label: reason });
  }

  showSound(isOn: boolean): void {
    this.#sound.update(
      this.#noSound === null
        ? { icon: isOn ? 'sound' : 'muted', label: isOn ? 'Sound off' : 'Sound on' }
        : { icon: 'muted', label: this.#noSound },
    );
  }
}

function mouseButton(mode: Settings['mouse']): {
  icon: 'mouse' | 'pointer';
  label: string;
  pressed: boolean;
} {
  return mode === 'relative'
    ? { icon: 'mouse', label: 'Mouse: locked, for games', pressed: true }
    : { icon: 'pointer', label: 'Mouse: follows the pointer', pressed: false };
}
