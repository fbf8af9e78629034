/**
 * Client and host together: every two values of format (codec and depth), encryption, layout of the sound, fault
 * of the network and habits of the host meet in at least one row.
 */
import test, { type ExecutionContext } from 'ava';
import { once } from 'node:events';
import type { DemoHostOptions } from '../../src/demo-host/options.js';
import { TERMINATION_CODE } from '../../src/moonlight/control/host-messages.js';
import type { FaultProfile } from '../../src/moonlight/datagram.js';
import type {
  AccessUnit,
  HostMessage,
  NegotiatedStream,
  OpusPacket,
} from '../../src/moonlight/types.js';
import { openBench } from './bench.js';
import { CLIP, matrixClip, type MatrixClip } from './clips.js';
import { pairwise, type Row } from './pairwise.js';

const PICTURES = 45;
const PACKETS = 60;

interface Encryption {
  readonly host: DemoHostOptions;
  readonly wish: { readonly audio: boolean; readonly video: boolean };
  /** On a host that knows all of it, and on one with the habits of Wolf. */
  readonly agreed: Readonly<Record<'sunshine' | 'wolf', NegotiatedStream['encryption']>>;
}

const PLAIN = { rtsp: false, control: 1, audio: false, video: false } as const;
const SUNSHINE = { ...PLAIN, control: 2 } as const;
const NOTHING = { audio: false, video: false };

const ENCRYPTIONS = {
  'control v1': {
    host: { controlEncryption: 1 },
    wish: NOTHING,
    agreed: { sunshine: PLAIN, wolf: PLAIN },
  },
  'control v2': { host: {}, wish: NOTHING, agreed: { sunshine: SUNSHINE, wolf: PLAIN } },
  'audio wished': {
    host: { audioEncryption: 'offered' },
    wish: { audio: true, video: false },
    agreed: { sunshine: { ...SUNSHINE, audio: true }, wolf: { ...PLAIN, audio: true } },
  },
  'video wished': {
    host: { videoEncryption: 'offered' },
    wish: { audio: false, video: true },
    agreed: { sunshine: { ...SUNSHINE, video: true }, wolf: PLAIN },
  },
  'video required': {
    host: { videoEncryption: 'required' },
    wish: NOTHING,
    agreed: { sunshine: { ...SUNSHINE, video: true }, wolf: PLAIN },
  },
  rtspenc: {
    host: { rtspEncryption: 'required' },
    wish: NOTHING,
    agreed: { sunshine: { ...SUNSHINE, rtsp: true }, wolf: PLAIN },
  },
  everything: {
    host: { rtspEncryption: 'offered', videoEncryption: 'offered', audioEncryption: 'offered' },
    wish: { audio: true, video: true },
    agreed: {
      sunshine: { rtsp: true, control: 2, audio: true, video: true },
      wolf: { ...PLAIN, audio: true },
    },
  },
} as const satisfies Record<string, Encryption>;

const FAULTS = {
  none: null,
  loss: { loss: 0.03 },
  burst: { burst: { probability: 0.006, length: 8 } },
  reorder: { reorder: 0.1, reorderDepth: 5 },
  duplicate: { duplicate: 0.2 },
  jitter: { jitter: 20 },
} as const satisfies Record<string, FaultProfile | null>;

const FACTORS = {
  format: ['h264', 'h265', 'h265 10 bit', 'av1', 'av1 10 bit'],
  encryption: Object.keys(ENCRYPTIONS) as (keyof typeof ENCRYPTIONS)[],
  channels: [2, 6, 8],
  fault: Object.keys(FAULTS) as (keyof typeof FAULTS)[],
  style: ['sunshine', 'wolf'],
  end: ['host', 'client'],
} as const;

type Case = Row<typeof FACTORS>;

const ROWS = pairwise(FACTORS);

test('every two values meet in the table', (t) => {
  const names = Object.keys(FACTORS) as (keyof Case)[];
  for (const [index, a] of names.entries()) {
    for (const b of names.slice(index + 1)) {
      for (const x of FACTORS[a]) {
        for (const y of FACTORS[b]) {
          t.true(
            ROWS.some((row) => row[a] === x && row[b] === y),
            `${a} ${x}, ${b} ${y}`,
          );
        }
      }
    }
  }
  t.true(ROWS.length < 64, `${ROWS.length} rows`);
});

/** Pictures are those of the clip, in its order, and after a gap only a key frame. */
function judgePictures(t: ExecutionContext, units: readonly AccessUnit[], clip: MatrixClip): void {
  let previous: { number: number; index: number } | null = null;
  for (const { data, frameNumber, idr } of units) {
    const index = clip.units.findIndex((unit) => unit.equals(data));
    t.true(index >= 0, `frame ${frameNumber} is none of the clip`);
    t.is(idr, index === 0, `frame ${frameNumber}`);
    const follows =
      previous !== null &&
      frameNumber === previous.number + 1 &&
      index === (previous.index + 1) % clip.units.length;
    t.true(index === 0 || follows, `frame ${frameNumber} without its reference`);
    if (previous !== null) t.true(frameNumber > previous.number);
    previous = { number: frameNumber, index };
  }
}

function judgeSound(t: ExecutionContext, packets: readonly OpusPacket[], lossy: boolean): void {
  packets.forEach(({ data, sequence }, index) => {
    const before = packets[index - 1]?.sequence;
    if (before !== undefined) {
      t.true(sequence > before);
      if (!lossy) t.is(sequence, before + 1);
    }
    // RFC 6716 §3.1: 10 ms at full band is CELT only, configuration 30.
    t.is(data.readUInt8(0) >> 3, 30, `sound ${sequence}`);
  });
}

async function play(t: ExecutionContext, row: Case, seed: number): Promise<void> {
  const clip = await matrixClip(row.format);
  if (clip.madeUp !== null) t.log(`made-up pictures: ${clip.madeUp}`);
  const { host: options, wish, agreed } = ENCRYPTIONS[row.encryption];
  const fault = FAULTS[row.fault];
  const { host, session, close } = await openBench({
    source: clip.source,
    host: { ...options, style: row.style },
    channels: row.channels,
    wish,
    faults: fault,
    seed,
  });
  t.teardown(close);
  const units: AccessUnit[] = [];
  const packets: OpusPacket[] = [];
  const messages: HostMessage[] = [];
  const closed: unknown[] = [];
  session.on('video', (unit) => units.push(unit));
  session.on('audio', (packet) => packets.push(packet));
  session.on('message', (message) => messages.push(message));
  session.on('closed', (termination) => closed.push(termination));
  const stream = await session.start();
  const { codec, bitDepth } = clip;
  t.like(stream.video, { ...CLIP, codec, bitDepth, chroma: '4:2:0', colorSpace: 'Rec709' });
  t.deepEqual(stream.encryption, agreed[row.style]);
  // 7.1 is more than a Wolf bears: it is asked for 5.1.
  const channels = row.style === 'wolf' && row.channels === 8 ? 6 : row.channels;
  t.is(stream.audio.channels, channels);
  t.is(stream.audio.packetDuration, 10);
  t.is(new Set(stream.audio.mapping).size, channels);

  while (units.length < PICTURES) await once(session, 'video');
  while (packets.length < PACKETS) await once(session, 'audio');
  judgePictures(t, units, clip);
  // Delays are real time, of which a busy machine may add more than anybody waits for.
  const loses = row.fault === 'loss' || row.fault === 'burst' || row.fault === 'jitter';
  judgeSound(t, packets, loses);
  const { framesLost, audioLost } = session.stats();
  if (!loses) t.deepEqual({ framesLost, audioLost }, { framesLost: 0, audioLost: 0 });

  // Wolf says nothing about it.
  const hdr = messages.map((message) => message.type === 'hdr' && message.enabled);
  t.deepEqual(hdr, row.style === 'sunshine' ? [bitDepth === 10] : []);

  if (row.end === 'host') {
    const ended = once(session, 'closed');
    host.sessions[0]?.terminate(TERMINATION_CODE.CLOSED, 'a test');
    await ended;
    t.like(closed[0], { code: 0, byHost: true });
  } else {
    await session.close({ quitApp: true });
    t.like(closed[0], { code: 0, byHost: false });
    t.is(host.sessions.length, 0);
  }
  const shown = units.length;
  await session.close();
  await new Promise((resolve) => setImmediate(resolve));
  t.is(units.length, shown);
  t.is(closed.length, 1);
}

ROWS.forEach((row, index) => {
  test(Object.values(row).join(', '), async (t) => {
    await turn(() => play(t, row, index + 1));
  });
});

/** Rows at a time: they share two cores. */
const AT_ONCE = 3;
let running = 0;
const waiting: (() => void)[] = [];

async function turn(work: () => Promise<void>): Promise<void> {
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  running++;
  try {
    await work();
  } finally {
    running--;
    waiting.shift()?.();
  }
}
