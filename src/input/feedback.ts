import type { HostMessage } from '../moonlight/types.js';

/** Bytes for one viewer's data channel. */
export interface ChannelMessage {
  readonly peerId: string;
  readonly label: string;
  readonly data: Buffer;
}

/**
 * What a host wants a pad to do, as bytes of the `controllers` channel (signaling.md c.4).
 *
 * @param pad the browser's number of the pad
 * @returns undefined for messages that have no form there
 */
export function encodeFeedback(message: HostMessage, pad: number): Buffer | undefined {
  switch (message.type) {
    case 'rumble':
      return feedback(0, pad, message.low, message.high);
    case 'trigger-rumble':
      return feedback(1, pad, message.left, message.right);
    default:
      return undefined;
  }
}

function feedback(type: number, pad: number, first: number, second: number): Buffer {
  const data = Buffer.alloc(6);
  data.writeUInt8(type, 0);
  data.writeUInt8(pad, 1);
  data.writeUInt16BE(strength(first), 2);
  data.writeUInt16BE(strength(second), 4);
  return data;
}

function strength(value: number): number {
  return Math.min(0xffff, Math.max(0, Math.trunc(value) || 0));
}
