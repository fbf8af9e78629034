/**
 * The host of bench/receive.ts, in a process of its own. Waits for a ping, then sends video of a
 * given rate for a given time, and reports how much that was.
 */
import { createSocket } from 'node:dgram';
import { VideoPacketizer } from '../src/demo-host/media/video-packetizer.js';
import { FRAME_TYPE } from '../src/moonlight/video/packet.js';

export interface SenderOptions {
  /** Bits a second of picture data, before headers and FEC. */
  readonly bitrate: number;
  readonly fps: number;
  readonly seconds: number;
  readonly packetSize: number;
  /** Hexadecimal, or null for clear packets. */
  readonly key: string | null;
}

export type SenderMessage =
  | { readonly type: 'ready'; readonly port: number }
  | { readonly type: 'done'; readonly packets: number; readonly frames: number };

/** Packets between two turns of the event loop. */
const BATCH = 32;

/** Milliseconds to wait for the receiver's ping. */
const PING_DEADLINE_MS = 30_000;

function say(message: SenderMessage): void {
  process.send?.(message);
}

function framesOf(options: SenderOptions): Buffer[][] {
  const packetizer = new VideoPacketizer({
    packetSize: options.packetSize,
    style: 'sunshine',
    encryptionKey: options.key === null ? null : Buffer.from(options.key, 'hex'),
  });
  const bytes = Math.round(options.bitrate / 8 / options.fps);
  const idr = Buffer.concat([
    Buffer.from('00000001674200290000000168ce3c80000001658880', 'hex'),
    Buffer.alloc(bytes, 0x5a),
  ]);
  const other = Buffer.concat([Buffer.from('00000001419a', 'hex'), Buffer.alloc(bytes, 0xa5)]);
  return Array.from({ length: Math.round(options.seconds * options.fps) }, (_, at) =>
    packetizer.packetize({
      data: at === 0 ? idr : other,
      frameNumber: at + 1,
      frameType: at === 0 ? FRAME_TYPE.IDR : FRAME_TYPE.P,
      rtpTimestamp: at * Math.round(90_000 / options.fps),
    }),
  );
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

async function main(): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? '{}') as SenderOptions;
  const frames = framesOf(options);
  const socket = createSocket('udp4');
  const deadline = setTimeout(() => process.exit(1), PING_DEADLINE_MS);
  process.once('disconnect', () => process.exit(1));
  socket.bind(0, '127.0.0.1', () => say({ type: 'ready', port: socket.address().port }));
  const client = await new Promise<{ port: number; address: string }>((resolve) => {
    socket.once('message', (_, from) => resolve(from));
  });
  clearTimeout(deadline);

  const start = performance.now();
  let packets = 0;
  for (const [at, frame] of frames.entries()) {
    await pause(Math.max(0, start + (at * 1000) / options.fps - performance.now()));
    for (let from = 0; from < frame.length; from += BATCH) {
      for (const packet of frame.slice(from, from + BATCH)) {
        socket.send(packet, client.port, client.address);
        packets++;
      }
      await turn();
    }
  }
  // What the kernel still holds shall be counted on the other side.
  await pause(200);
  say({ type: 'done', packets, frames: frames.length });
  socket.close();
  process.disconnect();
}

await main();
