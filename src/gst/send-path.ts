/**
 * Shortens the way of a packet inside one webrtcbin. As it comes, webrtcbin holds every packet
 * back until its time by the pipeline's clock, twice, and sends it through encoders for error
 * correction that nobody has negotiated, which take a picture's list of packets apart: every
 * element behind them then locks, allocates and wakes somebody for each single packet.
 */
import { descendants, type WebRtcElement } from './binding.js';
import type { Gst, GstRuntime } from './runtime.js';

/** Lets packets pass when they come: what is late already must not wait for a clock. */
export function sendAtOnce(webrtc: WebRtcElement): void {
  for (const child of descendants(webrtc)) {
    if (child.getName()?.startsWith('clocksync') !== true) continue;
    (child as Gst.Element & { sync: boolean }).sync = false;
  }
}

/**
 * Tells a queue's elements behind it what is going to come. webrtcbin builds the inner way of
 * a medium when it knows its caps, which would otherwise be with the first packet: too late for
 * {@link skipErrorCorrection}.
 *
 * @param source the pad that will feed the queue; without caps so far, nothing happens
 */
export function announceCaps(runtime: GstRuntime, source: Gst.Pad, queue: Gst.Pad): void {
  const { Gst } = runtime.namespaces;
  const caps = source.getCurrentCaps();
  if (!caps) return;
  queue.sendEvent(Gst.Event.newStreamStart(`announced-${queue.getPathString()}`));
  queue.sendEvent(Gst.Event.newCaps(caps));
}

/**
 * Links around the error correction encoders, whose elements stay where they are. Only before
 * the first packet: one that found no link would stop its queue for good.
 */
export function skipErrorCorrection(runtime: GstRuntime, webrtc: WebRtcElement): void {
  for (let index = 0; index < webrtc.getChildrenCount(); index += 1) {
    const bin = webrtc.getChildByIndex(index) as unknown as Gst.Element | Gst.Bin | null;
    if (!bin || !('getChildByIndex' in bin) || !isErrorCorrection(bin)) continue;
    const entry = bin.getStaticPad('sink');
    const exit = bin.getStaticPad('src');
    const before = entry?.getPeer();
    const behind = exit?.getPeer();
    if (!entry || !exit || !before || !behind) continue;
    before.unlink(entry);
    exit.unlink(behind);
    // Unchecked, as webrtcbin's own link was: the caps are the same on both sides.
    before.linkFull(behind, runtime.namespaces.Gst.PadLinkCheck.NOTHING);
  }
}

/** webrtcbin keeps the two encoders of a medium in a bin of their own. */
function isErrorCorrection(bin: Gst.Bin): boolean {
  return (
    bin.getChildrenCount() === 2 &&
    [...descendants(bin)].some((child) => child.getFactory()?.getName() === 'rtpulpfecenc')
  );
}
