/**
 * The stream that all benchmarks send: noise, H.264, 720p60, 10 Mbit/s unless they ask for more. It is encoded once and kept
 * under .cache/bench, so that no encoder runs during a measurement.
 */
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startProgram } from './processes.js';

export const CLIP_FPS = 60;
const CLIP_SECONDS = 10;
const CLIP_WIDTH = 1280;
const CLIP_HEIGHT = 720;

/** Part of the file name: change it with anything below that changes the stream. */
const recipe = (mbit: number): string => `noise-720p60-${mbit}mbit-1`;

const NAL_ACCESS_UNIT_DELIMITER = 9;

export interface Clip {
  /** The demo host's format: each access unit behind its length as u32be. */
  readonly unitsFile: string;
  /** Annex B, one picture each; only the first is an IDR. */
  readonly units: readonly Buffer[];
  /** RFC 6184 packets (GStreamer's payloader, MTU 1200), by picture. */
  readonly packets: readonly (readonly Buffer[])[];
  /** Mbit/s of H.264. */
  readonly bitrate: number;
}

/** Encodes the clip if it is missing. @param mbit Mbit/s of it */
export async function ensureClip(mbit = 10): Promise<Clip> {
  const directory = fileURLToPath(new URL('../../.cache/bench/', import.meta.url));
  mkdirSync(directory, { recursive: true });
  const base = `${directory}${recipe(mbit)}`;
  const unitsFile = `${base}.h264`;
  const packetsFile = `${base}.rtp`;
  if (!existsSync(unitsFile) || !existsSync(packetsFile)) {
    const partial = `${base}.${process.pid}`;
    await encode(`${partial}.annexb`, `${partial}.rtp`, mbit * 1e6);
    const lengths = splitAnnexB(readFileSync(`${partial}.annexb`)).flatMap((unit) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(unit.length);
      return [length, unit];
    });
    writeFileSync(`${partial}.units`, Buffer.concat(lengths));
    rmSync(`${partial}.annexb`);
    renameSync(`${partial}.rtp`, packetsFile);
    renameSync(`${partial}.units`, unitsFile);
  }
  const units = readFramed(readFileSync(unitsFile), 4);
  const packets = byTimestamp(readFramed(readFileSync(packetsFile), 2));
  if (units.length !== CLIP_FPS * CLIP_SECONDS || packets.length !== units.length) {
    throw new Error(`${base}.*: ${units.length} units, ${packets.length} frames; remove them`);
  }
  const bytes = units.reduce((sum, unit) => sum + unit.length, 0);
  return { unitsFile, units, packets, bitrate: (bytes * 8) / CLIP_SECONDS / 1e6 };
}

/** @param bitrate bit/s */
async function encode(annexBFile: string, rtpFile: string, bitrate: number): Promise<void> {
  const raw = `video/x-raw,width=${CLIP_WIDTH},height=${CLIP_HEIGHT}`;
  const description =
    // Coarse noise: fine noise cannot be had at this bitrate.
    `videotestsrc num-buffers=${CLIP_FPS * CLIP_SECONDS} pattern=snow ! ` +
    `video/x-raw,width=64,height=36,framerate=${CLIP_FPS}/1 ! videoscale method=bilinear ! ` +
    `${raw} ! videoconvert ! video/x-raw,format=I420 ! ` +
    `openh264enc bitrate=${bitrate} rate-control=bitrate usage-type=camera ` +
    `gop-size=${CLIP_FPS * CLIP_SECONDS} scene-change-detection=false enable-frame-skip=false ` +
    `complexity=low ! h264parse config-interval=-1 ! ` +
    `video/x-h264,stream-format=byte-stream,alignment=au ! tee name=t ! queue ! ` +
    `filesink location=${annexBFile} t. ! queue ! ` +
    `rtph264pay mtu=1200 aggregate-mode=zero-latency pt=96 timestamp-offset=0 seqnum-offset=0 ! ` +
    `rtpstreampay ! filesink location=${rtpFile}`;
  const encoder = startProgram('gst-launch-1.0', ['-q', ...description.split(' ')]);
  const [code] = (await once(encoder, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`gst-launch-1.0 ended with ${String(code)}: ${description}`);
}

/** Cuts a byte stream at its access unit delimiters. */
export function splitAnnexB(stream: Buffer): Buffer[] {
  const starts: number[] = [];
  const prefix = Buffer.from([0, 0, 0, 1]);
  for (let at = stream.indexOf(prefix); at >= 0; at = stream.indexOf(prefix, at + 4)) {
    if (((stream[at + 4] ?? 0) & 0x1f) === NAL_ACCESS_UNIT_DELIMITER) starts.push(at);
  }
  return starts.map((start, i) => stream.subarray(start, starts[i + 1] ?? stream.length));
}

/** Records behind their length: u32be of our own, or u16be of RFC 4571. */
function readFramed(file: Buffer, lengthBytes: 2 | 4): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < file.length;) {
    const length = file.readUIntBE(at, lengthBytes);
    records.push(file.subarray(at + lengthBytes, at + lengthBytes + length));
    at += lengthBytes + length;
  }
  return records;
}

function byTimestamp(packets: readonly Buffer[]): Buffer[][] {
  const frames: Buffer[][] = [];
  let timestamp = -1;
  for (const packet of packets) {
    if (packet.readUInt32BE(4) !== timestamp) {
      timestamp = packet.readUInt32BE(4);
      frames.push([]);
    }
    frames.at(-1)?.push(packet);
  }
  return frames;
}
