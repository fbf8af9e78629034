import test from 'ava';
import * as fc from 'fast-check';
import { withoutReordering } from '../../../src/moonlight/video/h264-sps.js';
import { readSps, sequenceParameterSets, type Elements } from './reference-sps.js';

const RESTRICTION = [
  'motion_vectors_over_pic_boundaries_flag',
  'max_bytes_per_pic_denom',
  'max_bits_per_mb_denom',
  'log2_max_mv_length_horizontal',
  'log2_max_mv_length_vertical',
  'max_num_reorder_frames',
  'max_dec_frame_buffering',
];

function valueOf(elements: Elements, name: string): number | undefined {
  return elements.find(([one]) => one === name)?.[2];
}

test('what an encoder writes that says nothing of reordering', (t) => {
  // High profile, level 4.2, two reference frames, 1920 × 1080, no VUI.
  const silent = Buffer.from('6764002aac2cac07808 0227e5'.replaceAll(' ', ''), 'hex');
  const { elements } = readSps(silent);
  t.is(valueOf(elements, 'vui_parameters_present_flag'), 0);
  const said = readSps(withoutReordering(silent));
  t.true(said.isWhole);
  t.is(valueOf(said.elements, 'max_num_reorder_frames'), 0);
  t.is(
    valueOf(said.elements, 'max_dec_frame_buffering'),
    Math.max(1, valueOf(elements, 'max_num_ref_frames') ?? 0),
  );
});

test('whatever else a set says stays as it is, bit by bit', (t) => {
  let changed = 0;
  const property = fc.property(sequenceParameterSets, (unit) => {
    const before = readSps(unit);
    t.true(before.isWhole);
    const after = withoutReordering(unit);
    t.deepEqual(withoutReordering(after), after);
    const isIntra =
      [44, 86, 100, 110, 122, 244].includes(valueOf(before.elements, 'profile_idc') ?? 0) &&
      ((valueOf(before.elements, 'constraints') ?? 0) & 0x10) !== 0;
    const isSaid =
      valueOf(before.elements, 'pic_order_cnt_type') === 2 ||
      isIntra ||
      valueOf(before.elements, 'max_num_reorder_frames') === 0;
    t.is(after === unit, isSaid);
    if (after === unit) return;
    changed += 1;
    const { elements, isWhole } = readSps(after);
    t.true(isWhole);
    t.is(valueOf(elements, 'max_num_reorder_frames'), 0);
    const references = valueOf(elements, 'max_num_ref_frames') ?? 0;
    t.is(valueOf(elements, 'max_dec_frame_buffering'), Math.max(1, references));
    const rest = new Set([
      ...['bitstream_restriction_flag', 'vui_parameters_present_flag', ...RESTRICTION],
    ]);
    const others = (all: Elements): Elements => all.filter(([name]) => !rest.has(name));
    if (valueOf(before.elements, 'vui_parameters_present_flag') === 1) {
      t.deepEqual(others(elements), others(before.elements));
      for (const name of RESTRICTION.slice(0, 5)) {
        const old = valueOf(before.elements, name);
        if (old !== undefined) t.is(valueOf(elements, name), old);
      }
    } else {
      const added = others(elements).slice(before.elements.length - 1);
      t.deepEqual(others(elements).slice(0, before.elements.length - 1), others(before.elements));
      t.true(added.every(([, , value]) => value === 0));
    }
  });
  fc.assert(property, { numRuns: 2_000, seed: 7 });
  t.true(changed > 500);
});

test('no bytes make it throw, and what is cut short stays', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const unit = Buffer.from([0x67, ...bytes]);
      t.true(withoutReordering(unit).length > 0);
    }),
  );
  const cut = Buffer.from('6764002aac', 'hex');
  t.is(withoutReordering(cut), cut);
});
