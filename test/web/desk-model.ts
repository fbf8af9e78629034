/** What a host must get of what people and an agent do at one desktop: a model, told in short words. */

/** One thing that somebody does, as a hand does it. */
export type Gesture =
  /** A key by its position. */
  | { readonly do: 'key'; readonly down: boolean; readonly code: KeyName }
  /** 0…1 of the picture. */
  | { readonly do: 'point'; readonly x: number; readonly y: number }
  | { readonly do: 'button'; readonly down: boolean; readonly button: ButtonName }
  /** CSS pixels, positive is right and down. */
  | { readonly do: 'wheel'; readonly dx: number; readonly dy: number }
  /** CSS pixels of a pointer that is locked. */
  | { readonly do: 'nudge'; readonly dx: number; readonly dy: number }
  /** From now on the pointer is locked, or is not. */
  | { readonly do: 'lock'; readonly locked: boolean }
  /** All fingers that are on the picture from now on; one may have come, moved or gone. */
  | { readonly do: 'fingers'; readonly on: readonly Finger[] }
  /** The browser takes all fingers away. */
  | { readonly do: 'cancel' }
  | { readonly do: 'write' | 'paste'; readonly text: string }
  | { readonly do: 'plug' | 'unplug'; readonly pad: number }
  | { readonly do: 'play'; readonly pad: number; readonly state: PadHands };

export interface Finger {
  readonly id: number;
  readonly x: number;
  readonly y: number;
}

/** What hands do to a pad in the standard layout of browsers. */
export interface PadHands {
  /** Indices. */
  readonly pressed?: readonly number[];
  /** 0…1. */
  readonly left?: number;
  readonly right?: number;
  /** −1…1, positive is right and down. */
  readonly axes?: readonly [number, number, number, number];
}

/** Windows virtual keys. */
export const KEYS = {
  ...{ KeyA: 0x41, KeyB: 0x42, KeyC: 0x43, KeyE: 0x45, KeyQ: 0x51, KeyV: 0x56, KeyX: 0x58 },
  ...{ KeyW: 0x57, KeyZ: 0x5a, Digit1: 0x31, Numpad7: 0x67, F5: 0x74, F12: 0x7b },
  ...{ ArrowUp: 0x26, Enter: 0x0d, Tab: 0x09, Space: 0x20, Escape: 0x1b, Delete: 0x2e },
  ...{ ShiftLeft: 0xa0, ShiftRight: 0xa1, ControlLeft: 0xa2, ControlRight: 0xa3 },
  ...{ AltLeft: 0xa4, AltRight: 0xa5, MetaLeft: 0x5b, Minus: 0xbd },
} as const;
export type KeyName = keyof typeof KEYS;

const MODIFIERS: Readonly<Partial<Record<KeyName, number>>> = {
  ...{ ShiftLeft: 1, ShiftRight: 1, ControlLeft: 2, ControlRight: 2 },
  ...{ AltLeft: 4, AltRight: 4, MetaLeft: 8 },
};

const BUTTONS = { left: 1, middle: 2, right: 3 } as const;
export type ButtonName = keyof typeof BUTTONS;

/** The host's bit of each button of the standard layout; triggers have none. */
const PAD_BITS = [
  ...[0x1000, 0x2000, 0x4000, 0x8000, 0x100, 0x200, 0, 0, 0x20, 0x10, 0x40, 0x80],
  ...[0x1, 0x2, 0x4, 0x8, 0x400],
];
const ALL_PAD_BUTTONS = 0xf7ff;

/** Places are told in parts of this. */
const RANGE = 4096;
/** Units of the host's wheel for a pixel. */
const PER_PIXEL = 1.2;

/** One line of the host's log. */
export interface Word {
  /** Order counts within it at any pace. */
  readonly lane: string;
  readonly text: string;
  /** What it takes down or lets go, if it does. */
  readonly holds?: { readonly what: string; readonly down: boolean };
  /** Of what has come: milliseconds of the host's clock. */
  readonly at?: number;
}

interface PadSeat {
  readonly slot: number;
}

/** By axis: what was too little to be told. */
interface Rests {
  readonly move: number[];
  readonly pixels: number[];
  /** Of the host's units. */
  readonly wheel: number[];
}

/** The host as it must be, and what it must be told. */
export class DeskModel {
  /** Who holds what, by the host's name of it. */
  readonly #held = new Map<string, Set<string>>();
  readonly #places = new Map<string, string>();
  readonly #locked = new Set<string>();
  readonly #fingers = new Map<string, Map<number, { readonly host: number; at: string }>>();
  readonly #pads = new Map<string, PadSeat>();
  readonly #rests = new Map<string, Rests>();
  #writer = '';
  /** Who has the pointer while buttons are down. */
  #dragger: string | null = null;

  /** Whether the host believes it to be held. */
  holds(what: string): boolean {
    return this.#held.has(what);
  }

  /**
   * Browsers tell of a mouse that rests when something moves below it. Then a page says once more
   * where its viewer points.
   */
  retells({ text }: Word): boolean {
    const again = [...this.#places].find(([who, place]) => place === text && who !== 'agent');
    if (again === undefined || this.#isTaken(again[0])) return false;
    this.#writer = again[0];
    return true;
  }

  /** @param size pixels of the stream in which places are told; null: as a browser tells them */
  take(who: string, gesture: Gesture, size: readonly [number, number] | null = null): Word[] {
    switch (gesture.do) {
      case 'key':
        return this.#key(who, gesture.code, gesture.down);
      case 'write':
      case 'paste':
        return Array.from(gesture.text, (text) => ({ lane: 'typing', text: `text ${text}` }));
      case 'point':
        return this.#point(who, placeWord(gesture.x, gesture.y, size));
      case 'button':
        return this.#button(who, gesture.button, gesture.down, size === null);
      case 'wheel':
        return this.#wheel(who, gesture.dx, gesture.dy);
      case 'nudge':
        return this.#nudge(who, gesture.dx, gesture.dy);
      case 'lock':
        if (gesture.locked) this.#locked.add(who);
        else this.#locked.delete(who);
        return [];
      case 'fingers':
        return this.#touch(who, gesture.on);
      case 'cancel':
        return this.#cancel(who);
      case 'plug':
        return this.#plug(who, gesture.pad);
      case 'unplug':
        return this.#unplug(who, gesture.pad);
      case 'play':
        return this.#play(who, gesture.pad, gesture.state);
    }
  }

  /** The viewer is gone, or may not do anything any more. */
  leave(who: string): Word[] {
    const mine = [...this.#held].filter(([, by]) => by.has(who)).map(([what]) => what);
    const keys = (Object.keys(KEYS) as KeyName[]).filter((code) => mine.includes(keyWord(code)));
    const buttons = (Object.keys(BUTTONS) as ButtonName[]).filter((name) =>
      mine.includes(`button ${BUTTONS[name]}`),
    );
    return [
      // Modifiers last: nothing turns into another character on the way.
      ...keys.filter((code) => !(code in MODIFIERS)).flatMap((code) => this.#key(who, code, false)),
      ...keys.filter((code) => code in MODIFIERS).flatMap((code) => this.#key(who, code, false)),
      ...buttons.flatMap((button) => this.#up(who, button)),
      ...this.#cancel(who),
    ];
  }

  #key(who: string, code: KeyName, down: boolean): Word[] {
    const what = keyWord(code);
    if (!this.#change(who, what, down)) return [];
    const own = MODIFIERS[code] ?? 0;
    const bits = (Object.keys(MODIFIERS) as KeyName[])
      .filter((each) => this.#held.has(keyWord(each)))
      .reduce((all, each) => all | (MODIFIERS[each] ?? 0), 0);
    const modifiers = bits & ~own;
    const text = `${down ? '+' : '-'}${what}${modifiers === 0 ? '' : ` with ${modifiers}`}`;
    return [{ lane: 'typing', text, holds: { what, down } }];
  }

  #point(who: string, place: string): Word[] {
    this.#places.set(who, place);
    if (this.#isTaken(who)) return [];
    this.#writer = who;
    return [mouse(place)];
  }

  /** A page tells where its viewer presses and lets go, so that nothing lands elsewhere. */
  #button(who: string, name: ButtonName, down: boolean, isPage: boolean): Word[] {
    const place = this.#places.get(who);
    const isTold = isPage && !this.#locked.has(who) && place !== undefined;
    const first = isTold ? this.#point(who, place) : [];
    return [...first, ...(down ? this.#down(who, name) : this.#up(who, name))];
  }

  #down(who: string, name: ButtonName): Word[] {
    const what = `button ${BUTTONS[name]}`;
    if (this.#isTaken(who) && !this.#held.has(what)) return [];
    if (!this.#change(who, what, true)) return [];
    this.#dragger ??= who;
    return [...this.#moveBack(who), mouse(`+${what}`, { what, down: true })];
  }

  #up(who: string, name: ButtonName): Word[] {
    const what = `button ${BUTTONS[name]}`;
    const isUp = this.#change(who, what, false);
    const others = [...this.#held].filter(([held]) => held.startsWith('button'));
    if (this.#dragger === who && !others.some(([, by]) => by.has(who))) {
      this.#dragger = [...(others[0]?.[1] ?? [])][0] ?? null;
    }
    return isUp ? [mouse(`-${what}`, { what, down: false })] : [];
  }

  /** Whole pixels are told, and the host's whole units of them; the rest is kept. */
  #wheel(who: string, dx: number, dy: number): Word[] {
    if (this.#isTaken(who)) return [];
    const { pixels, wheel } = this.#restsOf(who);
    const turned = [dx, -dy].map((part, axis) => {
      const sum = round((pixels[axis] ?? 0) + part);
      const delta = Math.trunc(sum);
      pixels[axis] = round(sum - delta);
      const rest = wheel[axis] ?? 0;
      if (Math.sign(rest) !== Math.sign(delta) && delta !== 0) wheel[axis] = 0;
      const all = (wheel[axis] ?? 0) + delta * PER_PIXEL;
      const units = delta % 120 === 0 ? delta : Math.trunc(round(all));
      wheel[axis] = delta % 120 === 0 ? (wheel[axis] ?? 0) : round(all - units);
      return units;
    });
    const [across = 0, along = 0] = turned;
    const words: Word[] = [];
    if (along !== 0) words.push(mouse(`wheel ${along}`));
    if (across !== 0) words.push(mouse(`wheel across ${across}`));
    return words.length === 0 ? [] : [...this.#moveBack(who), ...words];
  }

  /** The picture is shown in twice its size. */
  #nudge(who: string, dx: number, dy: number): Word[] {
    const { move } = this.#restsOf(who);
    const [x, y] = [dx, dy].map((delta, axis) => {
      const all = (move[axis] ?? 0) + delta / 2;
      move[axis] = all - Math.trunc(all);
      return Math.trunc(all);
    });
    if ((x ?? 0) === 0 && (y ?? 0) === 0) return [];
    this.#places.delete(who);
    if (this.#isTaken(who)) return [];
    this.#writer = who;
    return [mouse(`by ${x} ${y}`)];
  }

  /** Somebody else has moved the pointer: a click must land where its viewer sees it. */
  #moveBack(who: string): Word[] {
    if (this.#writer === who) return [];
    this.#writer = who;
    const place = this.#places.get(who);
    return place === undefined ? [] : [mouse(place)];
  }

  #isTaken(who: string): boolean {
    return this.#dragger !== null && this.#dragger !== who;
  }

  #touch(who: string, on: readonly Finger[]): Word[] {
    const mine = this.#fingersOf(who);
    const words: Word[] = [];
    for (const { id, x, y } of on) {
      const at = `${x} ${y}`;
      const known = mine.get(id);
      if (known === undefined) {
        const host = this.#freeFinger();
        mine.set(id, { host, at });
        this.#change(who, `finger ${host}`, true);
        words.push(finger('down', host, at));
      } else if (known.at !== at) {
        known.at = at;
        words.push(finger('move', known.host, at));
      }
    }
    for (const [id, { host, at }] of mine) {
      if (on.some((each) => each.id === id)) continue;
      mine.delete(id);
      this.#change(who, `finger ${host}`, false);
      words.push(finger('up', host, at));
    }
    return words;
  }

  #cancel(who: string): Word[] {
    const mine = [...this.#fingersOf(who).values()];
    this.#fingers.delete(who);
    return mine.map(({ host, at }) => {
      this.#change(who, `finger ${host}`, false);
      return finger('cancel', host, at);
    });
  }

  #plug(who: string, pad: number): Word[] {
    const taken = [...this.#pads.values()].map(({ slot }) => slot);
    let slot = 0;
    while (taken.includes(slot)) slot += 1;
    this.#pads.set(`${who} ${pad}`, { slot });
    const arrival = `pad ${slot} comes, ${ALL_PAD_BUTTONS.toString(16)}`;
    return [{ lane: `pad ${slot}`, text: arrival }, this.#padState(slot, {})];
  }

  #unplug(who: string, pad: number): Word[] {
    const seat = this.#pads.get(`${who} ${pad}`);
    if (seat === undefined) return [];
    this.#pads.delete(`${who} ${pad}`);
    return [this.#padState(seat.slot, {})];
  }

  #play(who: string, pad: number, state: PadHands): Word[] {
    const seat = this.#pads.get(`${who} ${pad}`);
    return seat === undefined ? [] : [this.#padState(seat.slot, state)];
  }

  #padState(slot: number, { pressed = [], left = 0, right = 0, axes }: PadHands): Word {
    const bits = pressed.reduce((all, index) => all | (PAD_BITS[index] ?? 0), 0);
    const [lx, ly, rx, ry] = axes ?? [0, 0, 0, 0];
    const stick = (value: number): number => Math.trunc(value * 32_767) + 0;
    const active = [...this.#pads.values()].reduce((all, each) => all | (1 << each.slot), 0);
    return padWord(slot, {
      ...{ buttons: bits, activePads: active },
      ...{ leftTrigger: Math.trunc(left * 255), rightTrigger: Math.trunc(right * 255) },
      ...{ leftX: stick(lx), leftY: stick(-ly), rightX: stick(rx), rightY: stick(-ry) },
    });
  }

  #freeFinger(): number {
    const taken = [...this.#fingers.values()].flatMap((mine) => [...mine.values()]);
    let host = 0;
    while (taken.some((each) => each.host === host)) host += 1;
    return host;
  }

  #fingersOf(who: string): Map<number, { readonly host: number; at: string }> {
    const mine = this.#fingers.get(who) ?? new Map<number, { host: number; at: string }>();
    this.#fingers.set(who, mine);
    return mine;
  }

  #restsOf(who: string): Rests {
    const rests = this.#rests.get(who) ?? { move: [0, 0], pixels: [0, 0], wheel: [0, 0] };
    this.#rests.set(who, rests);
    return rests;
  }

  /** @returns whether the host notices: of several holders the first press and the last release */
  #change(who: string, what: string, down: boolean): boolean {
    const by = this.#held.get(what) ?? new Set<string>();
    if (by.has(who) === down) return false;
    if (down) this.#held.set(what, by.add(who));
    else by.delete(who);
    if (by.size === 0) this.#held.delete(what);
    return by.size === (down ? 1 : 0);
  }
}

/** The word of one line of the host's log; null for what says nothing here. */
export function wordOf(line: Readonly<Record<string, unknown>>): Word | null {
  const number = (name: string): number => Number(line[name]);
  switch (line['type']) {
    case 'key': {
      const what = `key ${number('keyCode').toString(16)}`;
      const down = line['down'] === true;
      const modifiers = number('modifiers');
      const text = `${down ? '+' : '-'}${what}${modifiers === 0 ? '' : ` with ${modifiers}`}`;
      return { lane: 'typing', text, holds: { what, down } };
    }
    case 'text':
      return { lane: 'typing', text: `text ${String(line['text'])}` };
    case 'mouse-position':
      return mouse(
        `at ${number('x')} ${number('y')} of ${number('referenceWidth')} ${number('referenceHeight')}`,
      );
    case 'mouse-move':
      return mouse(`by ${number('dx')} ${number('dy')}`);
    case 'mouse-button': {
      const what = `button ${number('button')}`;
      const down = line['down'] === true;
      return mouse(`${down ? '+' : '-'}${what}`, { what, down });
    }
    case 'scroll':
      return mouse(`wheel ${number('amount')}`);
    case 'horizontal-scroll':
      return mouse(`wheel across ${number('amount')}`);
    case 'touch':
      return finger(String(line['phase']), number('pointerId'), `${number('x')} ${number('y')}`);
    case 'pad-arrival':
      return {
        lane: `pad ${number('pad')}`,
        text: `pad ${number('pad')} comes, ${number('supportedButtons').toString(16)}`,
      };
    case 'pad-state':
      return padWord(number('pad'), line);
    default:
      return null;
  }
}

/**
 * Leaves out what says nothing new: the place where the pointer is, and the state in which a pad is.
 * A page tells a place by two channels, of which either may be first.
 */
export class Repeats {
  /** The last of each kind that stays true. */
  readonly #last = new Map<string, string>();

  admits({ lane, text }: Word): boolean {
    if (!/^(at|by|pad)/.test(text)) return true;
    const isRepeat = this.#last.get(lane) === text && !text.startsWith('by');
    this.#last.set(lane, text);
    return !isRepeat;
  }
}

function keyWord(code: KeyName): string {
  return `key ${KEYS[code].toString(16)}`;
}

function mouse(text: string, holds?: Word['holds']): Word {
  return { lane: 'mouse', text, ...(holds === undefined ? {} : { holds }) };
}

function finger(phase: string, host: number, at: string): Word {
  const what = `finger ${host}`;
  const text = `${what} ${phase} ${at}`;
  const down = phase === 'down';
  return { lane: 'touch', text, ...(phase === 'move' ? {} : { holds: { what, down } }) };
}

function padWord(slot: number, state: Readonly<Record<string, unknown>>): Word {
  const { buttons, leftTrigger, rightTrigger, leftX, leftY, rightX, rightY, activePads } = state;
  const parts = [leftTrigger, rightTrigger, leftX, leftY, rightX, rightY].map(Number).join(' ');
  const text = `pad ${slot} ${Number(buttons).toString(16)} ${parts} of ${Number(activePads)}`;
  return { lane: `pad ${slot}`, text };
}

function placeWord(x: number, y: number, size: readonly [number, number] | null): string {
  const [width, height] = size ?? [RANGE, RANGE];
  return `at ${Math.round(x * width)} ${Math.round(y * height)} of ${width} ${height}`;
}

/** Without the dust of floating point. */
function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
