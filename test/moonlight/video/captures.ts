import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export interface CapturedPacket {
  /** Milliseconds. */
  readonly at: number;
  readonly data: Buffer;
}

/** What test/fixtures/captures/README.md says about a capture. */
export interface Capture {
  readonly file: string;
  readonly key: Buffer;
  readonly keyId: number;
  readonly fps: number;
  readonly packetSize: number;
  readonly frames: number;
  readonly idrFrames: number;
  readonly bytes: number;
  readonly hash: string;
  readonly audioEncrypted: boolean;
  readonly audioData: number;
  readonly audioParity: number;
}

export const CAPTURES: readonly Capture[] = [
  {
    file: 'wolf-720p60-h264',
    key: Buffer.from('efce6c3366af4808a14f68f16bd48066', 'hex'),
    keyId: -2115434877,
    fps: 60,
    packetSize: 1024,
    frames: 300,
    idrFrames: 4,
    bytes: 50_933,
    hash: '9b92f45f9a08fa6e',
    audioEncrypted: true,
    audioData: 922,
    audioParity: 460,
  },
  {
    file: 'wolf-noise-20mbit-h264',
    key: Buffer.from('15333639c197f42feddb0f2a5077981d', 'hex'),
    keyId: 56701146,
    fps: 30,
    packetSize: 1392,
    frames: 40,
    idrFrames: 3,
    bytes: 3_446_803,
    hash: '07e81b9b71b9f967',
    audioEncrypted: false,
    audioData: 191,
    audioParity: 94,
  },
];

interface CapturedLine {
  readonly t: number;
  readonly from: 'host' | 'client';
  readonly stream: 'video' | 'audio' | 'control';
  readonly hex: string;
}

/** What the host sent on one of the media streams, in order. */
export function packetsOf(capture: Capture, stream: 'video' | 'audio'): CapturedPacket[] {
  const path = new URL(`../../fixtures/captures/${capture.file}.ndjson.gz`, import.meta.url);
  return gunzipSync(readFileSync(path))
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as CapturedLine)
    .filter((line) => line.from === 'host' && line.stream === stream)
    .map((line) => ({ at: line.t * 1000, data: Buffer.from(line.hex, 'hex') }));
}

/** First 16 hex digits of the SHA-256 of all parts. */
export function hashOf(parts: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 16);
}
