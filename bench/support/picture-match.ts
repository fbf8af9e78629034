/**
 * Matches received pictures with sent ones. SRTP hides the content of a packet but not its length,
 * so pictures are matched by their sizes, in order.
 */
import type { FrameArrival } from './receiver-messages.js';
import type { FrameDeparture } from './timed-host-process.js';

/** What GStreamer's payloader (a FU-A header) and SRTP (its tag) add to a packet, in bytes. */
const PACKET_OVERHEAD = 12;
/** Bytes by which start codes and parameter sets may make the rest differ. */
const SIZE_TOLERANCE = 64;
/** Pictures that may lie between two that are matched. */
const SEARCH = 60;
/** Pictures in a row whose sizes must fit to begin with. */
const ALIGNMENT_RUN = 12;
/** Milliseconds that a picture may have been on its way. */
const LONGEST_LATENCY = 2_000;

/** Milliseconds, a value for each picture. */
export interface Latencies {
  readonly fromFirst: number[];
  readonly fromLast: number[];
  /** Received pictures that match no sent one, damaged ones above all. */
  unmatched: number;
}

/**
 * Walks both lists at once; what is lost on the way leaves a hole in the second.
 *
 * @returns pictures that left from the first to the last one that was matched
 */
export function match(
  departures: readonly FrameDeparture[],
  arrivals: readonly FrameArrival[],
  latencies: Latencies,
): number {
  // The first picture after a reset may have lost its beginning.
  const whole = arrivals.slice(1);
  const offset = alignment(departures, whole);
  let next = offset;
  let began = -1;
  for (const arrival of offset < 0 ? [] : whole) {
    let at = next;
    const last = Math.min(departures.length, at + SEARCH);
    while (at < last && !fits(departures[at], arrival)) at += 1;
    const departure = departures[at];
    if (at === last || !departure) {
      latencies.unmatched += 1;
      continue;
    }
    next = at + 1;
    if (began < 0) began = at;
    latencies.fromFirst.push(arrival.at - departure.first);
    latencies.fromLast.push(arrival.at - departure.lastData);
  }
  if (offset < 0) latencies.unmatched += whole.length;
  return began < 0 ? 0 : next - began;
}

/**
 * The place in the departures at which a run of arrivals begins, by the sizes of all of the run.
 * The latest such place counts: a clip that restarted for a key frame has the same run twice.
 */
function alignment(
  departures: readonly FrameDeparture[],
  arrivals: readonly FrameArrival[],
): number {
  const run = arrivals.slice(0, ALIGNMENT_RUN);
  const earliest = (run[0]?.at ?? 0) - LONGEST_LATENCY;
  return departures.findLastIndex(
    ({ first }, at) =>
      first >= earliest && run.every((arrival, i) => fits(departures[at + i], arrival)),
  );
}

function fits(departure: FrameDeparture | undefined, arrival: FrameArrival): boolean {
  if (!departure || departure.first > arrival.at) return false;
  const size = arrival.bytes - arrival.packets * PACKET_OVERHEAD;
  return Math.abs(departure.bytes - size) <= SIZE_TOLERANCE;
}
