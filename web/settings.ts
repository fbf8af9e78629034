/** What the viewer chose, kept by the browser. */
export interface Settings {
  mouse: 'absolute' | 'relative';
  /** `view` lasts as long as the page: who comes back expects to steer. */
  touch: 'touch' | 'mouse' | 'trackpad' | 'view';
  transport: 'auto' | 'webrtc' | 'websocket';
  /** When WebRTC had no path here, as `Date.now()`; 0 if it has one. */
  socketNeededAt: number;
  stats: boolean;
  /** Others' pointers are drawn over the picture. */
  pointers: boolean;
  /** How others see this viewer; empty: as a guest. */
  name: string;
  /** 0…1. */
  volume: number;
}

/** Characters of a name that the server keeps. */
export const MAX_NAME = 64;

const KEY = 'moontee.settings';

const DEFAULTS: Settings = {
  mouse: 'absolute',
  touch: 'mouse',
  transport: 'auto',
  socketNeededAt: 0,
  stats: false,
  pointers: true,
  name: '',
  volume: 1,
};

const CHOICES = {
  mouse: ['absolute', 'relative'],
  touch: ['touch', 'mouse', 'trackpad'],
  transport: ['auto', 'webrtc', 'websocket'],
} as const;

/** What the address says in `?transport=` is a choice like another. */
export function loadSettings(): Settings {
  let stored: Partial<Record<keyof Settings, unknown>> = {};
  try {
    stored = (JSON.parse(localStorage.getItem(KEY) ?? '{}') ?? {}) as typeof stored;
  } catch {
    // Unreadable or forbidden: the defaults do.
  }
  const asked = new URLSearchParams(location.search).get('transport') ?? stored.transport;
  return {
    mouse: CHOICES.mouse.find((choice) => choice === stored.mouse) ?? DEFAULTS.mouse,
    touch: CHOICES.touch.find((choice) => choice === stored.touch) ?? DEFAULTS.touch,
    transport: CHOICES.transport.find((choice) => choice === asked) ?? DEFAULTS.transport,
    socketNeededAt:
      typeof stored.socketNeededAt === 'number' ? stored.socketNeededAt : DEFAULTS.socketNeededAt,
    stats: stored.stats === true,
    pointers: stored.pointers !== false,
    name: typeof stored.name === 'string' ? stored.name.slice(0, MAX_NAME) : DEFAULTS.name,
    volume:
      typeof stored.volume === 'number' && stored.volume >= 0 && stored.volume <= 1
        ? stored.volume
        : DEFAULTS.volume,
  };
}

export function saveSettings(settings: Settings): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // Then they last as long as the page.
  }
}
