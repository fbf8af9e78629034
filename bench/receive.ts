import { fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { fileURLToPath } from 'node:url';
import { silentLog } from '../src/core/log.js';
import { VideoStream } from '../src/moonlight/video/video-stream.js';
import type { Benchmark, BenchmarkResult } from './benchmark.js';
import type { SenderMessage, SenderOptions } from './receive-sender.js';
import { TYPESCRIPT } from '../test/support/typescript.js';

const MEGABIT = 1e6;
const RATES = [10, 20, 80];
const FPS = 60;
const PACKET_SIZE = 1392;
const KEY = Buffer.alloc(16, 7);
const SENDER = fileURLToPath(new URL('./receive-sender.ts', import.meta.url));

/** Milliseconds on top of the stream's own length within which a run must be over. */
const RUN_DEADLINE_MS = 60_000;

interface Receiver {
  /** Starts to receive from a host on loopback, and pings it. */
  open(port: number): Promise<void>;
  packets(): number;
  /** Whole frames, or null if frames are not examined. */
  frames(): number | null;
  close(): void;
}

/** What dgram alone costs: every packet is received and counted, nothing more. */
function bareReceiver(): Receiver {
  const socket = createSocket('udp4');
  let packets = 0;
  return {
    open: (port) =>
      new Promise((resolve) => {
        socket.on('message', () => packets++);
        socket.bind(0, '127.0.0.1', () => {
          socket.setRecvBufferSize(4_000_000);
          socket.send(Buffer.from('PING'), port, '127.0.0.1');
          resolve();
        });
      }),
    packets: () => packets,
    frames: () => null,
    close: () => socket.close(),
  };
}

function streamReceiver(encrypted: boolean): Receiver {
  let stream: VideoStream | null = null;
  let frames = 0;
  return {
    open: async (port) => {
      stream = new VideoStream({
        remote: { address: '127.0.0.1', port },
        pingPayload: null,
        key: KEY,
        encrypted,
        codec: 'h264',
        fps: FPS,
        packetSize: PACKET_SIZE,
        referenceFrameInvalidation: false,
        log: silentLog(),
      });
      stream.on('access-unit', () => frames++);
      await stream.start();
    },
    packets: () => stream?.stats.packets ?? 0,
    frames: () => frames,
    close: () => stream?.close(),
  };
}

interface Measurement {
  /** Of one core, while the stream ran. */
  readonly cpuPercent: number;
  readonly packetsPerSecond: number;
  readonly microsecondsPerPacket: number;
  readonly packetsLost: number;
  readonly framesLost: number | null;
}

async function measure(receiver: Receiver, options: SenderOptions): Promise<Measurement> {
  const sender = fork(SENDER, [JSON.stringify(options)], { execArgv: [...TYPESCRIPT] });
  const deadline = setTimeout(
    () => sender.kill('SIGKILL'),
    options.seconds * 1000 + RUN_DEADLINE_MS,
  );
  let startedAt = 0;
  let startUsage = process.cpuUsage();
  try {
    const done = await new Promise<Extract<SenderMessage, { type: 'done' }>>((resolve, reject) => {
      sender.once('error', reject);
      sender.once('exit', (code) => reject(new Error(`the sender exited early with ${code}`)));
      sender.on('message', (message: SenderMessage) => {
        if (message.type === 'done') {
          resolve(message);
          return;
        }
        startUsage = process.cpuUsage();
        startedAt = performance.now();
        receiver.open(message.port).catch(reject);
      });
    });
    const usage = process.cpuUsage(startUsage);
    const seconds = (performance.now() - startedAt) / 1000;
    const busy = usage.user + usage.system;
    const frames = receiver.frames();
    return {
      cpuPercent: busy / 1e4 / seconds,
      packetsPerSecond: receiver.packets() / seconds,
      microsecondsPerPacket: busy / Math.max(1, receiver.packets()),
      packetsLost: done.packets - receiver.packets(),
      framesLost: frames === null ? null : done.frames - frames,
    };
  } finally {
    clearTimeout(deadline);
    receiver.close();
    sender.kill('SIGKILL');
  }
}

const rounded = (value: number, digits = 1): number => Number(value.toFixed(digits));

/** CPU of receiving GameStream video, beside a receiver that does nothing with it. */
export const receive: Benchmark = {
  name: 'receive',
  description: 'CPU of the receive path at 10, 20 and 80 Mbit/s, beside bare dgram',
  async run({ quick }): Promise<BenchmarkResult> {
    const seconds = quick ? 2 : 10;
    const kinds: [name: string, make: () => Receiver, encrypted: boolean][] = [
      ['bare dgram', bareReceiver, false],
      ['VideoStream', () => streamReceiver(false), false],
      ['VideoStream, encrypted', () => streamReceiver(true), true],
    ];
    const optionsFor = (rate: number, encrypted: boolean, length: number): SenderOptions => ({
      bitrate: rate * MEGABIT,
      fps: FPS,
      seconds: length,
      packetSize: PACKET_SIZE,
      key: encrypted ? KEY.toString('hex') : null,
    });
    // The compiler shall have seen the code before anything is measured.
    for (const [, make, encrypted] of kinds) await measure(make(), optionsFor(40, encrypted, 1));

    const rows: BenchmarkResult['rows'] = [];
    for (const rate of RATES) {
      let bare = 0;
      for (const [name, make, encrypted] of kinds) {
        const found = await measure(make(), optionsFor(rate, encrypted, seconds));
        if (name === 'bare dgram') bare = found.cpuPercent;
        rows.push({
          mbit_per_s: rate,
          receiver: name,
          packets_per_s: Math.round(found.packetsPerSecond),
          cpu_percent: rounded(found.cpuPercent),
          above_bare_percent: rounded(found.cpuPercent - bare),
          us_per_packet: rounded(found.microsecondsPerPacket, 2),
          packets_lost: found.packetsLost,
          frames_lost: found.framesLost ?? '-',
        });
      }
    }
    return {
      rows,
      notes: [
        `Loopback, ${FPS} fps, packets of ${PACKET_SIZE + 16} bytes, 20 % FEC on top of the rate, ${seconds} s each.`,
        'CPU is that of the receiving process (user and system), in percent of one core; the sender is another process.',
        'Packets lost were dropped by the kernel for want of buffer (net.core.rmem_max), as a rule on a busy machine.',
      ],
    };
  },
};
