/** A second of noise in every codec, encoded once into .cache/matrix: its bytes are known. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { splitClip } from '../../src/demo-host/media/frame-source.js';
import type { VideoCodec } from '../../src/moonlight/types.js';

const run = promisify(execFile);

export const CLIP = { width: 320, height: 180, fps: 60 } as const;
const FRAMES = 30;

/** Part of the file name: change it with anything below that changes the stream. */
const RECIPE = 'noise-320x180-1';

const ENCODERS: Readonly<Record<VideoCodec, string>> = {
  h264:
    `openh264enc bitrate=2000000 rate-control=bitrate gop-size=${FRAMES} ` +
    'scene-change-detection=false ! h264parse config-interval=-1 ! ' +
    'video/x-h264,stream-format=byte-stream,alignment=au',
  h265:
    `x265enc bitrate=2000 key-int-max=${FRAMES} speed-preset=ultrafast tune=zerolatency ` +
    'option-string=scenecut=0 ! h265parse config-interval=-1 ! ' +
    'video/x-h265,stream-format=byte-stream,alignment=au',
  av1:
    `av1enc target-bitrate=2000 cpu-used=8 usage-profile=realtime lag-in-frames=0 ` +
    `keyframe-max-dist=${FRAMES} ! av1parse ! ` +
    'video/x-av1,stream-format=obu-stream,alignment=tu',
};

const ELEMENTS: Readonly<Record<VideoCodec, string>> = {
  h264: 'openh264enc',
  h265: 'x265enc',
  av1: 'av1enc',
};

export interface MatrixClip {
  readonly codec: VideoCodec;
  /** The demo host's format. */
  readonly file: string;
  readonly units: readonly Buffer[];
}

/** @returns null where nothing is installed that encodes this codec */
export async function matrixClip(codec: VideoCodec): Promise<MatrixClip | null> {
  const folder = fileURLToPath(new URL('../../.cache/matrix/', import.meta.url));
  const file = `${folder}${RECIPE}.${codec}`;
  if (!existsSync(file)) {
    try {
      await run('gst-inspect-1.0', ['--exists', ELEMENTS[codec]], { timeout: 30_000 });
    } catch {
      return null;
    }
    await mkdir(folder, { recursive: true });
    await encode(codec, folder, file);
  }
  return { codec, file, units: splitClip(await readFile(file)) };
}

async function encode(codec: VideoCodec, folder: string, file: string): Promise<void> {
  const parts = await mkdtemp(join(folder, 'encode-'));
  const { width, height, fps } = CLIP;
  try {
    const text =
      `videotestsrc pattern=snow num-buffers=${FRAMES} ! ` +
      `video/x-raw,width=40,height=22,framerate=${fps}/1 ! videoscale ! ` +
      `video/x-raw,width=${width},height=${height} ! videoconvert ! ` +
      `video/x-raw,format=I420 ! ${ENCODERS[codec]} ! multifilesink location=${parts}/%05d`;
    await run('gst-launch-1.0', ['-q', ...text.split(' ')], { timeout: 120_000 });
    const names = (await readdir(parts)).sort();
    const units = await Promise.all(names.map((name) => readFile(join(parts, name))));
    if (units.length !== FRAMES) throw new Error(`${codec}: ${units.length} access units`);
    const framed = units.flatMap((unit) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(unit.length);
      return [length, unit];
    });
    await writeFile(join(parts, 'clip'), Buffer.concat(framed));
    await rename(join(parts, 'clip'), file);
  } finally {
    await rm(parts, { recursive: true, force: true });
  }
}
