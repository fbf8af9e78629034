import type { ViewerStats } from '../client/viewer-stats.js';

/** Counters since the media socket was opened. */
export interface MediaCounters {
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  readonly messages: number;
  readonly decoded: number;
  readonly keys: number;
  readonly dropped: number;
  /** That decoding took, of all pictures together. */
  readonly milliseconds: number;
  readonly energy: number;
  readonly roundTrip: number;
}

/** Milliseconds over which rates are taken. */
const SPAN = 1_000;

/** Turns counters into figures a second. */
export class MediaFigures {
  #before: { readonly at: number; readonly counters: MediaCounters } | undefined;
  #rates = { fps: 0, bitrate: 0, decodeTime: 0 };

  /** @param now milliseconds */
  sample(counters: MediaCounters, now: number): ViewerStats {
    const before = this.#before;
    const span = now - (before?.at ?? now);
    if (before === undefined) {
      this.#before = { at: now, counters };
    } else if (span >= SPAN) {
      const frames = counters.decoded - before.counters.decoded;
      const milliseconds = counters.milliseconds - before.counters.milliseconds;
      this.#rates = {
        fps: (frames * 1000) / span,
        bitrate: ((counters.bytes - before.counters.bytes) * 8) / span,
        decodeTime: frames > 0 ? milliseconds / frames : 0,
      };
      this.#before = { at: now, counters };
    }
    const { codec, width, height } = counters;
    return {
      ...this.#rates,
      codec: codecName(codec),
      width,
      height,
      roundTrip: counters.roundTrip,
      framesDecoded: counters.decoded,
      framesDropped: counters.dropped,
      keyFrames: counters.keys,
      packetsReceived: counters.messages,
      audioEnergy: counters.energy,
      path: 'websocket tcp',
      // TCP loses nothing, and nothing is buffered.
      ...{ loss: 0, jitter: 0, bufferDelay: 0, freezes: 0, packetsLost: 0, audioConcealed: 0 },
    };
  }
}

function codecName(codec: string): string {
  if (/^avc/.test(codec)) return 'H264';
  if (/^h[ev][cv]1/.test(codec)) return 'H265';
  return codec.startsWith('av01') ? 'AV1' : codec;
}
