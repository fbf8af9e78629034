/** The plaintext of a control message: `u16le type · u16le length · payload` (§7.3). */
export interface ControlFrame {
  readonly type: number;
  readonly payload: Buffer;
}

const HEADER_SIZE = 4;

export function encodeFrame(type: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_SIZE);
  header.writeUInt16LE(type, 0);
  header.writeUInt16LE(payload.length, 2);
  return Buffer.concat([header, payload]);
}

/** Undefined if the payload is cut short. */
export function decodeFrame(plaintext: Buffer): ControlFrame | undefined {
  if (plaintext.length < HEADER_SIZE) return undefined;
  const end = HEADER_SIZE + plaintext.readUInt16LE(2);
  if (end > plaintext.length) return undefined;
  return { type: plaintext.readUInt16LE(0), payload: plaintext.subarray(HEADER_SIZE, end) };
}
