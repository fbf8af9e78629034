import { isIPv4 } from 'node:net';
import type { Log } from '../../core/log.js';
import { isHdr, type AppCatalogue } from '../apps.js';
import type { Faults } from '../faults.js';
import type { HostIdentity } from '../identity.js';
import type { HostStyle, Offer } from '../options.js';
import type { PairedClients } from '../paired-clients.js';
import type { LaunchRequest, Session, Sessions } from '../sessions.js';
import { parseLaunch, requestedApp } from './launch.js';
import { urlHost, type NvAnswer, type NvHandler, type NvRequest } from './nvhttp.js';
import { PairingRefusal, type Pairing } from './pairing.js';
import { answerPinPage } from './pin-page.js';
import { xmlAnswer, type XmlNode } from './xml.js';

const APP_VERSION = '7.1.431.-1';
const GFE_VERSION = '3.23.0.74';
const LUMA_PIXELS_HEVC = 1869449984;

/** What the routes work with; the ports are known only once everything listens. */
export interface RouteContext {
  readonly name: string;
  readonly style: HostStyle;
  readonly rtspEncryption: Offer;
  readonly identity: HostIdentity;
  readonly clients: PairedClients;
  readonly pairing: Pairing;
  readonly catalogue: AppCatalogue;
  readonly sessions: Sessions;
  readonly faults: Faults;
  readonly ports: () => { readonly http: number; readonly https: number; readonly rtsp: number };
  /** Opens what a new session needs before its client comes for it. */
  readonly prepare: (session: Session) => Promise<void>;
  /** Orders of tests; null if the host is reachable from elsewhere. */
  readonly orders: ((request: NvRequest) => NvAnswer) | null;
  readonly log: Log;
}

/** The host's HTTP interface (§1 and §2). */
export class Routes {
  readonly #context: RouteContext;

  constructor(context: RouteContext) {
    this.#context = context;
  }

  readonly handle: NvHandler = (request) => {
    const path = request.path.replace(/(?<=.)\/+$/, '');
    if (path === '/pin') return answerPinPage(request, this.#context.pairing);
    if (path.startsWith('/demo/')) {
      return this.#context.orders?.(request) ?? this.#xml(404, [], 'Not found');
    }
    if (request.method !== 'GET') return this.#xml(405, [], 'Only GET');
    if (path === '/serverinfo' && !request.secure) return this.#serverInfo(request);
    if (path === '/pair' && !request.secure) return this.#pair(request);
    if (path === '/unpair') return this.#unpair(request);
    const known = [
      '/serverinfo',
      '/pair',
      '/applist',
      '/appasset',
      '/launch',
      '/resume',
      '/cancel',
    ];
    if (!request.secure || !known.includes(path)) return this.#xml(404, [], 'Not found');

    const client = request.client;
    if (client === null || !this.#context.clients.has(client)) {
      const why = 'The client is not authorized. Certificate verification failed.';
      return this.#xml(401, [], why);
    }
    switch (path) {
      case '/serverinfo':
        return this.#serverInfo(request);
      case '/pair':
        return this.#pair(request);
      case '/applist':
        return this.#appList();
      case '/appasset':
        return this.#appAsset(request);
      case '/launch':
        return this.#launch(request, client);
      case '/resume':
        return this.#resume(request, client);
      default:
        this.#context.sessions.cancel(client);
        return this.#xml(200, [['cancel', 1]]);
    }
  };

  /** Wolf uses real HTTP codes; Sunshine sends 200 and puts the status in the XML (§1.3). */
  #xml(status: number, children: readonly XmlNode[], message?: string): NvAnswer {
    return {
      status: this.#context.style === 'wolf' ? status : 200,
      type: 'application/xml',
      body: xmlAnswer(status, children, message),
    };
  }

  #serverInfo(request: NvRequest): NvAnswer {
    const { catalogue, identity, name, sessions, style } = this.#context;
    const ports = this.#context.ports();
    const game = sessions.game(style === 'wolf' ? request.client : null);
    const paired = request.secure && (style === 'wolf' || request.query.has('uniqueid'));
    return this.#xml(200, [
      ['hostname', name],
      ['appversion', APP_VERSION],
      ['GfeVersion', GFE_VERSION],
      ['uniqueid', identity.uniqueId],
      ['HttpsPort', ports.https],
      ['ExternalPort', ports.http],
      ['MaxLumaPixelsHEVC', catalogue.codecs.has('h265') ? LUMA_PIXELS_HEVC : 0],
      ['mac', '00:00:00:00:00:00'],
      ['LocalIP', isIPv4(request.localAddress) ? request.localAddress : '127.0.0.1'],
      ['ServerCodecModeSupport', catalogue.codecModeSupport],
      ['PairStatus', paired ? 1 : 0],
      ['currentgame', game?.app.id ?? 0],
      ['state', game === undefined ? 'SUNSHINE_SERVER_FREE' : 'SUNSHINE_SERVER_BUSY'],
    ]);
  }

  async #pair(request: NvRequest): Promise<NvAnswer> {
    const { query } = request;
    const uniqueId = query.get('uniqueid');
    if (uniqueId === null || uniqueId === '') {
      return this.#xml(400, [], 'Missing uniqueid parameter');
    }
    if (query.get('phrase') === 'pairchallenge') {
      // A client that gets here over HTTPS has shown a certificate that is paired.
      if (request.secure) return this.#xml(200, [['paired', 1]]);
      return this.#xml(400, [['paired', 0]], 'pairchallenge needs HTTPS');
    }
    try {
      const client = `${uniqueId.slice(0, 64)}@${request.address}`;
      return this.#xml(200, await this.#context.pairing.request(client, query, request.signal));
    } catch (error) {
      if (!(error instanceof PairingRefusal)) throw error;
      return this.#xml(error.status, [['paired', 0]], error.message);
    }
  }

  /** Over HTTP it only gives up an attempt; over HTTPS the client takes its leave. */
  async #unpair(request: NvRequest): Promise<NvAnswer> {
    const uniqueId = request.query.get('uniqueid') ?? '';
    this.#context.pairing.drop(`${uniqueId.slice(0, 64)}@${request.address}`);
    if (request.client !== null) await this.#context.clients.remove(request.client);
    return this.#xml(200, [['unpaired', 1]]);
  }

  #appList(): NvAnswer {
    const { apps } = this.#context.catalogue;
    return this.#xml(
      200,
      apps.map((app): XmlNode => [
        'App',
        [
          ['IsHdrSupported', isHdr(app) ? 1 : 0],
          ['AppTitle', app.title],
          ['ID', app.id],
        ],
      ]),
    );
  }

  #appAsset(request: NvRequest): NvAnswer {
    const app = requestedApp(request.query, this.#context.catalogue);
    if (app === undefined) return this.#xml(404, [], 'Unknown app');
    return { status: 200, type: 'image/png', body: this.#context.catalogue.image(app) };
  }

  #launch(request: NvRequest, client: string): NvAnswer | Promise<NvAnswer> {
    const { catalogue, faults, sessions, style } = this.#context;
    const launch = parseLaunch(request.query, client, request.address);
    const failed: readonly XmlNode[] = [['gamesession', 0]];
    if (typeof launch === 'string') return this.#xml(400, failed, launch);
    const app = requestedApp(request.query, catalogue);
    if (app === undefined) return this.#xml(style === 'wolf' ? 400 : 404, failed, 'Unknown app');
    const refusal = this.#refusal(launch);
    if (refusal !== null) return this.#xml(refusal.status, failed, refusal.why);
    if (style === 'sunshine' && sessions.game(client) !== undefined) {
      return this.#xml(400, failed, 'An app is already running on this host');
    }
    if (faults.refuseLaunch) return this.#xml(503, failed, 'Failed to start the app');
    return this.#launched(request, sessions.launch(app, launch), 'gamesession');
  }

  #resume(request: NvRequest, client: string): NvAnswer | Promise<NvAnswer> {
    const { faults, sessions, style } = this.#context;
    const launch = parseLaunch(request.query, client, request.address);
    const failed: readonly XmlNode[] = [['resume', 0]];
    if (typeof launch === 'string') return this.#xml(400, failed, launch);
    const game = sessions.game(client);
    if (game === undefined) {
      return this.#xml(style === 'wolf' ? 400 : 503, failed, 'No running app to resume');
    }
    const refusal = this.#refusal(launch);
    if (refusal !== null) return this.#xml(refusal.status, failed, refusal.why);
    if (faults.refuseLaunch) return this.#xml(503, failed, 'Failed to resume the app');
    return this.#launched(request, sessions.resume(game, launch), 'resume');
  }

  #refusal(launch: LaunchRequest): { status: number; why: string } | null {
    if (this.#context.rtspEncryption === 'required' && !launch.encryptedRtsp) {
      return { status: 403, why: 'Encryption is mandatory and the client cannot do it' };
    }
    if (this.#context.sessions.full) return { status: 503, why: 'Too many sessions' };
    return null;
  }

  async #launched(
    request: NvRequest,
    session: Session,
    word: 'gamesession' | 'resume',
  ): Promise<NvAnswer> {
    try {
      await this.#context.prepare(session);
    } catch (error) {
      session.log.error({ err: error }, 'session has no ports');
      session.close('no ports');
      return this.#xml(503, [[word, 0]], 'No ports for the session');
    }
    const encrypted = this.#context.rtspEncryption !== 'off' && session.request.encryptedRtsp;
    const scheme = encrypted ? 'rtspenc' : 'rtsp';
    const port = this.#context.ports().rtsp;
    return this.#xml(200, [
      ['sessionUrl0', `${scheme}://${urlHost(request.localAddress)}:${port}`],
      [word, 1],
    ]);
  }
}
