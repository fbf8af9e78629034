/** Streams from the demo host: raw RTSP, ENet, pings, and the receivers of src/moonlight. */
import type { ExecutionContext } from 'ava';
import type { DemoHost } from '../../src/demo-host/demo-host.js';
import { silentLog } from '../../src/core/log.js';
import { AudioStream } from '../../src/moonlight/audio/audio-stream.js';
import { ControlCipher } from '../../src/moonlight/control/cipher.js';
import {
  encodeClientMessage,
  type ClientMessage,
} from '../../src/moonlight/control/client-messages.js';
import {
  decodeHostMessage,
  type TerminationMessage,
} from '../../src/moonlight/control/host-messages.js';
import { EnetHost } from '../../src/moonlight/enet/host.js';
import type { EnetPeer } from '../../src/moonlight/enet/peer.js';
import { encodeInput } from '../../src/moonlight/input/encode.js';
import type {
  AccessUnit,
  ClientIdentity,
  HostInput,
  HostMessage,
  OpusPacket,
  VideoCodec,
} from '../../src/moonlight/types.js';
import { VideoStream } from '../../src/moonlight/video/video-stream.js';
import {
  announceBody,
  header,
  launch,
  rtspExchange,
  rtspRequest,
  until,
  type Launch,
} from './support.js';

export interface StreamOptions {
  readonly verb?: string;
  readonly appid?: number;
  readonly announce?: Readonly<Record<string, string | number | null>>;
  readonly encryptVideo?: boolean;
  readonly encryptAudio?: boolean;
  readonly controlVersion?: 1 | 2;
  readonly packetDuration?: number;
  readonly surround?: number;
  readonly codec?: VideoCodec;
}

const log = silentLog();

export class StreamClient {
  readonly units: AccessUnit[] = [];
  readonly packets: OpusPacket[] = [];
  readonly messages: (HostMessage | TerminationMessage)[] = [];
  disconnected: string | null = null;
  readonly video: VideoStream;
  readonly audio: AudioStream;
  readonly launched: Launch;
  readonly #enet: EnetHost;
  readonly #peer: EnetPeer;
  readonly #cipher: ControlCipher;
  readonly #ping: NodeJS.Timeout;

  private constructor(
    launched: Launch,
    options: StreamOptions,
    ports: { video: number; audio: number; payload: string | null },
    control: { host: EnetHost; peer: EnetPeer },
  ) {
    this.launched = launched;
    const { key, keyId } = launched;
    const remote = (port: number) => ({ address: '127.0.0.1', port });
    this.#enet = control.host;
    this.#peer = control.peer;
    this.#cipher = new ControlCipher({
      key,
      encryption: options.controlVersion ?? 2,
      role: 'client',
    });
    this.#peer.on('message', ({ data }) => {
      const plain = this.#cipher.open(data);
      const message = plain && decodeHostMessage(plain);
      if (message) this.messages.push(message);
    });
    this.#peer.on('disconnect', ({ reason }) => (this.disconnected = reason));
    this.video = new VideoStream({
      remote: remote(ports.video),
      pingPayload: ports.payload,
      key,
      encrypted: options.encryptVideo ?? false,
      codec: options.codec ?? 'h264',
      fps: 60,
      packetSize: 1024,
      referenceFrameInvalidation: false,
      log,
    });
    this.video.on('access-unit', (unit) => this.units.push(unit));
    this.video.on('idr-needed', () => this.send({ type: 'request-idr' }));
    this.audio = new AudioStream({
      remote: remote(ports.audio),
      pingPayload: ports.payload,
      key,
      keyId,
      encrypted: options.encryptAudio ?? false,
      packetDuration: options.packetDuration ?? 5,
      log,
    });
    this.audio.on('packet', (packet) => this.packets.push(packet));
    this.#ping = setInterval(() => this.send({ type: 'ping' }), 100);
  }

  /** Launches, shakes hands and starts to receive. */
  static async start(
    t: ExecutionContext,
    host: DemoHost,
    identity: ClientIdentity,
    options: StreamOptions = {},
  ): Promise<StreamClient> {
    const launched = await launch(host, identity, options);
    if (launched.url === null) throw new Error(launched.text);
    return StreamClient.connect(t, host, launched, options);
  }

  static async connect(
    t: ExecutionContext,
    host: DemoHost,
    launched: Launch,
    options: StreamOptions = {},
  ): Promise<StreamClient> {
    const handshake = await shakeHands(host.rtspPort, options);
    const control = await EnetHost.dial(
      { host: '127.0.0.1', port: handshake.control },
      { log },
      { data: handshake.connectData },
    );
    const client = new StreamClient(launched, options, handshake, control);
    t.teardown(() => client.close());
    await until('the control stream', () => control.peer.state === 'connected');
    client.send({ type: 'request-idr' });
    client.send({ type: 'start-b' });
    await client.audio.start();
    await client.video.start();
    return client;
  }

  send(message: ClientMessage): void {
    this.#peer.send(0, this.#cipher.seal(encodeClientMessage(message)), 'reliable');
  }

  input(input: HostInput): void {
    for (const { packet } of encodeInput(input)) this.send({ type: 'input', packet });
  }

  /** Something that is no message of ours. */
  sendRaw(data: Buffer): void {
    this.#peer.send(0, data, 'reliable');
  }

  async frames(count: number): Promise<void> {
    const wanted = this.units.length + count;
    await until(`${wanted} frames`, () => this.units.length >= wanted);
  }

  async sound(count: number): Promise<void> {
    const wanted = this.packets.length + count;
    await until(`${wanted} Opus packets`, () => this.packets.length >= wanted);
  }

  close(): void {
    clearInterval(this.#ping);
    this.video.close();
    this.audio.close();
    this.#enet.close();
  }
}

/** The seven requests, one connection each. */
export async function shakeHands(
  port: number,
  options: StreamOptions = {},
): Promise<{
  video: number;
  audio: number;
  control: number;
  payload: string | null;
  connectData: number;
}> {
  const url = `rtsp://127.0.0.1:${port}`;
  let cseq = 0;
  const say = async (
    method: string,
    target: string,
    headers: string[] = [],
    body = '',
  ): Promise<string> => {
    cseq += 1;
    const answer = await rtspExchange(port, [rtspRequest(method, target, cseq, headers, body)]);
    if (!answer.startsWith('RTSP/1.0 200 OK\r\n')) throw new Error(`${method}: ${answer}`);
    return answer;
  };
  await say('OPTIONS', url);
  await say('DESCRIBE', url, ['Accept: application/sdp']);
  const audio = await say('SETUP', 'streamid=audio/0/0');
  const session = `Session: ${header(audio, 'Session')?.split(';')[0] ?? ''}`;
  const video = await say('SETUP', 'streamid=video/0/0', [session]);
  const control = await say('SETUP', 'streamid=control/13/0', [session]);
  const type = 'Content-type: application/sdp';
  await say('ANNOUNCE', 'streamid=control/13/0', [session, type], announceBody(options.announce));
  await say('PLAY', '/', [session]);
  const serverPort = (answer: string): number =>
    Number(/server_port=(\d+)/.exec(header(answer, 'Transport') ?? '')?.[1]);
  return {
    audio: serverPort(audio),
    video: serverPort(video),
    control: serverPort(control),
    payload: header(video, 'X-SS-Ping-Payload'),
    connectData: Number(header(control, 'X-SS-Connect-Data') ?? 0),
  };
}
