/**
 * A second of noise in every format, kept in .cache/matrix: its bytes are known. Where nothing
 * that is installed encodes a format, its access units are made up: what carries them does not
 * look further than their first bytes.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { splitClip } from '../../src/demo-host/media/frame-source.js';
import type { AppSource, VideoFormat } from '../../src/demo-host/options.js';
import { picture } from '../moonlight/video/pictures.js';

const run = promisify(execFile);

export const CLIP = { width: 320, height: 180, fps: 60 } as const;
const FRAMES = 30;

/** Part of the file name: change it with anything below that changes the stream. */
const RECIPE = 'noise-320x180-2';

interface Encoder {
  readonly element: string;
  readonly input: 'I420' | 'I420_10LE';
  readonly text: string;
}

const X265 =
  `x265enc bitrate=2000 key-int-max=${FRAMES} speed-preset=ultrafast tune=zerolatency ` +
  'option-string=scenecut=0 ! ';
const H265_OUTPUT = 'h265parse config-interval=-1 ! video/x-h265,stream-format=byte-stream';

const FORMATS = {
  h264: {
    codec: 'h264',
    bitDepth: 8,
    encoder: {
      element: 'openh264enc',
      input: 'I420',
      text:
        `openh264enc bitrate=2000000 rate-control=bitrate gop-size=${FRAMES} ` +
        'scene-change-detection=false ! h264parse config-interval=-1 ! ' +
        'video/x-h264,stream-format=byte-stream,alignment=au',
    },
  },
  h265: {
    codec: 'h265',
    bitDepth: 8,
    encoder: {
      element: 'x265enc',
      input: 'I420',
      text: `${X265}${H265_OUTPUT},alignment=au`,
    },
  },
  'h265 10 bit': {
    codec: 'h265',
    bitDepth: 10,
    encoder: {
      element: 'x265enc',
      input: 'I420_10LE',
      text: `${X265}${H265_OUTPUT},alignment=au,profile=main-10`,
    },
  },
  av1: {
    codec: 'av1',
    bitDepth: 8,
    encoder: {
      element: 'av1enc',
      input: 'I420',
      text:
        'av1enc target-bitrate=2000 cpu-used=8 usage-profile=realtime lag-in-frames=0 ' +
        `keyframe-max-dist=${FRAMES} ! av1parse ! ` +
        'video/x-av1,stream-format=obu-stream,alignment=tu',
    },
  },
  // No element of GStreamer 1.22 that may be required encodes it.
  'av1 10 bit': { codec: 'av1', bitDepth: 10, encoder: null },
} as const satisfies Record<string, VideoFormat & { encoder: Encoder | null }>;

export type MatrixFormat = keyof typeof FORMATS;

export interface MatrixClip extends VideoFormat {
  /** What the demo host shows. */
  readonly source: AppSource;
  readonly units: readonly Buffer[];
  /** Why no encoder made it; null where one did. */
  readonly madeUp: string | null;
}

const clips = new Map<MatrixFormat, Promise<MatrixClip>>();

/** Clips of 10 bits say that they are of high dynamic range. */
export function matrixClip(format: MatrixFormat): Promise<MatrixClip> {
  const known = clips.get(format) ?? makeClip(format);
  clips.set(format, known);
  return known;
}

async function makeClip(format: MatrixFormat): Promise<MatrixClip> {
  const folder = fileURLToPath(new URL('../../.cache/matrix/', import.meta.url));
  const { codec, bitDepth, encoder } = FORMATS[format];
  const madeUp = encoder === null ? 'nothing encodes it' : await missing(encoder.element);
  const mark = madeUp === null ? 'encoded' : 'made-up';
  const file = `${folder}${RECIPE}-${mark}.${bitDepth}bit.${codec}`;
  if (!existsSync(file)) {
    await mkdir(folder, { recursive: true });
    const units =
      encoder === null || madeUp !== null
        ? Array.from({ length: FRAMES }, (_, at) => picture(codec, at === 0, 4000 + 9 * at, at))
        : await encode(encoder, folder);
    await store(units, file);
  }
  return {
    codec,
    bitDepth,
    source: { kind: 'clip', file, codec, bitDepth, hdr: bitDepth === 10 },
    units: splitClip(await readFile(file)),
    madeUp,
  };
}

async function missing(element: string): Promise<string | null> {
  try {
    await run('gst-inspect-1.0', ['--exists', element], { timeout: 30_000 });
    return null;
  } catch {
    return `${element} is not installed`;
  }
}

async function encode({ input, text }: Encoder, folder: string): Promise<Buffer[]> {
  const parts = await mkdtemp(join(folder, 'encode-'));
  const { width, height, fps } = CLIP;
  try {
    const pipeline =
      `videotestsrc pattern=snow num-buffers=${FRAMES} ! ` +
      `video/x-raw,width=40,height=22,framerate=${fps}/1 ! videoscale ! ` +
      `video/x-raw,width=${width},height=${height} ! videoconvert ! ` +
      `video/x-raw,format=${input} ! ${text} ! multifilesink location=${parts}/%05d`;
    await run('gst-launch-1.0', ['-q', ...pipeline.split(' ')], { timeout: 120_000 });
    const names = (await readdir(parts)).sort();
    const units = await Promise.all(names.map((name) => readFile(join(parts, name))));
    if (units.length !== FRAMES) throw new Error(`${text}: ${units.length} access units`);
    return units;
  } finally {
    await rm(parts, { recursive: true, force: true });
  }
}

/** In the demo host's format, at once whole. */
async function store(units: readonly Buffer[], file: string): Promise<void> {
  const framed = units.flatMap((unit) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(unit.length);
    return [length, unit];
  });
  const partial = `${file}.${process.pid}`;
  await writeFile(partial, Buffer.concat(framed));
  await rename(partial, file);
}
