/** Reads the statistics of a peer's RTP session. They are polled; only estimates are emitted. */
import { descendants, emit, textOf } from '../binding.js';
import type { PeerBranch } from './branch.js';
import { FeedbackListener } from './feedback.js';
import { RTP } from '../media-format.js';
import type { Gst, GstRuntime } from '../runtime.js';

export interface SessionFigures {
  readonly packetsSent: number;
  readonly bytesSent: number;
  readonly nackCount: number;
  readonly pliCount: number;
  readonly firCount: number;
  /** 0…1 of the video, from the receiver's last report. */
  readonly fractionLost: number;
  /** Milliseconds. */
  readonly roundTrip: number;
  readonly jitter: number;
  /** Changes with every report of the receiver; empty before the first. */
  readonly reportMark: string;
  /**
   * Highest sequence number of the video in its last report; null if that was about something else.
   */
  readonly highestVideo: number | null;
}

export interface KeyframeFigures {
  readonly pliCount: number;
  readonly firCount: number;
}

/** A report block of the receiver. */
interface ReceiverReport {
  readonly ssrc: number;
  readonly fractionLost: number;
  /** Milliseconds. */
  readonly roundTrip: number;
  readonly jitter: number;
  readonly highest: number;
  readonly mark: string;
}

/** What was asked for once more, since the beginning. */
export interface RepeatFigures {
  readonly asked: number;
  readonly sent: number;
}

interface RtpSession {
  readonly stats: Gst.Structure;
  readonly numSources: number;
  rtcpMinInterval: number;
}

interface RepeaterElement extends Gst.Element {
  readonly numRtxRequests: number;
  readonly numRtxPackets: number;
  maxSizePackets: number;
}

/** Packets that are kept to be sent once more; webrtcbin's own number. */
const HISTORY = 500;
/** As good as none: zero would mean all. */
const NO_HISTORY = 1;

interface RtpSource {
  readonly stats: Gst.Structure;
}

/**
 * Nanoseconds between two sender reports, instead of five seconds: some receivers send nothing
 * unless they get one.
 */
const REPORT_INTERVAL_NS = 1e9;

/** 16.16 fixed point seconds, as in RTCP. */
const FIXED = 65_536;

export class RtpStats {
  /** The session of the bundle; every medium is in it. */
  #session: RtpSession | null = null;
  #source: RtpSource | null = null;
  #repeater: RepeaterElement | null = null;
  #feedback: FeedbackListener | null = null;
  readonly #tellBandwidth: (bitrate: number) => void;
  readonly #runtime: GstRuntime;
  readonly #branch: PeerBranch;

  /** @param tellBandwidth bit/s by the browser's estimate; may only take note */
  constructor(runtime: GstRuntime, branch: PeerBranch, tellBandwidth: (bitrate: number) => void) {
    this.#runtime = runtime;
    this.#branch = branch;
    this.#tellBandwidth = tellBandwidth;
  }

  /** Cheap: what the receiver asked for so far; null before there is a session. */
  keyframes(): KeyframeFigures | null {
    if (!this.#open()) return null;
    this.#source ??= emit(this.#session, 'get-source-by-ssrc', RTP.video.ssrc) as RtpSource | null;
    if (!this.#source) return null;
    const stats = this.#source.stats;
    return { pliCount: uint(stats, 'recv-pli-count'), firCount: uint(stats, 'recv-fir-count') };
  }

  /** Everything; null before there is a session. */
  read(): SessionFigures | null {
    if (!this.#open() || !this.#session) return null;
    this.#feedback?.resume();
    return parseSessionStats(textOf(this.#runtime, this.#session.stats));
  }

  /** RTP sources of both ends that the session knows, which any RTCP can add to. */
  sources(): number {
    return this.#open() && this.#session ? this.#session.numSources : 0;
  }

  /** Cheap: what the browser asked for once more; null before there is anything to send. */
  repeats(): RepeatFigures | null {
    const repeater = this.#findRepeater();
    return repeater && { asked: repeater.numRtxRequests, sent: repeater.numRtxPackets };
  }

  /** Whether what is lost is sent once more. */
  allowRepeats(allowed: boolean): void {
    const repeater = this.#findRepeater();
    if (repeater) repeater.maxSizePackets = allowed ? HISTORY : NO_HISTORY;
  }

  #findRepeater(): RepeaterElement | null {
    for (const child of this.#repeater ? [] : descendants(this.#branch.webrtc)) {
      if (child.name.startsWith('rtprtxsend')) this.#repeater ??= child as RepeaterElement;
    }
    return this.#repeater;
  }

  close(): void {
    this.#feedback?.close();
    this.#feedback = null;
    this.#session = null;
    this.#source = null;
    this.#repeater = null;
  }

  #open(): boolean {
    if (this.#session) return true;
    const rtpbin = this.#branch.webrtc.getByName('rtpbin');
    if (!rtpbin) return false;
    this.#session = emit(rtpbin, 'get-internal-session', 0) as RtpSession | null;
    if (!this.#session) return false;
    this.#session.rtcpMinInterval = REPORT_INTERVAL_NS;
    this.#feedback = new FeedbackListener(this.#session, this.#branch.gate, this.#tellBandwidth);
    return true;
  }
}

function uint(structure: Gst.Structure, field: string): number {
  const [found, value] = structure.getUint(field);
  return found ? value : 0;
}

/** The text form of an RTPSession's `stats`, taken apart. */
export function parseSessionStats(text: string): SessionFigures {
  const plain = text.replaceAll('\\', '');
  const sum = { packetsSent: 0, bytesSent: 0, nackCount: 0, pliCount: 0, firCount: 0 };
  const reports: ReceiverReport[] = [];
  for (const source of plain.split('application/x-rtp-source-stats').slice(1)) {
    const field = (name: string): number =>
      Number(new RegExp(` ${name}=\\([a-z0-9]+\\)(-?\\d+)`).exec(source)?.[1] ?? 0);
    if (source.includes('internal=(boolean)true')) {
      sum.packetsSent += field('packets-sent');
      sum.bytesSent += field('octets-sent');
      sum.pliCount += field('recv-pli-count');
      sum.firCount += field('recv-fir-count');
      sum.nackCount += field('recv-nack-count');
    }
    if (!source.includes('have-rb=(boolean)true')) continue;
    const ssrc = field('rb-ssrc');
    const { clockRate } = ssrc === RTP.audio.ssrc ? RTP.audio : RTP.video;
    reports.push({
      ssrc,
      fractionLost: field('rb-fractionlost') / 256,
      roundTrip: (field('rb-round-trip') / FIXED) * 1000,
      jitter: (field('rb-jitter') / clockRate) * 1000,
      highest: field('rb-exthighestseq'),
      mark: `${field('rb-exthighestseq')}.${field('rb-lsr')}.${field('rb-dlsr')}`,
    });
  }
  // From 1.25 on every stream of ours carries a block, also sound and retransmission.
  const report = reports.find(({ ssrc }) => ssrc === RTP.video.ssrc) ?? reports.at(-1);
  return {
    ...sum,
    fractionLost: report?.fractionLost ?? 0,
    roundTrip: report?.roundTrip ?? 0,
    jitter: report?.jitter ?? 0,
    reportMark: report?.mark ?? '',
    highestVideo: report?.ssrc === RTP.video.ssrc ? report.highest : null,
  };
}
