import test from 'ava';
import { VideoPacketizer } from '../../../src/demo-host/media/video-packetizer.js';
import { LossRecovery, REQUEST_DEADLINE_MS } from '../../../src/moonlight/video/loss-recovery.js';
import { FRAME_TYPE } from '../../../src/moonlight/video/packet.js';
import { QUALITY_WINDOW_MS, QualityWindow } from '../../../src/moonlight/video/quality-window.js';
import type { FrameRange } from '../../../src/moonlight/video/types.js';
import { isKeyFrame } from '../../../src/moonlight/video/key-frame.js';
import { frameTypeOf, picture } from './pictures.js';
import { Receiver } from './receiver.js';

const { P, IDR, INTRA_REFRESH, AFTER_INVALIDATION } = FRAME_TYPE;

function recovery(canInvalidate: boolean): { asked: ('idr' | FrameRange)[]; gate: LossRecovery } {
  const asked: ('idr' | FrameRange)[] = [];
  const gate = new LossRecovery(
    {
      requestIdr: () => asked.push('idr'),
      requestInvalidation: (range) => asked.push(range),
    },
    canInvalidate,
  );
  return { asked, gate };
}

test('a stream that does not begin with an IDR asks for one at once', (t) => {
  const { asked, gate } = recovery(true);
  t.false(gate.frame(7, P, false, 0));
  t.deepEqual(asked, ['idr']);
  t.false(gate.frame(8, P, false, 16));
  t.false(gate.frame(9, AFTER_INVALIDATION, false, 32));
  t.deepEqual(asked, ['idr']);
  t.true(gate.frame(10, IDR, true, 48));
  t.true(gate.frame(11, P, false, 64));
});

test('after a loss: one request at once, repeated after the deadline', (t) => {
  const { asked, gate } = recovery(false);
  t.true(gate.frame(1, IDR, true, 0));
  gate.lost({ first: 2, last: 3 }, 120);
  t.deepEqual(asked, ['idr']);
  t.false(gate.frame(4, P, false, 125));
  gate.lost({ first: 5, last: 5 }, 130);
  for (let at = 6; at < 20; at++) t.false(gate.frame(at, INTRA_REFRESH, false, 120 + at));
  t.deepEqual(asked, ['idr']);
  gate.tick(120 + REQUEST_DEADLINE_MS);
  t.deepEqual(asked, ['idr', 'idr']);
  t.true(gate.frame(20, IDR, true, 500));
  gate.tick(5000);
  t.is(asked.length, 2);
});

test('an answer that may be lost is asked for again sooner', (t) => {
  const { asked, gate } = recovery(false);
  gate.frame(1, IDR, true, 0);
  gate.lost({ first: 2, last: 2 }, 10);
  gate.frame(3, P, false, 20);
  gate.lost({ first: 4, last: 4 }, 50);
  gate.tick(100);
  t.deepEqual(asked, ['idr']);
  gate.tick(150);
  gate.tick(160);
  t.deepEqual(asked, ['idr', 'idr']);
});

test('while nothing but losses comes, requests are no more than the deadlines allow', (t) => {
  const { asked, gate } = recovery(false);
  gate.frame(1, IDR, true, 0);
  for (let now = 0; now <= 1000; now += 10) {
    gate.lost({ first: 2 + now / 10, last: 2 + now / 10 }, now);
    gate.tick(now);
  }
  t.is(asked.length, 9);
});

test('before the first IDR a loss alone asks for nothing until time is up', (t) => {
  const { asked, gate } = recovery(false);
  gate.lost({ first: 1, last: 2 }, 100);
  gate.tick(110);
  t.deepEqual(asked, []);
  gate.tick(350);
  t.deepEqual(asked, ['idr']);
});

test('which frames make the missing ones before them dispensable', (t) => {
  const { gate } = recovery(true);
  t.true(gate.isAnswer(IDR));
  t.false(gate.isAnswer(AFTER_INVALIDATION));
  gate.frame(1, IDR, true, 0);
  // A frame that is only late may still come: nothing is dispensable while all is well.
  t.false(gate.isAnswer(IDR));
  gate.lost({ first: 2, last: 2 }, 10);
  t.true(gate.isAnswer(IDR) && gate.isAnswer(AFTER_INVALIDATION));
  t.false(gate.isAnswer(P) || gate.isAnswer(INTRA_REFRESH));
});

test('invalidation: asked at once, answered by its own kind of frame', (t) => {
  const { asked, gate } = recovery(true);
  gate.frame(10, IDR, true, 0);
  gate.frame(11, P, false, 16);
  gate.lost({ first: 12, last: 12 }, 32);
  t.deepEqual(asked, [{ first: 12, last: 12 }]);
  t.false(gate.frame(13, P, false, 48));
  t.false(gate.frame(14, P, false, 64));
  t.true(gate.frame(15, AFTER_INVALIDATION, false, 80));
  t.true(gate.frame(16, P, false, 96));
  t.is(asked.length, 1);
});

test('invalidation: a host that does not answer is asked for an IDR, and only that helps', (t) => {
  const { asked, gate } = recovery(true);
  gate.frame(10, IDR, true, 0);
  gate.lost({ first: 11, last: 11 }, 0);
  for (let at = 0; at < 60; at++) t.false(gate.frame(12 + at, P, false, at * 16));
  t.deepEqual(asked.slice(0, 3), [{ first: 11, last: 11 }, 'idr', 'idr']);
  // It may be an answer to what was asked first, or to something else.
  t.false(gate.frame(72, AFTER_INVALIDATION, false, 960));
  t.true(gate.frame(73, IDR, true, 976));
});

test('key frames are told by the bitstream', (t) => {
  t.true(isKeyFrame('h264', picture('h264', true, 100, 1), P));
  t.false(isKeyFrame('h264', picture('h264', false, 100, 1), IDR));
  t.true(isKeyFrame('h265', picture('h265', true, 100, 1), P));
  t.false(isKeyFrame('h265', picture('h265', false, 100, 1), IDR));
  t.true(isKeyFrame('av1', picture('av1', true, 100, 1), IDR));
  t.false(isKeyFrame('av1', picture('av1', true, 100, 1), P));
  // An IDR slice without its parameter sets is of no use to a decoder that starts here.
  t.false(isKeyFrame('h264', Buffer.from('00000001658880', 'hex'), IDR));
  t.true(isKeyFrame('h264', Buffer.from('00000109100000016742000001650000', 'hex'), IDR));
  t.false(isKeyFrame('h264', Buffer.from('000001', 'hex'), IDR));
});

test('the quality signal of §5.10', (t) => {
  const heard: string[] = [];
  const quality = new QualityWindow((status) => heard.push(status));
  let now = 0;
  quality.frame();
  quality.tick(now);
  const window = (good: number, lost: number): void => {
    for (let at = 0; at < good; at++) quality.frame();
    quality.lost(lost);
    now += QUALITY_WINDOW_MS;
    quality.tick(now);
  };
  window(10, 90);
  t.deepEqual(heard, []);
  window(80, 20);
  t.deepEqual(heard, []);
  window(80, 20);
  t.deepEqual(heard, ['poor']);
  window(90, 10);
  t.deepEqual(heard, ['poor']);
  window(96, 4);
  t.deepEqual(heard, ['poor', 'ok']);
  window(70, 30);
  t.deepEqual(heard, ['poor', 'ok', 'poor']);
});

test('FEC status: the block of §7.6', (t) => {
  const packetizer = new VideoPacketizer({ packetSize: 256, style: 'sunshine' });
  const receiver = new Receiver('h264', 256);
  const send = (frameNumber: number, packets: number, lost: readonly number[]): void => {
    packetizer
      .packetize({
        data: picture('h264', frameNumber === 1, packets * 240 - 60, frameNumber),
        frameNumber,
        frameType: frameTypeOf(frameNumber === 1),
        rtpTimestamp: 0,
      })
      .forEach((packet, at) => {
        if (!lost.includes(at)) receiver.push(packet, frameNumber * 16);
      });
  };
  // Frames 1 and 2 take sequence numbers 0…7, so that frame 3 begins at 8.
  send(1, 3, []);
  send(2, 1, []);
  t.deepEqual(receiver.fec, []);
  send(3, 7, [1, 6]);
  t.deepEqual(receiver.fec, [
    {
      frameIndex: 3,
      highestReceivedSequence: 16,
      nextContiguousSequence: 9,
      missingBeforeHighest: 2,
      totalData: 7,
      totalParity: 2,
      receivedData: 5,
      receivedParity: 2,
      fecPercentage: 20,
      blockIndex: 0,
      blockCount: 1,
    },
  ]);
  send(4, 7, [0, 1, 2]);
  send(5, 7, []);
  receiver.expire(5000);
  t.is(receiver.fec.length, 2);
  t.is(receiver.fec[1]?.frameIndex, 4);
  t.is(receiver.fec[1]?.receivedData, 4);
  t.deepEqual(receiver.lost, [{ first: 4, last: 4 }]);
});

test('a host may send smaller packets than it was asked for', (t) => {
  const packetizer = new VideoPacketizer({ packetSize: 1008, style: 'sunshine' });
  const receiver = new Receiver('h265', 1392);
  const data = picture('h265', true, 5000, 1);
  packetizer
    .packetize({ data, frameNumber: 1, frameType: IDR, rtpTimestamp: 5 })
    .forEach((packet, at) => {
      if (at !== 2) receiver.push(packet, 0);
    });
  t.deepEqual(receiver.units[0]?.data, data);
  t.is(receiver.units[0]?.rtpTimestamp, 5);
});

test('AV1 frames without a plausible length are refused', (t) => {
  const receiver = new Receiver('av1', 256);
  for (const [index, claimed] of [
    [1, 0],
    [2, 5000],
  ] as const) {
    const packetizer = new VideoPacketizer({
      packetSize: 256,
      style: 'sunshine',
      fecPercentage: 0,
    });
    const [packet] = packetizer.packetize({
      data: picture('av1', true, 50, 1),
      frameNumber: index,
      frameType: IDR,
      rtpTimestamp: 0,
    });
    packet?.writeUInt16LE(claimed, 36);
    if (packet) receiver.push(packet, index * 100);
  }
  receiver.expire(1000);
  t.deepEqual(receiver.refused, [1, 2]);
});

test('an orderly network: a lost frame is known soon, not after the longest wait', (t) => {
  const packetizer = new VideoPacketizer({ packetSize: 256, style: 'sunshine' });
  const receiver = new Receiver('h264', 256);
  for (let frameNumber = 1; frameNumber <= 1500; frameNumber++) {
    const lost = frameNumber === 1498;
    for (const packet of packetizer.packetize({
      data: picture('h264', frameNumber === 1, 100, frameNumber),
      frameNumber,
      frameType: frameTypeOf(frameNumber === 1),
      rtpTimestamp: 0,
    })) {
      if (!lost) receiver.push(packet, frameNumber * 16);
    }
    receiver.expire(frameNumber * 16 + 10);
    if (frameNumber === 1499) t.deepEqual(receiver.lost, [{ first: 1498, last: 1498 }]);
  }
  t.deepEqual(receiver.requests, ['idr']);
});

test('an orderly network: a frame that cannot be restored is known before the next one begins', (t) => {
  const packetizer = new VideoPacketizer({ packetSize: 256, style: 'sunshine' });
  const receiver = new Receiver('h264', 256);
  for (let frameNumber = 1; frameNumber <= 500; frameNumber++) {
    // Ten data packets and two of parity, one a millisecond.
    packetizer
      .packetize({
        data: picture('h264', frameNumber === 1, 2380, frameNumber),
        frameNumber,
        frameType: frameTypeOf(frameNumber === 1),
        rtpTimestamp: 0,
      })
      .forEach((packet, at) => {
        if (frameNumber < 500 || at > 2) receiver.push(packet, frameNumber * 16 + at);
      });
  }
  t.deepEqual(receiver.lost, [{ first: 500, last: 500 }]);
  t.deepEqual(receiver.requests, ['idr']);
  t.is(receiver.units.length, 499);
});

test('reordering that was seen before is waited for', (t) => {
  const packetizer = new VideoPacketizer({ packetSize: 256, style: 'sunshine' });
  const receiver = new Receiver('h264', 256);
  for (let frameNumber = 1; frameNumber <= 600; frameNumber++) {
    const packets = packetizer.packetize({
      data: picture('h264', frameNumber === 1, 2380, frameNumber),
      frameNumber,
      frameType: frameTypeOf(frameNumber === 1),
      rtpTimestamp: 0,
    });
    // The first four packets are overtaken by all others, and 10 ms late.
    packets.slice(4).forEach((packet) => receiver.push(packet, frameNumber * 16));
    packets.slice(0, 4).forEach((packet) => receiver.push(packet, frameNumber * 16 + 10));
  }
  t.is(receiver.units.length, 600);
  t.deepEqual(receiver.requests, []);
});

test('a key frame that was asked for does not wait for the frames before it', (t) => {
  const packetizer = new VideoPacketizer({ packetSize: 256, style: 'sunshine' });
  const receiver = new Receiver('h264', 256);
  const send = (frameNumber: number, idr: boolean, now: number, lost: readonly number[]): void => {
    packetizer
      .packetize({
        data: picture('h264', idr, 2380, frameNumber),
        frameNumber,
        frameType: frameTypeOf(idr),
        rtpTimestamp: 0,
      })
      .forEach((packet, at) => {
        if (!lost.includes(at)) receiver.push(packet, now);
      });
  };
  for (let frame = 1; frame <= 10; frame++) send(frame, frame === 1, frame * 16, []);
  // Nothing of frame 12 but its last packet: whether the rest is late nobody can tell yet.
  send(11, false, 176, [0, 1, 2]);
  receiver.expire(320);
  t.deepEqual(receiver.requests, ['idr']);
  send(12, false, 321, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  send(13, true, 321, []);
  t.deepEqual(
    receiver.units.map(({ frameNumber }) => frameNumber),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13],
  );
  t.deepEqual(receiver.lost.at(-1), { first: 12, last: 12 });
  t.deepEqual(receiver.requests, ['idr']);
});
