/** Edges that get lost, against the levels that every key event carries. */
import test from 'ava';
import fc from 'fast-check';
import { ALL_RIGHTS } from '../../src/core/rights.js';
import { InputAggregator } from '../../src/input/aggregator.js';
import { decodeChannelMessage } from '../../src/input/channels.js';
import type { HostInput } from '../../src/moonlight/types.js';

/** Modifiers with their bits, and what is typed. */
const MODIFIERS = new Map([
  [0xa0, 1],
  [0xa1, 1],
  [0xa2, 2],
  [0xa3, 2],
  [0xa4, 4],
  [0x5b, 8],
  [0x5c, 8],
]);
const CHARACTERS = [0x41, 0x42, 0x20];
const CODES = [...MODIFIERS.keys(), ...CHARACTERS];

/** Keys as fingers hold them, on a system that tells the truth about modifiers. */
class Keyboard {
  readonly held = new Set<number>();

  get level(): number {
    return [...this.held].reduce((mask, code) => mask | (MODIFIERS.get(code) ?? 0), 0);
  }

  toggle(code: number): Buffer {
    const down = !this.held.delete(code);
    if (down) this.held.add(code);
    return Buffer.from([0, down ? 1 : 0, this.level, 0, code]);
  }

  repeat(code: number): Buffer | null {
    return this.held.has(code) ? Buffer.from([0, 1, this.level, 0, code]) : null;
  }
}

class Host {
  readonly keys = new Set<number>();

  take(inputs: readonly HostInput[]): void {
    for (const input of inputs) {
      if (input.type !== 'key') continue;
      if (this.keys.has(input.keyCode) === input.down) throw new Error('the same edge twice');
      if (input.down) this.keys.add(input.keyCode);
      else this.keys.delete(input.keyCode);
    }
  }

  get modifiers(): number[] {
    return [...this.keys].filter((code) => MODIFIERS.has(code));
  }
}

function hear(all: InputAggregator, peer: string, data: Buffer, now = 0): HostInput[] {
  return (decodeChannelMessage('keyboard', data) ?? []).flatMap((input) =>
    all.input(peer, input, now),
  );
}

/** `+` down and `-` up, as in "+A0 +41 -41". */
function text(inputs: readonly HostInput[]): string {
  return inputs
    .flatMap((input) =>
      input.type === 'key'
        ? [`${input.down ? '+' : '-'}${input.keyCode.toString(16).toUpperCase()}`]
        : [],
    )
    .join(' ');
}

const moves = fc.array(
  fc.record({
    peer: fc.constantFrom('ann', 'bob'),
    code: fc.constantFrom(...CODES),
    what: fc.constantFrom('heard' as const, 'heard', 'lost', 'repeat'),
  }),
  { maxLength: 120 },
);

test('whatever edges get lost, the host holds no modifier that the events say is up', (t) => {
  let losses = 0;
  fc.assert(
    fc.property(moves, (sequence) => {
      const all = new InputAggregator();
      const host = new Host();
      const boards = { ann: new Keyboard(), bob: new Keyboard() };
      /** As of each viewer's last event that was heard. */
      const levels = { ann: 0, bob: 0 };
      for (const peer of ['ann', 'bob'] as const) all.join(peer, ALL_RIGHTS);
      for (const { peer, code, what } of sequence) {
        const board = boards[peer];
        const data = what === 'repeat' ? board.repeat(code) : board.toggle(code);
        if (what === 'lost') losses += 1;
        if (data === null || what === 'lost') continue;
        host.take(hear(all, peer, data));
        levels[peer] = board.level;
        for (const held of host.modifiers) {
          const bit = MODIFIERS.get(held) ?? 0;
          t.not((levels.ann | levels.bob) & bit, 0, `${held.toString(16)} is held by nobody`);
        }
      }
      for (const peer of ['ann', 'bob']) host.take(all.leave(peer));
      t.is(host.keys.size, 0);
    }),
    { seed: 41, numRuns: 300 },
  );
  t.true(losses > 300);
});

test('where nothing gets lost the host holds what the fingers hold, but for what Meta ends', (t) => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...CODES), { maxLength: 80 }), (codes) => {
      const all = new InputAggregator();
      const host = new Host();
      const board = new Keyboard();
      const ended = new Set<number>();
      all.join('ann', ALL_RIGHTS);
      for (const code of codes) {
        const meta = (board.level & 8) !== 0;
        host.take(hear(all, 'ann', board.toggle(code)));
        ended.delete(code);
        if (meta && (board.level & 8) === 0) {
          for (const held of board.held) if (!MODIFIERS.has(held)) ended.add(held);
        }
        const expected = [...board.held].filter((held) => !ended.has(held));
        t.deepEqual(new Set(expected), host.keys);
      }
    }),
    { seed: 42, numRuns: 200 },
  );
});

/** Events as `[down, code, modifiers]`. */
function play(events: readonly (readonly [boolean, number, number])[], step = 16): string {
  const all = new InputAggregator();
  all.join('ann', ALL_RIGHTS);
  return text(
    events.flatMap(([down, code, modifiers], index) =>
      hear(all, 'ann', Buffer.from([0, down ? 1 : 0, modifiers, 0, code]), index * step),
    ),
  );
}

test('Cmd+Shift+4 on a Mac: neither is held when the next key is typed', (t) => {
  const events = [
    [true, 0x5b, 8],
    [true, 0xa0, 9],
    [true, 0x41, 0],
    [false, 0x41, 0],
  ] as const;
  t.is(play(events), '+5B +A0 -5B -A0 +41 -41');
});

test('Cmd+C on a Mac: the key whose release is swallowed is let go with Meta', (t) => {
  t.is(
    play([
      [true, 0x5b, 8],
      [true, 0x43, 8],
      [false, 0x5b, 0],
    ]),
    '+5B +43 -43 -5B',
  );
  // Held before Meta, released under it; found out by the next event.
  t.is(
    play([
      [true, 0x41, 0],
      [true, 0x5b, 8],
      [true, 0x42, 0],
    ]),
    '+41 +5B -41 -5B +42',
  );
});

test('two Meta keys: what is typed is let go with the last', (t) => {
  t.is(
    play([
      [true, 0x5b, 8],
      [true, 0x5c, 8],
      [true, 0x43, 8],
      [false, 0x5b, 8],
      [false, 0x5c, 0],
    ]),
    '+5B +5C +43 -5B -43 -5C',
  );
});

test('AltGr of Windows: what is typed shows no modifier, and AltGr stays', (t) => {
  t.is(
    play([
      [true, 0xa2, 2],
      [true, 0xa5, 6],
      [true, 0x51, 0],
      [false, 0x51, 0],
      [false, 0xa2, 4],
      [false, 0xa5, 0],
    ]),
    '+A2 +A5 -A2 +51 -51 -A5',
  );
});

test('AltGr of Linux has no bit at all, and ends by its age where its release got lost', (t) => {
  const events = [
    [true, 0xa5, 0],
    [true, 0x51, 0],
    [false, 0x51, 0],
    [true, 0x41, 0],
  ] as const;
  t.is(play(events), '+A5 +51 -51 +41');
  t.is(play(events, 6000), '+A5 +51 -A5 -51 +41');
});

test('the right Alt of a keyboard without AltGr follows the levels like any other', (t) => {
  t.is(
    play([
      [true, 0xa5, 4],
      [true, 0x41, 4],
      [false, 0x41, 4],
      [true, 0x42, 0],
    ]),
    '+A5 +41 -41 -A5 +42',
  );
});

test('a client that leaves all modifiers out still holds what it pressed', (t) => {
  t.is(
    play([
      [true, 0xa0, 0],
      [true, 0x41, 0],
      [false, 0x41, 0],
      [false, 0xa0, 0],
    ]),
    '+A0 +41 -41 -A0',
  );
});

test('what the rate limit refuses still lets go', (t) => {
  const budget = { rate: 0.001, burst: 1 };
  const all = new InputAggregator({
    budgets: { motion: budget, press: budget, text: budget, statement: budget },
  });
  all.join('ann', ALL_RIGHTS);
  t.is(text(hear(all, 'ann', Buffer.from([0, 1, 1, 0, 0xa0]))), '+A0');
  t.is(text(hear(all, 'ann', Buffer.from([0, 1, 0, 0, 0x41]))), '-A0');
});
