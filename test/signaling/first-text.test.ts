import { PassThrough } from 'node:stream';
import test from 'ava';
import fc from 'fast-check';
import { MoonteeError } from '../../src/core/errors.js';
import { endWithText, findText, readFirstText } from '../../src/signaling/first-text.js';

/** A frame of a client. */
function frame(opcode: number, payload: Buffer, mask = Buffer.from('1a2b3c4d', 'hex')): Buffer {
  const long = payload.length >= 126;
  const head = Buffer.alloc(long ? 4 : 2);
  head.writeUInt8(0x80 | opcode, 0);
  head.writeUInt8(0x80 | (long ? 126 : payload.length), 1);
  if (long) head.writeUInt16BE(payload.length, 2);
  const masked = payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.concat([head, mask, masked]);
}

const INIT = Buffer.from('{"type":"init"}');

function firstText(data: Buffer): Buffer | null {
  return findText(data, 0).text;
}

test('the first text is found behind binary messages, pings and pongs', (t) => {
  const before = [
    frame(2, Buffer.alloc(300, 7)),
    frame(9, Buffer.from('x')),
    frame(10, Buffer.alloc(0)),
  ];
  const data = Buffer.concat([...before, frame(1, INIT), frame(2, Buffer.from([0x40]))]);
  t.deepEqual(firstText(data), INIT);
  for (let length = 0; length < data.length - 7; length++) {
    t.is(firstText(data.subarray(0, length)), null);
  }
});

test('what no client sends first is refused', (t) => {
  const invalid = { code: 'VIEWER_MESSAGE_INVALID' };
  t.throws(() => firstText(Buffer.from('8101ff', 'hex')), invalid, 'not masked');
  t.throws(() => firstText(Buffer.from('01811a2b3c4d00', 'hex')), invalid, 'in pieces');
  t.throws(() => firstText(Buffer.from('80811a2b3c4d00', 'hex')), invalid, 'a piece of nothing');
  t.throws(() => firstText(Buffer.from('82ff', 'hex')), invalid, 'too large');
  t.throws(() => firstText(Buffer.alloc(40_000, 1)), invalid, 'too much');
  t.throws(() => firstText(frame(8, Buffer.alloc(0))), { code: 'CLOSED' });
});

test('any bytes are read, waited for or refused', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        const text = firstText(Buffer.from(bytes));
        return text === null || text.length <= bytes.length;
      } catch (error) {
        return error instanceof MoonteeError && error.code !== 'INTERNAL';
      }
    }),
  );
  t.pass();
});

test('all bytes are kept for who reads them next, however they come', async (t) => {
  const stream = new PassThrough();
  const data = Buffer.concat([
    frame(2, Buffer.from([1])),
    frame(1, INIT),
    frame(2, Buffer.from([2])),
  ]);
  const reading = readFirstText(stream, data.subarray(0, 3), 60_000);
  for (const byte of data.subarray(3)) stream.write(Buffer.from([byte]));
  const { text, received } = await reading;
  t.deepEqual(text, INIT);
  stream.resume();
  const rest: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => rest.push(chunk));
  stream.end();
  await new Promise((resolve) => stream.once('end', resolve));
  t.deepEqual(Buffer.concat([received, ...rest]), data);
});

test('a client that says nothing, or leaves, is not waited for', async (t) => {
  await t.throwsAsync(readFirstText(new PassThrough(), Buffer.alloc(0), 10), {
    code: 'VIEWER_TIMEOUT',
  });
  const leaving = new PassThrough();
  const reading = readFirstText(leaving, Buffer.alloc(0), 60_000);
  leaving.destroy();
  await t.throwsAsync(reading, { code: 'CLOSED' });
});

test('an error is a text and a close frame', (t) => {
  const stream = new PassThrough();
  endWithText(stream, 'x'.repeat(200), 1008);
  const data = stream.read() as Buffer;
  t.is(data.subarray(0, 4).toString('hex'), '817e00c8');
  t.is(data.subarray(204).toString('hex'), '880203f0');
});
