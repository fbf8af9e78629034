import { element } from './dom.js';
import { may, maySteer, type Right } from './people/situation.js';
import { matches } from './screen.js';
import type { Settings } from './settings.js';
import { Toolbar, toolbarItem, type ToolbarItem } from './toolbar.js';
import type { TouchMode } from './touch-input.js';

const TOUCH_LABELS: Readonly<Record<TouchMode, string>> = {
  touch: 'Fingers: touch screen',
  mouse: 'Fingers: click where they tap',
  trackpad: 'Fingers: track pad',
  view: 'Fingers: zoom and move the picture',
};

const TOUCH_WORDS: Readonly<Record<TouchMode, string>> = {
  touch: 'Touch',
  mouse: 'Tap',
  trackpad: 'Track pad',
  view: 'Zoom',
};

/** What fingers do, to be read when that changes. */
export const TOUCH_HELP: Readonly<Record<TouchMode, string>> = {
  touch: 'Touch: your fingers are fingers at the host.',
  mouse: 'Tap: a tap clicks, a drag drags, two fingers scroll, a long press clicks right.',
  trackpad:
    'Track pad: a finger moves the pointer, a tap clicks, two fingers scroll, a tap and a drag drag.',
  view: 'Zoom: two fingers zoom, one moves the picture. The host gets nothing of it.',
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

const PEOPLE = { icon: 'people', label: 'People', word: 'People', pressed: false } as const;

/** What the buttons do. */
export interface ViewerActions {
  readonly leave: () => void;
  readonly toggleSound: () => void;
  readonly toggleMouse: () => void;
  readonly nextTouchMode: () => void;
  readonly nextTransport: () => void;
  /** @returns whether the panel is open now */
  readonly toggleKeys: () => boolean;
  /** @returns whether the panel is open now */
  readonly togglePeople: () => boolean;
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
  readonly #people: ToolbarItem;
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
      word: 'Sound',
      onPress: actions.toggleSound,
    });
    this.#mouse = toolbarItem({ ...mouseButton(settings.mouse), onPress: actions.toggleMouse });
    this.#touch = toolbarItem({
      icon: 'touch',
      label: TOUCH_LABELS[settings.touch],
      word: TOUCH_WORDS[settings.touch],
      onPress: actions.nextTouchMode,
    });
    this.#touch.element.classList.add('for-touch');
    this.#mouse.element.classList.add('for-mouse');
    this.#transport = toolbarItem({
      icon: 'transport',
      label: TRANSPORT_LABELS[settings.transport],
      word: 'Media',
      onPress: actions.nextTransport,
    });
    this.#keys = toolbarItem({
      icon: 'keyboard',
      label: 'Keyboard',
      word: 'Keyboard',
      pressed: false,
      onPress: () => {
        const isOpen = actions.toggleKeys();
        this.#keys.update({ pressed: isOpen });
        // A keyboard on the screen leaves little to the picture.
        if (isOpen && matches('(hover: none)')) this.fold();
      },
    });
    this.#people = toolbarItem({
      ...PEOPLE,
      onPress: () => this.#people.update({ pressed: actions.togglePeople() }),
    });
    this.#people.element.hidden = true;
    this.#stats = toolbarItem({
      icon: 'stats',
      label: 'Statistics',
      word: 'Statistics',
      shortcut: 'S',
      pressed: settings.stats,
      onPress: actions.toggleStats,
    });
    this.#screen = toolbarItem({
      icon: 'enlarge',
      label: 'Full screen',
      word: 'Full screen',
      shortcut: 'X',
      pressed: false,
      onPress: actions.toggleScreen,
    });
    const back = toolbarItem({
      icon: 'back',
      label: 'All streamers',
      word: 'Streamers',
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
        this.#people,
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

  /** Something else wants the room of an open bar where there is little. */
  makeRoom(): void {
    if (matches('(max-width: 1000px)')) this.fold();
  }

  showTitle(text: string): void {
    this.#title.textContent = `${this.#streamerId} · ${text}`;
  }

  showMouse(mode: Settings['mouse']): void {
    this.#mouse.update(mouseButton(mode));
  }

  showTouch(mode: TouchMode): void {
    this.#touch.update({ label: TOUCH_LABELS[mode], word: TOUCH_WORDS[mode] });
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

  /** @param count null: the server does not tell who is here */
  showPeople(count: number | null): void {
    this.#people.element.hidden = count === null;
    if (count !== null) this.#people.update({ label: `People: ${count}` });
  }

  showPeopleOpen(isOpen: boolean): void {
    this.#people.update({ pressed: isOpen });
  }

  /** Leaves out what this viewer has no right to. */
  showGranted(granted: readonly Right[]): void {
    const viewer = { granted };
    this.#keys.element.hidden = !may(viewer, 'keyboard');
    this.#mouse.element.hidden = !may(viewer, 'pointer');
    this.#touch.element.hidden = !maySteer(viewer);
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
  word: string;
  pressed: boolean;
} {
  return mode === 'relative'
    ? { icon: 'mouse', label: 'Mouse: locked, for games', word: 'Mouse', pressed: true }
    : { icon: 'pointer', label: 'Mouse: follows the pointer', word: 'Mouse', pressed: false };
}
