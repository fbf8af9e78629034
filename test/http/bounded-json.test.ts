import test from 'ava';
import fc from 'fast-check';
import { parseJson } from '../../src/codec/bounded-json.js';
import { readMessage } from '../../src/signaling/read-message.js';
import { AUTHORIZATION, serve } from '../support/server.js';

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function withoutPrototypes(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutPrototypes);
  const kept = Object.entries(value).filter(([key]) => key !== '__proto__');
  return Object.fromEntries(kept.map(([key, each]) => [key, withoutPrototypes(each)]));
}

test('what is nested no deeper than allowed is parsed, anything else is refused', (t) => {
  const property = fc.property(
    fc.jsonValue({ maxDepth: 6 }),
    fc.integer({ min: 0, max: 7 }),
    fc.constantFrom(undefined, 2),
    (value, max, indent) => {
      const text = JSON.stringify(value, null, indent);
      if (depthOf(value) > max) {
        t.throws(() => parseJson(text, max), { instanceOf: SyntaxError });
      } else {
        t.deepEqual(parseJson(text, max), withoutPrototypes(JSON.parse(text)));
      }
    },
  );
  t.notThrows(() => fc.assert(property));
});

test('nothing is inherited from a key __proto__, however it is written', (t) => {
  for (const key of ['__proto__', '\\u005f_proto__', '__pr\\u006fto__']) {
    const text = `{"a":[{"${key}":{"b":1},"c":2}],"${key}":[3]}`;
    t.deepEqual(parseJson(text, 8), { a: [{ c: 2 }] });
    const init = `{"AuthenticateAndInit":{"${key}":{"session_id":["x"],"bitrate":{}}}}`;
    const message = readMessage(Buffer.from(init));
    if ('problem' in message || !('AuthenticateAndInit' in message)) t.fail();
    else t.is(message.AuthenticateAndInit.session_id, undefined);
  }
});

test('brackets and quotes inside of texts do not count', (t) => {
  for (const text of ['[[[[{{{{', '"', '\\', '\\"[', 'a\\\\', '\u2028[']) {
    t.deepEqual(parseJson(JSON.stringify({ [text]: text }), 1), { [text]: text });
  }
  for (const text of ['', '[', '"', '"\\', '{"a":', ']', ']]]][[[[']) {
    t.throws(() => parseJson(text, 3), { instanceOf: SyntaxError }, text);
  }
  t.throws(() => parseJson('['.repeat(2_000_000), 16), { instanceOf: SyntaxError });
});

test('bodies: size, depth, encoding and text are bounded, and each has its answer', async (t) => {
  const server = await serve(t);
  const post = async (raw: string | Buffer, headers: Record<string, string> = {}) => {
    const { status, json } = await server.ask('POST', '/api/streamers', { raw, headers });
    return `${status} ${String((json as { error?: string } | undefined)?.error)}`;
  };
  t.is(await post('['.repeat(10_000)), '400 Request body is not valid JSON');
  t.is(
    await post(`{"a":${'['.repeat(17)}${']'.repeat(17)}}`),
    '400 Request body is not valid JSON',
  );
  t.regex(await post(`{"a":${'['.repeat(8)}${']'.repeat(8)}}`), /^400 Invalid body/);
  t.is(await post(Buffer.from([0x7b, 0x22, 0xff, 0x22])), '400 Request body is not valid JSON');
  t.regex(await post(''), /^400 Invalid body/);
  t.regex(await post('\ufeff{}'), /^400 Invalid body/);
  t.is(await post('{}', { 'Content-Encoding': 'gzip' }), '400 Request body must not be compressed');
  t.regex(await post(`{"a":"${'x'.repeat(20_000)}"}`), /^413 /);
  // Without a length it is counted as it comes.
  const answer = await fetch(`${server.running.url}api/streamers`, {
    method: 'POST',
    headers: { ...AUTHORIZATION, 'Content-Type': 'application/json' },
    body: new ReadableStream({
      start(controller) {
        for (let i = 0; i < 4; i += 1) controller.enqueue(Buffer.alloc(16_000, 0x20));
        controller.close();
      },
    }),
    duplex: 'half',
  });
  t.is(answer.status, 413);
});
