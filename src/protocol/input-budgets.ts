/** What one viewer may send on a WebSocket in a second, whichever process reads it. */

/** Messages: a mouse and some pads. */
export const INPUT_BUDGET = { rate: 1_000, burst: 2_000 };
/** Bytes, as on data channels. */
export const INPUT_BYTES_BUDGET = { rate: 128 * 1024, burst: 256 * 1024 };
