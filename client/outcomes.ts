/** Generated from src/core/outcomes.ts by `npm run generate:docs`: change that file instead. */

interface Outcome {
  /** Whether another attempt may end otherwise. */
  readonly retry: boolean;
  readonly words: string;
}

const ROWS = {
  STREAMER_NOT_FOUND: {
    retry: false,
    words: 'This streamer does not exist any more.',
  },
  STREAMER_EXISTS: {
    retry: true,
    words: 'A streamer of this name is there already.',
  },
  HOST_NOT_FOUND: {
    retry: false,
    words: 'The host is not known to the server.',
  },
  HOST_NOT_PAIRED: {
    retry: false,
    words: 'The server is not paired with the host.',
  },
  PAIRING_PIN_MISSING: {
    retry: false,
    words: 'The server cannot pair with the host by itself.',
  },
  APP_NOT_FOUND: {
    retry: false,
    words: 'The host does not have this app.',
  },
  BAD_REQUEST: {
    retry: false,
    words: 'The server did not understand this viewer.',
  },
  UNAUTHORIZED: {
    retry: false,
    words: 'The server has refused these credentials.',
  },
  FORBIDDEN: {
    retry: false,
    words: 'The server does not let this page in.',
  },
  IDENTITY_UNAVAILABLE: {
    retry: true,
    words: 'The server cannot check who this viewer is now.',
  },
  SHARE_ENDED: {
    retry: false,
    words: 'This link does not exist, or is not good any more.',
  },
  SHARE_PIN_REQUIRED: {
    retry: false,
    words: 'This link needs its PIN.',
  },
  SHARE_PIN_WRONG: {
    retry: false,
    words: 'This PIN is wrong.',
  },
  NOT_FOUND: {
    retry: false,
    words: 'The server does not have this.',
  },
  METHOD_NOT_ALLOWED: {
    retry: false,
    words: 'The server does not do this here.',
  },
  PRECONDITION_FAILED: {
    retry: false,
    words: 'The connection has changed meanwhile.',
  },
  MEDIA_TYPE_UNSUPPORTED: {
    retry: false,
    words: 'The server did not understand this viewer.',
  },
  PRECONDITION_REQUIRED: {
    retry: false,
    words: 'The server did not understand this viewer.',
  },
  BODY_TOO_LARGE: {
    retry: true,
    words: 'The request was too large for the server.',
  },
  RATE_LIMITED: {
    retry: true,
    words: 'This viewer connects too often.',
  },
  LIMIT_REACHED: {
    retry: true,
    words: 'The server has no room for another viewer.',
  },
  DATA_IN_USE: {
    retry: true,
    words: 'Another server uses the data of this one.',
  },
  BACKUP_INVALID: {
    retry: false,
    words: 'The backup of the server cannot be used.',
  },
  NO_SERVER: {
    retry: true,
    words: 'The server does not run.',
  },
  DRAINING: {
    retry: true,
    words: 'The server is about to end and lets nobody else in.',
  },
  ADDRESS_UNAVAILABLE: {
    retry: true,
    words: 'The server cannot be reached.',
  },
  CONFIG_INVALID: {
    retry: false,
    words: 'The server is not set up for this.',
  },
  HOST_UNREACHABLE: {
    retry: true,
    words: 'The host cannot be reached.',
  },
  HOST_ANSWER_INVALID: {
    retry: true,
    words: 'The host gave an invalid answer.',
  },
  HOST_REFUSED: {
    retry: true,
    words: 'The host has refused.',
  },
  HOST_BUSY: {
    retry: true,
    words: 'The host is busy with another stream.',
  },
  HOST_CERTIFICATE_CHANGED: {
    retry: false,
    words: 'The host shows another certificate than the server knows.',
  },
  PAIRING_FAILED: {
    retry: true,
    words: 'The server could not pair with the host.',
  },
  PAIRING_IN_PROGRESS: {
    retry: true,
    words: 'The host is in the middle of another pairing.',
  },
  PAIRING_MITM: {
    retry: false,
    words: 'Another machine intercepts the connection between server and host.',
  },
  PAIRING_WRONG_PIN: {
    retry: false,
    words: 'The host wants another PIN than the server has.',
  },
  RTSP_FAILED: {
    retry: true,
    words: 'The host and the server could not agree on the stream.',
  },
  CONTROL_FAILED: {
    retry: true,
    words: 'The host did not take the control connection.',
  },
  NO_VIDEO: {
    retry: true,
    words: 'The host sends no video.',
  },
  STREAM_TERMINATED: {
    retry: true,
    words: 'The host has ended the stream.',
  },
  ENCRYPTION_REQUIRED: {
    retry: false,
    words: 'The host requires an encryption that the server does not have.',
  },
  CODEC_UNAVAILABLE: {
    retry: false,
    words: 'The server cannot carry this video codec to a browser.',
  },
  PIPELINE_FAILED: {
    retry: true,
    words: 'The server could not go on with picture and sound.',
  },
  ELEMENT_MISSING: {
    retry: false,
    words: 'The server lacks a part that the stream needs.',
  },
  RECORDING_NOT_FOUND: {
    retry: false,
    words: 'The recording does not exist.',
  },
  RECORDING_DISK_FULL: {
    retry: true,
    words: 'The disk of the recordings is full.',
  },
  RECORDING_FAILED: {
    retry: true,
    words: 'The recording failed.',
  },
  OUTPUT_NOT_FOUND: {
    retry: false,
    words: 'The output does not exist.',
  },
  OUTPUT_FORBIDDEN: {
    retry: false,
    words: 'The server may not send to this target.',
  },
  OUTPUT_REFUSED: {
    retry: false,
    words: 'The receiver has refused.',
  },
  OUTPUT_FAILED: {
    retry: true,
    words: 'The receiver cannot be reached.',
  },
  VIEWER_MESSAGE_INVALID: {
    retry: false,
    words: 'The server did not understand this viewer.',
  },
  VIEWER_TIMEOUT: {
    retry: true,
    words: 'This viewer did not answer in time.',
  },
  VIEWER_SDP_INVALID: {
    retry: false,
    words: 'Browser and server could not agree on a connection.',
  },
  VIEWER_CODEC_UNSUPPORTED: {
    retry: false,
    words: 'This browser cannot play the video of this streamer.',
  },
  ICE_FAILED: {
    retry: true,
    words: 'No network path to the server could be found.',
  },
  VIEWER_STALLED: {
    retry: true,
    words: 'This viewer could not keep up with the stream.',
  },
  VIEWER_CERTIFICATE_MISMATCH: {
    retry: false,
    words: 'Another machine answered on the media path.',
  },
  VIEWER_FLOODS: {
    retry: false,
    words: 'This viewer sent the server more than any player can.',
  },
  PERSON_TOOK_OVER: {
    retry: true,
    words: 'A person has taken over.',
  },
  STREAMER_FAILED: {
    retry: false,
    words: 'The streamer has failed.',
  },
  STREAMER_HUNG: {
    retry: true,
    words: 'The streamer stopped responding.',
  },
  STREAMER_MEMORY: {
    retry: true,
    words: 'The streamer took more memory than it may have.',
  },
  STREAMER_STOPPING: {
    retry: false,
    words: 'The streamer has been stopped.',
  },
  TIMEOUT: {
    retry: true,
    words: 'The server did not get ready in time.',
  },
  CLOSED: {
    retry: true,
    words: 'The connection was closed.',
  },
  INTERNAL: {
    retry: true,
    words: 'The server made a mistake.',
  },
  LEFT: {
    retry: false,
    words: 'This viewer has left.',
  },
  SUPERSEDED: {
    retry: false,
    words: 'This viewer was opened again somewhere else.',
  },
  KICKED: {
    retry: false,
    words: 'A person with the right to do so has closed this viewer.',
  },
  REVOKED: {
    retry: false,
    words: 'The access of this viewer was taken back.',
  },
  EXPIRED: {
    retry: false,
    words: 'The access of this viewer has expired.',
  },
  NO_WEBRTC: {
    retry: false,
    words: 'This browser has no WebRTC, or it is switched off in its settings.',
  },
  REFUSED: {
    retry: false,
    words: 'The server does not want this viewer back.',
  },
  SERVER_STOPPING: {
    retry: true,
    words: 'The server is shutting down.',
  },
  SOCKET_LOST: {
    retry: true,
    words: 'The connection to the server was lost.',
  },
  UNREACHABLE: {
    retry: true,
    words: 'The server cannot be reached.',
  },
  SERVER_SILENT: {
    retry: true,
    words: 'The server did not answer in time.',
  },
  PATH_LOST: {
    retry: true,
    words: 'The network path to the server was lost.',
  },
  NEGOTIATION_FAILED: {
    retry: true,
    words: 'Browser and server could not agree on a connection.',
  },
  NO_PICTURE: {
    retry: true,
    words: 'The connection is up, but no picture came.',
  },
  STAGE_FAILED: {
    retry: true,
    words: 'A step of the connection has failed.',
  },
} as const satisfies Record<string, Outcome>;

/** Codes of this version; a server of another version may send others. */
export type OutcomeCode = keyof typeof ROWS;
export const OUTCOMES: Readonly<Record<OutcomeCode, Outcome>> = ROWS;

/** What the end of a socket is taken for that the server gave no reason for. */
export const CLOSE_CODES: Readonly<Record<number, OutcomeCode>> = {
  1000: 'SOCKET_LOST',
  1001: 'SERVER_STOPPING',
  1008: 'REFUSED',
  4003: 'REVOKED',
  4401: 'UNAUTHORIZED',
  4404: 'STREAMER_NOT_FOUND',
  4408: 'SOCKET_LOST',
  4409: 'SUPERSEDED',
  4410: 'REFUSED',
  4415: 'VIEWER_CODEC_UNSUPPORTED',
  4429: 'RATE_LIMITED',
  4500: 'SOCKET_LOST',
  4503: 'LIMIT_REACHED',
};
