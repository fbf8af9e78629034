import { createCipheriv, createHmac } from 'node:crypto';
import { execFile, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withLibraries } from '../src/streamer/supervisor/libraries.js';
import type { Benchmark } from './benchmark.js';
import { ensureClip, type Clip } from './support/clip.js';
import type { Contender } from './support/contender.js';
import { Janus, janusInstalled } from './support/janus.js';
import { Moontee } from './support/moontee.js';
import { removeAtExit } from './support/processes.js';
import { ReceiverProcess } from './support/receiver.js';
import { median, round } from './support/statistics.js';
import { cpuTime } from './support/usage.js';

const run = promisify(execFile);

/** Bytes of an RTP packet of the clip, nearly always. */
const PACKET_BYTES = 1200;
const COMMAND_DEADLINE_MS = 120_000;

/** Microseconds of CPU a packet, one figure a round. */
type Costs = Map<string, number[]>;

interface Plan {
  readonly rounds: number;
  /** Times that the clip passes through a GStreamer chain. */
  readonly repeats: number;
  readonly batches: number;
  readonly viewers: number;
  /** Milliseconds. */
  readonly window: number;
}

const FULL: Plan = { rounds: 5, repeats: 10, batches: 4_000, viewers: 10, window: 5_000 };
const QUICK: Plan = { rounds: 1, repeats: 3, batches: 500, viewers: 5, window: 2_000 };

/** What a packet must cost on this machine, whatever the server is made of. */
export const floor: Benchmark = {
  name: 'floor',
  description: 'CPU time of one 1200-byte packet: kernel and SRTP alone, and whole servers',
  async run({ quick }) {
    const plan = quick ? QUICK : FULL;
    const clip = await ensureClip();
    const notes: string[] = [];
    const program = await compileSendCost(notes);
    const costs: Costs = new Map();
    for (let i = 0; i < plan.rounds; i += 1) {
      if (program !== null) await kernel(program, plan, costs);
      await chains(clip, plan, costs);
      nodeCrypto(plan, costs);
      await nodeSend(plan, costs);
      await server('Moontee', () => Moontee.start({ audio: false }), plan, costs);
      if (janusInstalled()) await server('Janus', () => Janus.start(), plan, costs);
    }
    const rows = [...costs].map(([what, values]) => {
      const cost = median(values);
      return {
        what,
        'µs a packet': round(cost, 2),
        '% of a core at 10 Mbit/s': round((cost * clip.packets.flat().length) / 1e5, 2),
      };
    });
    notes.push(
      'Each figure is the median of the rounds. GStreamer rows are differences between chains.',
      `Whole servers: ${plan.viewers} viewers against none, divided by the packets that left.`,
    );
    return { rows, notes };
  },
};

function add(costs: Costs, what: string, microseconds: number): void {
  costs.set(what, [...(costs.get(what) ?? []), microseconds]);
}

/** Node has no way to send many packets in a call, so a few lines of C ask the kernel. */
async function compileSendCost(notes: string[]): Promise<string | null> {
  const directory = mkdtempSync(join(tmpdir(), 'moontee-bench-floor-'));
  removeAtExit(directory);
  const source = fileURLToPath(new URL('./support/send-cost.c', import.meta.url));
  const program = join(directory, 'send-cost');
  try {
    await run('cc', ['-O2', '-o', program, source], { timeout: COMMAND_DEADLINE_MS });
    return program;
  } catch {
    notes.push('No C compiler: the rows of the kernel alone are missing.');
    return null;
  }
}

async function kernel(program: string, plan: Plan, costs: Costs): Promise<void> {
  const { stdout } = await run(program, [String(plan.batches), String(PACKET_BYTES)], {
    timeout: COMMAND_DEADLINE_MS,
  });
  const nanoseconds = JSON.parse(stdout) as { sendto: number; sendmmsg: number; gso: number };
  const names = {
    sendto: 'kernel: sendto, a call a packet',
    sendmmsg: 'kernel: sendmmsg, 32 packets a call',
    gso: 'kernel: UDP GSO, 32 packets a call',
  };
  for (const way of ['sendto', 'sendmmsg', 'gso'] as const) {
    if (nanoseconds[way] >= 0) add(costs, names[way], nanoseconds[way] / 1000);
  }
}

/** The same packets through chains of gst-launch that differ by one element. */
async function chains(clip: Clip, plan: Plan, costs: Costs): Promise<void> {
  const input = consecutive(clip, plan.repeats);
  const packets = clip.packets.flat().length * plan.repeats;
  const sink = createSocket('udp4');
  sink.on('message', () => undefined);
  sink.bind(0, '127.0.0.1');
  await once(sink, 'listening');
  const srtp = (cipher: string, auth: string, keyBytes: number): string =>
    `srtpenc key=${'5a'.repeat(keyBytes)} rtp-cipher=${cipher} rtcp-cipher=${cipher} ` +
    `rtp-auth=${auth} rtcp-auth=${auth} ! fakesink sync=false`;
  const counterMode = srtp('aes-128-icm', 'hmac-sha1-80', 30);
  const galoisMode = srtp('aes-128-gcm', 'null', 28);
  const system = process.env;
  const ours = withLibraries(system);
  const variants: (readonly [what: string, elements: string, environment: NodeJS.ProcessEnv])[] = [
    ['GStreamer: srtpenc, AES-CM + HMAC-SHA1, Debian', counterMode, system],
    ['GStreamer: srtpenc, AES-GCM, Debian', galoisMode, system],
    ['GStreamer: udpsink', `udpsink host=127.0.0.1 port=${sink.address().port} sync=false`, system],
  ];
  if (ours !== system) {
    variants.push(
      ['GStreamer: srtpenc, AES-CM + HMAC-SHA1, as streamers have it', counterMode, ours],
      ['GStreamer: srtpenc, AES-GCM, upon OpenSSL', galoisMode, ours],
    );
  }
  try {
    const base = await chain('fakesink sync=false', input, system);
    for (const [name, elements, environment] of variants) {
      add(costs, name, ((await chain(elements, input, environment)) - base) / packets);
    }
  } finally {
    sink.close();
  }
}

/** RFC 4571 framing; the sequence continues over the repeats, as SRTP requires. */
function consecutive(clip: Clip, repeats: number): Buffer {
  const all: Buffer[] = [];
  let sequence = 0;
  for (let i = 0; i < repeats; i += 1) {
    for (const packet of clip.packets.flat()) {
      const framed = Buffer.alloc(2 + packet.length);
      framed.writeUInt16BE(packet.length);
      packet.copy(framed, 2);
      framed.writeUInt16BE(sequence, 4);
      sequence = (sequence + 1) & 0xffff;
      all.push(framed);
    }
  }
  return Buffer.concat(all);
}

/** Microseconds of CPU of one gst-launch that reads `input`. */
async function chain(elements: string, input: Buffer, env: NodeJS.ProcessEnv): Promise<number> {
  const description =
    'fdsrc fd=0 blocksize=65536 ! ' +
    'application/x-rtp-stream,media=video,clock-rate=90000,encoding-name=H264,payload=96 ! ' +
    `rtpstreamdepay ! ${elements}`;
  // The shell reports the times of its ended children, which Node cannot.
  const shell = spawn(
    'bash',
    ['-c', '"$@" >/dev/null || exit 1; times', 'bash', 'gst-launch-1.0', '-q'].concat(
      description.split(' '),
    ),
    { stdio: ['pipe', 'pipe', 'ignore'], env, timeout: COMMAND_DEADLINE_MS },
  );
  let output = '';
  shell.stdout.on('data', (text: Buffer) => (output += text.toString()));
  shell.stdin.on('error', () => undefined);
  shell.stdin.end(input);
  const [code] = (await once(shell, 'close')) as [number | null];
  if (code !== 0) throw new Error(`gst-launch-1.0 failed: ${description}`);
  const children = output.trim().split('\n').at(-1) ?? '';
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest),
    0,
  );
  return seconds * 1e6;
}

function nodeCrypto(plan: Plan, costs: Costs): void {
  const packet = Buffer.alloc(PACKET_BYTES, 0x5a);
  const key = Buffer.alloc(16, 1);
  const counter = Buffer.alloc(16, 2);
  const nonce = Buffer.alloc(12, 3);
  const authKey = Buffer.alloc(20, 4);
  const time = (what: string, work: () => void): void => {
    const count = plan.batches * 8;
    const before = process.cpuUsage();
    for (let i = 0; i < count; i += 1) work();
    const { user, system } = process.cpuUsage(before);
    add(costs, what, (user + system) / count);
  };
  time('Node: AES-128-GCM', () => {
    const cipher = createCipheriv('aes-128-gcm', key, nonce);
    cipher.update(packet);
    cipher.final();
    cipher.getAuthTag();
  });
  time('Node: AES-128-CTR + HMAC-SHA1', () => {
    const cipher = createCipheriv('aes-128-ctr', key, counter);
    createHmac('sha1', authKey).update(cipher.update(packet)).digest();
  });
}

/** Node's dgram, a call a packet, sent in runs as a picture is. */
async function nodeSend(plan: Plan, costs: Costs): Promise<void> {
  const packet = Buffer.alloc(PACKET_BYTES, 0x5a);
  const sink = createSocket('udp4');
  sink.bind(0, '127.0.0.1');
  await once(sink, 'listening');
  const { port } = sink.address();
  const socket = createSocket('udp4');
  const perRun = 20;
  const runs = plan.batches;
  const before = process.cpuUsage();
  for (let i = 0; i < runs; i += 1) {
    for (let k = 0; k < perRun; k += 1) socket.send(packet, port, '127.0.0.1');
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { user, system } = process.cpuUsage(before);
  add(costs, 'Node: dgram send', (user + system) / (runs * perRun));
  socket.close();
  sink.close();
}

async function server(
  name: string,
  start: () => Promise<Contender>,
  plan: Plan,
  costs: Costs,
): Promise<void> {
  const receivers = await ReceiverProcess.start();
  const contender = await start();
  try {
    const idle = await spent(contender, plan);
    for (let i = 0; i < plan.viewers; i += 1) await contender.join(`viewer-${i}`, receivers);
    await delay(1_000);
    receivers.reset();
    const busy = await spent(contender, plan);
    const packets = (await receivers.stats()).reduce((sum, peer) => sum + peer.packets, 0);
    add(costs, `${name}: a packet to a viewer`, (busy - idle) / packets);
  } finally {
    await contender.stop();
    await receivers.stop();
  }
}

/** Microseconds of CPU within one window. */
async function spent(contender: Contender, plan: Plan): Promise<number> {
  const before = cpuTime(contender.pid);
  await delay(plan.window);
  return (cpuTime(contender.pid) - before) * 1000;
}
