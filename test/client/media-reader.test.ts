import test from 'ava';
import {
  encodeNeedKey,
  encodePing,
  encodeVideoSwitch,
  KEY_REASON,
  type MediaConfiguration,
} from '../../client/media-messages.js';
import { MediaReader, type MediaUnit } from '../../client/media-reader.js';
import { padMessage, SocketChannels } from '../../client/socket-channels.js';
import {
  channelLabel,
  MEDIA_FLAG,
  MEDIA_KIND,
  readFeedback,
  writeHeader,
  type MediaHeader,
} from '../../src/protocol/media-socket.js';

/** A message as the server writes it, in memory of its own. */
function message(header: Partial<MediaHeader>, payload: Uint8Array | string = ''): ArrayBuffer {
  const bytes = Buffer.from(payload as string);
  const data = Buffer.from(new ArrayBuffer(16 + bytes.length));
  const rest = { kind: MEDIA_KIND.VIDEO, flags: 0, configuration: 1, sequence: 0, time: 1 };
  writeHeader(data, 0, { ...rest, ...header });
  bytes.copy(data, 16);
  return data.buffer;
}

function configuration(id: number, video: object = {}): ArrayBuffer {
  const whole = { codec: 'avc1.640028', width: 640, height: 360, fps: 60, ...video };
  const header = { kind: MEDIA_KIND.CONFIG, configuration: id };
  return message(header, JSON.stringify({ id, video: whole }));
}

class Taken {
  readonly all: string[] = [];
  readonly units: MediaUnit[] = [];
  configure({ id, video }: MediaConfiguration): void {
    this.all.push(`configuration ${id} ${video.codec}`);
  }
  video(unit: MediaUnit): void {
    this.units.push(unit);
    this.all.push(`video ${unit.sequence}${unit.isKey ? ' key' : ''}`);
  }
  audio({ sequence }: MediaUnit): void {
    this.all.push(`audio ${sequence}`);
  }
  pong(token: number): void {
    this.all.push(`pong ${token}`);
  }
  broken(): void {
    this.all.push('broken');
  }
}

function reader(): { reader: MediaReader; taken: Taken } {
  const taken = new Taken();
  return { reader: new MediaReader(taken), taken };
}

const IDLE = { isBehind: false, isHidden: false, decodeQueue: 0, dropped: 0 };

test('messages are told apart, with sequence, time and payload', (t) => {
  const { reader: media, taken } = reader();
  media.read(configuration(1));
  media.read(message({ kind: MEDIA_KIND.AUDIO, sequence: 70 }));
  const key = { flags: MEDIA_FLAG.KEY, sequence: 9, time: 2 ** 40 + 3 };
  media.read(message(key, Uint8Array.of(0, 0, 0, 1)));
  media.read(message({ kind: MEDIA_KIND.PONG, time: 1234 }));
  t.deepEqual(taken.all, ['configuration 1 avc1.640028', 'audio 70', 'video 9 key', 'pong 1234']);
  t.is(taken.units[0]?.time, 2 ** 40 + 3);
  t.deepEqual([...(taken.units[0]?.payload ?? [])], [0, 0, 0, 1]);
});

test('kinds of newer servers and broken messages are left out', (t) => {
  const { reader: media, taken } = reader();
  media.read(message({ kind: 9 as MediaHeader['kind'] }));
  media.read(new ArrayBuffer(15));
  media.read(new ArrayBuffer(0));
  media.read(message({ kind: MEDIA_KIND.CONFIG }, 'no JSON'));
  media.read(message({ kind: MEDIA_KIND.CONFIG }, '{"id":1}'));
  media.read(message({ kind: MEDIA_KIND.NOTICE }, '{}'));
  media.read(configuration(1, { width: 0 }));
  t.deepEqual(taken.all, []);
});

test('what belongs to another configuration is not decoded but acknowledged', (t) => {
  const { reader: media, taken } = reader();
  media.read(message({ sequence: 5 }));
  media.read(message({ kind: MEDIA_KIND.AUDIO, sequence: 5 }));
  t.deepEqual(taken.all, []);
  t.like(readFeedback(Buffer.from(media.acknowledgement(IDLE) ?? '')), { received: 5 });
  media.read(configuration(2));
  media.read(message({ configuration: 2, flags: MEDIA_FLAG.KEY, sequence: 6 }));
  t.deepEqual(taken.all, ['configuration 2 avc1.640028', 'video 6 key']);
});

test('a step of the sequence is fine after a gap and over its end, and else broken', (t) => {
  const { reader: media, taken } = reader();
  media.read(configuration(1));
  media.read(message({ sequence: 0xffff_ffff, flags: MEDIA_FLAG.KEY }));
  media.read(message({ sequence: 0 }));
  media.read(message({ sequence: 40, flags: MEDIA_FLAG.KEY | MEDIA_FLAG.GAP }));
  t.false(taken.all.includes('broken'));
  media.read(message({ sequence: 42 }));
  t.deepEqual(taken.all.slice(-2), ['broken', 'video 42']);
});

test('the first picture is acknowledged at once, others when asked, each once', (t) => {
  const { reader: media } = reader();
  t.is(media.acknowledgement(IDLE), undefined);
  t.false(media.read(configuration(1)));
  t.true(media.read(message({ sequence: 7, flags: MEDIA_FLAG.KEY })));
  t.false(media.read(message({ sequence: 8 })));
  media.painted(7);
  const state = { isBehind: true, isHidden: true, decodeQueue: 70_000, dropped: 3 };
  t.deepEqual(readFeedback(Buffer.from(media.acknowledgement(state) ?? '')), {
    type: 'ack',
    isBehind: true,
    isHidden: true,
    decodeQueue: 0xffff,
    received: 8,
    painted: 7,
    dropped: 3,
  });
  t.is(media.acknowledgement(state), undefined);
  // No picture comes any more to a page that is hidden: it has to be told all the same.
  media.renew();
  const again = readFeedback(
    Buffer.from(media.acknowledgement({ ...state, isHidden: false }) ?? ''),
  );
  t.like(again, { type: 'ack', isHidden: false, received: 8, painted: 7 });
});

test('the server reads the other messages', (t) => {
  const read = (data: Uint8Array): unknown => readFeedback(Buffer.from(data));
  const token = Buffer.alloc(8);
  token.writeBigUInt64BE(123_456_789_012n);
  t.deepEqual(read(encodePing(123_456_789_012.7)), { type: 'ping', token });
  t.deepEqual(read(encodeNeedKey(KEY_REASON.BEHIND)), { type: 'need-key', reason: 2 });
  t.deepEqual(read(encodeVideoSwitch(false)), { type: 'video', on: false });
  t.deepEqual(read(encodeVideoSwitch(true)), { type: 'video', on: true });
});

test('input has the channel in front, and moves do not queue', (t) => {
  const sent: string[] = [];
  const socket = {
    readyState: 1,
    bufferedAmount: 0,
    send: (data: Uint8Array) => void sent.push(Buffer.from(data).toString('hex')),
  };
  const channels = new SocketChannels(socket);
  const data = Uint8Array.of(0xab);
  for (const label of ['keyboard', 'mouseClicks', 'mouseAbsolute', 'mouseRelative'] as const) {
    t.true(channels.send(label, data));
  }
  t.true(channels.send('touch', data) && channels.send('controllers', data));
  t.true(channels.sendPad(0, data) && channels.sendPad(15, data));
  t.deepEqual(sent, ['01ab', '02ab', '02ab', '02ab', '03ab', '04ab', '10ab', '1fab']);
  t.deepEqual(
    sent.map((text) => channelLabel(parseInt(text.slice(0, 2), 16))),
    [
      ...['keyboard', 'mouse', 'mouse', 'mouse', 'touch', 'controllers'],
      ...['controller0', 'controller15'],
    ],
  );
  socket.bufferedAmount = 1;
  t.false(channels.send('mouseAbsolute', data, { stale: true }));
  t.false(channels.sendPad(0, data));
  t.true(channels.send('keyboard', data));
  socket.readyState = 2;
  t.false(channels.send('keyboard', data));
});

test('what the host says to a pad is told from other channels', (t) => {
  t.deepEqual(padMessage(Uint8Array.of(4, 1, 2).buffer), Uint8Array.of(1, 2).buffer);
  t.is(padMessage(Uint8Array.of(0, 1).buffer), undefined);
  t.is(padMessage(new ArrayBuffer(0)), undefined);
});
