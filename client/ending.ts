/** Why a connection is over, and whether another attempt makes sense. */
export interface Ending {
  /** A code of the server's error table or one of this file. */
  readonly code: string;
  /** A sentence for the viewer. */
  readonly reason: string;
  readonly retry: boolean;
}

/** Ends that another attempt would only repeat, or that somebody meant. */
const FINAL: Readonly<Record<string, string>> = {
  SUPERSEDED: 'This viewer was opened again somewhere else.',
  KICKED: 'Somebody with the right to do so has closed this viewer.',
  ClientKicked: 'Somebody with the right to do so has closed this viewer.',
  UNAUTHORIZED: 'The server has refused these credentials.',
  NO_WEBRTC: 'This browser has no WebRTC, or it is switched off in its settings.',
  STREAMER_FAILED: 'The streamer has failed.',
  STREAMER_NOT_FOUND: 'There is no streamer by this name any more.',
  STREAMER_STOPPING: 'The streamer has been stopped.',
  VIEWER_CERTIFICATE_MISMATCH: 'Somebody else answered on the path of the picture.',
  VIEWER_FLOODS: 'This viewer sent the server more than any player can.',
  VIEWER_CODEC_UNSUPPORTED: 'This browser cannot play the video of this streamer.',
  VIEWER_MESSAGE_INVALID: 'The server did not understand this viewer.',
  VIEWER_SDP_INVALID: 'Browser and server could not agree on a connection.',
  ELEMENT_MISSING: 'The server lacks a part that the stream needs.',
  CONFIG_INVALID: 'The server is not set up for this.',
  BAD_REQUEST: 'The server did not understand this viewer.',
  FORBIDDEN: 'The server does not let this page in.',
  NOT_FOUND: 'The server does not have this.',
  PAIRING_PIN_MISSING: 'The server cannot pair with the host by itself.',
  PAIRING_WRONG_PIN: 'The host wants another PIN than the server has.',
  PAIRING_MITM: 'Somebody stands between the server and the host.',
  HOST_CERTIFICATE_CHANGED: 'The host shows another certificate than the server knows.',
  ENCRYPTION_REQUIRED: 'The host requires an encryption that the server does not have.',
  LEFT: 'This viewer has left.',
  REFUSED: 'The server does not want this viewer back.',
  CODEC_UNAVAILABLE: 'The server cannot carry this video codec to a browser.',
  HOST_NOT_FOUND: 'The host is not known to the server.',
  HOST_NOT_PAIRED: 'The server is not paired with the host.',
  APP_NOT_FOUND: 'The host does not have this app.',
  HostNotFound: 'The host is not known to the server.',
  HostNotPaired: 'The server is not paired with the host.',
  AppNotFound: 'The host does not have this app.',
  SessionNotFound: 'There is no such session.',
};

const PASSING: Readonly<Record<string, string>> = {
  HOST_UNREACHABLE: 'The host cannot be reached.',
  HOST_ANSWER_INVALID: 'The host gave an answer that makes no sense.',
  HOST_REFUSED: 'The host has refused.',
  HOST_BUSY: 'The host is busy with another stream.',
  PAIRING_FAILED: 'The server could not pair with the host.',
  PAIRING_IN_PROGRESS: 'The host is in the middle of another pairing.',
  RTSP_FAILED: 'The host and the server could not agree on the stream.',
  CONTROL_FAILED: 'The host did not take the control connection.',
  NO_VIDEO: 'The host sends no video.',
  STREAM_TERMINATED: 'The host has ended the stream.',
  PIPELINE_FAILED: 'The server could not go on with picture and sound.',
  STREAMER_EXISTS: 'A streamer of this name is there already.',
  STREAMER_HUNG: 'The streamer stopped responding.',
  STREAMER_MEMORY: 'The streamer took more memory than it may have.',
  VIEWER_TIMEOUT: 'This viewer did not answer in time.',
  VIEWER_STALLED: 'This viewer could not keep up with the stream.',
  BODY_TOO_LARGE: 'The request was too large for the server.',
  DATA_IN_USE: 'Another server uses the data of this one.',
  TIMEOUT: 'The server did not get ready in time.',
  CLOSED: 'The connection was closed.',
  INTERNAL: 'The server made a mistake.',
  AlreadyStreaming: 'The host is busy with another stream.',
  InternalServerError: 'The server made a mistake.',
  PeerDisconnect: 'The streamer has ended this connection.',
  ConnectionTerminated: 'The host has ended the stream.',
  SERVER_STOPPING: 'The server is shutting down.',
  RATE_LIMITED: 'This viewer connects too often.',
  LIMIT_REACHED: 'The server has no room for another viewer.',
  SOCKET_LOST: 'The connection to the server was lost.',
  UNREACHABLE: 'The server cannot be reached.',
  SERVER_SILENT: 'The server did not answer in time.',
  ICE_FAILED: 'No network path to the server could be found.',
  PATH_LOST: 'The network path to the server was lost.',
  NEGOTIATION_FAILED: 'Browser and server could not agree on a connection.',
  NO_PICTURE: 'The connection is up, but no picture came.',
};

/** Termination codes of hosts (signaling.md b.1). */
const TERMINATIONS: Readonly<Record<number, string>> = {
  0: 'The host has ended the stream.',
  [-100]: 'The host sends no video.',
  [-101]: 'No whole video frame came from the host.',
  [-102]: 'The host ended the stream earlier than expected.',
  [-103]: 'The host shows protected content that it may not stream.',
  [-104]: 'The host could not convert its picture.',
};

export function ending(code: string, reason?: string): Ending {
  const text = reason === undefined || reason === '' ? undefined : reason;
  const final = Object.hasOwn(FINAL, code) ? FINAL[code] : undefined;
  const passing = Object.hasOwn(PASSING, code) ? PASSING[code] : undefined;
  return { code, reason: text ?? final ?? passing ?? unknown(code), retry: final === undefined };
}

/** What the server said of the end; it may know better than its code whether coming back helps. */
export function endingOf({
  code,
  reason,
  retry,
}: {
  readonly code: string;
  readonly reason: string;
  readonly retry?: boolean;
}): Ending {
  const end = ending(code, reason);
  return { ...end, retry: retry ?? end.retry };
}

/** A sentence is given as it is: servers say one where there is no code. */
function unknown(code: string): string {
  return code.includes(' ') ? code : `The connection has ended (${code}).`;
}

/** @param credentials those that the server has refused */
export function unauthorized(credentials: string | null): Ending {
  return ending(
    'UNAUTHORIZED',
    credentials === null ? 'This server wants credentials.' : undefined,
  );
}

/** What people are told of the stages that servers name (signaling.md b.1). */
const STAGES: Readonly<Record<string, string>> = {
  'Launch Streamer': 'Starting the stream',
  'Setup WebRTC Peer': 'Preparing the connection',
  'WebRTC Peer Negotiation': 'Agreeing on picture and sound',
  'Moonlight Stream': 'Connecting to the host',
  'platform initialization': 'Connecting to the host',
  'name resolution': 'Looking for the host',
  'audio stream initialization': 'Preparing the sound',
  'RTSP handshake': 'Agreeing with the host on the stream',
  'control stream initialization': 'Preparing the controls',
  'video stream initialization': 'Preparing the picture',
  'input stream initialization': 'Preparing the controls',
  'control stream establishment': 'Connecting the controls',
  'video stream establishment': 'Waiting for the picture of the host',
  'audio stream establishment': 'Waiting for the sound of the host',
  'input stream establishment': 'Connecting the controls',
};

/** @returns words for a stage; one that is not known is taken to be words already */
export function stageText(stage: string): string {
  return Object.hasOwn(STAGES, stage) ? (STAGES[stage] ?? stage) : stage;
}

/** Whether this is a word with a meaning, and not a sentence for people. */
export function isCode(text: string): boolean {
  return Object.hasOwn(FINAL, text) || Object.hasOwn(PASSING, text);
}

export function terminationReason(errorCode: number): string {
  return TERMINATIONS[errorCode] ?? `The host has ended the stream (error ${errorCode}).`;
}

/** Close codes of the server that say more than that the socket is closed. */
export const CLOSE_CODES: Readonly<Record<number, string>> = {
  1001: 'SERVER_STOPPING',
  1008: 'REFUSED',
  4401: 'UNAUTHORIZED',
  4404: 'STREAMER_NOT_FOUND',
  4409: 'SUPERSEDED',
  4410: 'REFUSED',
  4415: 'VIEWER_CODEC_UNSUPPORTED',
  4429: 'RATE_LIMITED',
  4503: 'LIMIT_REACHED',
};
