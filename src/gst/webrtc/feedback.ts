/**
 * Listens to one kind of a browser's RTCP feedback, its estimate of the bandwidth. The session
 * emits one signal for every kind, on the thread that received it, which waits for the handler. So
 * only a few of them a second are handled, whatever a viewer sends.
 */
import { parseRemb, REMB_LIMIT } from '../../media/bandwidth.js';
import type { Handler } from '../binding.js';
import type { Gst } from '../runtime.js';
import type { SignalGate } from './signal-gate.js';

const SIGNAL = 'on-feedback-rtcp';
/** RFC 4585, 6.1 and 6.4: payload-specific, application layer. */
const PAYLOAD_SPECIFIC = 206;
const APPLICATION = 15;
/** Messages of any kind that are handled between two calls of {@link FeedbackListener.resume}. */
const BUDGET = 8;

/** Handlers look their listener up here: they must reach nothing but a number. */
const listeners = new Map<number, FeedbackListener>();
let nextKey = 1;

function feedbackHandler(key: number): Handler {
  return (type: number, kind: number, _sender: number, _media: number, fci: Gst.Buffer | null) => {
    listeners.get(key)?.onFeedback(type === PAYLOAD_SPECIFIC && kind === APPLICATION ? fci : null);
  };
}

export class FeedbackListener {
  readonly #key = nextKey++;
  readonly #gate: SignalGate;
  readonly #notify: (bitrate: number) => void;
  #session: object | null;
  #left = BUDGET;

  /**
   * @param session a bundle's RTPSession
   * @param notify bit/s; called while a thread waits, so it may only take note
   */
  constructor(session: object, gate: SignalGate, notify: (bitrate: number) => void) {
    this.#session = session;
    this.#gate = gate;
    this.#notify = notify;
    listeners.set(this.#key, this);
    gate.connect(session, SIGNAL, feedbackHandler(this.#key), false);
  }

  /** About once a second: hears again, if there had been too much. */
  resume(): void {
    if (this.#session && this.#left <= 0) this.#gate.unblock(this.#session);
    this.#left = BUDGET;
  }

  /** Idempotent. The gate takes the handler off with all others. */
  close(): void {
    listeners.delete(this.#key);
    this.#session = null;
  }

  /** @private from the handler */
  onFeedback(fci: Gst.Buffer | null): void {
    this.#left -= 1;
    if (this.#session && this.#left === 0) this.#gate.block(this.#session);
    if (!fci || Number(fci.getSize()) > REMB_LIMIT) return;
    const bitrate = parseRemb(Uint8Array.from(fci.extractDup(0, fci.getSize())));
    if (bitrate !== null) this.#notify(bitrate);
  }
}
