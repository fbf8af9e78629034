/** Reads a PNG of eight bits without a palette, as GStreamer writes it. */
import { inflateSync } from 'node:zlib';

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Bytes of a pixel. */
  readonly channels: number;
  readonly data: Uint8Array;
}

const HEAD = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 6: 4 };

/** @throws for anything else */
export function readPng(file: Buffer): Pixels {
  if (!file.subarray(0, 8).equals(HEAD)) throw new Error('no PNG');
  const parts: Buffer[] = [];
  for (let at = 8; at < file.length;) {
    const length = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    if (type === 'IDAT') parts.push(file.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  const width = file.readUInt32BE(16);
  const height = file.readUInt32BE(20);
  const channels = CHANNELS[file[25] ?? -1];
  if (file[24] !== 8 || channels === undefined || file[28] !== 0) throw new Error('another PNG');
  const raw = inflateSync(Buffer.concat(parts));
  return { width, height, channels, data: unfilter(raw, width * channels, height, channels) };
}

/** The five filters of its specification, §9. */
function unfilter(raw: Buffer, stride: number, height: number, step: number): Uint8Array {
  const data = new Uint8Array(stride * height);
  for (let row = 0; row < height; row += 1) {
    const filter = raw[row * (stride + 1)];
    for (let column = 0; column < stride; column += 1) {
      const at = row * stride + column;
      const left = column >= step ? (data[at - step] ?? 0) : 0;
      const above = row > 0 ? (data[at - stride] ?? 0) : 0;
      const corner = row > 0 && column >= step ? (data[at - stride - step] ?? 0) : 0;
      const predicted =
        filter === 1
          ? left
          : filter === 2
            ? above
            : filter === 3
              ? (left + above) >> 1
              : filter === 4
                ? paeth(left, above, corner)
                : 0;
      data[at] = (raw[row * (stride + 1) + 1 + column] ?? 0) + predicted;
    }
  }
  return data;
}

function paeth(left: number, above: number, corner: number): number {
  const estimate = left + above - corner;
  const [a, b, c] = [left, above, corner].map((value) => Math.abs(estimate - value));
  if ((a ?? 0) <= (b ?? 0) && (a ?? 0) <= (c ?? 0)) return left;
  return (b ?? 0) <= (c ?? 0) ? above : corner;
}

/** Of each pixel, 0…255 (BT.709). */
export function lumaOf({ width, height, channels, data }: Pixels): Uint8Array {
  const luma = new Uint8Array(width * height);
  for (let at = 0; at < luma.length; at += 1) {
    const [r = 0, g = 0, b = 0] = data.subarray(at * channels, at * channels + 3);
    luma[at] = channels < 3 ? r : Math.round(0.2126 * r + 0.7152 * g + 0.0722 * b);
  }
  return luma;
}

export function colorAt({ width, channels, data }: Pixels, x: number, y: number): number[] {
  const at = (y * width + x) * channels;
  return [...data.subarray(at, at + channels)];
}
