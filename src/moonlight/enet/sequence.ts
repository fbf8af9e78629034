/** Arithmetic on 16-bit sequence numbers that wrap (gamestream.md §7.2). */

const RELIABLE_WINDOW_SHIFT = 12;
const RELIABLE_WINDOWS = 16;
/** A reliable number is accepted in this many windows of 0x1000, the current one included. */
const ACCEPTED_WINDOWS = 7;

/** How far `sequence` is ahead of `reference`, 0…0xFFFF. */
export function distance(sequence: number, reference: number): number {
  return (sequence - reference) & 0xffff;
}

/** True if `sequence` comes after `reference`. */
export function isAhead(sequence: number, reference: number): boolean {
  const ahead = distance(sequence, reference);
  return ahead !== 0 && ahead < 0x8000;
}

export function next(sequence: number, by = 1): number {
  return (sequence + by) & 0xffff;
}

/** Whether a number that is ahead of the last delivered one may be buffered. */
export function isInWindow(sequence: number, lastDelivered: number): boolean {
  const windows = (sequence >> RELIABLE_WINDOW_SHIFT) - (lastDelivered >> RELIABLE_WINDOW_SHIFT);
  return (windows & (RELIABLE_WINDOWS - 1)) < ACCEPTED_WINDOWS;
}
