/**
 * Shortens the way of a packet inside one webrtcbin. By default webrtcbin holds every packet back
 * until its time by the pipeline's clock, twice. It also sends it through encoders for error
 * correction that were not negotiated, which take a picture's list of packets apart. Every element
 * behind them then locks, allocates and wakes a thread for each single packet.
 */
import { descendants, type WebRtcElement } from '../binding.js';
import type { Gst, GstRuntime } from '../runtime.js';

/** Until the source's own takes its place. */
const STREAM_ID = 'moontee-announced';

/**
 * Lets packets pass when they come: what is late already must not wait for a clock.
 *
 * @returns whether there is anything that waits
 */
export function sendAtOnce(webrtc: WebRtcElement): boolean {
  let found = false;
  for (const child of descendants(webrtc)) {
    if (!child.name.startsWith('clocksync')) continue;
    (child as Gst.Element & { sync: boolean }).sync = false;
    found = true;
  }
  return found;
}

/**
 * Tells the RTP session that nothing waits behind it. From GStreamer 1.24 on it makes no sender report
 * before it knows, and only a pipeline whose sinks wait for a clock would tell it. Without such reports
 * browsers do not know which sound belongs to which picture, and receivers that only answer reports are
 * never heard.
 *
 * @returns whether there is a session that sends
 */
export function tellLatency(runtime: GstRuntime, webrtc: WebRtcElement): boolean {
  let found = false;
  for (const child of descendants(webrtc)) {
    if (!child.name.startsWith('rtpsession')) continue;
    const pad = child.getStaticPad('send_rtp_src');
    if (!pad) continue;
    pad.sendEvent(runtime.namespaces.Gst.Event.newLatency(0));
    found = true;
  }
  return found;
}

/**
 * Sends the caps to the elements behind a queue before the first packet. webrtcbin builds the inner
 * way of a medium when it knows its caps. With the first packet that is too late for {@link
 * skipErrorCorrection}.
 *
 * @param caps of what will feed the queue
 */
export function announceCaps(runtime: GstRuntime, caps: Gst.Caps, queue: Gst.Pad): void {
  const { Gst } = runtime.namespaces;
  queue.sendEvent(Gst.Event.newStreamStart(STREAM_ID));
  queue.sendEvent(Gst.Event.newCaps(caps));
}

/**
 * Links around the error correction encoders, whose elements stay where they are. Only before the
 * first packet: one that found no link would stop its queue for good. If webrtcbin has not built
 * the way yet, nothing happens.
 *
 * @param queue the source pad of the queue before webrtcbin
 * @returns whether packets go past them
 */
export function skipErrorCorrection(runtime: GstRuntime, queue: Gst.Pad): boolean {
  const entrance = queue.getPeer() as Gst.GhostPad | null;
  const synced = entrance?.getTarget()?.getParentElement();
  const before = synced?.getStaticPad('src');
  const bin = before?.getPeer()?.getParentElement();
  if (!before || !bin || !isErrorCorrection(bin)) return false;
  const entry = bin.getStaticPad('sink');
  const exit = bin.getStaticPad('src');
  const behind = exit?.getPeer();
  if (!entry || !exit || !behind) return false;
  const { PadLinkCheck, PadLinkReturn } = runtime.namespaces.Gst;
  before.unlink(entry);
  exit.unlink(behind);
  // Unchecked, as webrtcbin's own link was: the caps are the same on both sides.
  if (before.linkFull(behind, PadLinkCheck.NOTHING) === PadLinkReturn.OK) return true;
  exit.linkFull(behind, PadLinkCheck.NOTHING);
  before.linkFull(entry, PadLinkCheck.NOTHING);
  return false;
}

/** webrtcbin keeps the two encoders of a medium in a bin of their own. */
function isErrorCorrection(element: Gst.Element): boolean {
  return (
    'getChildByIndex' in element &&
    [...descendants(element as Gst.Bin)].some((child) => child.name.startsWith('rtpulpfecenc'))
  );
}
