import test from 'ava';
import fc from 'fast-check';
import { PictureWatch } from '../../../src/moonlight/video/picture-watch.js';

const TICK = 20;

/** A host that is looked at every 20 ms. */
class Scene {
  now = 1000;
  readonly asked: number[] = [];
  readonly told: boolean[] = [];
  /** Infinity while it is not. */
  goneAt = Infinity;
  readonly watch = new PictureWatch({
    ask: () => {
      this.asked.push(this.now);
      if (this.answers) this.#answerAt = this.now + 60;
    },
    stalled: (stalled) => this.told.push(stalled),
    gone: () => {
      if (this.goneAt < Infinity) throw new Error('gone twice');
      this.goneAt = this.now;
    },
  });
  /** The host answers requests. */
  answers = true;
  heard = true;
  /** Milliseconds between pictures of its own accord. */
  interval = Infinity;
  #answerAt = Infinity;
  #lastAt = 1000;

  run(milliseconds: number): this {
    const end = this.now + milliseconds;
    for (; this.now < end; this.now += TICK) {
      const due = this.now - this.#lastAt >= this.interval || this.now >= this.#answerAt;
      if (due) {
        this.#answerAt = Infinity;
        this.#lastAt = this.now;
        this.watch.datagram();
        this.watch.picture(this.now);
      }
      this.watch.tick(this.now, this.heard);
    }
    return this;
  }

  /** Pictures flow for a while, then they cease. */
  static streaming(): Scene {
    const scene = new Scene();
    scene.interval = 16;
    scene.run(3000);
    scene.interval = Infinity;
    return scene;
  }
}

test('pictures that cease: a key frame is asked for, viewers are told, the session is over', (t) => {
  const scene = Scene.streaming();
  const since = scene.now;
  scene.answers = false;
  scene.run(20_000);
  t.true((scene.asked[0] ?? Infinity) - since < 2_500);
  t.true(scene.asked.length > 3 && scene.asked.length < 20);
  t.deepEqual(scene.told, [true]);
  t.true(scene.goneAt - since < 8_000);
});

test('a still desktop is no such thing, and is asked ever less often', (t) => {
  const scene = Scene.streaming().run(600_000);
  t.is(scene.goneAt, Infinity);
  t.deepEqual(scene.told, []);
  t.true(scene.asked.length >= 50 && scene.asked.length < 70, `${scene.asked.length} requests`);
  // It moves again, and stops: the wait is short again.
  scene.interval = 16;
  scene.run(2000);
  scene.interval = Infinity;
  scene.answers = false;
  const since = scene.now;
  scene.run(10_000);
  t.true(scene.goneAt - since < 8_000);
});

test('a slow picture is one', (t) => {
  const scene = new Scene();
  scene.interval = 900;
  scene.answers = false;
  scene.run(60_000);
  t.deepEqual([scene.goneAt, scene.asked, scene.told], [Infinity, [], []]);
});

test('input that changes nothing on a still desktop brings the question forward', (t) => {
  const scene = Scene.streaming().run(60_000);
  scene.answers = false;
  const since = scene.now;
  const before = scene.asked.length;
  scene.watch.stir();
  scene.run(4000);
  t.true((scene.asked[before] ?? Infinity) - since <= 3_100);
  t.deepEqual(scene.told, [true]);
});

test('one who moves the mouse for long has the host asked every two seconds at most', (t) => {
  const scene = Scene.streaming();
  for (let i = 0; i < 600; i += 1) {
    scene.watch.stir();
    scene.run(100);
  }
  t.is(scene.goneAt, Infinity);
  t.true(scene.asked.length <= 31, `${scene.asked.length} requests`);
});

test('while the host is not heard nothing is told of its pictures', (t) => {
  const scene = Scene.streaming();
  scene.heard = false;
  scene.answers = false;
  scene.run(30_000);
  t.deepEqual([scene.goneAt, scene.asked, scene.told], [Infinity, [], []]);
  scene.heard = true;
  scene.run(8_000);
  t.not(scene.goneAt, Infinity);
});

test('datagrams of which nothing comes are put up with for longer', (t) => {
  const scene = Scene.streaming();
  const since = scene.now;
  scene.answers = false;
  while (scene.goneAt === Infinity && scene.now - since < 30_000) {
    scene.watch.datagram();
    scene.run(TICK);
  }
  const waited = scene.goneAt - since;
  t.true(waited > 8_000 && waited < 13_000, `${waited} ms`);
});

test('whatever happens: who answers is never gone, who does not is within seconds', (t) => {
  const step = fc.record({
    interval: fc.constantFrom(8, 33, 700, 3000, Infinity),
    heard: fc.boolean(),
    stir: fc.boolean(),
    length: fc.integer({ min: 0, max: 15_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const scene = new Scene();
      scene.interval = 16;
      scene.run(100);
      for (const { interval, heard, stir, length } of steps) {
        Object.assign(scene, { interval, heard });
        if (stir) scene.watch.stir();
        scene.run(length);
      }
      if (scene.goneAt < Infinity) throw new Error('gone, though it answers');
      Object.assign(scene, { interval: Infinity, heard: true, answers: false });
      scene.run(18_000);
      if (scene.goneAt === Infinity) throw new Error('never noticed');
    }),
    { seed: 21, numRuns: 300 },
  );
  t.pass();
});
