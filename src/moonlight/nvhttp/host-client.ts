import { randomBytes } from 'node:crypto';
import { MoonteeError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import type { ClientIdentity, PairedHost } from '../types.js';
import { httpGet, type HttpAnswer, type HttpTls } from './http.js';
import {
  launchParameters,
  readLaunchAnswer,
  type LaunchRequest,
  type SessionUrl,
} from './launch.js';
import { readAppList, readServerInfo, type HostApp, type ServerInfo } from './server-info.js';
import { DOCUMENT_BYTES, parseHostDocument, printable, type HostDocument } from './xml.js';

/** What clients without an id of their own have always sent. */
export const SHARED_UNIQUE_ID = '0123456789ABCDEF';

const MAX_ASSET = 8 << 20;

/** Milliseconds (gamestream.md §1.2). */
const TIMEOUT_MS = { ordinary: 5_000, launch: 120_000, cancel: 30_000, unpair: 2_000 } as const;

type Verb = 'serverinfo' | 'applist' | 'appasset' | 'launch' | 'resume' | 'cancel' | 'unpair';

export interface HostClientOptions {
  /** Name or IP address. */
  readonly address: string;
  readonly httpPort: number;
  readonly log: Log;
  /** `uniqueid` of requests; default that of `tls.identity`, else the shared one. */
  readonly uniqueId?: string;
  /** Present once paired: our identity and the host's pinned certificate. */
  readonly tls?: HttpTls;
}

/**
 * A host's HTTP interface (gamestream.md §1). Requests are independent of each other and
 * there is nothing to close. Every method throws MoonteeError: HOST_UNREACHABLE,
 * HOST_ANSWER_INVALID, HOST_REFUSED, HOST_NOT_PAIRED, HOST_CERTIFICATE_CHANGED, CLOSED.
 */
export class HostClient {
  readonly #options: HostClientOptions;
  readonly #uniqueId: string;
  #httpsPort: number | null = null;

  constructor(options: HostClientOptions) {
    this.#options = options;
    this.#uniqueId = options.uniqueId ?? options.tls?.identity.uniqueId ?? SHARED_UNIQUE_ID;
  }

  static forPaired(host: PairedHost, identity: ClientIdentity, log: Log): HostClient {
    const { address, httpPort, certificatePem } = host;
    return new HostClient({ address, httpPort, log, tls: { identity, certificatePem } });
  }

  /**
   * Asks over the pinned TLS if we are paired. Falls back to HTTP if the host no longer knows us or
   * shows another certificate; `trust` distinguishes these (gamestream.md §1.5).
   *
   * @param timeout milliseconds for each of at most three requests
   */
  async serverInfo(
    signal?: AbortSignal,
    timeout: number = TIMEOUT_MS.ordinary,
  ): Promise<ServerInfo> {
    const { httpPort, tls, log, address } = this.#options;
    const knownPort = this.#httpsPort;
    const known =
      tls === undefined || knownPort === null
        ? null
        : await this.#secureInfo(knownPort, signal, timeout);
    if (known?.info !== undefined) return known.info;

    const root = await this.#document('serverinfo', [], { signal, timeout });
    const plain = readServerInfo(root, httpPort);
    this.#httpsPort = plain.httpsPort;
    if (tls === undefined) return { ...plain, trust: 'unpaired' };

    const secure =
      known !== null && plain.httpsPort === knownPort
        ? known
        : await this.#secureInfo(plain.httpsPort, signal, timeout);
    if (secure.info !== undefined) return secure.info;
    const { code } = secure.error;
    if (code !== 'HOST_NOT_PAIRED' && code !== 'HOST_CERTIFICATE_CHANGED') throw secure.error;
    log.warn({ address, code }, 'host does not accept the pairing');
    return {
      ...plain,
      trust: code === 'HOST_NOT_PAIRED' ? 'unpaired' : 'certificate-changed',
    };
  }

  async apps(signal?: AbortSignal): Promise<HostApp[]> {
    return readAppList(await this.#secureDocument('applist', [], TIMEOUT_MS.ordinary, signal));
  }

  /** Box art, usually PNG. @throws MoonteeError NOT_FOUND if the host has none */
  async appAsset(appId: number, signal?: AbortSignal): Promise<Buffer> {
    const parameters: [string, string][] = [
      ['appid', String(appId)],
      ['AssetType', '2'],
      ['AssetIdx', '0'],
    ];
    const port = await this.#securePort(signal);
    const answer = await this.#get('appasset', parameters, {
      signal,
      port,
      timeout: TIMEOUT_MS.ordinary,
      maxBytes: MAX_ASSET,
    });
    if (answer.status === 401) throw refusal('appasset', 401, '');
    const isXml = /^\s*<(\?xml|root)/.test(answer.body.subarray(0, 64).toString('latin1'));
    if (answer.status !== 200 || isXml || answer.body.length === 0) {
      throw new MoonteeError('NOT_FOUND', 'The host has no image of this app');
    }
    return answer.body;
  }

  /** @throws MoonteeError also HOST_BUSY, ENCRYPTION_REQUIRED */
  async launch(request: LaunchRequest, signal?: AbortSignal): Promise<SessionUrl> {
    return this.#start('launch', request, signal);
  }

  /** Joins the app that runs. @throws MoonteeError also HOST_BUSY, ENCRYPTION_REQUIRED */
  async resume(request: LaunchRequest, signal?: AbortSignal): Promise<SessionUrl> {
    return this.#start('resume', request, signal);
  }

  /** Quits the app on the host. */
  async cancel(signal?: AbortSignal, timeout: number = TIMEOUT_MS.cancel): Promise<void> {
    const root = await this.#secureDocument('cancel', [], timeout, signal);
    if ((root.text('cancel')?.trim() ?? '0') === '0') {
      throw refusal('cancel', 200, root.statusMessage);
    }
  }

  /**
   * Best effort: Sunshine does not know it and Wolf may never answer (§1.8). Over HTTP it gives up an attempt to
   * pair, over TLS, once paired, the client takes its leave. Never throws.
   *
   * @returns whether the host has confirmed it
   */
  async unpair(): Promise<boolean> {
    try {
      const timeout = TIMEOUT_MS.unpair;
      if (this.#options.tls === undefined) await this.#document('unpair', [], { timeout });
      else await this.#secureDocument('unpair', [], timeout, undefined);
      return true;
    } catch (error) {
      const { address, log } = this.#options;
      log.debug({ address, code: MoonteeError.from(error).code }, 'unpair not confirmed');
      return false;
    }
  }

  async #start(
    verb: 'launch' | 'resume',
    request: LaunchRequest,
    signal?: AbortSignal,
  ): Promise<SessionUrl> {
    const parameters = launchParameters(request);
    return readLaunchAnswer(
      verb,
      await this.#secureDocument(verb, parameters, TIMEOUT_MS.launch, signal),
    );
  }

  async #secureInfo(
    port: number,
    signal: AbortSignal | undefined,
    timeout: number,
  ): Promise<{ info: ServerInfo; error?: never } | { info?: never; error: MoonteeError }> {
    try {
      const root = await this.#document('serverinfo', [], { port, signal, timeout });
      const info = readServerInfo(root, this.#options.httpPort);
      const trust = root.text('PairStatus')?.trim() === '1' ? 'paired' : 'unpaired';
      return { info: { ...info, trust } };
    } catch (error) {
      if (signal?.aborted === true) throw error;
      return { error: MoonteeError.from(error) };
    }
  }

  async #securePort(signal: AbortSignal | undefined): Promise<number> {
    if (this.#options.tls === undefined) throw new MoonteeError('HOST_NOT_PAIRED');
    if (this.#httpsPort === null) {
      const root = await this.#document('serverinfo', [], { signal, timeout: TIMEOUT_MS.ordinary });
      this.#httpsPort = readServerInfo(root, this.#options.httpPort).httpsPort;
    }
    return this.#httpsPort;
  }

  async #secureDocument(
    verb: Verb,
    parameters: [string, string][],
    timeout: number,
    signal: AbortSignal | undefined,
  ): Promise<HostDocument> {
    const port = await this.#securePort(signal);
    return this.#document(verb, parameters, { port, timeout, signal });
  }

  /** The body is read first, whatever the HTTP status is (gamestream.md §1.3). */
  async #document(
    verb: Verb,
    parameters: [string, string][],
    how: Omit<Ask, 'maxBytes'>,
  ): Promise<HostDocument> {
    const maxBytes = DOCUMENT_BYTES[verb === 'applist' ? 'list' : 'ordinary'];
    const answer = await this.#get(verb, parameters, { ...how, maxBytes });
    return readDocument(verb, answer);
  }

  /** Over TLS if a port is given. */
  async #get(verb: Verb, parameters: [string, string][], how: Ask): Promise<HttpAnswer> {
    const { address, httpPort, tls } = this.#options;
    try {
      return await httpGet({
        address,
        port: how.port ?? httpPort,
        path: requestPath(verb, this.#uniqueId, parameters),
        timeout: how.timeout,
        maxBytes: how.maxBytes,
        tls: how.port === undefined ? undefined : tls,
        signal: how.signal,
      });
    } catch (error) {
      // The host may have come back with another port: ask again next time.
      if (how.port !== undefined) this.#httpsPort = null;
      throw error;
    }
  }
}

interface Ask {
  /** HTTPS port; HTTP without it. */
  readonly port?: number;
  readonly timeout: number;
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** `/verb?uniqueid=…&uuid=…&…` with a fresh `uuid`. */
export function requestPath(
  verb: string,
  uniqueId: string,
  parameters: readonly [string, string][],
): string {
  const uuid = randomBytes(16).toString('hex');
  const query = new URLSearchParams([['uniqueid', uniqueId], ['uuid', uuid], ...parameters]);
  return `/${verb}?${query.toString()}`;
}

/** @throws MoonteeError HOST_ANSWER_INVALID, or what the host's status stands for */
export function readDocument(verb: string, { status, body }: HttpAnswer): HostDocument {
  const root = parseHostDocument(body);
  if (root === null) {
    if (status !== 200) throw refusal(verb, status, '');
    throw new MoonteeError('HOST_ANSWER_INVALID', `The host answered no document to ${verb}`);
  }
  if (root.statusCode !== 200) throw refusal(verb, root.statusCode, root.statusMessage);
  return root;
}

function refusal(verb: string, status: number, message: string): MoonteeError {
  const details = { verb, host_status: status, host_message: printable(message) };
  const said = message === '' ? String(status) : `${status} ${printable(message)}`;
  const starts = verb === 'launch' || verb === 'resume';
  if (status === 401) {
    return new MoonteeError('HOST_NOT_PAIRED', 'Host not paired', { details });
  }
  // Hosts forbid for other reasons too, such as a client without the permission to start apps.
  if (starts && status === 403 && /encrypt/i.test(message)) {
    return new MoonteeError('ENCRYPTION_REQUIRED', `The host refused to ${verb}: ${said}`, {
      details,
    });
  }
  if (starts && (status === 409 || /already running/i.test(message))) {
    return new MoonteeError('HOST_BUSY', `The host refused to ${verb}: ${said}`, { details });
  }
  return new MoonteeError(
    'HOST_REFUSED',
    `The host refused ${starts ? 'to ' : ''}${verb}: ${said}`,
    { details },
  );
}
