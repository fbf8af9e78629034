type Child = Node | string | false | undefined;

/** Attributes; `on…` names are listeners. */
type Attributes = Readonly<
  Record<string, string | number | boolean | undefined | ((event: Event) => void)>
>;

/** Makes an element. Attribute `true` is an empty attribute, `false` none. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, '');
    else if (value !== undefined && value !== false) made.setAttribute(key, String(value));
  }
  made.append(...children.filter((child) => child !== undefined && child !== false));
  return made;
}

/** Stroked outlines on a grid of 24. */
const ICONS = {
  back: 'M15 5l-7 7 7 7',
  sound: 'M4 10v4h4l5 4V6L8 10H4zM16.5 9a4 4 0 010 6M19 6.5a8 8 0 010 11',
  muted: 'M4 10v4h4l5 4V6L8 10H4zM17 10l4 4M21 10l-4 4',
  mouse: 'M12 3a6 6 0 00-6 6v6a6 6 0 0012 0V9a6 6 0 00-6-6zM12 3v7',
  pointer: 'M6 4l12 7-5.5 1.5L10 18 6 4z',
  touch: 'M10 13V6a2 2 0 014 0v6l3.5 1a2 2 0 011.5 2.4L18 20h-7l-4-5a1.5 1.5 0 012.4-1.7L10 14',
  keyboard: 'M3 7h18v10H3zM6.5 10.5h.01M10 10.5h.01M14 10.5h.01M17.5 10.5h.01M8 14h8',
  stats: 'M5 20v-6M10 20V9M15 20v-8M20 20V5',
  transport: 'M4 8h13l-4-4M20 16H7l4 4',
  enlarge: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  reduce: 'M9 4v5H4M15 4v5h5M9 20v-5H4M15 20v-5h5',
  unfold: 'M6 9l6 6 6-6',
  fold: 'M6 15l6-6 6 6',
  screen: 'M3 5h18v11H3zM8 20h8M12 16v4',
  close: 'M6 6l12 12M18 6L6 18',
  view: 'M10 17a7 7 0 100-14 7 7 0 000 14zM15.5 15.5L21 21M10 7v6M7 10h6',
  people:
    'M9 11a3 3 0 100-6 3 3 0 000 6zM3 19a6 6 0 0112 0M16 5.5a3 3 0 010 5.5M17 13.5a6 6 0 014 5.5',
} as const;

export type IconName = keyof typeof ICONS;

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(svg.namespaceURI, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** Listeners, timers and the like of a part of the page, undone together. */
export class Cleanup {
  readonly #undo: (() => void)[] = [];

  add(undo: () => void): void {
    this.#undo.push(undo);
  }

  /** Listens until {@link run}. */
  listen<Name extends keyof GlobalEvents>(
    target: EventTarget,
    name: Name,
    listener: (event: GlobalEvents[Name]) => void,
    options: AddEventListenerOptions = {},
  ): void {
    const handler = listener as EventListener;
    target.addEventListener(name, handler, options);
    this.add(() => target.removeEventListener(name, handler, options));
  }

  every(milliseconds: number, action: () => void): void {
    const timer = setInterval(action, milliseconds);
    this.add(() => clearInterval(timer));
  }

  run(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }
}

interface GlobalEvents extends HTMLElementEventMap, GamepadEvents {
  pointerlockchange: Event;
  webkitfullscreenchange: Event;
  visibilitychange: Event;
  online: Event;
}

interface GamepadEvents {
  gamepadconnected: GamepadEvent;
  gamepaddisconnected: GamepadEvent;
}
