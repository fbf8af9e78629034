import test from 'ava';
import fc from 'fast-check';
import { MoonteeError } from '../../../src/core/errors.js';
import { openMessage, sealMessage } from '../../../src/moonlight/rtsp/envelope.js';
import {
  isCompleteResponse,
  parseResponse,
  serializeRequest,
} from '../../../src/moonlight/rtsp/message.js';

const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

test('responses of irregular hosts are read', (t) => {
  const wolf = parseResponse(
    Buffer.from('RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\nsprop-parameter-sets=AAAAAU\r\na=x: 3\r\n\r\n'),
  );
  t.is(wolf.status, 200);
  t.is(wolf.headers.get('cseq'), '2');
  t.is(wolf.body, 'sprop-parameter-sets=AAAAAU\r\na=x: 3\r\n\r\n');
  const loose = parseResponse(
    Buffer.from(
      'RTSP/1.0 200\nSESSION:X;timeout = 90\nsession: Y\nnonsense\nContent-LENGTH: 2\n\nabcd',
    ),
  );
  t.is(loose.headers.get('session'), 'Y');
  t.is(loose.body, 'ab');
});

test('an answer is complete by its length alone', (t) => {
  const complete = (text: string): boolean => isCompleteResponse(Buffer.from(text));
  t.false(complete('RTSP/1.0 200 OK\r\nContent-Length: 2\r\n'));
  t.false(complete('RTSP/1.0 200 OK\r\nContent-Length: 2\r\n\r\na'));
  t.true(complete('RTSP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab'));
  t.false(complete('RTSP/1.0 200 OK\r\n\r\nwho knows'));
});

test('a request cannot be made to carry more lines or bytes than meant', (t) => {
  const make = (value: string, body?: string): Buffer =>
    serializeRequest({
      method: 'PLAY',
      target: '/',
      headers: [['CSeq', value]],
      ...(body === undefined ? {} : { body }),
    });
  t.is(make('7').toString(), 'PLAY / RTSP/1.0\r\nCSeq: 7\r\n\r\n');
  t.throws(() => make('7\r\nX: y'), { instanceOf: MoonteeError });
  t.throws(() => make('7', 'x'.repeat(2000)), { instanceOf: MoonteeError });
});

test('the envelopes of gamestream.md §3.4', (t) => {
  const request = Buffer.from(
    'OPTIONS rtspenc://127.0.0.1:48010 RTSP/1.0\r\nCSeq: 1\r\nX-GS-ClientVersion: 14\r\nHost: 127.0.0.1\r\n\r\n',
  );
  t.is(request.length, 96);
  const sealed = sealMessage(KEY, 'client', 1, request).toString('hex');
  t.true(
    sealed.startsWith(
      '800000600000000143f074f76d6addbc55750770689fc38f9fe452003a42126629e9a38df3e5ba69',
    ),
  );
  const response = Buffer.from('RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n');
  const envelope =
    '8000001c00000001f1734c68fca6356daf5717bc54c6f6a2600872b43a271f6b4fc685cedf9a7cb84351077c0cc521456e1d06e9';
  t.is(sealMessage(KEY, 'host', 1, response).toString('hex'), envelope);
  t.deepEqual(openMessage(KEY, 'host', Buffer.from(envelope, 'hex')), response);
});

test('any other envelope is refused', (t) => {
  const good = sealMessage(KEY, 'host', 3, Buffer.from('RTSP/1.0 200 OK\r\n\r\n'));
  t.throws(() => openMessage(KEY, 'client', good), { instanceOf: MoonteeError });
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
      const bad = Buffer.from(good);
      bad[index] = (bad[index] ?? 0) ^ flip;
      t.throws(() => openMessage(KEY, 'host', bad), { instanceOf: MoonteeError });
    }),
    { seed: 11, numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      t.throws(() => openMessage(KEY, 'host', Buffer.from(bytes)), { instanceOf: MoonteeError });
    }),
    { seed: 12, numRuns: 500 },
  );
});

test('any bytes give a response or a MoonteeError, and what is complete can be read', (t) => {
  const piece = fc.oneof(
    fc.constantFrom('\r\n', '\n', '\r\n\r\n', ': ', ':', 'CSeq', 'Content-Length: ', 'Session: '),
    fc.constantFrom('0', '7', '99999999999', '-1', '\0', 'RTSP/1.0 200 OK\r\n'),
    fc.string({ maxLength: 12 }),
  );
  const text = fc
    .array(piece, { maxLength: 30 })
    .map((pieces) => `RTSP/1.0 200 OK${pieces.join('')}`);
  let read = 0;
  fc.assert(
    fc.property(fc.oneof(text, fc.string({ maxLength: 200 })), (input) => {
      const bytes = Buffer.from(input);
      try {
        const complete = isCompleteResponse(bytes);
        const response = parseResponse(bytes);
        read++;
        t.true(response.body.length <= bytes.length);
        if (complete) t.true(response.headers.has('content-length'));
      } catch (error) {
        t.true(error instanceof MoonteeError, String(error));
      }
    }),
    { seed: 13, numRuns: 3000 },
  );
  t.true(read > 100);
});
