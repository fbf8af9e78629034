/** The desktop socket, byte by byte. */
import test from 'ava';
import { WebSocket } from 'ws';
import { ALL_RIGHTS, NO_RIGHTS } from '../../src/core/rights.js';
import type { DesktopClient } from '../support/desktop-client.js';
import { until } from '../support/until.js';
import { DesktopStage } from './desktop-stage.js';
import { NEGOTIATED, picture } from './media-stage.js';

const MIB = 1_048_576;

async function joined(
  stage: DesktopStage,
  id: string,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<DesktopClient> {
  const client = stage.connect(id);
  client.init(fields);
  await until('it is open', () => stage.said.includes(`opened ${id.split('?')[0]}`));
  return client;
}

test('a joiner is told everything in order, and begins with a key frame', async (t) => {
  const stage = await DesktopStage.start(t);
  const requests: unknown[] = [];
  stage.bus.on('keyframe-needed', (request) => requests.push(request));
  const client = await joined(stage, 'a', { user_name: 'Ann', video_supported_formats: 1 });
  t.deepEqual(requests, [{ reason: 'join', outletId: 'a desktop' }]);
  stage.show(false);
  stage.show(true);
  stage.show(false);
  await until('pictures', () => client.frames.length === 2);
  const complete =
    '{"ConnectionComplete":{"capabilities":{"touch":false},"width":1280,"height":720}}';
  t.deepEqual(client.order, ['30', '51', complete, '58', '54']);
  t.deepEqual(client.hex(0x30), ['3001050002d03c000000bb8000']);
  t.deepEqual(client.hex(0x51), ['51' + '00'.repeat(12) + '0764656661756c74']);
  t.deepEqual(client.hex(0x58), ['5801000000']);
  t.deepEqual(client.hex(0x54), ['540101000000' + '03416e6e' + '0723336362343462' + '0000']);
  const [first, second] = client.frames;
  t.like(first, { codec: 1, isKey: true, width: 1280, height: 720 });
  t.like(second, { codec: 1, isKey: false, width: 1280, height: 720 });
  t.is((second?.time ?? 0) - (first?.time ?? 0), 16_667);
  t.deepEqual(second?.payload, picture(false));
  // The parameter sets are in it, and say now that nothing is held back.
  t.deepEqual([...(first?.payload.subarray(0, 5) ?? [])], [0, 0, 0, 1, 0x67]);
  t.true((first?.payload.length ?? 0) > picture(true).length);
});

test('a ping comes back with what it carries, the time and the figures of this end', async (t) => {
  const stage = await DesktopStage.start(t);
  stage.sockets.setEncoderLatency(4.6);
  const before = Date.now() - 1_000;
  const client = await joined(stage, 'a');
  client.send('40 00000007 0000000000abcdef');
  const data = await until('a pong', () => client.of(0x41)[0]);
  t.is(data.length, 29);
  t.is(data.subarray(0, 13).toString('hex'), '41000000070000000000abcdef');
  const time = Number(data.readBigUInt64BE(13)) / 1_000;
  t.true(time > before && time < Date.now() + 1_000);
  t.is(data.subarray(21).toString('hex'), '0005000100020003');
});

test('input of each kind reaches the host, and what no host has reaches nobody', async (t) => {
  const stage = await DesktopStage.start(t);
  const client = await joined(stage, 'a');
  client.send('10 00 01 00 001e');
  client.send('10 00 00 00 001e');
  client.send('10 00 01 00 0074');
  client.send('10 03 00 010000e9');
  client.send('11 02 01 01');
  client.send('11 02 00 01');
  client.send('11 03 00000000 00007042');
  client.send('13 00 0005 fffb');
  client.send('14 00 00 0000003f 0000003f');
  client.send('14 02 00 0000003f 0000003f');
  await until('all of it', () => stage.inputs.length >= 9);
  t.deepEqual(
    stage.inputs.map(({ type }) => type),
    [
      'key',
      'key',
      'text',
      'mouse-button',
      'mouse-button',
      'scroll',
      'mouse-move',
      'touch',
      'touch',
    ],
  );
  t.is(client.closed, null);
});

test('people see each other come, move, touch and go', async (t) => {
  const stage = await DesktopStage.start(t);
  const ann = await joined(stage, 'a', { user_name: 'Ann' });
  const bob = await joined(stage, 'b', { user_name: 'Bob', avatar_url: 'https://a/b' });
  await until('they know each other', () => ann.of(0x54).length === 2 && bob.of(0x54).length === 2);
  const joinedAnn = '540101000000' + '03416e6e' + '0723336362343462' + '0000';
  const joinedBob =
    '540102000000' + '03426f62' + '0723343336336438' + '0b00' + '68747470733a2f2f612f62';
  t.deepEqual(ann.hex(0x54), [joinedAnn, joinedBob]);
  t.deepEqual(bob.hex(0x54), [joinedBob, joinedAnn]);
  t.deepEqual(bob.hex(0x58), ['5802000000']);
  // Of a picture of half the size.
  bob.send('12 01 0140 00b4 0280 0168');
  bob.send('14 00 03 0000003f 0000803e');
  await until('cursor and finger', () => ann.of(0x53).length === 1 && ann.of(0x56).length === 1);
  t.deepEqual(ann.hex(0x53), ['53' + '02000000' + '80020000' + '68010000' + '0723343336336438']);
  t.deepEqual(ann.hex(0x56), [
    '56' +
      '02000000' +
      '03000000' +
      '00' +
      '80020000' +
      'b4000000' +
      'ffff0000' +
      '0723343336336438',
  ]);
  t.is(bob.of(0x53).length + bob.of(0x56).length, 0);
  bob.socket.close();
  await until('he is gone', () => ann.of(0x54).length === 3);
  t.is(ann.hex(0x54)[2], '540002000000');
});

test('who may not steer moves nobody’s cursor', async (t) => {
  const stage = await DesktopStage.start(t);
  const ann = await joined(stage, 'a');
  const bob = await joined(stage, 'b');
  stage.aggregator.setRights('b', NO_RIGHTS);
  bob.send('12 01 0140 00b4 0280 0168');
  stage.aggregator.setRights('b', ALL_RIGHTS);
  bob.send('40 00000001 0000000000000000');
  await until('it was read', () => bob.of(0x41).length === 1);
  stage.aggregator.setRights('b', NO_RIGHTS);
  bob.send('12 01 0141 00b4 0280 0168');
  ann.send('12 01 0140 00b4 0280 0168');
  await until('hers is seen', () => bob.of(0x53).length === 1);
  t.true(ann.of(0x53).length <= 1);
});

test('the same client again closes the older one for good, and nobody else', async (t) => {
  const stage = await DesktopStage.start(t);
  const older = await joined(stage, 'a?client_id=x');
  const other = await joined(stage, 'b?client_id=y', { client_unique_id: 'x' });
  const newer = await joined(stage, 'c?client_id=x');
  await until('it is closed', () => older.closed !== null);
  t.deepEqual(older.closed, { code: 4000, reason: 'superseded' });
  t.true(stage.said.includes('closed a SUPERSEDED'));
  t.is(older.of(0x31).length, 0);
  t.is(other.closed, null);
  // The first message names the client if the query does not.
  const last = await joined(stage, 'd', { client_unique_id: 'x' });
  await until('it is closed too', () => newer.closed !== null);
  t.is(newer.closed?.code, 4000);
  t.is(last.closed, null);
});

test('pictures stop for who does not want them, and begin with a key frame again', async (t) => {
  const stage = await DesktopStage.start(t);
  const client = await joined(stage, 'a');
  const other = await joined(stage, 'b');
  stage.show(true);
  client.control({ set_video_enabled: false });
  await until('it is off', () => stage.sockets.stats()[0]?.state === 'off');
  stage.show(true);
  client.control({ set_video_enabled: true });
  await until('it waits', () => stage.sockets.stats()[0]?.state === 'waiting');
  stage.show(false);
  stage.show(true);
  stage.show(false);
  await until('pictures', () => other.frames.length === 5 && client.frames.length === 3);
  t.deepEqual(
    client.frames.map(({ isKey }) => isKey),
    [true, true, false],
  );
});

test('a stream of another size is announced, and begins with a key frame', async (t) => {
  const stage = await DesktopStage.start(t);
  const client = await joined(stage, 'a');
  stage.show(true);
  const { video } = NEGOTIATED;
  stage.sockets.negotiated({ ...NEGOTIATED, video: { ...video, width: 1920, height: 1080 } });
  stage.show(false);
  stage.show(true);
  await until('it is seen', () => client.frames.length === 2);
  t.deepEqual(client.order.slice(-1), ['30']);
  t.is(client.hex(0x30)[1], '3001078004383c000000bb8000');
  t.deepEqual(
    client.frames.map(({ width, isKey }) => [width, isKey]),
    [
      [1280, true],
      [1920, true],
    ],
  );
});

test('a browser without a decoder is told so, and does not come back', async (t) => {
  const stage = await DesktopStage.start(t);
  const client = stage.connect('a');
  client.init({ video_supported_formats: 0x1000 });
  await until('it is closed', () => client.closed !== null);
  t.is(client.of(0x31)[0]?.subarray(3).toString(), 'The browser has no decoder for h264');
  t.is(client.closed?.code, 4000);
  t.deepEqual(stage.said, ['closed a VIEWER_CODEC_UNSUPPORTED']);
});

test('binary messages before the init are skipped, another text ends it', async (t) => {
  const stage = await DesktopStage.start(t);
  const early = stage.connect('a');
  early.send('10 00 01 00 001e');
  early.init();
  await until('it is open', () => stage.said.includes('opened a'));
  t.deepEqual(stage.inputs, []);
  const wrong = stage.connect('b');
  wrong.text('{"type":"other"}');
  await until('it is closed', () => wrong.closed !== null);
  t.is(wrong.closed?.code, 1008);
  t.deepEqual(wrong.texts, ['{"error":"The first message is not an init message"}']);
});

test('who keeps sending what no frontend sends, or too much, is closed', async (t) => {
  const stage = await DesktopStage.start(t);
  const reserved = await joined(stage, 'a');
  const invalid = await joined(stage, 'b');
  const flooding = await joined(stage, 'c');
  for (let n = 0; n < 30; n++) reserved.send('15 00 00');
  for (let n = 0; n < 20; n++) invalid.send('99 00');
  for (let n = 0; n < 4_000; n++) flooding.send('13 00 0000 0000');
  await until('they are closed', () => invalid.closed !== null && flooding.closed !== null);
  t.is(invalid.closed?.code, 1008);
  t.true(stage.said.includes('closed b VIEWER_MESSAGE_INVALID'));
  t.true(stage.said.includes('closed c RATE_LIMITED'));
  t.is(reserved.closed, null);
});

test('who does not read loses its socket, costs some megabytes and hurts nobody', async (t) => {
  const stage = await DesktopStage.start(t);
  const slow = await joined(stage, 'a');
  const other = await joined(stage, 'b');
  stage.show(true);
  await until('it sees', () => slow.frames.length === 1);
  slow.socket.pause();
  let most = 0;
  let shown = 1;
  await until('it is given up', async () => {
    for (let n = 0; n < 5; n++) stage.show(false, 200_000);
    shown += 5;
    most = Math.max(most, stage.connections[0]?.writableLength ?? 0);
    await until('the other keeps up', () => other.frames.length === shown);
    return stage.said.includes('closed a VIEWER_STALLED');
  });
  t.true(most <= 4 * MIB, `${most}`);
  t.is(other.socket.readyState, WebSocket.OPEN);
  t.true(stage.said.includes('stalled a'));
});

test('its end by the server says why, and its totals stay', async (t) => {
  const stage = await DesktopStage.start(t);
  const client = await joined(stage, 'a');
  stage.show(true);
  await until('it sees', () => client.frames.length === 1);
  t.like(stage.sockets.stats(), [{ id: 'a', kind: 'desktop', state: 'flowing', picturesSent: 1 }]);
  stage.sockets.end('a', 'KICKED', 'Not today');
  await until('it is closed', () => client.closed !== null);
  t.deepEqual(client.closed, { code: 4000, reason: 'KICKED' });
  t.is(client.of(0x31)[0]?.subarray(3).toString(), 'Not today');
  t.deepEqual(stage.sockets.stats(), []);
  t.is(stage.sockets.totals().picturesSent, 1);
  const again = await joined(stage, 'b');
  stage.sockets.end('b', 'STREAMER_STOPPING', 'The streamer is stopping');
  await until('it is closed', () => again.closed !== null);
  t.is(again.closed?.code, 1012);
});

test('who says nothing first, or answers no ping, is not waited for', async (t) => {
  const stage = await DesktopStage.start(t, { init: 300, pingInterval: 50, silence: 900 });
  const mute = stage.connect('a');
  const living = await joined(stage, 'b');
  const gone = stage.connect('c', { autoPong: false });
  gone.init();
  const pings: string[] = [];
  living.socket.on('ping', (data) => pings.push(data.toString()));
  await until('they are closed', () => mute.closed !== null && gone.closed !== null);
  t.is(mute.closed?.code, 1012);
  t.deepEqual(mute.texts, ['{"error":"No init message came in time"}']);
  t.deepEqual(
    stage.said.filter((one) => one.startsWith('closed')),
    ['closed a VIEWER_TIMEOUT', 'closed c VIEWER_TIMEOUT'],
  );
  t.true(pings.length > 2);
  t.like(stage.sockets.stats(), [{ id: 'b', quality: 'good' }]);
  t.true((stage.sockets.stats()[0]?.roundTrip ?? 0) > 0);
});
