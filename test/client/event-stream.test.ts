import test from 'ava';
import fc from 'fast-check';
import { EventStreamParser, type ServerSentEvent } from '../../client/event-stream.js';

const field = fc.string({ minLength: 1, maxLength: 12 }).map((text) => text.replace(/[\r\n]/g, ''));
const events = fc.array(
  fc.record({ id: field, type: field, data: field.filter((text) => text !== '') }),
  { maxLength: 8 },
);

test('a stream cut anywhere gives the same events', (t) => {
  fc.assert(
    fc.property(events, fc.array(fc.nat(400), { maxLength: 10 }), (sent, cuts) => {
      const text = sent
        .map(({ id, type, data }) => `id: ${id}\nevent: ${type}\ndata: ${data}\n\n:\n\n`)
        .join('');
      const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)), text.length];
      const parser = new EventStreamParser();
      const read: ServerSentEvent[] = [];
      places
        .sort((a, b) => a - b)
        .forEach((place, at) => read.push(...parser.push(text.slice(places[at - 1] ?? 0, place))));
      t.deepEqual(read, sent);
    }),
  );
  t.pass();
});

test('data of several lines, an id that stays, fields that nobody knows', (t) => {
  const parser = new EventStreamParser();
  t.deepEqual(parser.push('retry: 2000\n\nid: 1\r\ndata: a\r\ndata:b\r\n\r\ndata: c\n\n'), [
    { id: '1', type: 'message', data: 'a\nb' },
    { id: '1', type: 'message', data: 'c' },
  ]);
});

test('an event without an end is refused', (t) => {
  const parser = new EventStreamParser();
  const chunk = 'x'.repeat(1 << 19);
  parser.push(chunk);
  parser.push(chunk);
  t.throws(() => parser.push('x'), { message: /no end/ });
});
