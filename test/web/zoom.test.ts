import test from 'ava';
import fc from 'fast-check';
import { NO_ZOOM, pinched, withinStage, zoomedBox, type Zoom } from '../../web/zoom.js';

const STAGE = { left: 10, top: 20, width: 400, height: 300 };
const BOX = { left: 10, top: 57.5, width: 400, height: 225 };

test('without a zoom the picture lies where it did', (t) => {
  t.deepEqual(zoomedBox(STAGE, BOX, NO_ZOOM), BOX);
});

test('what is between the fingers stays between them', (t) => {
  const zoom = pinched(NO_ZOOM, { x: 100, y: 50 }, { x: 120, y: 60 }, 2);
  t.deepEqual(zoom, { scale: 2, x: -80, y: -40 });
  const box = zoomedBox(STAGE, BOX, zoom);
  t.is(box.width, 800);
  // The point of the picture that was at (100, 50) of the stage.
  const x = (100 - (BOX.left - STAGE.left)) / BOX.width;
  t.is(box.left - STAGE.left + x * box.width, 120);
});

const zooms: fc.Arbitrary<Zoom> = fc.record({
  scale: fc.double({ min: 1, max: 8, noNaN: true }),
  x: fc.double({ min: -5_000, max: 5_000, noNaN: true }),
  y: fc.double({ min: -5_000, max: 5_000, noNaN: true }),
});

test('no zoom leaves an edge of the stage empty, nor shrinks', (t) => {
  const points = fc.record({ x: fc.integer({ min: 0, max: 400 }), y: fc.nat(300) });
  fc.assert(
    fc.property(
      zooms,
      points,
      points,
      fc.double({ min: 0.01, max: 50, noNaN: true }),
      (zoom, from, to, factor) => {
        const { scale, x, y } = withinStage(pinched(zoom, from, to, factor), STAGE);
        const isFilled = (shift: number, size: number): boolean =>
          shift <= 0 && shift + size * scale >= size - 1e-6;
        return scale >= 1 && scale <= 8 && isFilled(x, STAGE.width) && isFilled(y, STAGE.height);
      },
    ),
  );
  t.deepEqual(withinStage({ scale: 1, x: 33, y: -7 }, STAGE), { scale: 1, x: 0, y: 0 });
});
