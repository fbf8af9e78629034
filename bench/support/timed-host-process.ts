/**
 * The demo host as it is, with a note of when each picture's datagrams left, and of when each position
 * of the pointer came. The times are taken around `send` and `apply`, outside the host's own code.
 */
import { Socket } from 'node:dgram';
import {
  FRAME_HEADER_BYTES,
  OFFSET,
  PACKET_HEADER_BYTES,
} from '../../src/moonlight/video/packet.js';
import { Desktop } from '../../src/demo-host/picture/desktop.js';
import { monotonic } from './clock.js';

/** Times in milliseconds of CLOCK_MONOTONIC. */
export interface FrameDeparture {
  readonly frame: number;
  readonly first: number;
  /** The last datagram with data; parity comes after it. */
  readonly lastData: number;
  /** Of the access unit. */
  readonly bytes: number;
}

/** Pictures that are remembered: more than four minutes of 60 a second. */
const MEMORY = 16_384;

/** Shorter datagrams are control, audio or pings. */
const SMALLEST_VIDEO = 300;
const VIDEO_RTP_FLAGS = 0x90;

let departures: { frame: number; first: number; lastData: number; bytes: number }[] = [];

function note(datagram: Buffer): void {
  if (datagram.length < SMALLEST_VIDEO || datagram[0] !== VIDEO_RTP_FLAGS) return;
  const frame = datagram.readUInt32LE(OFFSET.FRAME_INDEX);
  const fecInfo = datagram.readUInt32LE(OFFSET.FEC_INFO);
  const dataShards = fecInfo >>> 22;
  const isData = ((fecInfo >>> 12) & 0x3ff) < dataShards;
  const now = monotonic();
  let latest = departures.at(-1);
  if (latest?.frame !== frame) {
    // The frame's header has the fill of its last packet (gamestream.md §5.3).
    const lastPayload = datagram.readUInt16LE(PACKET_HEADER_BYTES + 4);
    const payload = datagram.length - PACKET_HEADER_BYTES;
    const bytes = (dataShards - 1) * payload + lastPayload - FRAME_HEADER_BYTES;
    latest = { frame, first: now, lastData: now, bytes };
    departures.push(latest);
    if (departures.length > 2 * MEMORY) departures = departures.slice(-MEMORY);
  }
  if (isData) latest.lastData = now;
}

type Send = (this: Socket, datagram: Buffer, ...rest: unknown[]) => void;
// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this`
const send = Socket.prototype.send as Send;
const timed: Send = function (datagram, ...rest) {
  note(datagram);
  send.call(this, datagram, ...rest);
};
Socket.prototype.send = timed as typeof Socket.prototype.send;

/** A position that a datagram brought; `at` is in milliseconds of CLOCK_MONOTONIC. */
export interface PositionArrival {
  readonly x: number;
  readonly y: number;
  readonly at: number;
}

let positions: PositionArrival[] = [];
// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this`
const { apply } = Desktop.prototype;
Desktop.prototype.apply = function (input, width, height) {
  if (input.type === 'mouse-position') positions.push({ x: input.x, y: input.y, at: monotonic() });
  apply.call(this, input, width, height);
};

process.on('message', (message) => {
  if (message === 'departures') process.send?.(departures);
  if (message !== 'positions') return;
  process.send?.(positions);
  positions = [];
});

await import('../../src/demo-host/main.js');
