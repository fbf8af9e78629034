/**
 * A viewer that moves its pointer many times a second, in a process of its own. libdatachannel does
 * everything; nothing of the media is looked at, which would cost more than what is measured. Each position has a number, so that it can be found
 * again at the host.
 */
import { networkInterfaces } from 'node:os';
import { PeerConnection, type DataChannel } from 'node-datachannel';
import { monotonic } from './clock.js';

export type ToPointer =
  | { readonly type: 'offer'; readonly sdp: string }
  | { readonly type: 'candidate'; readonly candidate: string }
  /** Moves for so many milliseconds, so many times a second. `lane` is the y of its positions. */
  | { readonly type: 'move'; readonly ms: number; readonly rate: number; readonly lane: number };

export type FromPointer =
  | { readonly type: 'ready' }
  | { readonly type: 'answer'; readonly sdp: string }
  | { readonly type: 'local'; readonly candidate: string }
  | { readonly type: 'open' }
  /** When each position left, by its number: milliseconds of CLOCK_MONOTONIC. */
  | { readonly type: 'moved'; readonly times: readonly number[] };

/** Pixels of the picture that positions are measured in: room for all numbers. */
export const LARGEST = 32_000;

const ADDRESS =
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';

const tell = (message: FromPointer): void => void process.send?.(message);

const connection = new PeerConnection('pointer', { iceServers: [], bindAddress: ADDRESS });
let channel: DataChannel | null = null;
connection.onLocalDescription((sdp) => tell({ type: 'answer', sdp }));
connection.onLocalCandidate((candidate) => tell({ type: 'local', candidate }));

/** signaling.md c.2, type 1. */
function position(x: number, y: number): Buffer {
  const message = Buffer.alloc(9);
  message.writeUInt8(1, 0);
  [x, y, LARGEST, LARGEST].forEach((value, index) => message.writeInt16BE(value, 1 + 2 * index));
  return message;
}

function move(ms: number, rate: number, lane: number): void {
  const times: number[] = [];
  const since = monotonic();
  const timer = setInterval(() => {
    const elapsed = Math.min(ms, monotonic() - since);
    const due = Math.min(LARGEST, Math.floor((elapsed * rate) / 1_000));
    while (times.length < due) {
      const number = times.length;
      times.push(monotonic());
      channel?.sendMessageBinary(position(number, lane));
    }
    if (elapsed < ms) return;
    clearInterval(timer);
    tell({ type: 'moved', times });
  }, 1);
}

process.on('message', (message: ToPointer) => {
  switch (message.type) {
    case 'offer': {
      connection.setRemoteDescription(message.sdp, 'offer');
      channel = connection.createDataChannel('mouseAbsolute', {
        unordered: true,
        maxRetransmits: 0,
      });
      channel.onOpen(() => tell({ type: 'open' }));
      return;
    }
    case 'candidate':
      connection.addRemoteCandidate(message.candidate, '0');
      return;
    case 'move':
      move(message.ms, message.rate, message.lane);
  }
});
process.on('disconnect', () => process.exit(0));
tell({ type: 'ready' });
