import { createSocket, type Socket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import type { Socket as TcpSocket } from 'node:net';
import { AudioPacketizer } from '../../../src/demo-host/media/audio-packetizer.js';
import { VideoPacketizer } from '../../../src/demo-host/media/video-packetizer.js';
import { silentLog } from '../../../src/core/log.js';
import { ControlCipher } from '../../../src/moonlight/control/cipher.js';
import { decodeClientMessage } from '../../../src/moonlight/control/client-messages.js';
import { encodeHostMessage } from '../../../src/moonlight/control/host-messages.js';
import { EnetHost } from '../../../src/moonlight/enet/host.js';
import type { EnetPeer } from '../../../src/moonlight/enet/peer.js';
import { decodeInput } from '../../../src/moonlight/input/decode.js';
import type { ClientIdentity, HostInput } from '../../../src/moonlight/types.js';
import { FakeHost, xml, type HostRequest } from '../nvhttp/fake-host.js';
import { startRtspHost, type ReceivedRequest, type RtspHost } from '../rtsp/rtsp-host.js';

const PARAMETER_SETS = '0000000167640028acd940780227e5c05a808080a000000001' + '68ebe3cb22c0';
const IDR = Buffer.from(`${PARAMETER_SETS}0000000165888400ff`, 'hex');
const P_FRAME = Buffer.from('00000001419a2400aa', 'hex');
const SILENCE = Buffer.from('ecfffe', 'hex');
const PING_PAYLOAD = 'ABCDEF9876543210';
const CONNECT_DATA = 77;

interface SessionHostEvents {
  /** `launch`, `resume`, `cancel`, `audio ping`, `video ping`, `control`, `idr`, `left`. */
  step: [string];
  input: [HostInput];
}

/** A whole GameStream host for one session at a time, told by a test how to behave. */
export class SessionHost extends EventEmitter<SessionHostEvents> {
  readonly http: FakeHost;
  readonly steps: string[] = [];
  readonly rikeys = new Set<string>();
  apps: Readonly<Record<number, string>> = { 1: 'Desktop', 2: 'Game' };
  currentGame = 0;
  encryptRtsp = false;
  /** More lines of DESCRIBE. */
  description = '';
  /** Encryption that DESCRIBE requests, of everything supported. */
  encryptionRequested = 1;
  /** Sends video once it was pinged. */
  sendsVideo = true;
  /** `still`: only what is asked for; `stopped`: none at all, whatever is asked for. */
  pictures: 'flow' | 'still' | 'stopped' = 'flow';
  /** Answers RTSP and control. */
  reachable = true;
  pingsMatched = true;
  rikey = Buffer.alloc(16);
  rikeyId = 0;
  #rtsp!: RtspHost;
  #enet!: EnetHost;
  /** Of the control stream. */
  #network = { loss: 0 };
  #video!: Socket;
  #audio!: Socket;
  #peer: EnetPeer | null = null;
  #cipher: ControlCipher | null = null;
  #announce = '';
  #holdRtsp: ((socket: TcpSocket) => void) | null = null;
  #timers: NodeJS.Timeout[] = [];
  #idrWanted = true;

  private constructor(http: FakeHost) {
    super();
    this.http = http;
  }

  static async start(identity: ClientIdentity): Promise<SessionHost> {
    const host = new SessionHost(await FakeHost.start(identity));
    await host.#open();
    return host;
  }

  /** Every RTSP request so far. */
  get rtspRequests(): readonly ReceivedRequest[] {
    return this.#rtsp.requests;
  }

  /** Waits until a step was seen, also in the past. */
  async seen(step: string): Promise<void> {
    while (!this.steps.includes(step)) await once(this, 'step');
  }

  /** Ends the stream as a host does whose app has exited. */
  terminate(code: number): void {
    this.currentGame = 0;
    this.#stopMedia();
    const message = encodeHostMessage({ type: 'termination', code });
    const sealed = this.#cipher?.seal(message);
    if (sealed !== undefined) this.#peer?.send(0, sealed, 'reliable');
  }

  rumble(): void {
    const message = encodeHostMessage({ type: 'rumble', pad: 1, low: 2, high: 3 });
    const sealed = this.#cipher?.seal(message);
    if (sealed !== undefined) this.#peer?.send(0, sealed, 'reliable');
  }

  /**
   * From now on a request of RTSP is answered when the client has ended, `milliseconds` later.
   *
   * @returns promises of the first one's coming, and of how its connection ended
   */
  holdRtsp(milliseconds: number): {
    readonly asked: Promise<void>;
    readonly ended: Promise<'in order' | 'reset'>;
  } {
    let onAsked: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (onAsked = resolve));
    const ended = new Promise<'in order' | 'reset'>((resolve) => {
      this.#holdRtsp = (socket) => {
        onAsked();
        socket.once('error', () => resolve('reset'));
        socket.once('close', () => resolve('in order'));
        const half = (): void => void socket.write('RTSP/1.0 200 OK\r\n');
        socket.once('end', () => setTimeout(half, milliseconds / 2));
        socket.once('end', () => setTimeout(() => socket.end('CSeq: 1\r\n\r\n'), milliseconds));
      };
    });
    return { asked, ended };
  }

  /** Leaves the control connection without a word. */
  hangUp(): void {
    this.#stopMedia();
    this.#peer?.disconnect('now');
  }

  /** From now on, or no longer, nothing comes through over UDP; HTTP and RTSP go on. */
  cutUdp(isCut: boolean): void {
    this.#network.loss = isCut ? 1 : 0;
  }

  /** Is gone without a word, with everything that ran. */
  async crash(): Promise<void> {
    this.#stopMedia();
    this.currentGame = 0;
    // What closing says is lost as well.
    this.#network.loss = 1;
    this.#enet.close();
    await this.http.close();
  }

  /** Is back after {@link crash}. */
  async comeBack(): Promise<void> {
    await this.#openControl();
    await this.http.reopen();
  }

  async close(): Promise<void> {
    this.#stopMedia();
    this.#enet.close();
    this.#video.close();
    this.#audio.close();
    await Promise.all([this.#rtsp.close(), this.http.close()]);
  }

  async #open(): Promise<void> {
    const { http } = this;
    http.on('serverinfo', ({ secure }) =>
      http.serverInfo({
        PairStatus: secure ? '1' : '0',
        currentgame: String(this.currentGame),
        state: this.currentGame === 0 ? 'SUNSHINE_SERVER_FREE' : 'SUNSHINE_SERVER_BUSY',
      }),
    );
    http.on('applist', () =>
      xml(
        Object.entries(this.apps)
          .map(([id, title]) => `<App><AppTitle>${title}</AppTitle><ID>${id}</ID></App>`)
          .join(''),
      ),
    );
    http.on('launch', (request) => this.#run(request, 'launch', 'gamesession'));
    http.on('resume', (request) => this.#run(request, 'resume', 'resume'));
    http.on('cancel', () => {
      this.#step('cancel');
      this.currentGame = 0;
      return xml('<cancel>1</cancel>');
    });
    this.#rtsp = await startRtspHost(
      (request) => {
        if (this.#holdRtsp !== null) return this.#holdRtsp;
        return this.reachable ? this.#answer(request) : () => undefined;
      },
      () => (this.encryptRtsp ? this.rikey : null),
    );
    this.#video = await this.#mediaSocket('video ping', (to) => this.#startVideo(to));
    this.#audio = await this.#mediaSocket('audio ping', (to) => this.#startAudio(to));
    await this.#openControl();
  }

  async #openControl(): Promise<void> {
    this.#network = { loss: 0 };
    this.#enet = new EnetHost({
      log: silentLog(),
      accepts: true,
      local: { address: '127.0.0.1' },
      faults: { seed: 1, incoming: this.#network, outgoing: this.#network },
    });
    this.#enet.on('peer', (peer) => this.#accept(peer));
    await this.#enet.open();
  }

  #step(step: string): void {
    this.steps.push(step);
    this.emit('step', step);
  }

  /** Runs the app for whoever sent this. */
  run(request: HostRequest): void {
    this.currentGame = Number(request.query.get('appid'));
    this.rikey = Buffer.from(request.query.get('rikey') ?? '', 'hex');
    this.rikeyId = Number(request.query.get('rikeyid'));
    this.rikeys.add(this.rikey.toString('hex'));
  }

  #run(request: HostRequest, verb: string, element: string): string {
    this.#step(verb);
    this.run(request);
    this.#stopMedia();
    const scheme = this.encryptRtsp ? 'rtspenc' : 'rtsp';
    // Nobody lives at this address: clients connect to the host that they know.
    return xml(
      `<sessionUrl0>${scheme}://10.99.98.97:${this.#rtsp.port}</sessionUrl0><${element}>1</${element}>`,
    );
  }

  #answer(request: ReceivedRequest): string {
    const head = `RTSP/1.0 200 OK\r\nCSeq: ${request.headers.get('CSeq') ?? ''}\r\n`;
    if (request.method === 'DESCRIBE') {
      return (
        `${head}\r\na=x-ss-general.featureFlags:3\na=x-ss-general.encryptionSupported:7\n` +
        `a=x-ss-general.encryptionRequested:${this.encryptionRequested}\n${this.description}`
      );
    }
    if (request.method === 'ANNOUNCE') this.#announce = request.body;
    if (request.method !== 'SETUP') return `${head}\r\n`;
    const port = request.target.includes('audio')
      ? this.#audio.address().port
      : request.target.includes('video')
        ? this.#video.address().port
        : this.#enet.port;
    return (
      `${head}Session: DEADBEEFCAFE;timeout = 90\r\nTransport: server_port=${port}\r\n` +
      `X-SS-Ping-Payload: ${PING_PAYLOAD}\r\nX-SS-Connect-Data: ${CONNECT_DATA}\r\n\r\n`
    );
  }

  /** A number of the announcement. */
  #announced(name: string): number {
    const start = this.#announce.indexOf(`a=${name}:`);
    return Number(this.#announce.slice(start + name.length + 3).split(' ')[0]);
  }

  async #mediaSocket(
    name: string,
    onFirstPing: (send: (datagram: Buffer) => void) => void,
  ): Promise<Socket> {
    const socket = createSocket('udp4');
    let known = '';
    socket.on('message', (ping, { port, address }) => {
      if (this.#network.loss === 1) return;
      this.pingsMatched &&= ping.length === 20 && ping.toString('latin1', 0, 16) === PING_PAYLOAD;
      const sender = `${port} ${this.rikey.toString('hex')}`;
      if (known === sender) return;
      known = sender;
      this.#step(name);
      onFirstPing((datagram) => {
        if (this.#network.loss < 1) socket.send(datagram, port, address);
      });
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return socket;
  }

  #startVideo(send: (datagram: Buffer) => void): void {
    if (!this.sendsVideo) return;
    const enabled = this.#announced('x-ss-general.encryptionEnabled');
    const packetizer = new VideoPacketizer({
      packetSize: this.#announced('x-nv-video[0].packetSize'),
      style: 'sunshine',
      encryptionKey: (enabled & 2) !== 0 ? this.rikey : null,
    });
    this.#idrWanted = true;
    let frameNumber = 1;
    const timer = setInterval(() => {
      const idr = this.#idrWanted;
      if (this.pictures === 'stopped' || (this.pictures === 'still' && !idr)) return;
      this.#idrWanted = false;
      const frame = {
        data: idr ? IDR : P_FRAME,
        frameNumber,
        frameType: idr ? 2 : 1,
        rtpTimestamp: frameNumber * 1500,
      };
      frameNumber++;
      for (const datagram of packetizer.packetize(frame)) send(datagram);
    }, 10);
    this.#timers.push(timer);
  }

  #startAudio(send: (datagram: Buffer) => void): void {
    const timer = setInterval(() => {
      // The announcement decides on encryption, and comes after the first ping.
      if (this.#announce === '') return;
      packetizer ??= this.#audioPacketizer();
      for (const datagram of packetizer.packetize(SILENCE)) send(datagram);
    }, 10);
    let packetizer: AudioPacketizer | null = null;
    this.#timers.push(timer);
  }

  #audioPacketizer(): AudioPacketizer {
    const encrypted = (this.#announced('x-nv-general.featureFlags') & 0x20) !== 0;
    return new AudioPacketizer({
      packetDuration: this.#announced('x-nv-aqos.packetDuration'),
      style: 'sunshine',
      encryption: encrypted ? { key: this.rikey, keyId: this.rikeyId } : null,
    });
  }

  #accept(peer: EnetPeer): void {
    this.#step(peer.connectData === CONNECT_DATA ? 'control' : 'stranger');
    this.#peer = peer;
    this.#cipher = new ControlCipher({ key: this.rikey, encryption: 2, role: 'host' });
    peer.on('message', ({ data }) => {
      const plain = this.#cipher?.open(data);
      const message = plain === undefined ? undefined : decodeClientMessage(plain);
      if (message?.type === 'request-idr') {
        this.#idrWanted = true;
        this.#step('idr');
      }
      const input = message?.type === 'input' ? decodeInput(message.packet) : undefined;
      if (input !== undefined) this.emit('input', input);
    });
    peer.on('disconnect', () => {
      this.#stopMedia();
      this.#step('left');
    });
  }

  #stopMedia(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }
}
