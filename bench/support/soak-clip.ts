/**
 * The stream of the soak: noise, H.264, 1080p60, 20 Mbit/s, encoded once and kept under
 * .cache/bench. Only the first access unit is an IDR.
 */
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { splitAnnexB } from './clip.js';
import { startProgram } from './processes.js';

export const SOAK_FPS = 60;
const FRAMES = 300;
const BITRATE = 20_000_000;

/** Part of the file name: change it with anything below that changes the stream. */
const RECIPE = 'noise-1080p60-20mbit-1';

/** Annex B access units, one picture each; encodes them if they are missing. */
export async function ensureSoakClip(): Promise<readonly Buffer[]> {
  const directory = fileURLToPath(new URL('../../.cache/bench/', import.meta.url));
  mkdirSync(directory, { recursive: true });
  const file = `${directory}${RECIPE}.annexb`;
  if (!existsSync(file)) {
    const partial = `${file}.${process.pid}`;
    await encode(partial);
    const found = splitAnnexB(readFileSync(partial)).length;
    if (found !== FRAMES) {
      rmSync(partial);
      throw new Error(`The encoder made ${found} access units instead of ${FRAMES}`);
    }
    renameSync(partial, file);
  }
  return splitAnnexB(readFileSync(file));
}

async function encode(file: string): Promise<void> {
  const description =
    `videotestsrc num-buffers=${FRAMES} pattern=snow ! ` +
    `video/x-raw,width=96,height=54,framerate=${SOAK_FPS}/1 ! videoscale method=bilinear ! ` +
    `video/x-raw,width=1920,height=1080 ! videoconvert ! video/x-raw,format=I420 ! ` +
    `openh264enc bitrate=${BITRATE} rate-control=bitrate usage-type=camera gop-size=${FRAMES} ` +
    `scene-change-detection=false enable-frame-skip=false complexity=low multi-thread=1 ! ` +
    `h264parse config-interval=-1 ! video/x-h264,stream-format=byte-stream,alignment=au ! ` +
    `filesink location=${file}`;
  const encoder = startProgram('gst-launch-1.0', ['-q', ...description.split(' ')]);
  const [code] = (await once(encoder, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`gst-launch-1.0 ended with ${String(code)}: ${description}`);
}
