import { readFileSync } from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import type { Bytes } from '../../client/encode.js';
import { ViewerInput } from '../../client/input.js';
import { Keyboard, platformOf, type KeyEvent, type Platform } from '../../client/keyboard.js';
import { ALL_RIGHTS } from '../../src/core/rights.js';
import { InputAggregator } from '../../src/input/aggregator.js';
import { decodeChannelMessage } from '../../src/input/channels.js';

type Recorded = readonly [type: string, code: string, key: string, flags: string];

interface Recording {
  readonly name: string;
  readonly ua: string;
  /** Flags: the modifiers that are true in the event; `none` is no `getModifierState`. */
  readonly events: readonly Recorded[];
  /** `+` down, `-` up, virtual key, then the modifiers that the message tells; or text. */
  readonly sent: string;
}

const recordings = readFileSync(new URL('../fixtures/keys.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Recording);

function eventOf([type, code, key, flags]: Recorded): KeyEvent {
  const all = new Set(flags.split(','));
  return {
    type,
    code,
    key,
    shiftKey: all.has('shift'),
    ctrlKey: all.has('ctrl'),
    altKey: all.has('alt'),
    metaKey: all.has('meta'),
    repeat: all.has('repeat'),
    isComposing: all.has('composing'),
    keyCode: all.has('229') ? 229 : 0,
    ...(all.has('none')
      ? {}
      : { getModifierState: (name) => name === 'AltGraph' && all.has('altgraph') }),
  };
}

/** What a viewer's keyboard sends. */
class Viewer {
  readonly keyboard: Keyboard;
  readonly #input = new ViewerInput();

  constructor(platform: Platform, send: (data: Bytes) => void) {
    this.keyboard = new Keyboard(platform);
    this.#input.attach({
      send: (_label, data) => {
        send(data);
        return true;
      },
      sendPad: () => true,
    });
  }

  take(event: KeyEvent): void {
    this.#input.act(this.keyboard.take(event));
  }

  settle(): void {
    this.#input.act(this.keyboard.settle());
  }

  close(): void {
    this.#input.attach(undefined);
  }

  blur(): void {
    this.keyboard.reset();
    this.#input.releaseAll();
  }
}

function textOf(data: Bytes): string {
  const [type = 0, down = 0, modifiers = 0] = data;
  if (type === 1) return new TextDecoder().decode(data.slice(2));
  const keyCode = new DataView(data.buffer).getUint16(3);
  const code = keyCode.toString(16).toUpperCase().padStart(2, '0');
  return `${down === 1 ? '+' : '-'}${code}/${modifiers}`;
}

for (const { name, ua, events, sent } of recordings) {
  test(name, (t) => {
    const messages: string[] = [];
    const viewer = new Viewer(platformOf(ua), (data) => messages.push(textOf(data)));
    for (const event of events) viewer.take(eventOf(event));
    t.is(messages.join(' '), sent);
    viewer.close();
  });
}

test('a left Ctrl under Windows is pressed when no AltGr has come', (t) => {
  const messages: string[] = [];
  const viewer = new Viewer('windows', (data) => messages.push(textOf(data)));
  viewer.take(eventOf(['keydown', 'ControlLeft', 'Control', 'ctrl']));
  t.deepEqual(messages, []);
  t.true(viewer.keyboard.isDelaying);
  viewer.settle();
  viewer.settle();
  t.false(viewer.keyboard.isDelaying);
  t.deepEqual(messages, ['+A2/2']);
  viewer.blur();
  t.deepEqual(messages, ['+A2/2', '-A2/0']);
  viewer.close();
});

test('what the mouse reports lets go of modifiers too', (t) => {
  const keyboard = new Keyboard('windows');
  keyboard.take(eventOf(['keydown', 'ShiftLeft', 'Shift', 'shift']));
  t.deepEqual(keyboard.follow(eventOf(['', '', '', 'shift'])), []);
  t.deepEqual(keyboard.follow(eventOf(['', '', '', ''])), [
    { type: 'key', down: false, keyCode: 0xa0, modifiers: 0 },
  ]);
  keyboard.take(eventOf(['keydown', 'ControlLeft', 'Control', 'ctrl']));
  t.deepEqual(keyboard.follow(eventOf(['', '', '', 'ctrl'])), [
    { type: 'key', down: true, keyCode: 0xa2, modifiers: 2 },
  ]);
  keyboard.reset();
  keyboard.take(eventOf(['keydown', 'ControlLeft', 'Control', 'ctrl']));
  t.deepEqual(keyboard.follow(eventOf(['', '', '', ''])), []);
  t.deepEqual(keyboard.held, []);
});

test('AltGr is known by its key and by what is reported', (t) => {
  const keyboard = new Keyboard('windows');
  const nothing = eventOf(['', '', '', 'none']);
  t.false(keyboard.isAltGraph(nothing));
  t.true(keyboard.isAltGraph(eventOf(['', '', '', 'altgraph'])));
  keyboard.take(eventOf(['keydown', 'AltRight', 'AltGraph', 'ctrl,alt,none']));
  t.true(keyboard.isAltGraph(nothing));
});

// Physical keys, each with the modifier that it is.
const KEYS = [
  ['ShiftLeft', 'Shift'],
  ['ShiftRight', 'Shift'],
  ['ControlLeft', 'Control'],
  ['ControlRight', 'Control'],
  ['AltLeft', 'Alt'],
  ['AltRight', 'AltGraph'],
  ['MetaLeft', 'Meta'],
  ['MetaRight', 'Meta'],
  ['KeyA', 'a'],
  ['KeyB', 'b'],
  ['Enter', 'Enter'],
  ['NumpadEnter', 'Enter'],
  ['CapsLock', 'CapsLock'],
  ['Lang1', 'HangulMode'],
] as const;

type Key = (typeof KEYS)[number];

const MODIFIERS: Readonly<Record<string, readonly number[]>> = {
  Shift: [0xa0, 0xa1],
  Control: [0xa2, 0xa3],
  Alt: [0xa4],
  AltGraph: [0xa5],
  Meta: [0x5b, 0x5c],
};

/** A keyboard as it is, whatever the browser hears of it. */
class RealKeyboard {
  readonly down = new Set<Key>();

  has(modifier: string): boolean {
    return [...this.down].some(([, key]) => key === modifier);
  }

  event(type: string, [code, key]: Key): KeyEvent {
    return {
      type,
      code,
      key,
      shiftKey: this.has('Shift'),
      ctrlKey: this.has('Control'),
      altKey: this.has('Alt'),
      metaKey: this.has('Meta'),
      getModifierState: (name) => this.has(name),
    };
  }
}

const step = fc.record({
  key: fc.constantFrom(...KEYS),
  /** The browser never hears of it. */
  isLost: fc.boolean(),
  /** The host's view is compared, and what waits is given its time. */
  settles: fc.boolean(),
});

test('whatever edges get lost, what the host holds follows the levels', (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom<Platform>('mac', 'windows', 'other'),
      fc.array(step, { maxLength: 60 }),
      (platform, steps) => {
        const host = new InputAggregator();
        host.join('viewer', ALL_RIGHTS);
        const viewer = new Viewer(platform, (data) => {
          for (const input of decodeChannelMessage('keyboard', data) ?? []) {
            host.input('viewer', input, 0);
          }
        });
        const real = new RealKeyboard();
        /** Ways down and up that were heard, the last of each key. */
        const heard = new Map<string, string>();
        for (const { key, isLost, settles } of steps) {
          const type = real.down.has(key) ? 'keyup' : 'keydown';
          if (type === 'keydown') real.down.add(key);
          else real.down.delete(key);
          if (isLost) continue;
          viewer.take(real.event(type, key));
          heard.set(key[0], type);
          if (settles) viewer.settle();
          const held = new Set(host.held.keys);
          for (const [name, codes] of Object.entries(MODIFIERS)) {
            if (codes.some((code) => held.has(code)) && !real.has(name)) {
              // AltGr and Alt look the same where one of them is reported.
              if (name === 'AltGraph' && real.has('Alt')) continue;
              if (name !== 'AltGraph' && platform === 'windows' && real.has('AltGraph')) continue;
              return false;
            }
          }
          for (const [code, keyCode] of [
            ['KeyA', 0x41],
            ['KeyB', 0x42],
          ] as const) {
            if (held.has(keyCode) && heard.get(code) !== 'keydown') return false;
          }
          const isEnterHeard = ['Enter', 'NumpadEnter'].some((c) => heard.get(c) === 'keydown');
          if (held.has(0x0d) && !isEnterHeard) return false;
          if (held.has(0x15)) return false;
          if (type === 'keydown' && key[0] === 'KeyA' && platform !== 'mac' && !held.has(0x41)) {
            return false;
          }
        }
        // All fingers off: one event without modifiers leaves none behind.
        real.down.clear();
        viewer.take(real.event('keyup', KEYS[8]));
        const left = host.held.keys;
        if (Object.values(MODIFIERS).some((codes) => codes.some((code) => left.includes(code)))) {
          return false;
        }
        viewer.blur();
        viewer.close();
        return host.held.keys.length === 0;
      },
    ),
    { numRuns: 3_000 },
  );
  t.pass();
});
