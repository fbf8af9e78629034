import * as t from 'io-ts';

/** `retrying`: another attempt follows. `failed`: none does, since it would end the same. */
export const OUTPUT_STATES = ['connecting', 'active', 'retrying', 'failed'] as const;
export const OutputState = t.keyof(
  { connecting: null, active: null, retrying: null, failed: null },
  'OutputState',
);
export type OutputState = t.TypeOf<typeof OutputState>;
