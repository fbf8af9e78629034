/** Whose mistake an error is: it decides the log level and what the reader should look at. */
export type Fault = 'caller' | 'host' | 'viewer' | 'pipeline' | 'internal';

interface ErrorRow {
  /** HTTP status of the REST answer. */
  readonly status: number;
  readonly fault: Fault;
  /** What is said when the thrower has nothing better to say. */
  readonly message: string;
}

/**
 * Every error that leaves a layer. REST answers `{"error": message, "code": code}` with `status`.
 * The messages of the first block are matched literally by existing REST callers.
 */
export const ERRORS = {
  STREAMER_NOT_FOUND: { status: 404, fault: 'caller', message: 'Streamer not found' },
  STREAMER_EXISTS: { status: 409, fault: 'caller', message: 'Streamer already exists' },
  HOST_NOT_FOUND: { status: 404, fault: 'caller', message: 'Host not found' },
  HOST_NOT_PAIRED: { status: 400, fault: 'caller', message: 'Host not paired' },
  PAIRING_PIN_MISSING: {
    status: 500,
    fault: 'internal',
    message: 'Auto-pairing PIN not configured',
  },
  APP_NOT_FOUND: { status: 404, fault: 'caller', message: 'App not found' },

  BAD_REQUEST: { status: 400, fault: 'caller', message: 'Bad request' },
  UNAUTHORIZED: { status: 401, fault: 'caller', message: 'Unauthorized' },
  FORBIDDEN: { status: 403, fault: 'caller', message: 'Forbidden' },
  NOT_FOUND: { status: 404, fault: 'caller', message: 'Not found' },
  BODY_TOO_LARGE: { status: 413, fault: 'caller', message: 'Request body too large' },
  RATE_LIMITED: { status: 429, fault: 'caller', message: 'Too many requests' },
  LIMIT_REACHED: { status: 503, fault: 'caller', message: 'A configured limit is reached' },
  DATA_IN_USE: {
    status: 500,
    fault: 'caller',
    message: 'Another Moontee uses the data folder',
  },
  CONFIG_INVALID: { status: 500, fault: 'caller', message: 'Invalid configuration' },

  HOST_UNREACHABLE: { status: 500, fault: 'host', message: 'Host unreachable' },
  HOST_ANSWER_INVALID: { status: 502, fault: 'host', message: 'The host answered nonsense' },
  HOST_REFUSED: { status: 502, fault: 'host', message: 'The host refused' },
  HOST_BUSY: { status: 409, fault: 'host', message: 'The host is running another app' },
  HOST_CERTIFICATE_CHANGED: {
    status: 502,
    fault: 'host',
    message: 'The host shows another certificate than the one it was paired with',
  },
  PAIRING_FAILED: { status: 500, fault: 'host', message: 'Pairing failed' },
  PAIRING_IN_PROGRESS: {
    status: 409,
    fault: 'host',
    message: 'The host is in the middle of another pairing',
  },
  PAIRING_MITM: {
    status: 502,
    fault: 'host',
    message: 'Somebody stands between us and the host',
  },
  PAIRING_WRONG_PIN: { status: 500, fault: 'caller', message: 'Wrong PIN' },
  RTSP_FAILED: { status: 502, fault: 'host', message: 'RTSP handshake failed' },
  CONTROL_FAILED: { status: 502, fault: 'host', message: 'Control stream failed' },
  NO_VIDEO: { status: 502, fault: 'host', message: 'The host sends no video' },
  STREAM_TERMINATED: { status: 502, fault: 'host', message: 'The host ended the stream' },
  ENCRYPTION_REQUIRED: {
    status: 502,
    fault: 'host',
    message: 'The host requires an encryption that is not available',
  },

  CODEC_UNAVAILABLE: {
    status: 500,
    fault: 'pipeline',
    message: 'No installed element can carry this codec to a browser',
  },
  PIPELINE_FAILED: { status: 500, fault: 'pipeline', message: 'The media pipeline failed' },
  ELEMENT_MISSING: { status: 500, fault: 'pipeline', message: 'A GStreamer element is missing' },

  VIEWER_MESSAGE_INVALID: { status: 400, fault: 'viewer', message: 'Invalid message' },
  VIEWER_TIMEOUT: { status: 408, fault: 'viewer', message: 'The viewer did not answer in time' },
  VIEWER_SDP_INVALID: { status: 400, fault: 'viewer', message: 'Invalid session description' },
  VIEWER_CODEC_UNSUPPORTED: {
    status: 415,
    fault: 'viewer',
    message: 'The viewer cannot play the video of this streamer',
  },
  ICE_FAILED: {
    status: 504,
    fault: 'viewer',
    message: 'No network path between the viewer and the server',
  },
  VIEWER_STALLED: {
    status: 408,
    fault: 'viewer',
    message: 'The viewer could not keep up with the stream',
  },
  VIEWER_CERTIFICATE_MISMATCH: {
    status: 403,
    fault: 'viewer',
    message: 'Another certificate came over the media path than the viewer announced',
  },
  VIEWER_FLOODS: {
    status: 429,
    fault: 'viewer',
    message: 'The viewer sent more than any player can',
  },

  STREAMER_FAILED: { status: 500, fault: 'internal', message: 'The streamer failed' },
  STREAMER_HUNG: { status: 500, fault: 'internal', message: 'The streamer stopped responding' },
  STREAMER_MEMORY: {
    status: 500,
    fault: 'internal',
    message: 'The streamer took more memory than it may have',
  },
  STREAMER_STOPPING: { status: 409, fault: 'caller', message: 'The streamer is stopping' },
  TIMEOUT: { status: 504, fault: 'internal', message: 'Timed out' },
  CLOSED: { status: 409, fault: 'internal', message: 'Already closed' },
  INTERNAL: { status: 500, fault: 'internal', message: 'Internal server error' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorOptionsWithDetails extends ErrorOptions {
  /** Facts for the log line (no secrets). */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The only error class that crosses layers: a row of {@link ERRORS} with its context. */
export class MoonteeError extends Error {
  override readonly name = 'MoonteeError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message?: string, options: ErrorOptionsWithDetails = {}) {
    super(message ?? ERRORS[code].message, options);
    this.code = code;
    this.details = options.details ?? {};
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get fault(): Fault {
    return ERRORS[this.code].fault;
  }

  /** Wraps whatever was thrown; a MoonteeError passes unchanged. */
  static from(thrown: unknown, code: ErrorCode = 'INTERNAL'): MoonteeError {
    if (thrown instanceof MoonteeError) return thrown;
    const message = thrown instanceof Error ? messageOf(thrown) : String(thrown);
    return new MoonteeError(code, message, { cause: thrown });
  }
}

/** JSON.parse quotes what it could not read, which may be a secret. */
function messageOf(error: Error): string {
  return error instanceof SyntaxError ? 'Invalid syntax' : error.message;
}
