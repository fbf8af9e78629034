import { WebSocket } from 'ws';
import { MEDIA_KIND, MEDIA_PROTOCOL } from '../../src/protocol/media-socket.js';
import type { StreamServerMessage } from '../../src/protocol/viewer-messages.js';
import { monotonic } from './clock.js';
import type { FrameArrival, FromReceiver, ReceiverStats } from './receiver-messages.js';

/** Milliseconds, as browsers acknowledge and ping. */
const ACKNOWLEDGE_INTERVAL = 100;
const PING_INTERVAL = 1_000;
const HEADER_BYTES = 16;
/** Pictures whose arrivals are kept. */
const MAX_ARRIVALS = 4_000;

/** A viewer over a WebSocket that counts pictures and decodes nothing. */
export class SocketPeer {
  readonly #id: string;
  readonly #notify: (message: FromReceiver) => void;
  readonly #viewer: WebSocket;
  readonly #timers: NodeJS.Timeout[] = [];
  #media: WebSocket | null = null;
  #last: number | null = null;
  #counts = { messages: 0, bytes: 0, lost: 0, pictures: 0, sound: 0, longestGap: 0 };
  #arrivals: FrameArrival[] = [];

  constructor(id: string, peerUrl: string, notify: (message: FromReceiver) => void) {
    this.#id = id;
    this.#notify = notify;
    const url = `${peerUrl}?transport=websocket`;
    this.#viewer = this.#open(url);
    this.#viewer.on('open', () => {
      const support = { video: ['avc1.640028'], audio: ['opus'] };
      this.#viewer.send(JSON.stringify({ MediaSocket: { support } }));
    });
    this.#viewer.on('message', (data: Buffer, isBinary) => {
      if (isBinary) return;
      const message = JSON.parse(data.toString()) as StreamServerMessage;
      if (typeof message === 'string' || !('MediaTicket' in message)) return;
      const { path, ticket } = message.MediaTicket;
      this.#watch(new URL(`${path}?t=${ticket}`, peerUrl).href);
    });
  }

  reset(): void {
    this.#counts = { messages: 0, bytes: 0, lost: 0, pictures: 0, sound: 0, longestGap: 0 };
    this.#arrivals = [];
  }

  stats(): ReceiverStats {
    const { messages, bytes, lost, pictures, sound, longestGap } = this.#counts;
    return {
      ...{ id: this.#id, packets: messages, bytes, lost, duplicates: 0, longestGap },
      // A message is a whole picture.
      ...{ frames: pictures, complete: pictures, audioPackets: sound, reports: 0 },
    };
  }

  arrivals(): readonly FrameArrival[] {
    return this.#arrivals;
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#media?.terminate();
    this.#viewer.close();
  }

  #open(url: string, protocol?: string): WebSocket {
    const socket = new WebSocket(url, protocol, { rejectUnauthorized: false });
    socket.on('error', (error) => {
      this.#notify({ type: 'error', id: this.#id, message: error.message });
    });
    return socket;
  }

  #watch(url: string): void {
    const media = this.#open(url, MEDIA_PROTOCOL);
    this.#media = media;
    media.on('message', (data: Buffer) => this.#take(data));
    const send = (bytes: Buffer): void => {
      if (media.readyState === WebSocket.OPEN) media.send(bytes);
    };
    const acknowledge = (): void => {
      if (this.#last === null) return;
      const bytes = Buffer.alloc(HEADER_BYTES);
      bytes.writeUInt8(0x81, 0);
      bytes.writeUInt32BE(this.#last, 4);
      bytes.writeUInt32BE(this.#last, 8);
      send(bytes);
    };
    const ping = (): void => send(Buffer.concat([Buffer.from([0x82]), Buffer.alloc(8)]));
    this.#timers.push(
      setInterval(acknowledge, ACKNOWLEDGE_INTERVAL),
      setInterval(ping, PING_INTERVAL),
    );
  }

  #take(data: Buffer): void {
    const kind = data.readUInt8(0);
    if (kind === MEDIA_KIND.AUDIO) this.#counts.sound += 1;
    if (kind !== MEDIA_KIND.VIDEO) return;
    const sequence = data.readUInt32BE(4);
    if (this.#last === null) this.#notify({ type: 'media', id: this.#id });
    else this.#counts.lost += ((sequence - this.#last) >>> 0) - 1;
    this.#last = sequence;
    this.#counts.messages += 1;
    this.#counts.pictures += 1;
    this.#counts.bytes += data.length;
    const at = monotonic();
    const before = this.#arrivals.at(-1)?.at ?? at;
    this.#counts.longestGap = Math.max(this.#counts.longestGap, at - before);
    const timestamp = Number(data.readBigUInt64BE(8));
    if (this.#arrivals.length >= MAX_ARRIVALS) this.#arrivals.shift();
    this.#arrivals.push({ timestamp, at, bytes: data.length - HEADER_BYTES, packets: 1 });
  }
}
