/** A short real clip, encoded once with gst-launch, and a player that pushes it in real time. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Clip {
  readonly units: readonly { readonly data: Buffer; readonly idr: boolean }[];
  readonly audio: readonly Buffer[];
  readonly fps: number;
}

export interface ClipOptions {
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly frames?: number;
  /** bit/s. */
  readonly bitrate?: number;
  /** Frames between two key frames. */
  readonly gop?: number;
  /** Of the sound: 2 or 6. */
  readonly channels?: 2 | 6;
}

/** Of a clip with 6 channels, in the wire's order. */
export const CLIP_SURROUND = {
  channels: 6,
  streams: 4,
  coupledStreams: 2,
  mapping: [0, 1, 4, 5, 2, 3],
  packetDuration: 10,
} as const;

/** Milliseconds of sound in a packet. */
const AUDIO_PACKET = 10;

/** The clip starts with a key frame, and can be played in a loop. */
export async function encodeClip(options: ClipOptions = {}): Promise<Clip> {
  const { width = 640, height = 360, fps = 60, frames = 60 } = options;
  const { bitrate = 2_000_000, gop = frames, channels = 2 } = options;
  const folder = await mkdtemp(join(tmpdir(), 'moontee-clip-'));
  try {
    await launch(
      `videotestsrc pattern=smpte num-buffers=${frames} ! ` +
        `video/x-raw,format=I420,width=${width},height=${height},framerate=${fps}/1 ! ` +
        `openh264enc bitrate=${bitrate} max-bitrate=${bitrate} rate-control=bitrate gop-size=${gop} ! ` +
        'video/x-h264,profile=constrained-baseline ! h264parse ! ' +
        `video/x-h264,stream-format=byte-stream,alignment=au ! multifilesink location=${folder}/v%05d`,
    );
    await launch(
      `audiotestsrc num-buffers=100 samplesperbuffer=480 ! audio/x-raw,rate=48000,` +
        `channels=${channels},channel-mask=(bitmask)${channels === 2 ? '0x3' : '0x3f'} ! ` +
        `opusenc frame-size=10 ! multifilesink location=${folder}/a%05d`,
    );
    const names = (await readdir(folder)).sort();
    const read = (prefix: string): Promise<Buffer[]> =>
      Promise.all(
        names.filter((name) => name.startsWith(prefix)).map((name) => readFile(join(folder, name))),
      );
    const units = (await read('v')).map((data) => ({ data, idr: hasIdr(data) }));
    return { units, audio: await read('a'), fps };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function launch(text: string): Promise<void> {
  await run('gst-launch-1.0', ['-q', ...text.split(' ')], { timeout: 60_000 });
}

function hasIdr(unit: Buffer): boolean {
  for (let at = unit.indexOf('000001', 0, 'hex'); at >= 0;) {
    if ((unit.readUInt8(at + 3) & 0x1f) === 5) return true;
    at = unit.indexOf('000001', at + 3, 'hex');
  }
  return false;
}

interface Target {
  readonly runningTime: number;
  pushVideo(unit: { data: Buffer; pts: number; idr: boolean }): void;
  pushAudio(packet: { data: Buffer; pts: number; duration: number }): void;
}

/** Plays a clip into a pipeline in real time, and starts anew with a key frame when asked. */
export class Player {
  readonly #clip: Clip;
  readonly #target: Target;
  readonly #timer: NodeJS.Timeout;
  readonly #start = performance.now();
  readonly #base: number;
  #frame = 0;
  #sound = 0;
  #next = 0;
  framesPushed = 0;

  constructor(clip: Clip, target: Target) {
    this.#clip = clip;
    this.#target = target;
    this.#base = target.runningTime;
    this.#timer = setInterval(() => this.#play(), 4);
  }

  /** The next frame is a key frame. */
  keyframe(): void {
    this.#next = 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #play(): void {
    const elapsed = performance.now() - this.#start;
    while ((this.#frame * 1000) / this.#clip.fps <= elapsed) {
      const unit = this.#clip.units[this.#next];
      this.#next = (this.#next + 1) % this.#clip.units.length;
      const pts = this.#base + (this.#frame * 1e9) / this.#clip.fps;
      this.#frame += 1;
      if (!unit) continue;
      this.#target.pushVideo({ ...unit, pts });
      this.framesPushed += 1;
    }
    while (this.#sound * AUDIO_PACKET <= elapsed) {
      const data = this.#clip.audio[this.#sound % this.#clip.audio.length];
      const pts = this.#base + this.#sound * AUDIO_PACKET * 1e6;
      this.#sound += 1;
      if (data) this.#target.pushAudio({ data, pts, duration: AUDIO_PACKET * 1e6 });
    }
  }
}
