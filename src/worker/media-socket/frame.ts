/** A binary message of a WebSocket, from a server (RFC 6455, section 5.2). */

const FINAL_BINARY = 0x82;
const SHORT_LENGTH = 126;
const LONG_LENGTH = 127;

/** Bytes in front of a message of that many bytes. */
export function frameHeaderBytes(length: number): number {
  if (length < SHORT_LENGTH) return 2;
  return length < 0x1_0000 ? 4 : 10;
}

/** Writes the frame's header. A server does not mask, so that all viewers get the same bytes. */
export function writeFrameHeader(target: Buffer, length: number): void {
  target.writeUInt8(FINAL_BINARY, 0);
  if (length < SHORT_LENGTH) {
    target.writeUInt8(length, 1);
  } else if (length < 0x1_0000) {
    target.writeUInt8(SHORT_LENGTH, 1);
    target.writeUInt16BE(length, 2);
  } else {
    target.writeUInt8(LONG_LENGTH, 1);
    target.writeBigUInt64BE(BigInt(length), 2);
  }
}
