import test from 'ava';
import { SoundRing } from '../../web/sound-ring.js';

const MS = 48;

function push(ring: SoundRing, milliseconds: number, level = 0.5): void {
  const plane = new Float32Array(milliseconds * MS).fill(level);
  ring.push(
    plane,
    plane.map((value) => -value),
  );
}

function pull(ring: SoundRing, milliseconds: number): readonly [Float32Array, Float32Array] {
  const left = new Float32Array(milliseconds * MS);
  const right = new Float32Array(milliseconds * MS);
  ring.pull(left, right);
  return [left, right];
}

test('sound begins softly once 60 ms wait', (t) => {
  const ring = new SoundRing();
  push(ring, 50);
  t.true(pull(ring, 10)[0].every((value) => value === 0));
  push(ring, 10);
  const [left, right] = pull(ring, 10);
  t.true((left[0] ?? 1) < 0.05);
  t.is(left.at(-1), 0.5);
  t.is(right.at(-1), -0.5);
  t.is(ring.length, 50 * MS);
});

test('a gap fades out, and makes more wait the next time', (t) => {
  const ring = new SoundRing();
  push(ring, 60);
  const [left] = pull(ring, 80);
  const jumps = left.map((value, at) => Math.abs(value - (left[at - 1] ?? 0)));
  t.true(Math.max(...jumps) < 0.05, 'no click');
  t.true(Math.abs(left.at(-1) ?? 1) < 0.001);
  push(ring, 70);
  t.true(Math.abs(pull(ring, 10)[0].at(-1) ?? 1) < 0.001, 'still waits');
  push(ring, 10);
  t.is(pull(ring, 10)[0].at(-1), 0.5);
});

test('what is too late is left out, and the newest stays', (t) => {
  const ring = new SoundRing();
  push(ring, 390, 0.1);
  push(ring, 60, 0.9);
  t.is(ring.length, 60 * MS);
  t.is(pull(ring, 60)[0].at(-1), Math.fround(0.9));
  push(ring, 5_000, 0.2);
  t.true(ring.length <= 400 * MS);
});

test('calm makes it wait less again', (t) => {
  const ring = new SoundRing();
  push(ring, 60);
  pull(ring, 70);
  push(ring, 80);
  for (let i = 0; i < 810; i += 1) {
    pull(ring, 10);
    push(ring, 10);
  }
  // Down from 80 to 70, and up again by the gap that follows.
  pull(ring, 100);
  push(ring, 79);
  pull(ring, 1);
  t.is(ring.length, 79 * MS);
  push(ring, 11);
  pull(ring, 1);
  t.is(ring.length, 89 * MS);
});
