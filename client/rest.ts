/** `starting` and the like tell the truth at any time; unknown words are shown as they are. */
export type StreamerStatus = 'starting' | 'active' | 'reconnecting' | 'failed' | 'stopping';

export interface StreamerInfo {
  readonly streamer_id: string;
  readonly status: StreamerStatus;
  readonly moonlight_connected: boolean;
  readonly connected_peers: number;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly created_at: string;
  readonly peers: readonly { readonly peer_id: string; readonly connected_at: string }[];
  /** Why it failed or reconnects. */
  readonly error?: string | null;
}

/** Everything that a streamer is made of (signaling.md a.5). */
export interface CreateStreamer {
  readonly streamer_id: string;
  readonly client_unique_id: string;
  readonly host_id: number;
  readonly app_id: number;
  /** kbit/s. */
  readonly bitrate: number;
  readonly packet_size: number;
  readonly fps: number;
  readonly width: number;
  readonly height: number;
  readonly video_sample_queue_size: number;
  readonly play_audio_local: boolean;
  readonly audio_sample_queue_size: number;
  /** Mask of formats; 1 is H.264. */
  readonly video_supported_formats: number;
  readonly video_colorspace: 'Rec601' | 'Rec709' | 'Rec2020';
  readonly video_color_range_full: boolean;
}

export interface HostInfo {
  readonly host_id: number;
  readonly name: string;
  readonly paired: 'Paired' | 'NotPaired';
  /** Null is offline. */
  readonly server_state: 'Free' | 'Busy' | null;
}

export interface AppInfo {
  readonly app_id: number;
  readonly title: string;
  readonly is_hdr_supported: boolean;
}

/** A request that did not succeed. `status` is 0 where no answer came. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.code = code;
  }

  /** The server wants (other) credentials. */
  get isUnauthorized(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

export interface MoonteeApiOptions {
  /** Origin and path prefix, without `/api`, e.g. `https://example.org/moontee`. */
  readonly url: string;
  readonly credentials?: string | null;
  /** Milliseconds that a request may take; default 6000. Creating a streamer may take 30 s. */
  readonly timeout?: number;
}

const DEFAULT_TIMEOUT = 6_000;
const CREATE_TIMEOUT = 30_000;

/** The REST interface of a Moontee server. */
export class MoonteeApi {
  readonly url: string;
  readonly credentials: string | null;
  readonly #timeout: number;

  constructor({ url, credentials = null, timeout = DEFAULT_TIMEOUT }: MoonteeApiOptions) {
    this.url = url.replace(/\/+$/, '');
    this.credentials = credentials;
    this.#timeout = timeout;
  }

  /** Rejects with an {@link ApiError} of status 401 or 403 where the credentials are wrong. */
  async authenticate(): Promise<void> {
    await this.#request('GET', '/authenticate');
  }

  async listStreamers(): Promise<readonly StreamerInfo[]> {
    const { streamers } = (await this.#request('GET', '/streamers')) as {
      streamers: readonly StreamerInfo[];
    };
    return streamers;
  }

  async getStreamer(id: string): Promise<StreamerInfo> {
    return (await this.#request('GET', `/streamers/${encodeURIComponent(id)}`)) as StreamerInfo;
  }

  async createStreamer(settings: CreateStreamer): Promise<StreamerInfo> {
    return (await this.#request(
      'POST',
      '/streamers',
      settings,
      Math.max(this.#timeout, CREATE_TIMEOUT),
    )) as StreamerInfo;
  }

  async deleteStreamer(id: string): Promise<void> {
    await this.#request('DELETE', `/streamers/${encodeURIComponent(id)}`);
  }

  async listHosts(): Promise<readonly HostInfo[]> {
    return ((await this.#request('GET', '/hosts')) as { hosts: readonly HostInfo[] }).hosts;
  }

  async listApps(hostId: number): Promise<readonly AppInfo[]> {
    return ((await this.#request('GET', `/apps?host_id=${hostId}`)) as { apps: readonly AppInfo[] })
      .apps;
  }

  /** The viewer socket of a streamer. */
  peerUrl(id: string): string {
    return `${this.url.replace(/^http/, 'ws')}/api/streamers/${encodeURIComponent(id)}/peer`;
  }

  async #request(
    method: string,
    path: string,
    body?: unknown,
    timeout = this.#timeout,
  ): Promise<unknown> {
    const headers: Record<string, string> = {};
    if (this.credentials !== null) headers['Authorization'] = `Bearer ${this.credentials}`;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    let response: Response;
    let text: string;
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), timeout);
    try {
      response = await fetch(`${this.url}/api${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: controller.signal,
      });
      text = await response.text();
    } catch (error) {
      const isTimeout = controller.signal.aborted;
      throw new ApiError(
        0,
        isTimeout ? 'TIMEOUT' : 'UNREACHABLE',
        isTimeout ? 'The server did not answer in time' : 'The server cannot be reached',
        { cause: error },
      );
    } finally {
      clearTimeout(timer);
    }
    const answer = parse(text);
    if (!response.ok) throw refusal(response.status, answer);
    if (text !== '' && answer === undefined) {
      throw new ApiError(response.status, 'ANSWER_INVALID', 'The server answered nonsense');
    }
    return answer;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function refusal(status: number, answer: unknown): ApiError {
  const { error, code } = (answer ?? {}) as { error?: unknown; code?: unknown };
  return new ApiError(
    status,
    typeof code === 'string' ? code : `HTTP_${status}`,
    typeof error === 'string' ? error : (REFUSALS[status] ?? `The server answered ${status}`),
  );
}

const REFUSALS: Readonly<Record<number, string>> = {
  401: 'The server wants credentials',
  403: 'These credentials are not right',
  404: 'There is nothing by this name',
  429: 'Too many requests',
};
