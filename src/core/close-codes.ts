import type { ClientCode, OutcomeCode } from './outcomes.js';

interface ClosingCode {
  readonly number: number;
  /** What a client takes a close for that no `PeerClosed` came before. */
  readonly outcome: OutcomeCode | ClientCode;
  readonly meaning: string;
}

const ROWS = {
  NORMAL: {
    number: 1000,
    outcome: 'SOCKET_LOST',
    meaning: 'The viewer or its streamer ended in good order.',
  },
  GOING_AWAY: {
    number: 1001,
    outcome: 'SERVER_STOPPING',
    meaning: 'The server is shutting down: come back later.',
  },
  INVALID: {
    number: 1008,
    outcome: 'REFUSED',
    meaning: 'The viewer broke the protocol: do not come back.',
  },
  REVOKED: {
    number: 4003,
    outcome: 'REVOKED',
    meaning: 'The access of the viewer was taken back, or has expired: do not come back with it.',
  },
  UNAUTHORIZED: {
    number: 4401,
    outcome: 'UNAUTHORIZED',
    meaning: 'The credentials are missing or wrong: do not come back with them.',
  },
  GONE: {
    number: 4404,
    outcome: 'STREAMER_NOT_FOUND',
    meaning: 'The streamer does not exist, or does not any more: do not come back.',
  },
  TIMEOUT: {
    number: 4408,
    outcome: 'SOCKET_LOST',
    meaning: 'A wait ended: come back.',
  },
  SUPERSEDED: {
    number: 4409,
    outcome: 'SUPERSEDED',
    meaning: 'Another socket of the same client took over: do not come back.',
  },
  FINAL: {
    number: 4410,
    outcome: 'REFUSED',
    meaning: 'Another attempt would end in the same way: do not come back.',
  },
  UNSUPPORTED: {
    number: 4415,
    outcome: 'VIEWER_CODEC_UNSUPPORTED',
    meaning: 'The viewer cannot play the stream: do not come back.',
  },
  RATE_LIMITED: {
    number: 4429,
    outcome: 'RATE_LIMITED',
    meaning: 'The viewer sends or connects too often: come back later.',
  },
  // Also of a streamer that fails for good; `PeerClosed` before the close distinguishes them.
  FAILED: {
    number: 4500,
    outcome: 'SOCKET_LOST',
    meaning: 'The session ended or the peer failed: come back.',
  },
  LIMIT_REACHED: {
    number: 4503,
    outcome: 'LIMIT_REACHED',
    meaning: 'The server has no room: come back later.',
  },
} as const;

export type CloseName = keyof typeof ROWS;

/** Close codes of the viewer socket. Clients that do not know them see an ordinary close. */
export const CLOSE_CODES: Readonly<Record<CloseName, ClosingCode>> = ROWS;
