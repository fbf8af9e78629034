import test from 'ava';
import { OFFSET } from '../../../src/moonlight/video/packet.js';
import { SequenceBook } from '../../../src/moonlight/video/sequence-book.js';

function packet(sequence: number): Buffer {
  const data = Buffer.alloc(40);
  data.writeUInt16BE(sequence & 0xffff, OFFSET.SEQUENCE);
  return data;
}

for (const first of [0, 65_530]) {
  test(`from ${first}: what is missing, since when, and how late it comes`, (t) => {
    const book = new SequenceBook();
    for (let at = 0; at < 4; at++) t.is(book.enter(packet(first + at), at), 0);
    t.is(book.enter(packet(first + 7), 10), 0);
    t.is(book.enter(packet(first + 9), 12), 0);
    t.is(book.lost, 4);
    const missing = (time: number): number[] =>
      Array.from({ length: 12 }, (_, at) => at).filter((at) =>
        book.isMissingSince((first + at) & 0xffff, time),
      );
    t.deepEqual(missing(9), []);
    t.deepEqual(missing(10), [4, 5, 6]);
    t.deepEqual(missing(12), [4, 5, 6, 8]);
    t.is(book.enter(packet(first + 5), 17), 7);
    t.is(book.enter(packet(first + 8), 17), 5);
    t.deepEqual(missing(17), [4, 6]);
    t.is(book.lost, 2);
  });
}

test('a second copy is neither late nor makes up for a loss', (t) => {
  const book = new SequenceBook();
  book.enter(packet(0), 0);
  book.enter(packet(2), 1);
  t.is(book.enter(packet(2), 50), 0);
  t.is(book.enter(packet(0), 50), 0);
  t.is(book.lost, 1);
  t.is(book.enter(packet(1), 51), 50);
  t.is(book.enter(packet(1), 90), 0);
  t.is(book.lost, 0);
});

test('a far jump is a new start, not a loss', (t) => {
  const book = new SequenceBook();
  book.enter(packet(0), 0);
  book.enter(packet(5), 1);
  book.enter(packet(30_000), 2);
  t.is(book.lost, 4);
  t.false(book.isMissingSince(3, 100));
  book.enter(packet(30_001), 3);
  t.is(book.lost, 4);
});
