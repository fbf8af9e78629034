/** An output by plain RTP: an outlet that sends the packets of the tees to UDP ports. */
import type { Deadline } from '../../core/deadline.js';
import { MoonteeError } from '../../core/errors.js';
import type { OutletStats, PacketOutlet, TrackId } from '../../media/outlet.js';
import type { RtpOutput, RtpOutputOptions, RtpReport } from '../../media/types.js';
import { elementsOf, fillTemplate, loadTemplate } from '../launch-template.js';
import { RTP } from '../media-format.js';
import type { PayloaderElement } from '../renumbering.js';
import type { Gst, GstRuntime } from '../runtime.js';
import type { Trunk } from '../webrtc/branch.js';

/** Names of its bins begin so. */
const BIN_PREFIX = 'output-rtp-';
const TRACKS = ['video', 'audio'] as const;
/** Bytes of an RTP header without extensions (RFC 3550 §5.1). */
const HEADER_BYTES = 12;

interface UdpSinkElement extends Gst.Element {
  host: string;
  port: number;
  /** Bytes of all packets that were sent. */
  readonly bytesServed: bigint;
}

/** One medium on its way to one port. */
interface Leg {
  readonly track: TrackId;
  readonly bin: Gst.Bin;
  readonly sink: UdpSinkElement;
  readonly entrance: Gst.Pad;
  readonly payloader: PayloaderElement;
  readonly tee: Gst.Element;
  /** The tee's pad; null while nothing is let in. */
  link: Gst.Pad | null;
  /** The payloader's sequence number at the last look, and packets since the link. */
  last: number;
  packets: number;
}

let nextNumber = 1;

/** What outputs need of their pipeline. */
export interface RtpOutletContext {
  readonly runtime: GstRuntime;
  readonly trunk: Trunk;
}

export class RtpOutlet implements PacketOutlet, RtpOutput {
  readonly kind = 'output';
  readonly tap = 'packets';
  readonly id: string;
  readonly #context: RtpOutletContext;
  readonly #options: RtpOutputOptions;
  readonly #legs: Leg[] = [];
  /** Of legs that are gone. */
  #pastBytes = 0;
  #over = false;

  /** @throws ELEMENT_MISSING, PIPELINE_FAILED */
  constructor(context: RtpOutletContext, options: RtpOutputOptions) {
    this.id = options.id;
    this.#context = context;
    this.#options = options;
    context.runtime.requireElements(...elementsOf(loadTemplate('output-rtp')));
    try {
      for (const track of TRACKS) {
        const port = options.ports[track];
        if (port !== null) this.#legs.push(this.#build(track, options.address, port));
      }
    } catch (error) {
      this.#dismantle();
      throw error;
    }
  }

  /** A picture begins with its first packet, and sound with the picture. */
  keyframeComing(): void {
    if (this.#over) return;
    for (const leg of this.#legs) this.#link(leg);
    this.#options.keyframes.served();
  }

  get bytes(): number {
    return this.#legs.reduce((sum, { sink }) => sum + Number(sink.bytesServed), this.#pastBytes);
  }

  stats(): OutletStats {
    return { id: this.id };
  }

  report(track: TrackId): RtpReport | null {
    const leg = this.#legs.find((each) => each.track === track);
    if (!leg?.link) return null;
    this.#count(leg);
    const { ssrc, clockRate } = RTP[track];
    const time = Number(this.#context.trunk.pipeline.getCurrentRunningTime()) / 1e9;
    const ticks = Math.floor(time * clockRate) % 2 ** 32;
    return {
      ssrc,
      timestamp: (leg.payloader.timestampOffset + ticks) % 2 ** 32,
      packets: leg.packets,
      octets: Math.max(0, Number(leg.sink.bytesServed) - leg.packets * HEADER_BYTES),
    };
  }

  /** Whether a bin of that name is one of its own. */
  owns(bin: string): boolean {
    return this.#legs.some((leg) => leg.bin.name === bin);
  }

  /** Something does not leave: nothing more is let in, so that not every packet is complained of. */
  onElementMessage(cause: string): void {
    if (this.#over) return;
    this.#over = true;
    for (const leg of this.#legs) this.#unlink(leg);
    this.#options.failed(new MoonteeError('OUTPUT_FAILED', `The packets do not leave: ${cause}`));
  }

  /** Nothing in it calls JavaScript, so Node's thread takes it down at once. */
  close(_deadline?: Deadline): Promise<void> {
    this.#over = true;
    this.#dismantle();
    return Promise.resolve();
  }

  #build(track: TrackId, address: string, port: number): Leg {
    const { runtime, trunk } = this.#context;
    const { Gst } = runtime.namespaces;
    const { tee, payloader } = trunk.taps[track];
    const bin = runtime.parseBin(fillTemplate(loadTemplate('output-rtp')));
    bin.name = `${BIN_PREFIX}${nextNumber++}`;
    const sink = bin.getByName('output-sink') as UdpSinkElement | null;
    const target = bin.getByName('output-queue')?.getStaticPad('sink');
    if (!sink || !target) throw new MoonteeError('PIPELINE_FAILED', 'The output has no way out');
    sink.host = address;
    sink.port = port;
    const entrance = Gst.GhostPad.new('sink', target) as Gst.Pad;
    bin.addPad(entrance);
    trunk.pipeline.add(bin);
    bin.syncStateWithParent();
    return { track, bin, sink, entrance, payloader, tee, link: null, last: 0, packets: 0 };
  }

  #link(leg: Leg): void {
    if (leg.link) return;
    const pad = leg.tee.requestPadSimple('src_%u');
    if (!pad) return;
    leg.last = leg.payloader.seqnum;
    pad.linkFull(leg.entrance, this.#context.runtime.namespaces.Gst.PadLinkCheck.NOTHING);
    leg.link = pad;
  }

  #unlink(leg: Leg): void {
    const pad = leg.link;
    if (!pad) return;
    leg.link = null;
    pad.unlink(leg.entrance);
    leg.tee.releaseRequestPad(pad);
  }

  /** More often than in 65 536 packets. */
  #count(leg: Leg): void {
    const { seqnum } = leg.payloader;
    leg.packets += (seqnum - leg.last + 65_536) % 65_536;
    leg.last = seqnum;
  }

  #dismantle(): void {
    this.#pastBytes = this.bytes;
    const legs = this.#legs.splice(0);
    for (const leg of legs) {
      this.#unlink(leg);
      leg.bin.setLockedState(true);
      leg.bin.setState(this.#context.runtime.namespaces.Gst.State.NULL);
      this.#context.trunk.pipeline.remove(leg.bin);
    }
    if (legs.length > 0) this.#context.runtime.collector.soon();
  }
}

/** Whether a bin is, or was, one of an output by plain RTP. */
export function isRtpBin(name: string): boolean {
  return name.startsWith(BIN_PREFIX);
}
