const OFFSET = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds of CLOCK_MONOTONIC, which all processes of a machine share. */
export function monotonic(): number {
  return OFFSET + performance.now();
}
