import type { Log } from '../core/log.js';
import type { BitDepth, VideoCodec } from '../moonlight/types.js';
import type { Faults } from './faults.js';
import type { HostIdentity } from './identity.js';

/** The real host whose habits are followed if the two differ (gamestream.md §12, wolf.md). */
export type HostStyle = 'sunshine' | 'wolf';

/** Whether an encryption is unknown, used on request, or required. */
export type Offer = 'off' | 'offered' | 'required';

export interface VideoFormat {
  readonly codec: VideoCodec;
  readonly bitDepth: BitDepth;
}

/** What an app shows. Descriptions and files come from the operator, never from the network. */
export type AppSource =
  | { readonly kind: 'desktop' }
  | { readonly kind: 'test-pattern' }
  /** gst-launch text of a raw video source. */
  | { readonly kind: 'gstreamer'; readonly description: string }
  /** Access units, each behind its length as u32be; the first is an IDR. */
  | {
      readonly kind: 'clip';
      readonly file: string;
      readonly codec: VideoCodec;
      /** Default 8. */
      readonly bitDepth?: BitDepth;
      /** The pictures are BT.2020 with PQ, and clients are notified that HDR is on. */
      readonly hdr?: boolean;
    }
  /**
   * Pictures made here without an encoder (H.264), whose references are chosen. After a loss the
   * next one refers to the last that the client has.
   */
  | { readonly kind: 'blocks' };

export interface AppOptions {
  readonly title: string;
  readonly source: AppSource;
}

export interface DemoHostOptions {
  /** Numeric address that every socket is bound to. Default 127.0.0.1. */
  readonly bind?: string;
  /** The base port (§1.1): others are derived from it. 0 takes free ports. Default 47989. */
  readonly httpPort?: number;
  readonly httpsPort?: number;
  readonly rtspPort?: number;
  readonly videoPort?: number;
  readonly controlPort?: number;
  readonly audioPort?: number;
  /** `hostname` of serverinfo. */
  readonly name?: string;
  /** Accepts this PIN without asking anybody. */
  readonly pin?: string | null;
  readonly style?: HostStyle;
  readonly rtspEncryption?: Offer;
  /** The control envelope that is offered; a client may still choose version 1. */
  readonly controlEncryption?: 1 | 2;
  readonly videoEncryption?: Offer;
  readonly audioEncryption?: Offer;
  /** Parity packets per hundred data packets; 0 sends none. Default 20. */
  readonly fecPercentage?: number;
  /** Answer RTSP with lower-case header names, to try a client's tolerance. */
  readonly lowerCaseRtspHeaders?: boolean;
  /** SETUP gives each session marks of its own, as Sunshine and newer Wolf do. Default by style. */
  readonly markSessions?: boolean;
  /** Index of the only channel on which there is sound, in the wire's order FL FR FC LFE … */
  readonly toneChannel?: number | null;
  /** Apps beside the built-in ones. */
  readonly apps?: readonly AppOptions[];
  /** Encode HEVC or AV1 if a client asks and the element is installed. */
  readonly hevc?: boolean;
  readonly av1?: boolean;
  readonly faults?: Faults;
  /** Keeps the certificate and the paired clients; without it both last as long as the host. */
  readonly stateDirectory?: string | null;
  /** To be shown in place of one that is made or kept; RSA keys take their time. */
  readonly identity?: HostIdentity;
  /** One JSON line is appended for every decoded input event. */
  readonly inputLog?: string | null;
  /** Folder of own templates; the process uses them from then on. */
  readonly pipelines?: string;
  readonly log?: Log;
}

/** §1.1, relative to the HTTP port. */
const OFFSETS = { https: -5, control: 10, rtsp: 21 } as const;
/** Wolf counts up from these for each session; Sunshine's ports are shared. */
const MEDIA_OFFSETS = {
  sunshine: { video: 9, audio: 11 },
  wolf: { video: 111, audio: 211 },
} as const;

export interface Ports {
  readonly http: number;
  readonly https: number;
  readonly rtsp: number;
  readonly video: number;
  readonly control: number;
  readonly audio: number;
}

/** The ports to bind; 0 is any free one. */
export function portsOf(options: DemoHostOptions): Ports {
  const http = options.httpPort ?? 47989;
  const media = MEDIA_OFFSETS[options.style ?? 'sunshine'];
  const derived = (offset: number): number => (http === 0 ? 0 : http + offset);
  return {
    http,
    https: options.httpsPort ?? derived(OFFSETS.https),
    rtsp: options.rtspPort ?? derived(OFFSETS.rtsp),
    video: options.videoPort ?? derived(media.video),
    control: options.controlPort ?? derived(OFFSETS.control),
    audio: options.audioPort ?? derived(media.audio),
  };
}
