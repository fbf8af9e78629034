import { MoonteeError } from '../../core/errors.js';
import { envelopeLength, openMessage, sealMessage } from './envelope.js';
import { exchange, type RtspTimers } from './exchange.js';
import {
  isCompleteResponse,
  parseResponse,
  serializeRequest,
  type RtspRequest,
  type RtspResponse,
} from './message.js';

/** What clients of hosts with app version 7 call themselves. */
const CLIENT_VERSION = '14';

export interface RtspClientOptions {
  /** IP address to connect to. */
  readonly address: string;
  readonly port: number;
  /** For the `Host` header. */
  readonly host: string;
  /** Encrypts everything with this key, for `rtspenc://`; null for plain RTSP. */
  readonly key: Buffer | null;
  readonly timers: RtspTimers;
  readonly signal: AbortSignal;
}

/** Numbers requests across their connections and speaks either form of RTSP. */
export class RtspClient {
  readonly #options: RtspClientOptions;
  /** Of CSeq and, as they run in step, of our encrypted messages. */
  #sequence = 0;
  /** Token of the host, sent from the second SETUP on. */
  session: string | null = null;

  constructor(options: RtspClientOptions) {
    this.#options = options;
  }

  /** @throws MoonteeError RTSP_FAILED unless the host answers 200 */
  async request(
    method: string,
    target: string,
    headers: RtspRequest['headers'] = [],
    body?: string,
  ): Promise<RtspResponse> {
    const { address, port, host, key, timers, signal } = this.#options;
    this.#sequence++;
    const message = serializeRequest({
      method,
      target,
      headers: [
        ['CSeq', String(this.#sequence)],
        ['X-GS-ClientVersion', CLIENT_VERSION],
        ['Host', host],
        ...(this.session === null ? [] : [['Session', this.session] as const]),
        ...headers,
      ],
      ...(body === undefined ? {} : { body }),
    });
    const request = key === null ? message : sealMessage(key, 'client', this.#sequence, message);
    const isComplete = key === null ? isCompleteResponse : isCompleteEnvelope;
    try {
      const answer = await exchange({ address, port, request, isComplete, timers, signal });
      const response = parseResponse(key === null ? answer : openMessage(key, 'host', answer));
      if (response.status !== 200) throw refused(method, response);
      return response;
    } catch (error) {
      throw describe(method, MoonteeError.from(error, 'RTSP_FAILED'));
    }
  }
}

function isCompleteEnvelope(bytes: Buffer): boolean {
  const length = envelopeLength(bytes);
  return length !== null && bytes.length >= length;
}

function refused(method: string, { status, reason }: RtspResponse): MoonteeError {
  // Sunshine answers ANNOUNCE so when it wants more encryption than it gets.
  const code = status === 403 ? 'ENCRYPTION_REQUIRED' : 'RTSP_FAILED';
  return new MoonteeError(code, `The host refused ${method}: ${status} ${reason}`, {
    details: { error_code: status },
  });
}

function describe(method: string, error: MoonteeError): MoonteeError {
  if (error.code !== 'RTSP_FAILED') return error;
  return new MoonteeError(error.code, error.message, {
    cause: error,
    details: { error_code: -1, ...error.details, method },
  });
}
