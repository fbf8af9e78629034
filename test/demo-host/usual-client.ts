/** The usual client as far as video goes: what it rejects is never shown. */
import { createSocket, type Socket } from 'node:dgram';
import type { ExecutionContext } from 'ava';
import type { DemoHost } from '../../src/demo-host/demo-host.js';
import type { HostStyle } from '../../src/demo-host/options.js';
import { silentLog } from '../../src/core/log.js';
import { ControlCipher } from '../../src/moonlight/control/cipher.js';
import { encodeClientMessage } from '../../src/moonlight/control/client-messages.js';
import { EnetHost } from '../../src/moonlight/enet/host.js';
import type { ClientIdentity, VideoCodec } from '../../src/moonlight/types.js';
import { shakeHands } from './stream-client.js';
import { launch, until } from './support.js';
import { UsualReceiver } from './usual-receiver.js';

const log = silentLog();

const BIT_STREAM_FORMAT: Readonly<Record<VideoCodec, number>> = { h264: 0, h265: 1, av1: 2 };

export interface UsualClientOptions {
  readonly style: HostStyle;
  readonly codec: VideoCodec;
  readonly tenBit?: boolean;
  readonly packetSize: number;
  readonly appid?: number;
  readonly verb?: 'launch' | 'resume';
  readonly announce?: Readonly<Record<string, string | number>>;
}

type Said = 'request-idr' | 'start-b' | 'ping';

interface Control {
  readonly host: EnetHost;
  readonly send: (type: Said) => void;
}

export class UsualClient {
  readonly video: UsualReceiver;
  readonly #control: Control;
  readonly #socket: Socket;
  readonly #timers: NodeJS.Timeout[] = [];
  #closed = false;

  private constructor(
    options: UsualClientOptions,
    control: Control,
    port: number,
    payload: string | null,
  ) {
    this.video = new UsualReceiver(options.codec, options.packetSize);
    this.#control = control;
    this.#socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
    let asked = 0;
    this.#socket.on('message', (datagram) => {
      this.video.push(datagram);
      if (this.video.requests > asked) {
        asked = this.video.requests;
        control.send('request-idr');
      }
    });
    let pings = 0;
    const ping = (): void => {
      pings += 1;
      const counter = Buffer.alloc(4);
      counter.writeUInt32BE(pings);
      const datagram =
        payload === null ? Buffer.from('PING') : Buffer.concat([Buffer.from(payload), counter]);
      this.#socket.send(datagram, port, '127.0.0.1');
    };
    ping();
    this.#timers.push(
      setInterval(ping, 500),
      setInterval(() => control.send('ping'), 100),
    );
  }

  /** Does what §7.4 and §4 say, in their order. */
  static async start(
    t: ExecutionContext,
    host: DemoHost,
    identity: ClientIdentity,
    options: UsualClientOptions,
  ): Promise<UsualClient> {
    const launched = await launch(host, identity, options);
    if (launched.url === null) throw new Error(launched.text);
    const { video, control, connectData, payload } = await shakeHands(host.rtspPort, {
      announce: {
        'x-ss-general.encryptionEnabled': options.style === 'wolf' ? 0 : 1,
        'x-nv-video[0].packetSize': options.packetSize,
        'x-nv-vqos[0].bitStreamFormat': BIT_STREAM_FORMAT[options.codec],
        'x-nv-video[0].dynamicRangeMode': options.tenBit === true ? 1 : 0,
        ...options.announce,
      },
    });
    const enet = await EnetHost.dial(
      { host: '127.0.0.1', port: control },
      { log },
      { data: connectData },
    );
    await until('the control stream', () => enet.peer.state === 'connected');
    const encryption = options.style === 'wolf' ? 1 : 2;
    const cipher = new ControlCipher({ key: launched.key, encryption, role: 'client' });
    const send = (type: Said): void => {
      enet.peer.send(0, cipher.seal(encodeClientMessage({ type })), 'reliable');
    };
    send('request-idr');
    send('start-b');
    const client = new UsualClient(options, { host: enet.host, send }, video, payload);
    t.teardown(() => client.close());
    return client;
  }

  async frames(count: number): Promise<void> {
    await until(`${count} frames shown`, () => this.video.shown.length >= count);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timers.splice(0).forEach((timer) => clearInterval(timer));
    this.#socket.removeAllListeners('message');
    this.#socket.close();
    this.#control.host.close();
  }
}
