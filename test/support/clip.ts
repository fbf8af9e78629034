/** A short real clip, encoded once with gst-launch, and a player that pushes it in real time. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { deserialize, serialize } from 'node:v8';

const run = promisify(execFile);
/** Of clips by the pipelines that make them. */
const CACHE = fileURLToPath(new URL('../../.cache/clips/', import.meta.url));

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

/**
 * The clip starts with a key frame, and can be played in a loop. It is kept for all tests: encoding it takes
 * longer than many of them.
 */
export async function encodeClip(options: ClipOptions = {}): Promise<Clip> {
  const { width = 640, height = 360, fps = 60, frames = 60 } = options;
  const { bitrate = 2_000_000, gop = frames, channels = 2 } = options;
  const video =
    `videotestsrc pattern=smpte num-buffers=${frames} ! ` +
    `video/x-raw,format=I420,width=${width},height=${height},framerate=${fps}/1 ! ` +
    `openh264enc bitrate=${bitrate} max-bitrate=${bitrate} rate-control=bitrate gop-size=${gop} ! ` +
    'video/x-h264,profile=constrained-baseline ! h264parse ! ' +
    'video/x-h264,stream-format=byte-stream,alignment=au';
  const audio =
    `audiotestsrc num-buffers=100 samplesperbuffer=480 ! audio/x-raw,rate=48000,` +
    `channels=${channels},channel-mask=(bitmask)${channels === 2 ? '0x3' : '0x3f'} ! ` +
    `opusenc frame-size=10`;
  const [units, packets] = await Promise.all([encoded(video), encoded(audio)]);
  return { units: units.map((data) => ({ data, idr: hasIdr(data) })), audio: packets, fps };
}

/** Every buffer that a pipeline makes. */
async function encoded(pipeline: string): Promise<readonly Buffer[]> {
  const file = join(CACHE, createHash('sha256').update(pipeline).digest('hex'));
  const kept = await readFile(file).catch(() => null);
  if (kept !== null) return deserialize(kept) as readonly Buffer[];
  const folder = await mkdtemp(join(tmpdir(), 'moontee-clip-'));
  try {
    await launch(`${pipeline} ! multifilesink location=${folder}/%05d`);
    const names = (await readdir(folder)).sort();
    const buffers = await Promise.all(names.map((name) => readFile(join(folder, name))));
    await mkdir(CACHE, { recursive: true });
    // Renamed, since others may read it meanwhile.
    const own = `${file}.${process.pid}`;
    await writeFile(own, serialize(buffers));
    await rename(own, file);
    return buffers;
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
