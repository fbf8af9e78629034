/** Media sockets in this process: a bus that a test publishes on, and clients over loopback. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { ExecutionContext } from 'ava';
import { Deadline } from '../../src/core/deadline.js';
import { silentLog } from '../../src/core/log.js';
import { MediaBus } from '../../src/media/bus.js';
import type { NegotiatedStream } from '../../src/moonlight/types.js';
import { MediaSockets } from '../../src/worker/media-socket/sockets.js';
import { MediaClient } from '../support/media-viewer.js';

export const NEGOTIATED: NegotiatedStream = {
  video: {
    ...{ codec: 'h264', bitDepth: 8, chroma: '4:2:0', width: 1280, height: 720, fps: 60 },
    ...{ colorSpace: 'Rec709', colorRangeFull: false },
  },
  audio: { channels: 2, streams: 1, coupledStreams: 1, mapping: [0, 1], packetDuration: 10 },
  encryption: { rtsp: false, control: 1, audio: false, video: false },
  hostFeatures: {
    touchAndPen: false,
    padTouchAndMotion: false,
    referenceFrameInvalidation: false,
    sessionsByAddress: false,
  },
};

/** High profile, level 4.2, no VUI; and a set for it. */
export const SETS = Buffer.from(
  '000000016764002aac2cac078080227e50 0000000168ce3c80'.replace(' ', ''),
  'hex',
);

/** A picture of that many bytes. */
export function picture(keyframe: boolean, size = 1_000): Buffer {
  const slice = Buffer.alloc(size, 0xaa);
  Buffer.from([0, 0, 0, 1, keyframe ? 0x65 : 0x41]).copy(slice);
  return keyframe ? Buffer.concat([SETS, slice]) : slice;
}

export class MediaStage {
  readonly bus = new MediaBus(silentLog());
  readonly said: string[] = [];
  readonly sockets = new MediaSockets({
    bus: this.bus,
    onOpened: (id) => this.said.push(`opened ${id}`),
    onQuality: (id, quality) => this.said.push(`${quality} ${id}`),
    onClosed: (id, code) => this.said.push(`closed ${id} ${code}`),
    log: silentLog(),
  });
  /** The servers' ends, in the order in which they came. */
  readonly connections: Socket[] = [];
  /** Nanoseconds. */
  #time = 1_000_000;
  readonly #server = createServer();
  readonly #t: ExecutionContext;

  private constructor(t: ExecutionContext) {
    this.#t = t;
  }

  static async start(t: ExecutionContext): Promise<MediaStage> {
    const stage = new MediaStage(t);
    stage.sockets.negotiated(NEGOTIATED);
    stage.#server.on('upgrade', (request, socket: Socket, head: Buffer) => {
      const socket_id = stage.connections.push(socket);
      socket.on('error', () => void socket.destroy());
      const order = {
        ...{ socket_id, peer_id: (request.url ?? '').slice(1), sound: true },
        key: request.headers['sec-websocket-key'] ?? '',
        head: head.toString('base64'),
      };
      stage.sockets.open(order, socket);
    });
    stage.#server.listen(0, '127.0.0.1');
    await once(stage.#server, 'listening');
    t.teardown(async () => {
      stage.#server.close();
      await stage.sockets.close(Deadline.in(5_000));
      stage.bus.close();
    });
    return stage;
  }

  join(id: string): MediaClient {
    const { port } = this.#server.address() as AddressInfo;
    const client = new MediaClient(`ws://127.0.0.1:${port}/${id}`);
    this.#t.teardown(() => client.socket.terminate());
    return client;
  }

  show(keyframe: boolean, size?: number): void {
    this.#time += 16_666_667;
    const data = picture(keyframe, size);
    this.bus.publish('video', { data, pts: this.#time, duration: null, keyframe });
  }

  sound(): void {
    const data = Buffer.from('opus');
    this.bus.publish('audio', { data, pts: this.#time, duration: 1e7, keyframe: false });
  }
}
