/**
 * Counts what comes in from one viewer, before anything is built or done for it, and can shut it off.
 * Both without JavaScript: an `identity` counts, and drops what it is told to.
 */
import { descendants, type WebRtcElement } from '../binding.js';
import type { Gst, GstRuntime } from '../runtime.js';

/** What has passed since the beginning. */
export interface Passed {
  readonly packets: number;
  readonly bytes: number;
}

export interface TapElement extends Gst.Element {
  readonly stats: Gst.Structure;
  /** Whether {@link lastMessage} is not written. */
  silent: boolean;
  /** About the packet that came last. */
  readonly lastMessage: string | null;
  signalHandoffs: boolean;
  dropProbability: number;
}

const NOTHING: Passed = { packets: 0, bytes: 0 };

export class Ingress {
  readonly #all: TapElement;
  /** Null without a data section. */
  readonly #channels: TapElement | null;
  readonly #rtcp: TapElement;

  private constructor(all: TapElement, channels: TapElement | null, rtcp: TapElement) {
    this.#all = all;
    this.#channels = channels;
    this.#rtcp = rtcp;
    if (channels) channels.silent = false;
  }

  /**
   * Once an offer or answer has been made, and before it is set: the ways are built, and nothing
   * comes yet.
   *
   * @param hasChannels the description has a data section
   * @returns null where webrtcbin is built in another way
   */
  static of(runtime: GstRuntime, webrtc: WebRtcElement, hasChannels: boolean): Ingress | null {
    const children = [...descendants(webrtc)];
    const tap = (prefix: string, pad: string): TapElement | null =>
      insertTap(
        runtime,
        children.find(({ name }) => name.startsWith(prefix)),
        pad,
      );
    const all = tap('dtlssrtpdec', 'sink');
    const channels = hasChannels ? tap('sctpdec', 'sink') : null;
    const rtcp = tap('rtpbin', 'recv_rtcp_sink_0');
    return all && rtcp && (channels || !hasChannels) ? new Ingress(all, channels, rtcp) : null;
  }

  /** All packets but STUN, encrypted, from any sender. */
  get all(): Passed {
    return passed(this.#all);
  }

  /** SCTP packets. */
  get channels(): Passed {
    return this.#channels ? passed(this.#channels) : NOTHING;
  }

  /** RTCP packets, compounds counted once. */
  get rtcp(): Passed {
    return passed(this.#rtcp);
  }

  /** Of the SCTP packet at hand, or the last one; null where that is not known. */
  channelPacketBytes(): number | null {
    const size = /\((\d+) bytes/.exec(this.#channels?.lastMessage ?? '')?.[1];
    return size === undefined ? null : Number(size);
  }

  /** No SCTP packet comes in any more. As {@link shut}. */
  shutChannels(): void {
    if (this.#channels) this.#channels.dropProbability = 1;
  }

  /**
   * Nothing comes in any more, and nothing is decrypted. Takes no lock, also while a packet is on
   * its way. Idempotent.
   */
  shut(): void {
    this.shutChannels();
    for (const tap of [this.#all, this.#rtcp]) tap.dropProbability = 1;
  }
}

/**
 * Puts a tap in front of an element.
 *
 * @returns null if nothing is linked to that pad
 */
export function insertTap(
  runtime: GstRuntime,
  element: Gst.Element | undefined,
  padName: string,
): TapElement | null {
  const { Gst } = runtime.namespaces;
  const sink = element?.getStaticPad(padName);
  const bin = element?.getParent() as Gst.Bin | null | undefined;
  const tap = Gst.ElementFactory.make('identity', null) as TapElement | null;
  const [entry, exit] = [tap?.getStaticPad('sink'), tap?.getStaticPad('src')];
  const source = sink?.getPeer();
  if (!tap || !entry || !exit || !sink || !source || !bin) return null;
  tap.signalHandoffs = false;
  bin.add(tap);
  source.unlink(sink);
  source.linkFull(entry, Gst.PadLinkCheck.NOTHING);
  exit.linkFull(sink, Gst.PadLinkCheck.NOTHING);
  tap.syncStateWithParent();
  return tap;
}

function passed(tap: TapElement): Passed {
  const { stats } = tap;
  return { packets: count(stats, 'num-buffers'), bytes: count(stats, 'num-bytes') };
}

function count(stats: Gst.Structure, field: string): number {
  const [found, value] = stats.getUint64(field);
  return found ? Number(value) : 0;
}
