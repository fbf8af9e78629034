import { ApiError } from './api-error.js';
import { EventStreamParser } from './event-stream.js';
import { HttpCaller, parseJson, type Call, type MoonteeApiOptions } from './http.js';
import type {
  AddHost,
  AdminStatus,
  AgentEvent,
  AgentInputAnswer,
  AppInfo,
  ControlChange,
  ControlInfo,
  CreateShare,
  CreateStreamer,
  CreateToken,
  DetailedHost,
  FeedEvent,
  HeldInput,
  HostInfo,
  NewShare,
  NewToken,
  OutputInfo,
  PutOutput,
  RecordingInfo,
  RedeemShare,
  Right,
  SessionInfo,
  ShareInfo,
  StreamerInfo,
  TokenInfo,
} from './models.js';

export { ApiError } from './api-error.js';
export type { MoonteeApiOptions } from './http.js';
export type * from './models.js';

export interface Refresh {
  /** Ask the host itself and not what is remembered of it. */
  readonly forceRefresh?: boolean;
}

export interface CreateOptions {
  /** False: answer before the session runs. */
  readonly wait?: boolean;
  /** A repeated request with this key is answered with what the first one made. */
  readonly idempotencyKey?: string;
}

export interface SnapshotOptions {
  readonly format?: 'png' | 'jpg';
  /** Pixels; default and most: those of the stream. */
  readonly width?: number;
  /** Milliseconds that it may be old; default 250. */
  readonly maxAge?: number;
}

/** Bytes of a file, both ends included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface EventsOptions {
  /** Of the last entry that was read, to get what came since. */
  readonly lastEventId?: string;
  /** Ends the reading. */
  readonly signal?: AbortSignal;
}

export interface FeedEntry {
  readonly id: string;
  /** Null: too much was missed, so read the lists again. */
  readonly event: FeedEvent | null;
}

/** Milliseconds. */
const CREATE_TIMEOUT_MS = 30_000;
const SLOW_TIMEOUT_MS = 35_000;
const INPUT_TIMEOUT_MS = 35_000;
const SNAPSHOT_TIMEOUT_MS = 12_000;
/** A person enters a PIN meanwhile. */
const PAIR_TIMEOUT_MS = 130_000;
/** The server sends something every 15 s. */
const FEED_SILENCE_MS = 45_000;

/** The REST interface of a Moontee server. Every method throws {@link ApiError} alone. */
export class MoonteeApi {
  readonly #http: HttpCaller;

  constructor(options: MoonteeApiOptions) {
    this.#http = new HttpCaller(options);
  }

  get url(): string {
    return this.#http.url;
  }

  get credentials(): string | null {
    return this.#http.credentials;
  }

  /** Rejects with an {@link ApiError} of status 401 or 403 if the credentials are wrong. */
  async authenticate(): Promise<void> {
    await this.#http.json({ path: '/api/authenticate' });
  }

  async listStreamers(): Promise<readonly StreamerInfo[]> {
    const { streamers } = await this.#get<{ streamers: StreamerInfo[] }>({
      path: '/api/streamers',
    });
    return streamers;
  }

  /** @param options `timeout` in milliseconds, if not that of all requests */
  async getStreamer(
    id: string,
    options: { readonly timeout?: number } = {},
  ): Promise<StreamerInfo> {
    return this.#get({ path: streamerPath(id), ...options });
  }

  async createStreamer(
    settings: CreateStreamer,
    { wait, idempotencyKey }: CreateOptions = {},
  ): Promise<StreamerInfo> {
    return this.#get({
      method: 'POST',
      path: '/api/streamers',
      query: { wait },
      body: settings,
      headers: idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey },
      timeout: Math.max(this.#http.timeout, CREATE_TIMEOUT_MS),
    });
  }

  /** @param options `quitApp`: whether the app is quit on the host; by default with its last user */
  async deleteStreamer(
    id: string,
    { quitApp }: { readonly quitApp?: boolean } = {},
  ): Promise<void> {
    await this.#http.json({
      method: 'DELETE',
      path: streamerPath(id),
      query: { quit_app: quitApp },
    });
  }

  async streamerStats(id: string): Promise<Readonly<Record<string, unknown>>> {
    const { stats } = await this.#get<{ stats: Record<string, unknown> }>({
      path: `${streamerPath(id)}/stats`,
    });
    return stats;
  }

  /** Who steers, and whose the pads are. */
  async getControl(id: string): Promise<ControlInfo> {
    return this.#get({ path: `${streamerPath(id)}/control` });
  }

  /** Changes what is named, all of it or nothing. */
  async setControl(id: string, change: ControlChange): Promise<ControlInfo> {
    return this.#get({ method: 'PUT', path: `${streamerPath(id)}/control`, body: change });
  }

  /** What viewers hold at the host, of those who hold something or have a pad. */
  async heldInput(id: string): Promise<readonly HeldInput[]> {
    const call: Call = { path: `${streamerPath(id)}/input` };
    return (await this.#get<{ viewers: HeldInput[] }>(call)).viewers;
  }

  /** Lets go of everything that is held, or of what one viewer holds, until it is pressed anew. */
  async releaseInput(id: string, peerId?: string): Promise<void> {
    const path = `${streamerPath(id)}/input`;
    await this.#http.json({ method: 'DELETE', path, query: { peer_id: peerId } });
  }

  /** The media graph in Graphviz's language. */
  async streamerGraph(id: string): Promise<string> {
    return this.#http.text({ path: `${streamerPath(id)}/dot` });
  }

  /** It begins with the next key frame. */
  async startRecording(id: string): Promise<RecordingInfo> {
    return this.#get({ method: 'POST', path: recordingPath(id) });
  }

  /** Of the streamer, oldest first; they outlive it. */
  async listRecordings(id: string): Promise<readonly RecordingInfo[]> {
    const call: Call = { path: recordingPath(id) };
    return (await this.#get<{ recordings: RecordingInfo[] }>(call)).recordings;
  }

  async getRecording(id: string, recordingId: string): Promise<RecordingInfo> {
    return this.#get({ path: recordingPath(id, recordingId) });
  }

  /** Resolves when its files are complete. @param options `files`: remove them too */
  async stopRecording(
    id: string,
    recordingId: string,
    { files }: { readonly files?: boolean } = {},
  ): Promise<void> {
    const path = recordingPath(id, recordingId);
    await this.#http.json({ method: 'DELETE', path, query: { files } });
  }

  /** Sends the media to another server as well. Takes the place of an output of that name. */
  async putOutput(id: string, name: string, output: PutOutput): Promise<OutputInfo> {
    return this.#get({ method: 'PUT', path: outputPath(id, name), body: output });
  }

  async listOutputs(id: string): Promise<readonly OutputInfo[]> {
    return (await this.#get<{ outputs: OutputInfo[] }>({ path: outputPath(id) })).outputs;
  }

  async getOutput(id: string, name: string): Promise<OutputInfo> {
    return this.#get({ path: outputPath(id, name) });
  }

  async deleteOutput(id: string, name: string): Promise<void> {
    await this.#http.json({ method: 'DELETE', path: outputPath(id, name) });
  }

  /**
   * Executes a list of input events in order, and resolves when the last one has gone to the host.
   *
   * @param options `name`: who acts, for the log of the server
   */
  async sendInput(
    id: string,
    events: readonly AgentEvent[],
    { name, signal }: { readonly name?: string; readonly signal?: AbortSignal } = {},
  ): Promise<AgentInputAnswer> {
    return this.#get({
      method: 'POST',
      path: `${streamerPath(id)}/input`,
      body: { events, ...(name === undefined ? {} : { name }) },
      timeout: Math.max(this.#http.timeout, INPUT_TIMEOUT_MS),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** The picture of a streamer as it is now. */
  async snapshot(
    id: string,
    { format = 'png', width, maxAge }: SnapshotOptions = {},
  ): Promise<Blob> {
    const call: Call = {
      path: `${streamerPath(id)}/snapshot.${format}`,
      query: { width, max_age_ms: maxAge },
      timeout: Math.max(this.#http.timeout, SNAPSHOT_TIMEOUT_MS),
    };
    return this.#http.exchange(call, ({ response }) => response.blob());
  }

  /** A file of a recording, or a part of it: it is kept in memory. */
  async recordingFile(
    id: string,
    recordingId: string,
    number: number,
    range?: ByteRange,
  ): Promise<Blob> {
    const call: Call = {
      path: `${recordingPath(id, recordingId)}/files/${number}`,
      headers: range === undefined ? {} : { Range: `bytes=${range.start}-${range.end}` },
    };
    return this.#http.exchange(call, ({ response }) => response.blob());
  }

  /** From now on, until it leaves. What it holds without the right is released. */
  async setViewerRights(id: string, peerId: string, rights: readonly Right[]): Promise<void> {
    await this.#http.json({ method: 'PATCH', path: viewerPath(id, peerId), body: { rights } });
  }

  /** Ends a viewer. To keep it out, revoke its token as well. */
  async kickViewer(id: string, peerId: string): Promise<void> {
    await this.#http.json({ method: 'DELETE', path: viewerPath(id, peerId) });
  }

  /** A token for one viewer of this streamer. */
  async createToken(id: string, token: CreateToken): Promise<NewToken> {
    return this.#get({ method: 'POST', path: `${streamerPath(id)}/tokens`, body: token });
  }

  /** Those that are good, without the tokens themselves. */
  async listTokens(id: string): Promise<readonly TokenInfo[]> {
    return (await this.#get<{ tokens: TokenInfo[] }>({ path: `${streamerPath(id)}/tokens` }))
      .tokens;
  }

  /** Everything that is open by it ends. */
  async revokeToken(id: string, tokenId: string): Promise<void> {
    const path = `${streamerPath(id)}/tokens/${encodeURIComponent(tokenId)}`;
    await this.#http.json({ method: 'DELETE', path });
  }

  /** A link by which people come to this streamer. */
  async createShare(id: string, share: CreateShare): Promise<NewShare> {
    return this.#get({ method: 'POST', path: `${streamerPath(id)}/shares`, body: share });
  }

  /** Also who came by them. */
  async listShares(id: string): Promise<readonly ShareInfo[]> {
    return (await this.#get<{ shares: ShareInfo[] }>({ path: `${streamerPath(id)}/shares` }))
      .shares;
  }

  /** @param options `keepViewers`: who came by it stays */
  async revokeShare(
    id: string,
    shareId: string,
    { keepViewers }: { readonly keepViewers?: boolean } = {},
  ): Promise<void> {
    const path = `${streamerPath(id)}/shares/${encodeURIComponent(shareId)}`;
    await this.#http.json({ method: 'DELETE', path, query: { keep_viewers: keepViewers } });
  }

  /**
   * A token for who comes by a link; no credentials are needed. Rejects with `SHARE_PIN_REQUIRED` or
   * `SHARE_PIN_WRONG` where the link has a PIN.
   */
  async redeemShare(share: RedeemShare): Promise<NewToken> {
    return this.#get({ method: 'POST', path: '/api/shares/redeem', body: share });
  }

  async listHosts(): Promise<readonly HostInfo[]> {
    return (await this.#get<{ hosts: HostInfo[] }>({ path: '/api/hosts' })).hosts;
  }

  async getHost(hostId: number, { forceRefresh }: Refresh = {}): Promise<DetailedHost> {
    const query = { host_id: hostId, force_refresh: forceRefresh };
    const call: Call = { path: '/api/host', query, timeout: SLOW_TIMEOUT_MS };
    return (await this.#get<{ host: DetailedHost }>(call)).host;
  }

  async addHost(host: AddHost): Promise<DetailedHost> {
    const call: Call = {
      method: 'PUT',
      path: '/api/host',
      body: host,
      timeout: SLOW_TIMEOUT_MS,
    };
    return (await this.#get<{ host: DetailedHost }>(call)).host;
  }

  /** Forgets the host and its pairing. */
  async removeHost(hostId: number): Promise<void> {
    await this.#http.json({ method: 'DELETE', path: '/api/host', query: { host_id: hostId } });
  }

  /**
   * Resolves once the PIN was entered at the host, which may take as long as a person needs.
   *
   * @param onPin is given the PIN at once, unless the host is paired already
   * @returns the host; null if it was paired before, or does not describe itself
   */
  async pairHost(hostId: number, onPin: (pin: string) => void): Promise<DetailedHost | null> {
    const call: Call = { method: 'POST', path: '/api/pair', body: { host_id: hostId } };
    return this.#http.exchange(call, async (exchange) => {
      const { response } = exchange;
      if (response.status === 304) return null;
      let text = '';
      let isShown = false;
      for await (const chunk of exchange.chunks(PAIR_TIMEOUT_MS)) {
        text += chunk;
        const [first = '', pin] = /^\{"Pin":"(\d+)"\}/.exec(text) ?? [];
        if (pin === undefined || isShown) continue;
        isShown = true;
        text = text.slice(first.length);
        onPin(pin);
      }
      if (text === '') return null;
      const { Paired: host } = (parseJson(text) ?? {}) as { Paired?: DetailedHost };
      if (host !== undefined) return host;
      throw new ApiError(response.status, 'PAIRING_FAILED', 'The host did not pair');
    });
  }

  /** The host itself is not notified. */
  async unpairHost(hostId: number): Promise<void> {
    await this.#http.json({
      method: 'POST',
      path: '/api/host/unpair',
      body: { host_id: hostId },
      timeout: SLOW_TIMEOUT_MS,
    });
  }

  async wakeHost(hostId: number): Promise<void> {
    await this.#http.json({ method: 'POST', path: '/api/host/wake', body: { host_id: hostId } });
  }

  /** Quits the app that runs on the host. */
  async cancelApp(hostId: number): Promise<void> {
    await this.#http.json({
      method: 'POST',
      path: '/api/host/cancel',
      body: { host_id: hostId },
      timeout: SLOW_TIMEOUT_MS,
    });
  }

  async listApps(hostId: number, { forceRefresh }: Refresh = {}): Promise<readonly AppInfo[]> {
    const query = { host_id: hostId, force_refresh: forceRefresh };
    return (await this.#get<{ apps: AppInfo[] }>({ path: '/api/apps', query })).apps;
  }

  /** The picture of an app. */
  async appImage(hostId: number, appId: number, { forceRefresh }: Refresh = {}): Promise<Blob> {
    const query = { host_id: hostId, app_id: appId, force_refresh: forceRefresh };
    return this.#http.exchange({ path: '/api/app/image', query }, ({ response }) =>
      response.blob(),
    );
  }

  async listSessions(): Promise<readonly SessionInfo[]> {
    return (await this.#get<{ sessions: SessionInfo[] }>({ path: '/api/sessions' })).sessions;
  }

  async adminStatus(): Promise<AdminStatus> {
    return this.#get({ path: '/api/admin/status' });
  }

  /**
   * The events of streamers and viewers from now on. It ends when the server ends it, and rejects
   * when the connection is lost. Then begin again with the id of the last entry.
   */
  async *events({ lastEventId, signal }: EventsOptions = {}): AsyncGenerator<FeedEntry> {
    const call: Call = {
      path: '/api/events',
      headers: {
        Accept: 'text/event-stream',
        ...(lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId }),
      },
      ...(signal === undefined ? {} : { signal }),
    };
    const exchange = await this.#http.open(call);
    try {
      const parser = new EventStreamParser();
      for await (const chunk of exchange.chunks(FEED_SILENCE_MS)) {
        for (const { id, type, data } of parser.push(chunk)) {
          yield { id, event: type === 'reset' ? null : (parseJson(data) as FeedEvent) };
        }
      }
    } catch (error) {
      throw exchange.failure(error);
    } finally {
      exchange.close();
    }
  }

  /** The OpenAPI document of the server. */
  async openApi(): Promise<Readonly<Record<string, unknown>>> {
    return this.#get({ path: '/api/openapi.json' });
  }

  /** Prometheus's text. */
  async metrics(): Promise<string> {
    return this.#http.text({ path: '/metrics' });
  }

  /** The viewer socket of a streamer. */
  peerUrl(id: string): string {
    return `${this.url.replace(/^http/, 'ws')}${streamerPath(id)}/peer`;
  }

  /** Where a player joins a streamer by WHEP; docs/whep.md has a page that does so. */
  whepUrl(id: string): string {
    return `${this.url}${streamerPath(id)}/whep`;
  }

  async #get<T>(call: Call): Promise<T> {
    return (await this.#http.json(call)) as T;
  }
}

function outputPath(id: string, name?: string): string {
  const path = `${streamerPath(id)}/outputs`;
  return name === undefined ? path : `${path}/${encodeURIComponent(name)}`;
}

function recordingPath(id: string, recordingId?: string): string {
  const path = `${streamerPath(id)}/recordings`;
  return recordingId === undefined ? path : `${path}/${encodeURIComponent(recordingId)}`;
}

function viewerPath(id: string, peerId: string): string {
  return `${streamerPath(id)}/viewers/${encodeURIComponent(peerId)}`;
}

function streamerPath(id: string): string {
  return `/api/streamers/${encodeURIComponent(id)}`;
}
