/** Reads what a recording's file holds, element by element (RFC 9559), as far as it goes. */
import { readFileSync } from 'node:fs';

const EBML = 0x1a45dfa3;
const SEGMENT = 0x18538067;
const CLUSTER = 0x1f43b675;
const INFO = 0x1549a966;
const DURATION = 0x4489;
const BLOCK_GROUP = 0xa0;
const BLOCK = 0xa1;
const SIMPLE_BLOCK = 0xa3;
const TIMESTAMP = 0xe7;
const CONTAINERS = new Set([SEGMENT, CLUSTER, INFO, BLOCK_GROUP]);

/** Number of the picture's track in files of recordings. */
export const VIDEO_TRACK = 1;

export interface MatroskaBlock {
  readonly track: number;
  /** Milliseconds. */
  readonly time: number;
  readonly keyframe: boolean;
  readonly bytes: number;
}

export interface MatroskaFile {
  /** Milliseconds, of the header. */
  readonly duration: number;
  readonly clusters: number;
  readonly blocks: readonly MatroskaBlock[];
}

export function readMatroska(path: string): MatroskaFile {
  const data = readFileSync(path);
  const blocks: MatroskaBlock[] = [];
  let [duration, clusters, clusterTime] = [0, 0, 0];
  // A file is made before the key frame that it begins with is there.
  if (data.length === 0) return { duration, clusters, blocks };
  if (data.readUInt32BE(0) !== EBML) throw new Error(`${path} is not Matroska`);
  for (let at = 0; at < data.length - 12;) {
    const id = variable(data, at, false);
    const size = variable(data, at + id.length, true);
    const from = at + id.length + size.length;
    at = from;
    if (id.value === CLUSTER) clusters += 1;
    if (CONTAINERS.has(id.value)) continue;
    at += size.value;
    if (at > data.length) break;
    if (id.value === TIMESTAMP) clusterTime = data.readUIntBE(from, size.value);
    if (id.value === DURATION) duration = data.readDoubleBE(from);
    if (id.value !== SIMPLE_BLOCK && id.value !== BLOCK) continue;
    blocks.push({
      track: data.readUInt8(from) & 0x7f,
      time: clusterTime + data.readInt16BE(from + 1),
      keyframe: (data.readUInt8(from + 3) & 0x80) !== 0,
      bytes: size.value - 4,
    });
  }
  return { duration, clusters, blocks };
}

function variable(data: Buffer, at: number, isSize: boolean): { value: number; length: number } {
  const first = data.readUInt8(at);
  const length = Math.clz32(first) - 23;
  if (length > 8) throw new Error(`neither an identifier nor a size at ${at}`);
  let value = isSize ? first & (0xff >> length) : first;
  for (let index = 1; index < length; index += 1) value = value * 256 + data.readUInt8(at + index);
  return { value, length };
}
