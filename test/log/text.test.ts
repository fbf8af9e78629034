import test from 'ava';
import { textFormat } from '../../src/core/log-text.js';

const plain = textFormat(false);
const line = (facts: object): string =>
  `${JSON.stringify({ level: 30, time: '2026-11-27T11:00:00.000Z', name: 'moontee', ...facts })}\n`;

test('a line has its time, level, name, words and facts', (t) => {
  const text = plain(line({ host_id: 3, msg: 'host added' }));
  t.regex(text, /^\[\d\d:\d\d:\d\d\] INFO \(moontee\): host added \{"host_id":3\}\n$/);
});

test('an error shows its stack below the line', (t) => {
  const err = { type: 'Error', message: 'no', stack: 'Error: no\n    at file.js:1:2' };
  const text = plain(line({ level: 50, err, msg: 'it failed' }));
  t.regex(text, /ERROR \(moontee\): it failed *\n/);
  t.regex(text, /\n +at file\.js:1:2\n/);
});

test('nothing that a terminal would obey comes through, from us or from libraries', (t) => {
  const order = '\u001b]0;title\u0007\u001b[2J\u009b31m\u202e\r';
  const texts = [
    plain(line({ msg: `x${order}y`, name: order, [`k${order}`]: [order, { deep: order }] })),
    plain(line({ err: { type: 'E', message: order, stack: `E\n    at ${order}` }, msg: 'm' })),
    plain(`GLib-WARNING: ${order}z\n`),
    plain(`{"level": "broken ${order}\n`),
  ];
  for (const text of texts) t.notRegex(text, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
  t.is(texts[2], 'GLib-WARNING: ]0;title[2J31mz\n');
});

test('what is no line of ours stays as it is', (t) => {
  for (const text of ['plain words\n', '{}\n', '[1]\n', '{"a":1}\n', 'null\n', '{\n', '\n']) {
    t.is(plain(text), text);
  }
});

test('colours are for terminals that have them', (t) => {
  t.regex(textFormat(true)(line({ msg: 'x' })), /\u001b\[/);
  t.notRegex(plain(line({ msg: 'x' })), /\u001b/);
});
