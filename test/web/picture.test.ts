import test from 'ava';
import { pictureBox, placeIn } from '../../web/picture.js';

const element = { left: 10, top: 20, width: 400, height: 400 };

test('a wide picture has bars above and below', (t) => {
  t.deepEqual(pictureBox(element, { width: 1600, height: 900 }), {
    left: 10,
    top: 20 + (400 - 225) / 2,
    width: 400,
    height: 225,
  });
});

test('a tall picture has bars at its sides', (t) => {
  t.deepEqual(pictureBox(element, { width: 100, height: 200 }), {
    left: 110,
    top: 20,
    width: 200,
    height: 400,
  });
});

test('a picture of unknown size fills the element', (t) => {
  t.deepEqual(pictureBox(element, { width: 0, height: 0 }), element);
});

test('places outside are moved to the edge and told apart', (t) => {
  t.deepEqual(placeIn(element, 210, 220), { x: 0.5, y: 0.5, isInside: true });
  t.deepEqual(placeIn(element, 0, 1000), { x: 0, y: 1, isInside: false });
});
