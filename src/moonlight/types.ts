/**
 * The words that the GameStream client and the rest of Moontee share: plain data, no behaviour.
 * Section numbers refer to the GameStream protocol description in docs/gamestream.md.
 */

export type VideoCodec = 'h264' | 'h265' | 'av1';
export type BitDepth = 8 | 10;
export type Chroma = '4:2:0' | '4:4:4';
export type ColorSpace = 'Rec601' | 'Rec709' | 'Rec2020';
export type AudioChannels = 2 | 6 | 8;

/** Client video format bits, as in `video_supported_formats` of the REST interface. */
export const VIDEO_FORMAT = {
  H264: 0x1,
  H264_HIGH8_444: 0x4,
  H265: 0x100,
  H265_MAIN10: 0x200,
  H265_REXT8_444: 0x400,
  H265_REXT10_444: 0x800,
  AV1_MAIN8: 0x1000,
  AV1_MAIN10: 0x2000,
  AV1_HIGH8_444: 0x4000,
  AV1_HIGH10_444: 0x8000,
} as const;

/** Milliseconds; hosts make no others. */
export type AudioPacketDuration = 5 | 10;

/** What we ask a host for. */
export interface StreamSettings {
  /** Pixels. */
  readonly width: number;
  /** Pixels, even. */
  readonly height: number;
  readonly fps: number;
  /** kbit/s, the user's figure, before the protocol's own deductions. */
  readonly bitrate: number;
  /** Bytes of a video packet after its first 16; a multiple of 16. */
  readonly packetSize: number;
  /** Mask of {@link VIDEO_FORMAT} bits that may be negotiated. */
  readonly videoFormats: number;
  readonly audioChannels: AudioChannels;
  /** Milliseconds of sound in a packet. */
  readonly audioPacketDuration: AudioPacketDuration;
  readonly colorSpace: ColorSpace;
  readonly colorRangeFull: boolean;
  /** Ask for HDR if a 10-bit format is negotiated. */
  readonly hdr: boolean;
  /** Also play the sound on the host. */
  readonly playAudioOnHost: boolean;
  /** Encrypt media even if the host does not request it (if it can). */
  readonly encryptAudio: boolean;
  readonly encryptVideo: boolean;
}

/** Opus multistream layout, in the order of the wire. */
export interface AudioLayout {
  readonly channels: AudioChannels;
  readonly streams: number;
  readonly coupledStreams: number;
  /** Output channel → decoded channel, one entry a channel. */
  readonly mapping: readonly number[];
  /** Milliseconds of sound in a packet. */
  readonly packetDuration: AudioPacketDuration;
}

export interface NegotiatedVideo {
  readonly codec: VideoCodec;
  readonly bitDepth: BitDepth;
  readonly chroma: Chroma;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly colorSpace: ColorSpace;
  readonly colorRangeFull: boolean;
}

/** What client and host agreed on; fixed for the life of a session. */
export interface NegotiatedStream {
  readonly video: NegotiatedVideo;
  readonly audio: AudioLayout;
  readonly encryption: {
    readonly rtsp: boolean;
    /** Version of the control envelope's nonces. */
    readonly control: 1 | 2;
    readonly audio: boolean;
    readonly video: boolean;
  };
  readonly hostFeatures: {
    readonly touchAndPen: boolean;
    readonly padTouchAndMotion: boolean;
    /** The host can repair with reference frame invalidation instead of an IDR. */
    readonly referenceFrameInvalidation: boolean;
    /**
     * The host knows no marks of a session (ping payload, connect data). It distinguishes clients
     * by their address, so two of one address disturb each other.
     */
    readonly sessionsByAddress: boolean;
  };
}

/** One complete coded picture. H.264 and H.265: Annex B; AV1: a temporal unit. */
export interface AccessUnit {
  readonly data: Buffer;
  /** The host's frame index; gaps are frames that were lost. */
  readonly frameNumber: number;
  /** A decoder can start here. */
  readonly idr: boolean;
  /** 90 kHz host clock of the frame, modulo 2³²; 0 on every frame if the host has none. */
  readonly rtpTimestamp: number;
  /** Milliseconds of `performance.now()` at which its first packet arrived. */
  readonly receivedAt: number;
  /** Host's own latency in milliseconds; 0 is unknown. */
  readonly hostLatency: number;
}

/** One Opus packet, in order. A hole in `sequence` is a packet that was lost for good. */
export interface OpusPacket {
  readonly data: Buffer;
  /** Extended: does not wrap. */
  readonly sequence: number;
}

/** The host's messages and requests to the player (§7.7). */
export type HostMessage =
  | { readonly type: 'rumble'; readonly pad: number; readonly low: number; readonly high: number }
  | {
      readonly type: 'trigger-rumble';
      readonly pad: number;
      readonly left: number;
      readonly right: number;
    }
  | {
      readonly type: 'motion-request';
      readonly pad: number;
      /** Hz; 0 stops. */
      readonly rate: number;
      readonly sensor: 'accelerometer' | 'gyro';
    }
  | {
      readonly type: 'led';
      readonly pad: number;
      readonly r: number;
      readonly g: number;
      readonly b: number;
    }
  | {
      readonly type: 'adaptive-triggers';
      readonly pad: number;
      readonly flags: number;
      readonly typeLeft: number;
      readonly typeRight: number;
      readonly left: Buffer;
      readonly right: Buffer;
    }
  | { readonly type: 'hdr'; readonly enabled: boolean; readonly metadata: HdrMetadata | null };

/** Mastering display and content light level, in the units of §7.7. */
export interface HdrMetadata {
  readonly primaries: readonly [number, number, number, number, number, number];
  readonly whitePoint: readonly [number, number];
  readonly maxDisplayLuminance: number;
  readonly minDisplayLuminance: number;
  readonly maxContentLightLevel: number;
  readonly maxFrameAverageLightLevel: number;
  readonly maxFullFrameLuminance: number;
}

export type TouchPhase =
  'hover' | 'down' | 'up' | 'move' | 'cancel' | 'button-only' | 'hover-leave' | 'cancel-all';

/**
 * One input of a player, in the host's terms (§8). Key codes are Windows virtual keys without the
 * 0x8000 flag. Scroll amounts are 120 a notch, positive is up and right.
 */
export type HostInput =
  | {
      readonly type: 'key';
      readonly down: boolean;
      readonly keyCode: number;
      /** Shift 1, ctrl 2, alt 4, meta 8. */
      readonly modifiers: number;
      /** Bit 0: the code follows the client's layout, not the US position. */
      readonly flags?: number;
    }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'mouse-move'; readonly dx: number; readonly dy: number }
  | {
      readonly type: 'mouse-position';
      readonly x: number;
      readonly y: number;
      readonly referenceWidth: number;
      readonly referenceHeight: number;
    }
  | {
      readonly type: 'mouse-button';
      readonly down: boolean;
      /** 1 left, 2 middle, 3 right, 4 X1, 5 X2. */
      readonly button: number;
    }
  | { readonly type: 'scroll'; readonly amount: number }
  | { readonly type: 'horizontal-scroll'; readonly amount: number }
  | {
      readonly type: 'touch';
      readonly phase: TouchPhase;
      readonly pointerId: number;
      /** 0…1 of the picture. */
      readonly x: number;
      readonly y: number;
      /** 0…1; the distance while hovering. */
      readonly pressure: number;
      readonly contactMajor: number;
      readonly contactMinor: number;
      /** Degrees, or 0xFFFF for unknown. */
      readonly rotation: number;
    }
  | {
      readonly type: 'pen';
      readonly phase: TouchPhase;
      /** 0 unknown, 1 pen, 2 eraser. */
      readonly tool: number;
      readonly buttons: number;
      readonly x: number;
      readonly y: number;
      readonly pressure: number;
      readonly rotation: number;
      /** Degrees 0…90, or 0xFF for unknown. */
      readonly tilt: number;
      readonly contactMajor: number;
      readonly contactMinor: number;
    }
  | {
      readonly type: 'pad-arrival';
      readonly pad: number;
      /** 0 unknown, 1 Xbox, 2 PlayStation, 3 Nintendo, 4 Steam. */
      readonly kind: number;
      readonly capabilities: number;
      readonly supportedButtons: number;
      /** Pads attached after this event, one bit each. */
      readonly activePads: number;
    }
  | {
      readonly type: 'pad-state';
      readonly pad: number;
      /** The pad's own bit cleared: it was unplugged. */
      readonly activePads: number;
      readonly buttons: number;
      readonly leftTrigger: number;
      readonly rightTrigger: number;
      readonly leftX: number;
      readonly leftY: number;
      readonly rightX: number;
      readonly rightY: number;
    }
  | {
      readonly type: 'pad-touch';
      readonly pad: number;
      readonly phase: TouchPhase;
      readonly touchpad: number;
      readonly pointerId: number;
      readonly x: number;
      readonly y: number;
      readonly pressure: number;
    }
  | {
      readonly type: 'pad-motion';
      readonly pad: number;
      readonly sensor: 'accelerometer' | 'gyro';
      readonly x: number;
      readonly y: number;
      readonly z: number;
    }
  | {
      readonly type: 'pad-battery';
      readonly pad: number;
      readonly state: number;
      /** 0…100, or 0xFF for unknown. */
      readonly percent: number;
    };

/** A client's own certificate towards hosts, PEM. */
export interface ClientIdentity {
  /** 16 hex digits sent as `uniqueid`. */
  readonly uniqueId: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** The address of a host and the certificate that it showed in pairing. */
export interface PairedHost {
  /** Name or IP address. */
  readonly address: string;
  readonly httpPort: number;
  /** The host's certificate as pinned in pairing, PEM. */
  readonly certificatePem: string;
}

/** Why a session is over. `code` as in gamestream.md §9.4: 0 graceful, -1, -100 … -104. */
export interface Termination {
  readonly code: number;
  readonly reason: string;
  /** The host ended it (its app exited or it shut down), as opposed to a fault. */
  readonly byHost: boolean;
}

/** Video quality of the link to the host over the last window. */
/** Figures of a session, or of several. */
export interface SessionCounts {
  readonly videoPackets: number;
  readonly videoBytes: number;
  readonly framesComplete: number;
  readonly framesLost: number;
  /** Came whole, but did not contain a frame of the stream. */
  readonly framesRefused: number;
  readonly packetsRecovered: number;
  readonly packetsLost: number;
  readonly audioPackets: number;
  readonly audioBytes: number;
  readonly audioRecovered: number;
  readonly audioLost: number;
  readonly idrRequests: number;
}

export interface SessionStats extends SessionCounts {
  /** Milliseconds, smoothed, of the control stream. */
  readonly roundTrip: number;
}

/** For some seconds the host has not answered, or sent no picture when asked; or it does again. */
export interface HostSilence {
  readonly silent: boolean;
  readonly reason: string;
}

export interface MoonlightSessionEvents {
  /** Names as in §9.1, e.g. `RTSP handshake`. */
  stage: [{ stage: string; state: 'starting' | 'complete' | 'failed'; errorCode: number }];
  video: [AccessUnit];
  audio: [OpusPacket];
  message: [HostMessage];
  quality: [{ status: 'ok' | 'poor' }];
  silence: [HostSilence];
  /** Emitted exactly once for a session that had started. */
  closed: [Termination];
}
