/**
 * The one table of how things end: errors that leave a layer, ends of viewers that are not errors,
 * and the conclusions of the browser client. Views of it are REST statuses, close codes of sockets,
 * the restart policy, the words for viewers, client/outcomes.ts, docs/errors.md and the OpenAPI
 * document. A code keeps its meaning for ever: clients know it.
 */

import type { CloseName } from './close-codes.js';

/** Whose mistake an error is. It decides the log level and what an operator examines. */
export type Fault = 'caller' | 'host' | 'viewer' | 'pipeline' | 'internal';

/** What an end means for a viewer. */
interface Outcome {
  readonly close: CloseName;
  /** Whether a viewer comes back by itself: another attempt may end otherwise. */
  readonly retry: boolean;
  /** Whether a streamer whose session ended so is restarted. Default: true. */
  readonly restart?: false;
  /** One sentence for viewers, used without a better reason. */
  readonly words: string;
  /** The reason is for operators, as it names elements or what libraries print: viewers get `words`. */
  readonly hidesReason?: true;
  /** One sentence of the documentation: what to do about it. */
  readonly remedy: string;
}

interface ErrorOutcome extends Outcome {
  /** HTTP status of the REST answer. */
  readonly status: number;
  readonly fault: Fault;
  /** The message of an error that is thrown without one. */
  readonly message: string;
}

/**
 * Every error that leaves a layer. REST answers `{"error": message, "code": code}` with `status`.
 * The messages of the first six are matched literally by existing REST callers.
 */
const ERROR_ROWS = {
  STREAMER_NOT_FOUND: {
    status: 404,
    fault: 'caller',
    close: 'GONE',
    retry: false,
    message: 'Streamer not found',
    words: 'This streamer does not exist any more.',
    remedy: 'Create the streamer, or use an id that `GET /api/streamers` lists.',
  },
  STREAMER_EXISTS: {
    status: 409,
    fault: 'caller',
    close: 'FAILED',
    retry: true,
    message: 'Streamer already exists',
    words: 'A streamer of this name is there already.',
    remedy: 'Use the streamer that exists, or delete it first.',
  },
  HOST_NOT_FOUND: {
    status: 404,
    fault: 'caller',
    close: 'GONE',
    retry: false,
    restart: false,
    message: 'Host not found',
    words: 'The host is not known to the server.',
    remedy: 'Add the host with `PUT /api/host`, or use an id that `GET /api/hosts` lists.',
  },
  HOST_NOT_PAIRED: {
    status: 400,
    fault: 'caller',
    close: 'GONE',
    retry: false,
    restart: false,
    message: 'Host not paired',
    words: 'The server is not paired with the host.',
    remedy: 'Pair the host with `POST /api/pair`.',
  },
  PAIRING_PIN_MISSING: {
    status: 500,
    fault: 'internal',
    close: 'FINAL',
    retry: false,
    restart: false,
    message: 'Auto-pairing PIN not configured',
    words: 'The server cannot pair with the host by itself.',
    remedy: 'Set `pairing_pin`, or pair the host by hand.',
  },
  APP_NOT_FOUND: {
    status: 404,
    fault: 'caller',
    close: 'GONE',
    retry: false,
    restart: false,
    message: 'App not found',
    words: 'The host does not have this app.',
    remedy: 'Use an app that `GET /api/apps` lists for this host.',
  },
  BAD_REQUEST: {
    status: 400,
    fault: 'caller',
    close: 'FINAL',
    retry: false,
    message: 'Bad request',
    words: 'The server did not understand this viewer.',
    remedy: 'Correct the request; the message names the invalid part.',
  },
  UNAUTHORIZED: {
    status: 401,
    fault: 'caller',
    close: 'UNAUTHORIZED',
    retry: false,
    message: 'Unauthorized',
    words: 'The server has refused these credentials.',
    remedy: 'Send the credentials that the server is configured with.',
  },
  FORBIDDEN: {
    status: 403,
    fault: 'caller',
    close: 'FINAL',
    retry: false,
    message: 'Forbidden',
    words: 'The server does not let this page in.',
    remedy:
      'Use credentials that permit this, and list the origin of the page in `allowed_origins`.',
  },
  NOT_FOUND: {
    status: 404,
    fault: 'caller',
    close: 'FINAL',
    retry: false,
    message: 'Not found',
    words: 'The server does not have this.',
    remedy: 'Correct the path; `GET /api/openapi.json` lists all of them.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    fault: 'caller',
    close: 'FINAL',
    retry: false,
    message: 'Method not allowed',
    words: 'The server does not do this here.',
    remedy: 'Use one of the methods that the header `Allow` lists.',
  },
  PRECONDITION_FAILED: {
    status: 412,
    fault: 'caller',
    close: 'FINAL',
    retry: false,
    message: 'Precondition failed',
    words: 'The connection has changed meanwhile.',
    remedy: 'Use the `ETag` of the latest answer in `If-Match`.',
  },
  MEDIA_TYPE_UNSUPPORTED: {
    status: 415,
    fault: 'caller',
    close: 'FINAL',
    retry: false,
    message: 'Unsupported media type',
    words: 'The server did not understand this viewer.',
    remedy: 'Send the `Content-Type` that the message names.',
  },
  PRECONDITION_REQUIRED: {
    status: 428,
    fault: 'caller',
    close: 'FINAL',
    retry: false,
    message: 'Precondition required',
    words: 'The server did not understand this viewer.',
    remedy: 'Send the header `If-Match`.',
  },
  BODY_TOO_LARGE: {
    status: 413,
    fault: 'caller',
    close: 'FAILED',
    retry: true,
    message: 'Request body too large',
    words: 'The request was too large for the server.',
    remedy: 'Send a smaller body, or raise `max_body_bytes`.',
  },
  RATE_LIMITED: {
    status: 429,
    fault: 'caller',
    close: 'RATE_LIMITED',
    retry: true,
    message: 'Too many requests',
    words: 'This viewer connects too often.',
    remedy: 'Wait as long as `Retry-After` asks for, and send fewer requests.',
  },
  LIMIT_REACHED: {
    status: 503,
    fault: 'caller',
    close: 'LIMIT_REACHED',
    retry: true,
    message: 'A configured limit is reached',
    words: 'The server has no room for another viewer.',
    remedy: 'Close what is not needed any more, or raise the limit that the message names.',
  },
  DATA_IN_USE: {
    status: 500,
    fault: 'caller',
    close: 'FAILED',
    retry: true,
    message: 'Another Moontee uses the data folder',
    words: 'Another server uses the data of this one.',
    remedy: 'Stop the other Moontee, or give this one another `data_path`.',
  },
  CONFIG_INVALID: {
    status: 500,
    fault: 'caller',
    close: 'FINAL',
    retry: false,
    message: 'Invalid configuration',
    words: 'The server is not set up for this.',
    hidesReason: true,
    remedy: 'Run `moontee config check`, which names the invalid keys.',
  },
  HOST_UNREACHABLE: {
    status: 500,
    fault: 'host',
    close: 'FAILED',
    retry: true,
    message: 'Host unreachable',
    words: 'The host cannot be reached.',
    remedy: 'Check that the host runs, and that the server reaches its address and ports.',
  },
  HOST_ANSWER_INVALID: {
    status: 502,
    fault: 'host',
    close: 'FAILED',
    retry: true,
    message: 'Invalid answer from the host',
    words: 'The host gave an invalid answer.',
    remedy: 'Check that a GameStream host, and nothing else, listens at this address and port.',
  },
  HOST_REFUSED: {
    status: 502,
    fault: 'host',
    close: 'FAILED',
    retry: true,
    message: 'The host refused',
    words: 'The host has refused.',
    remedy: 'Look for the reason of the refusal in the log of the host.',
  },
  HOST_BUSY: {
    status: 409,
    fault: 'host',
    close: 'FAILED',
    retry: true,
    message: 'The host is running another app',
    words: 'The host is busy with another stream.',
    remedy: 'End the app that runs on the host, or wait until it ends.',
  },
  HOST_CERTIFICATE_CHANGED: {
    status: 502,
    fault: 'host',
    close: 'FINAL',
    retry: false,
    restart: false,
    message: 'The host shows another certificate than the one it was paired with',
    words: 'The host shows another certificate than the server knows.',
    remedy: 'If the host was installed again, remove it and pair it again.',
  },
  PAIRING_FAILED: {
    status: 500,
    fault: 'host',
    close: 'FAILED',
    retry: true,
    message: 'Pairing failed',
    words: 'The server could not pair with the host.',
    remedy: 'Start the pairing again; the log of the host has the reason.',
  },
  PAIRING_IN_PROGRESS: {
    status: 409,
    fault: 'host',
    close: 'FAILED',
    retry: true,
    message: 'The host is in the middle of another pairing',
    words: 'The host is in the middle of another pairing.',
    remedy: 'Wait until the other pairing ends, then try again.',
  },
  PAIRING_MITM: {
    status: 502,
    fault: 'host',
    close: 'FINAL',
    retry: false,
    message: 'Another machine intercepts the connection to the host',
    words: 'Another machine intercepts the connection between server and host.',
    remedy: 'Pair again over a network that you trust.',
  },
  PAIRING_WRONG_PIN: {
    status: 500,
    fault: 'caller',
    close: 'FINAL',
    retry: false,
    message: 'Wrong PIN',
    words: 'The host wants another PIN than the server has.',
    remedy:
      'Enter the PIN that Moontee shows, or set `pairing_pin` to the one that the host expects.',
  },
  RTSP_FAILED: {
    status: 502,
    fault: 'host',
    close: 'FAILED',
    retry: true,
    message: 'RTSP handshake failed',
    words: 'The host and the server could not agree on the stream.',
    remedy:
      'Check that the RTSP port of the host is reachable over TCP, and read the log of the host.',
  },
  CONTROL_FAILED: {
    status: 502,
    fault: 'host',
    close: 'FAILED',
    retry: true,
    message: 'Control stream failed',
    words: 'The host did not take the control connection.',
    remedy: 'Check that the control port of the host is reachable over UDP.',
  },
  NO_VIDEO: {
    status: 502,
    fault: 'host',
    close: 'FAILED',
    retry: true,
    message: 'The host sends no video',
    words: 'The host sends no video.',
    remedy: 'Check that UDP from the video port of the host arrives, and that its encoder works.',
  },
  STREAM_TERMINATED: {
    status: 502,
    fault: 'host',
    close: 'FAILED',
    retry: true,
    message: 'The host ended the stream',
    words: 'The host has ended the stream.',
    remedy: 'Start the app again; the log of the host has the reason of the end.',
  },
  ENCRYPTION_REQUIRED: {
    status: 502,
    fault: 'host',
    close: 'FINAL',
    retry: false,
    restart: false,
    message: 'The host requires an encryption that is not available',
    words: 'The host requires an encryption that the server does not have.',
    remedy: 'Let the host stream without the encryption that the message names.',
  },
  CODEC_UNAVAILABLE: {
    status: 500,
    fault: 'pipeline',
    close: 'FINAL',
    retry: false,
    restart: false,
    message: 'No installed element can carry this codec to a browser',
    words: 'The server cannot carry this video codec to a browser.',
    hidesReason: true,
    remedy: 'Install the GStreamer element that the log names, or ask for another codec.',
  },
  PIPELINE_FAILED: {
    status: 500,
    fault: 'pipeline',
    close: 'FAILED',
    retry: true,
    message: 'The media pipeline failed',
    words: 'The server could not go on with picture and sound.',
    hidesReason: true,
    remedy: 'Look for the failed element in the log, and upgrade GStreamer if it fails again.',
  },
  ELEMENT_MISSING: {
    status: 500,
    fault: 'pipeline',
    close: 'FINAL',
    retry: false,
    restart: false,
    message: 'A GStreamer element is missing',
    words: 'The server lacks a part that the stream needs.',
    hidesReason: true,
    remedy:
      'Install the GStreamer element that the log names; `moontee doctor` checks all of them.',
  },
  RECORDING_NOT_FOUND: {
    status: 404,
    fault: 'caller',
    close: 'GONE',
    retry: false,
    message: 'Recording not found',
    words: 'The recording does not exist.',
    remedy: 'Use an id that `GET /api/streamers/ID/recordings` lists.',
  },
  RECORDING_DISK_FULL: {
    status: 507,
    fault: 'internal',
    close: 'FAILED',
    retry: true,
    message: 'The disk of the recordings is full',
    words: 'The disk of the recordings is full.',
    remedy: 'Make room under `recordings_path`, or set `recordings_mib` below what the disk has.',
  },
  RECORDING_FAILED: {
    status: 500,
    fault: 'internal',
    close: 'FAILED',
    retry: true,
    message: 'The recording failed',
    words: 'The recording failed.',
    hidesReason: true,
    remedy: 'Look for the failed file or element in the log; the folder must be writable.',
  },
  OUTPUT_NOT_FOUND: {
    status: 404,
    fault: 'caller',
    close: 'GONE',
    retry: false,
    message: 'Output not found',
    words: 'The output does not exist.',
    remedy: 'Use a name that `GET /api/streamers/ID/outputs` lists.',
  },
  OUTPUT_FORBIDDEN: {
    status: 403,
    fault: 'caller',
    close: 'FINAL',
    retry: false,
    message: 'The target of the output is not allowed',
    words: 'The server may not send to this target.',
    hidesReason: true,
    remedy: 'List the target in `outputs_allowed`, or use one that is listed.',
  },
  OUTPUT_REFUSED: {
    status: 502,
    fault: 'viewer',
    close: 'FINAL',
    retry: false,
    message: 'The receiver of the output refused it',
    words: 'The receiver has refused.',
    hidesReason: true,
    remedy: 'Check URL and token of the output, and the codecs that the receiver takes.',
  },
  OUTPUT_FAILED: {
    status: 502,
    fault: 'viewer',
    close: 'FAILED',
    retry: true,
    message: 'The receiver of the output cannot be reached',
    words: 'The receiver cannot be reached.',
    hidesReason: true,
    remedy: 'Check that the receiver runs and is reached; the output tries again by itself.',
  },
  VIEWER_MESSAGE_INVALID: {
    status: 400,
    fault: 'viewer',
    close: 'INVALID',
    retry: false,
    message: 'Invalid message',
    words: 'The server did not understand this viewer.',
    remedy: 'Send messages as `docs/socket-messages.md` describes them.',
  },
  VIEWER_TIMEOUT: {
    status: 408,
    fault: 'viewer',
    close: 'TIMEOUT',
    retry: true,
    message: 'The viewer did not answer in time',
    words: 'This viewer did not answer in time.',
    remedy: 'Answer the offer in time; browsers slow down pages in the background.',
  },
  VIEWER_SDP_INVALID: {
    status: 400,
    fault: 'viewer',
    close: 'FINAL',
    retry: false,
    message: 'Invalid session description',
    words: 'Browser and server could not agree on a connection.',
    remedy: 'Send the description that the browser made, without changes to its sections.',
  },
  VIEWER_CODEC_UNSUPPORTED: {
    status: 415,
    fault: 'viewer',
    close: 'UNSUPPORTED',
    retry: false,
    message: 'The viewer cannot play the video of this streamer',
    words: 'This browser cannot play the video of this streamer.',
    remedy: 'Use a browser that plays the codec, or create the streamer with another codec.',
  },
  ICE_FAILED: {
    status: 504,
    fault: 'viewer',
    close: 'FAILED',
    retry: true,
    message: 'No network path between the viewer and the server',
    words: 'No network path to the server could be found.',
    remedy: 'Run `moontee doctor ice`, and add a TURN server for viewers without a direct path.',
  },
  VIEWER_STALLED: {
    status: 408,
    fault: 'viewer',
    close: 'FAILED',
    retry: true,
    message: 'The viewer could not keep up with the stream',
    words: 'This viewer could not keep up with the stream.',
    remedy: 'Give the viewer a faster network, or lower the bitrate of the streamer.',
  },
  VIEWER_CERTIFICATE_MISMATCH: {
    status: 403,
    fault: 'viewer',
    close: 'INVALID',
    retry: false,
    message: 'The certificate on the media path is not the one that the viewer announced',
    words: 'Another machine answered on the media path.',
    remedy: 'Look for a proxy or an attacker on the media path.',
  },
  VIEWER_FLOODS: {
    status: 429,
    fault: 'viewer',
    close: 'INVALID',
    retry: false,
    message: 'The viewer sent more than any player can',
    words: 'This viewer sent the server more than any player can.',
    remedy: 'Look for a broken or hostile client at the address in the log.',
  },
  STREAMER_FAILED: {
    status: 500,
    fault: 'internal',
    close: 'FAILED',
    retry: false,
    message: 'The streamer failed',
    words: 'The streamer has failed.',
    remedy: 'Read `failure` in `GET /api/streamers/{id}`, and the log.',
  },
  STREAMER_HUNG: {
    status: 500,
    fault: 'internal',
    close: 'FAILED',
    retry: true,
    message: 'The streamer stopped responding',
    words: 'The streamer stopped responding.',
    remedy: 'Look for the states of its threads in the log; report it if it happens again.',
  },
  STREAMER_MEMORY: {
    status: 500,
    fault: 'internal',
    close: 'FAILED',
    retry: true,
    message: 'The streamer took more memory than it may have',
    words: 'The streamer took more memory than it may have.',
    remedy: 'Raise `streamer_memory_mib`, or lower `max_viewers`.',
  },
  STREAMER_STOPPING: {
    status: 409,
    fault: 'caller',
    close: 'GONE',
    retry: false,
    message: 'The streamer is stopping',
    words: 'The streamer has been stopped.',
    remedy: 'Wait until the streamer is gone, then create it again.',
  },
  TIMEOUT: {
    status: 504,
    fault: 'internal',
    close: 'TIMEOUT',
    retry: true,
    message: 'Timed out',
    words: 'The server did not get ready in time.',
    hidesReason: true,
    remedy: 'Check the load of the machine and of the host, then try again.',
  },
  CLOSED: {
    status: 409,
    fault: 'internal',
    close: 'GOING_AWAY',
    retry: true,
    message: 'Already closed',
    words: 'The connection was closed.',
    remedy: 'Try again once the server, or the session of the streamer, is back.',
  },
  INTERNAL: {
    status: 500,
    fault: 'internal',
    close: 'FAILED',
    retry: true,
    message: 'Internal server error',
    words: 'The server made a mistake.',
    hidesReason: true,
    remedy: 'Look for the error in the log and report it.',
  },
} as const satisfies Record<string, ErrorOutcome>;

export type ErrorCode = keyof typeof ERROR_ROWS;
export const ERRORS: Readonly<Record<ErrorCode, ErrorOutcome>> = ERROR_ROWS;

/** Ends of viewers that are not errors. */
const END_ROWS = {
  LEFT: {
    close: 'NORMAL',
    retry: false,
    words: 'This viewer has left.',
    remedy: 'Nothing is to be done: the viewer closed its socket.',
  },
  SUPERSEDED: {
    close: 'SUPERSEDED',
    retry: false,
    words: 'This viewer was opened again somewhere else.',
    remedy: 'Nothing is to be done: the newer connection of this client goes on.',
  },
  KICKED: {
    close: 'FINAL',
    retry: false,
    words: 'A person with the right to do so has closed this viewer.',
    remedy: 'Ask for another invitation.',
  },
} as const satisfies Record<string, Outcome>;

/** Every end that the server knows. */
export type OutcomeCode = ErrorCode | keyof typeof END_ROWS;
export const ENDS: Readonly<Record<keyof typeof END_ROWS, Outcome>> = END_ROWS;
export const OUTCOMES: Readonly<Record<OutcomeCode, Outcome>> = { ...ERROR_ROWS, ...END_ROWS };

/** Ends that the browser client finds out by itself. */
const CLIENT_ROWS = {
  NO_WEBRTC: {
    retry: false,
    words: 'This browser has no WebRTC, or it is switched off in its settings.',
    remedy: 'Use a browser with WebRTC, or switch WebRTC on in its settings.',
  },
  REFUSED: {
    retry: false,
    words: 'The server does not want this viewer back.',
    remedy: 'Read `PeerClosed`, which came before the close, for the reason.',
  },
  SERVER_STOPPING: {
    retry: true,
    words: 'The server is shutting down.',
    remedy: 'Nothing is to be done: the client comes back by itself.',
  },
  SOCKET_LOST: {
    retry: true,
    words: 'The connection to the server was lost.',
    remedy: 'Check the network and the proxies between browser and server.',
  },
  UNREACHABLE: {
    retry: true,
    words: 'The server cannot be reached.',
    remedy: 'Check that the server runs and that the browser reaches its address.',
  },
  SERVER_SILENT: {
    retry: true,
    words: 'The server did not answer in time.',
    remedy: 'Check the load of the server and the proxies in front of it.',
  },
  PATH_LOST: {
    retry: true,
    words: 'The network path to the server was lost.',
    remedy: 'Check the network of the viewer; a TURN server helps where UDP is blocked.',
  },
  NEGOTIATION_FAILED: {
    retry: true,
    words: 'Browser and server could not agree on a connection.',
    remedy: 'Upgrade the browser, and check the ICE servers of the configuration.',
  },
  NO_PICTURE: {
    retry: true,
    words: 'The connection is up, but no picture came.',
    remedy: 'Check that the browser plays the codec of the streamer.',
  },
  STAGE_FAILED: {
    retry: true,
    words: 'A step of the connection has failed.',
    remedy: 'Look for the step in the reason and for its error in the log of the server.',
  },
} as const satisfies Record<string, Omit<Outcome, 'close'>>;

export type ClientCode = keyof typeof CLIENT_ROWS;
export const CLIENT_OUTCOMES: Readonly<Record<ClientCode, Omit<Outcome, 'close'>>> = CLIENT_ROWS;

/** A code of another process, or of another version: it may be one that is not in the table. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}
