import test from 'ava';
import fc from 'fast-check';
import { pino } from 'pino';
import { MediaBus } from '../../src/media/bus.js';
import type { CodedUnit, Packetizer, TrackId, UnitOutlet } from '../../src/media/outlet.js';

const log = pino({ level: 'silent' });

function picture(pts: number, keyframe = false): CodedUnit {
  return { data: Buffer.from([1]), pts, duration: null, keyframe };
}

/** Notes what it gets, and what it heard of before. */
class Recorder implements UnitOutlet {
  readonly kind = 'recording';
  readonly tap = 'units';
  readonly seen: string[] = [];
  closed = false;
  readonly id: string;
  readonly failing: boolean;

  constructor(id: string, failing = false) {
    this.id = id;
    this.failing = failing;
  }

  keyframeComing(): void {
    this.seen.push('coming');
  }

  accept(track: TrackId, { pts, keyframe }: CodedUnit): void {
    if (this.failing) throw new Error('broken outlet');
    this.seen.push(`${track} ${pts}${keyframe ? ' key' : ''}`);
  }

  stats(): { id: string } {
    return { id: this.id };
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

class Payloader implements Packetizer {
  readonly pushed: CodedUnit[] = [];
  admitting = true;

  admits(): boolean {
    return this.admitting;
  }

  push(_track: TrackId, unit: CodedUnit): void {
    this.pushed.push(unit);
  }
}

test('outlets hear of a key frame before it comes, and get nothing after they are detached', (t) => {
  const bus = new MediaBus(log);
  const outlet = new Recorder('a');
  const detach = bus.attach(outlet);
  bus.publish('video', picture(5, true));
  bus.publish('audio', picture(6));
  detach();
  detach();
  bus.publish('video', picture(7));
  t.deepEqual(outlet.seen, ['coming', 'video 5 key', 'audio 6']);
  bus.close();
});

test('two outlets of one id are refused', (t) => {
  const bus = new MediaBus(log);
  bus.attach(new Recorder('a'));
  t.throws(() => bus.attach(new Recorder('a')));
  bus.close();
});

test('pictures wait for the packetizer, from the last key frame on', (t) => {
  const bus = new MediaBus(log);
  for (let at = 0; at < 300; at += 1) bus.publish('video', picture(at, at === 250));
  const payloader = new Payloader();
  bus.open(payloader);
  t.is(payloader.pushed.length, 50);
  t.true(payloader.pushed[0]?.keyframe);
  bus.close();
});

test('without a key frame no more than a bounded number of pictures waits', (t) => {
  const bus = new MediaBus(log);
  for (let at = 0; at < 5_000; at += 1) bus.publish('video', picture(at));
  const payloader = new Payloader();
  bus.open(payloader);
  t.true(payloader.pushed.length <= 120);
  bus.close();
});

test('a key frame that the packetizer drops still reaches outlets of units', (t) => {
  const bus = new MediaBus(log);
  const payloader = new Payloader();
  bus.open(payloader);
  const outlet = new Recorder('a');
  bus.attach(outlet);
  payloader.admitting = false;
  bus.publish('video', picture(1, true));
  t.deepEqual(outlet.seen, ['coming', 'video 1 key']);
  t.is(payloader.pushed.length, 0);
  bus.close();
});

test('one request goes to the host for all who ask, and none for an outlet that has left', (t) => {
  const bus = new MediaBus(log);
  const asked: unknown[] = [];
  bus.on('keyframe-needed', (request) => asked.push(request));
  const detach = bus.attach(new Recorder('a'));
  bus.attach(new Recorder('b'));
  detach();
  bus.requestKeyframe('join', 'a');
  t.deepEqual(asked, []);
  bus.requestKeyframe('join', 'b');
  bus.requestKeyframe('drop', null);
  t.deepEqual(asked, [{ reason: 'join', outletId: 'b' }]);
  t.deepEqual(bus.keyframeRequests, { join: 1, pli: 0, drop: 0, rotate: 0 });
  bus.close();
});

test('an outlet that throws is closed, and the others get everything', (t) => {
  const bus = new MediaBus(log);
  const broken = new Recorder('broken', true);
  const sound = new Recorder('sound');
  bus.attach(broken);
  bus.attach(sound);
  bus.publish('video', picture(1));
  bus.publish('video', picture(2));
  t.true(broken.closed);
  t.deepEqual(sound.seen, ['video 1', 'video 2']);
  bus.close();
});

test('times strictly increase within a track, whatever is published', (t) => {
  const step = fc.record({
    track: fc.constantFrom<TrackId>('video', 'audio'),
    pts: fc.oneof(fc.integer({ min: -10, max: 100 }), fc.constant(NaN), fc.constant(Infinity)),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const bus = new MediaBus(log);
      const last = { video: -1, audio: -1 };
      const outlet = new Recorder('a');
      outlet.accept = (track, { pts }) => {
        if (!Number.isSafeInteger(pts) || pts <= last[track]) throw new Error('out of order');
        last[track] = pts;
      };
      bus.attach(outlet);
      for (const { track, pts } of steps) bus.publish(track, picture(pts));
      bus.close();
      return !outlet.closed;
    }),
  );
  t.pass();
});

test('what followed the latest key frame is kept for 300 ms and not longer', (t) => {
  const bus = new MediaBus(log);
  bus.publish('video', picture(1));
  t.deepEqual(bus.recent, [], 'nothing can be decoded without a key frame');
  bus.publish('video', picture(10, true));
  bus.publish('audio', picture(15));
  bus.publish('video', picture(20));
  t.deepEqual(
    bus.recent.map(({ pts }) => pts),
    [10, 20],
  );
  bus.publish('video', picture(10 + 300e6));
  t.is(bus.recent.length, 3);
  bus.publish('video', picture(11 + 300e6));
  t.deepEqual(bus.recent, []);
  bus.publish('video', picture(12 + 300e6));
  t.deepEqual(bus.recent, [], 'a hole would be in it');
  bus.publish('video', picture(13 + 300e6, true));
  for (let count = 0; count < 18; count += 1) bus.publish('video', picture(14 + 300e6 + count));
  t.is(bus.recent.length, 19);
  for (let count = 0; count < 10; count += 1) bus.publish('video', picture(50 + 300e6 + count));
  t.deepEqual(bus.recent, [], 'many pictures are too much as well');
  bus.publish('video', { ...picture(390e6, true), data: Buffer.alloc(400_000) });
  t.is(bus.recent.length, 1);
  bus.publish('video', { ...picture(391e6), data: Buffer.alloc(200_000) });
  t.deepEqual(bus.recent, [], 'and so are many bytes');
  bus.publish('video', picture(400e6, true));
  bus.forgetRecent();
  t.deepEqual(bus.recent, []);
  bus.close();
});
