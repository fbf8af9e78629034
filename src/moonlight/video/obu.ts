/** The open bitstream units of AV1 (§5.3). */

/** `obu_type` of the units that are distinguished (§6.2.2). */
export const OBU = {
  SEQUENCE_HEADER: 1,
  TEMPORAL_DELIMITER: 2,
  FRAME_HEADER: 3,
  FRAME: 6,
  REDUNDANT_FRAME_HEADER: 7,
} as const;

export interface Obu {
  readonly type: number;
  /** Where its header stands. */
  readonly at: number;
  /** Where its payload begins, and what is behind it. */
  readonly payload: number;
  readonly end: number;
}

/** The units of a temporal unit, in order; ends if one is cut short. */
export function* obus(data: Buffer): Generator<Obu> {
  for (let at = 0; at < data.length;) {
    const header = data[at] ?? 0;
    const hasExtension = (header & 4) !== 0;
    let payload = at + (hasExtension ? 2 : 1);
    let size = data.length - payload;
    if ((header & 2) !== 0) {
      const length = leb128(data, payload);
      if (length === null) return;
      ({ value: size, next: payload } = length);
    }
    if (size > data.length - payload) return;
    const end = payload + size;
    yield { type: (header >> 3) & 0xf, at, payload, end };
    at = end;
  }
}

/** AV1 §4.10.5: at most eight bytes. */
function leb128(data: Buffer, from: number): { value: number; next: number } | null {
  let value = 0;
  for (let index = 0; index < 8; index++) {
    const byte = data[from + index];
    if (byte === undefined) return null;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if ((byte & 0x80) === 0) return { value, next: from + index + 1 };
  }
  return null;
}
