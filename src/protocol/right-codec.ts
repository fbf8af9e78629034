/** Codecs of the rights in {@link RIGHTS}. */
import * as t from 'io-ts';
import type { Right as CoreRight } from '../core/rights.js';

const NAMES: Readonly<Record<CoreRight, null>> = {
  watch: null,
  pointer: null,
  keyboard: null,
  touch: null,
  gamepad: null,
  share: null,
  manage: null,
};

export const Right = t.keyof(NAMES, 'Right');
export type Right = t.TypeOf<typeof Right>;

/** In any order; one named twice counts once. */
export const RightList = t.array(Right, 'RightList');
