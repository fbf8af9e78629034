/**
 * Sequence numbers are those of one payloader for all peers. A peer that is left out for a while
 * comes back with a jump in them. SRTP counts 65 536 packets by looking at 16 bits. It takes a jump
 * of 32 768 or more for one back, and refuses what follows for good (RFC 3711, 3.3.1).
 */
import { randomInt } from 'node:crypto';
import type { Gst, GstRuntime } from './runtime.js';

/**
 * Numbers that may be left out at once. What is lost on the network around the gap comes on top,
 * and both together must stay below 32 768.
 */
const LONGEST_GAP = 8192;

/** `rtpmux` takes offsets of 31 bits. */
const TIMESTAMP_OFFSETS = 2 ** 31;

/** An RTP payloader. */
export interface PayloaderElement extends Gst.Element {
  /** Of the last packet, 0…65535. */
  readonly seqnum: number;
  timestampOffset: number;
}

interface MuxElement extends Gst.Element {
  ssrc: number;
  seqnumOffset: number;
  timestampOffset: number;
}

/** Chooses a payloader's first timestamp, so that {@link insertRenumbering} can keep it. Before it runs. */
export function chooseTimestamps(payloader: PayloaderElement): void {
  payloader.timestampOffset = randomInt(TIMESTAMP_OFFSETS);
}

/**
 * Whether a peer cannot go on with the payloader's numbers.
 *
 * @param last that it may have had
 * @param unheard packets before that one which it may not have had either
 */
export function leftTooMuchOut(
  payloader: PayloaderElement,
  last: number,
  unheard: number,
): boolean {
  return ((payloader.seqnum - last) & 0xff_ff) + unheard > LONGEST_GAP;
}

/**
 * Puts an element in front of a queue that numbers its packets without gaps from then on. Each
 * costs a copy of the buffer and of its header, while the payload stays shared. Timestamps and
 * source stay as they were. Only while nothing is linked to `entrance`.
 *
 * @param entrance the pad that leads to the queue from outside
 * @param last sequence number that the peer may have had
 */
export function insertRenumbering(
  runtime: GstRuntime,
  bin: Gst.Bin,
  { entrance, queue }: { readonly entrance: Gst.GhostPad; readonly queue: Gst.Pad },
  {
    payloader,
    ssrc,
    last,
  }: {
    readonly payloader: PayloaderElement;
    readonly ssrc: number;
    readonly last: number;
  },
): void {
  const { Gst } = runtime.namespaces;
  const mux = Gst.ElementFactory.make('rtpmux', null) as MuxElement | null;
  const sink = mux?.requestPadSimple('sink_%u');
  const source = mux?.getStaticPad('src');
  if (!mux || !sink || !source) return;
  mux.ssrc = ssrc;
  mux.seqnumOffset = last;
  mux.timestampOffset = payloader.timestampOffset;
  bin.add(mux);
  entrance.setTarget(sink);
  source.linkFull(queue, Gst.PadLinkCheck.NOTHING);
  mux.syncStateWithParent();
}
