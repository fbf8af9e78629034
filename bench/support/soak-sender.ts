/**
 * The host of bench/soak.ts, in a process of its own. Sends the clip as a GameStream host does,
 * through a bad network of known faults, and answers requests for a key frame.
 */
import { createSocket } from 'node:dgram';
import { VideoPacketizer } from '../../src/demo-host/media/video-packetizer.js';
import { FaultInjector, type FaultProfile } from '../../src/moonlight/datagram-faults.js';
import { FRAME_TYPE } from '../../src/moonlight/video/packet.js';
import { ensureSoakClip, SOAK_FPS } from './soak-clip.js';

export interface SoakSenderOptions {
  readonly frames: number;
  readonly packetSize: number;
  readonly seed: number;
  readonly profile: FaultProfile;
  /** What holds instead of `profile` for the last second of every ten; null is never. */
  readonly spells: FaultProfile | null;
}

export type SoakSenderMessage =
  | { readonly type: 'ready'; readonly port: number }
  /** Which units of the clip went out as frames `first`, `first` + 1, … */
  | { readonly type: 'sent'; readonly first: number; readonly units: readonly number[] }
  /** Datagrams given to the network, and datagrams that came through it. */
  | { readonly type: 'done'; readonly offered: number; readonly survived: number };

export interface SoakReceiverMessage {
  readonly type: 'idr';
}

/** Datagrams between two turns of the event loop. */
const BATCH = 32;

/** Milliseconds to wait for the receiver's ping. */
const PING_DEADLINE_MS = 30_000;

/** Milliseconds that the last datagrams have to arrive. */
const FLUSH = 500;

/** Frames behind which a sender that was not let run gives up to catch up. */
const BACKLOG = 30;

const say = (message: SoakSenderMessage): boolean => process.send?.(message) ?? false;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

async function main(): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? '{}') as SoakSenderOptions;
  const clip = await ensureSoakClip();
  const packetizer = new VideoPacketizer({ packetSize: options.packetSize, style: 'sunshine' });
  const socket = createSocket('udp4');
  const deadline = setTimeout(() => process.exit(1), PING_DEADLINE_MS);
  process.once('disconnect', () => process.exit(1));
  let next = 0;
  process.on('message', (message: SoakReceiverMessage) => {
    // Its answer is not to be repeated before the receiver can have seen it.
    if ((message.type as string) === 'idr' && next > 1) next = 0;
  });
  socket.bind(0, '127.0.0.1', () => say({ type: 'ready', port: socket.address().port }));
  const client = await new Promise<{ port: number; address: string }>((resolve) => {
    socket.once('message', (_, from) => resolve(from));
  });
  clearTimeout(deadline);

  let offered = 0;
  let survived = 0;
  const network = (profile: FaultProfile, seed: number): FaultInjector<null> =>
    new FaultInjector<null>(profile, seed, (datagram) => {
      survived++;
      socket.send(datagram, client.port, client.address);
    });
  const usual = network(options.profile, options.seed);
  const spell = options.spells === null ? usual : network(options.spells, ~options.seed);
  let start = performance.now();
  let units: number[] = [];
  for (let at = 0; at < options.frames; at++) {
    const late = performance.now() - start - (at * 1000) / SOAK_FPS;
    if (late < 0) await pause(-late);
    else if (late > (BACKLOG * 1000) / SOAK_FPS) start += late;
    const unit = next;
    next = (next + 1) % clip.length;
    const datagrams = packetizer.packetize({
      data: clip[unit] ?? Buffer.alloc(0),
      frameNumber: at + 1,
      frameType: unit === 0 ? FRAME_TYPE.IDR : FRAME_TYPE.P,
      rtpTimestamp: (at * 90_000) / SOAK_FPS,
    });
    const way = Math.floor(at / SOAK_FPS) % 10 === 9 ? spell : usual;
    for (let from = 0; from < datagrams.length; from += BATCH) {
      for (const datagram of datagrams.slice(from, from + BATCH)) way.push(datagram, null);
      await turn();
    }
    offered += datagrams.length;
    units.push(unit);
    if (units.length === SOAK_FPS || at + 1 === options.frames) {
      say({ type: 'sent', first: at + 2 - units.length, units });
      units = [];
    }
  }
  await pause(FLUSH);
  say({ type: 'done', offered, survived });
  socket.close();
  process.disconnect();
}

await main();
