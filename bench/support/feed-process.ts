/**
 * Sends the clip's RTP packets to a UDP port, 60 pictures a second, a picture at a time. A host, or
 * an encoder with a payloader, would send the same to Janus.
 *
 * Arguments: port.
 */
import { createSocket } from 'node:dgram';
import { CLIP_FPS, ensureClip } from './clip.js';

const CLOCK_RATE = 90_000;
const SSRC = 0x5eed;

const port = Number(process.argv[2]);
const { packets } = await ensureClip();
const socket = createSocket('udp4');
socket.on('error', () => process.exit(1));

let frame = 0;
let sequence = 0;
let startedAt = 0;
let running = false;

function sendFrame(): void {
  const timestamp = Math.round((frame * CLOCK_RATE) / CLIP_FPS) >>> 0;
  for (const packet of packets[frame % packets.length] ?? []) {
    const copy = Buffer.from(packet);
    copy.writeUInt16BE(sequence, 2);
    copy.writeUInt32BE(timestamp, 4);
    copy.writeUInt32BE(SSRC, 8);
    sequence = (sequence + 1) & 0xffff;
    socket.send(copy, port, '127.0.0.1');
  }
  frame += 1;
}

function tick(): void {
  if (!running) return;
  const due = startedAt + (frame * 1000) / CLIP_FPS;
  const now = performance.now();
  if (now >= due) sendFrame();
  setTimeout(tick, Math.max(0, startedAt + (frame * 1000) / CLIP_FPS - performance.now()));
}

// Any message starts it.
process.on('message', () => {
  if (running) return;
  running = true;
  startedAt = performance.now() - (frame * 1000) / CLIP_FPS;
  tick();
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
