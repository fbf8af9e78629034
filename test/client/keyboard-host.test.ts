/** The events of browsers, and the bytes that come to the host in the end. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { encodeHeldKeys, type Bytes } from '../../client/encode.js';
import { ViewerInput } from '../../client/input.js';
import { Keyboard, platformOf, type KeyEvent } from '../../client/keyboard.js';
import { fieldEffect, type FieldEvent } from '../../client/text-edits.js';
import { ALL_RIGHTS } from '../../src/core/rights.js';
import { InputAggregator } from '../../src/input/aggregator.js';
import { decodeChannelMessage } from '../../src/input/channels.js';
import { encodeInput } from '../../src/moonlight/input/encode.js';
import type { HostInput } from '../../src/moonlight/types.js';
import { StickyModifiers } from '../../web/sticky-modifiers.js';

interface Recording {
  readonly name: string;
  readonly ua?: string;
  readonly events: readonly (readonly string[])[];
  /** `+` down, `-` up, virtual key, then the modifiers as the host gets them; or text in quotes. */
  readonly host: string;
}

function read(file: string): Recording[] {
  return readFileSync(new URL(`../fixtures/${file}`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Recording);
}

function levelsOf(flags: string): Pick<KeyEvent, 'shiftKey' | 'ctrlKey' | 'altKey' | 'metaKey'> {
  const all = new Set(flags.split(','));
  return {
    shiftKey: all.has('shift'),
    ctrlKey: all.has('ctrl'),
    altKey: all.has('alt'),
    metaKey: all.has('meta'),
  };
}

/** Everything between a page and a host. */
class Line {
  readonly input = new ViewerInput();
  readonly got: HostInput[] = [];
  readonly #all = new InputAggregator();

  constructor() {
    this.#all.join('viewer', ALL_RIGHTS);
    this.input.attach({
      send: (label, data) => {
        this.#say(label, data);
        return true;
      },
      sendPad: () => true,
    });
    // As every connection begins.
    this.#say('keyboard', encodeHeldKeys([], 0));
  }

  #say(label: string, data: Bytes): void {
    for (const input of decodeChannelMessage(label, data) ?? []) {
      this.got.push(...this.#all.input('viewer', input, 0));
    }
  }

  get text(): string {
    return this.got.map(wordOf).join(' ');
  }

  get bytes(): string[] {
    return this.got.flatMap((input) =>
      encodeInput(input).map(({ packet }) => packet.toString('hex')),
    );
  }

  close(): void {
    this.input.attach(undefined);
  }
}

function wordOf(input: HostInput): string {
  if (input.type === 'text') return JSON.stringify(input.text).replaceAll('\\n', '\n');
  if (input.type !== 'key') throw new Error(`${input.type} of a keyboard`);
  const code = input.keyCode.toString(16).toUpperCase().padStart(2, '0');
  return `${input.down ? '+' : '-'}${code}/${input.modifiers}`;
}

/** As gamestream.md §8 has it, by hand: what a word of a recording is as packets. */
function bytesOf(host: string): string[] {
  const packets: string[] = [];
  for (const [word, quoted] of host.matchAll(/"([^"]*)"|\S+/gu)) {
    if (quoted !== undefined) {
      for (const character of quoted) {
        const utf8 = Buffer.from(character).toString('hex');
        packets.push(`${(4 + utf8.length / 2).toString(16).padStart(8, '0')}17000000${utf8}`);
      }
      continue;
    }
    const [code = '', modifiers = ''] = word.slice(1).split('/');
    const magic = word.startsWith('+') ? '03000000' : '04000000';
    const flags = Number(modifiers).toString(16).padStart(2, '0');
    packets.push(`0000000a${magic}00${code.toLowerCase()}80${flags}0000`);
  }
  return packets;
}

for (const { name, ua = '', events, host } of read('keys.jsonl')) {
  test(`keys: ${name}`, (t) => {
    const line = new Line();
    const keyboard = new Keyboard(platformOf(ua));
    for (const [type = '', code = '', key = '', flags = ''] of events) {
      const all = new Set(flags.split(','));
      line.input.act(
        keyboard.take({
          ...{ type, code, key, ...levelsOf(flags) },
          repeat: all.has('repeat'),
          isComposing: all.has('composing'),
          keyCode: all.has('229') ? 229 : 0,
          ...(all.has('none')
            ? {}
            : { getModifierState: (modifier) => modifier === 'AltGraph' && all.has('altgraph') }),
        }),
      );
    }
    line.close();
    t.is(line.text, host);
    t.deepEqual(line.bytes, bytesOf(host));
  });
}

function fieldEvent([type = '', one = '', two = '', three = '']: readonly string[]): FieldEvent {
  if (type === 'compositionend') return { type, text: one };
  if (type === 'beforeinput') {
    return { type, inputType: one, text: two, isComposing: three === 'composing' };
  }
  const isComposing = three.split(',').includes('composing');
  return { type: 'keydown', code: one, key: two, isComposing, ...levelsOf(three) };
}

for (const { name, events, host } of read('text-field.jsonl')) {
  test(`text field: ${name}`, (t) => {
    const line = new Line();
    const modifiers = new StickyModifiers(line.input);
    for (const recorded of events) {
      for (const action of fieldEffect(fieldEvent(recorded)).actions) {
        if (action.type === 'text') modifiers.type(action.text);
        else if (action.type === 'key') modifiers.press(action.keyCode);
        else modifiers.combine(action.keyCode, action.modifiers);
      }
    }
    line.close();
    t.is(line.text, host);
    t.deepEqual(line.bytes, bytesOf(host));
  });
}
