import { EventEmitter } from 'node:events';
import { isIPv4 } from 'node:net';
import { installedFormats } from './media/encoder.js';
import type { HostInput } from '../moonlight/types.js';
import { AppCatalogue } from './apps.js';
import { ControlPort } from './control-port.js';
import { NvHttp } from './http/nvhttp.js';
import { Pairing } from './http/pairing.js';
import { Routes } from './http/routes.js';
import { loadIdentity, type HostIdentity } from './identity.js';
import { InputLog } from './input-log.js';
import { SessionMedia } from './media/session-media.js';
import { portsOf, type DemoHostOptions } from './options.js';
import { Orders } from './orders.js';
import { PairedClients } from './paired-clients.js';
import { Handshake, type StreamKind } from './rtsp/handshake.js';
import { RtspServer } from './rtsp/server.js';
import { SessionPorts } from './session-ports.js';
import { Sessions, type Session } from './sessions.js';
import { settle, type Settings } from './settings.js';
import { UdpHole } from './udp-hole.js';

export interface DemoHostEvents {
  /** Input that a client sent, decoded. */
  input: [{ session_id: string; input: HostInput }];
  /** Pairing waits for the PIN that the client shows. */
  'pin-needed': [{ secret: string; client: string }];
  session: [Session];
  /** A caller ordered the end over the loopback interface. */
  'exit-ordered': [];
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1)$/;

/**
 * A GameStream host over real sockets: it pairs, launches, streams and takes input by the protocol.
 * It serves the demo, the tests and any other Moonlight client. Media runs only while a client
 * streams.
 */
export class DemoHost extends EventEmitter<DemoHostEvents> {
  readonly #settings: Settings;
  readonly #sessions: Sessions;
  readonly #media = new Map<Session, SessionMedia>();
  readonly #hole: UdpHole;
  /** What to close, in the order of opening. */
  readonly #resources: (() => void | Promise<void>)[] = [];
  #catalogue!: AppCatalogue;
  #http!: NvHttp;
  #rtsp!: RtspServer;
  #control!: ControlPort;
  #ports!: SessionPorts;
  #pairing!: Pairing;
  #inputLog: InputLog | null = null;
  #closing: Promise<void> | null = null;

  private constructor(settings: Settings) {
    super();
    this.#settings = settings;
    this.#hole = new UdpHole(settings.faults.udpHole);
    this.#sessions = new Sessions(settings.style, settings.log);
  }

  /**
   * Opens every port.
   *
   * @throws MoonteeError CONFIG_INVALID, ELEMENT_MISSING; or the system's error for a port in use
   */
  static async start(options: DemoHostOptions = {}): Promise<DemoHost> {
    const host = new DemoHost(settle(options));
    try {
      await host.#open(options);
    } catch (error) {
      await host.close();
      throw error;
    }
    return host;
  }

  get httpPort(): number {
    return this.#http.httpPort;
  }

  get httpsPort(): number {
    return this.#http.httpsPort;
  }

  get rtspPort(): number {
    return this.#rtsp.port;
  }

  get controlPort(): number {
    return this.#control.port;
  }

  /** The shared video port; null if each session has its own. */
  get videoPort(): number | null {
    return this.#ports.shared?.video.port ?? null;
  }

  get audioPort(): number | null {
    return this.#ports.shared?.audio.port ?? null;
  }

  get sessions(): readonly Session[] {
    return this.#sessions.all;
  }

  /** Apps that run, watched or not. */
  get runningApps(): number {
    return this.#sessions.runningApps;
  }

  /** @returns false if no pairing waits under this secret */
  enterPin(secret: string, pin: string): boolean {
    return this.#pairing.enterPin(secret, pin);
  }

  /** Whether a pairing waits for its PIN under this secret. */
  pairingWaits(secret: string): boolean {
    return this.#pairing.waiting.includes(secret);
  }

  /** Notifies every client, ends every stream and closes every port. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#sessions.close('the host shuts down');
    // The terminations leave before the socket that carries them.
    await new Promise((resolve) => setImmediate(resolve));
    for (const close of this.#resources.reverse()) await close();
    this.#settings.log.info('demo host closed');
  }

  async #open(options: DemoHostOptions): Promise<void> {
    const { bind, style, log } = this.#settings;
    const directory = options.stateDirectory ?? null;
    this.#catalogue = new AppCatalogue(
      options.apps ?? [],
      installedFormats([
        'h264',
        ...(options.hevc === true ? (['h265'] as const) : []),
        ...(options.av1 === true ? (['av1'] as const) : []),
      ]),
    );
    if (options.inputLog !== undefined && options.inputLog !== null) {
      const inputLog = new InputLog(options.inputLog);
      this.#inputLog = inputLog;
      this.#resources.push(() => inputLog.close());
    }
    const identity = options.identity ?? (await loadIdentity(directory));
    const clients = await PairedClients.load(directory);
    this.#openPairing(options, identity, clients);
    this.#sessions.on('session', (session) => this.#adopt(session));
    await this.#openStreams(options);
    await this.#openHttp(options, identity, clients);
    log.info({ bind, http: this.httpPort, https: this.httpsPort, style }, 'demo host listens');
  }

  #openPairing(options: DemoHostOptions, identity: HostIdentity, clients: PairedClients): void {
    const { faults, log } = this.#settings;
    this.#pairing = new Pairing(
      identity,
      { pin: options.pin ?? null, delay: faults.slowPairing },
      (pem) => clients.add(pem),
      log,
    );
    this.#resources.push(() => this.#pairing.close());
    this.#pairing.on('pin-needed', (need) => this.#askForPin(need));
  }

  /** The ports of media and control, and the RTSP server that gives them away. */
  async #openStreams(options: DemoHostOptions): Promise<void> {
    const { bind, style, faults, encryption, fecPercentage, log } = this.#settings;
    const ports = portsOf(options);
    const sessions = this.#sessions;
    this.#ports = await SessionPorts.open({ bind, ports, style, faults, hole: this.#hole, log });
    this.#resources.push(() => this.#ports.close());
    const port = ports.control;
    this.#control = await ControlPort.open({ bind, port, sessions, style, hole: this.#hole, log });
    this.#resources.push(() => this.#control.close());
    this.#rtsp = await RtspServer.listen(
      {
        bind,
        port: ports.rtsp,
        lowerCaseHeaders: options.lowerCaseRtspHeaders ?? false,
        lingers: style === 'sunshine',
        log,
      },
      new Handshake({
        style,
        sessions,
        codecs: this.#catalogue.codecs,
        formatsOf: (session) => this.#catalogue.formatsOf(session.game.app),
        encryption,
        fecPercentage,
        byAddress: faults.byAddress,
        markSessions: options.markSessions ?? style === 'sunshine',
        silentWithoutSession: faults.appFails,
        port: (session, kind) => this.#portOf(session, kind),
      }),
    );
    this.#resources.push(() => this.#rtsp.close());
  }

  async #openHttp(
    options: DemoHostOptions,
    identity: HostIdentity,
    clients: PairedClients,
  ): Promise<void> {
    const { bind, style, faults, log } = this.#settings;
    const orders = new Orders({
      sessions: this.#sessions,
      media: (session) => this.#media.get(session),
      exit: () => this.emit('exit-ordered'),
    });
    const routes = new Routes({
      name: options.name ?? 'Moontee demo',
      style,
      rtspEncryption: style === 'wolf' ? 'off' : (options.rtspEncryption ?? 'off'),
      identity,
      clients,
      pairing: this.#pairing,
      catalogue: this.#catalogue,
      sessions: this.#sessions,
      faults,
      ports: () => ({ http: this.httpPort, https: this.httpsPort, rtsp: this.rtspPort }),
      prepare: async (session) => {
        await this.#ports.prepare(session);
        this.#startMedia(session);
      },
      orders: LOOPBACK.test(bind) ? orders.handle : null,
      log,
    });
    const { http, https } = portsOf(options);
    const { certificatePem, privateKeyPem } = identity;
    this.#http = await NvHttp.listen(
      { bind, httpPort: http, httpsPort: https, certificatePem, privateKeyPem, log },
      routes.handle,
    );
    this.#resources.push(() => this.#http.close());
  }

  #askForPin(need: { secret: string; client: string }): void {
    const host = isIPv4(this.#settings.bind) ? this.#settings.bind : `[${this.#settings.bind}]`;
    const url = `http://${host}:${this.httpPort}/pin/#${need.secret}`;
    this.#settings.log.warn({ url, secret: need.secret }, 'pairing waits for a PIN');
    this.emit('pin-needed', need);
  }

  #adopt(session: Session): void {
    const { terminate, byAddress, appFails } = this.#settings.faults;
    session.on('input', (input) => {
      this.#inputLog?.write(session.id, input);
      this.emit('input', { session_id: session.id, input });
    });
    session.once('closed', () => {
      this.#media.delete(session);
      // Other sessions of the picture continue; the last one leaves nothing pressed.
      const watched = this.#sessions.all.some(
        (other) => other !== session && other.game === session.game,
      );
      if (!watched) session.game.desktop.release();
      if (byAddress) this.#freezeOthers(session);
    });
    session.once('connected', () => this.#hole.begin());
    if (appFails) {
      setImmediate(() => this.#sessions.cancel(session.request.client, 'the app cannot start'));
    }
    if (terminate !== null) {
      session.once('connected', () => {
        const timer = setTimeout(
          () => session.terminate(terminate.code, 'terminated on order'),
          terminate.after,
        );
        session.once('closed', () => clearTimeout(timer));
      });
    }
    this.emit('session', session);
  }

  /** To such a host it was their session as well. */
  #freezeOthers({ request }: Session): void {
    for (const other of this.#sessions.all) {
      if (other.request.address === request.address) this.#media.get(other)?.video?.stall(Infinity);
    }
  }

  #startMedia(session: Session): void {
    const pair = this.#ports.of(session);
    if (pair === undefined || session.state === 'closed') return;
    const { style, fecPercentage, toneChannel, faults } = this.#settings;
    const media = new SessionMedia({
      session,
      ...pair,
      style,
      fecPercentage,
      toneChannel,
      faults,
    });
    this.#media.set(session, media);
  }

  #portOf(session: Session, kind: StreamKind): number {
    if (kind === 'control') return this.controlPort;
    return this.#ports.of(session)?.[kind].port ?? 0;
  }
}
