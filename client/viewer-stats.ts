/** What a viewer's connection does, over the time since the sample before. */
export interface ViewerStats {
  /** E.g. `H264`. */
  readonly codec: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Frames decoded a second. */
  readonly fps: number;
  /** kbit/s of video and audio that arrived. */
  readonly bitrate: number;
  /** 0…1 of the video packets. */
  readonly loss: number;
  /** Milliseconds between packets beyond their spacing. */
  readonly jitter: number;
  /** Milliseconds to the server and back. */
  readonly roundTrip: number;
  /** Milliseconds that a frame waited before it was decoded. */
  readonly bufferDelay: number;
  /** Milliseconds to decode a frame. */
  readonly decodeTime: number;
  readonly framesDecoded: number;
  readonly framesDropped: number;
  readonly keyFrames: number;
  readonly freezes: number;
  readonly packetsReceived: number;
  readonly packetsLost: number;
  /** Sum of the squared sound levels, so 0 is silence so far. */
  readonly audioEnergy: number;
  /** 0…1 of the sound that had to be made up because its packets were missing or too late. */
  readonly audioConcealed: number;
  /** `host`, `srflx`, `prflx` or `relay`, and the protocol, e.g. `host udp`. */
  readonly path: string;
}
