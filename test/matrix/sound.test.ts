/** What arrives of stereo, 5.1 and 7.1 is decoded with the layout that was agreed. */
import test, { type ExecutionContext } from 'ava';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AudioLayout, OpusPacket } from '../../src/moonlight/types.js';
import { openBench } from './bench.js';
import { matrixClip } from './clips.js';

const run = promisify(execFile);

/** A bit more than whole beeps, which come every second, need for all speakers. */
const MILLISECONDS = { 2: 2300, 6: 5300, 8: 7300 } as const;
/** Channels in the order in which the host's beep walks: all but the LFE. */
const WALK = { 6: [0, 1, 2, 4, 5], 8: [0, 1, 2, 4, 5, 6, 7] } as const;
const LOUD = 1000;
const SAMPLE_RATE = 48_000;

/** Interleaved 16-bit samples. */
async function decode(packets: readonly OpusPacket[], layout: AudioLayout): Promise<Int16Array> {
  const folder = await mkdtemp(join(tmpdir(), 'moontee-sound-'));
  try {
    await writeFile(join(folder, 'rtp'), Buffer.concat(packets.map(rtpRecord)));
    const { channels, streams, coupledStreams, mapping } = layout;
    const caps =
      `audio/x-opus,rate=48000,channels=${channels},channel-mapping-family=255,` +
      `stream-count=${streams},coupled-count=${coupledStreams},` +
      `channel-mapping=<${mapping.map((index) => `(int)${index}`).join(',')}>`;
    const raw = join(folder, 'raw');
    const stream = 'media=audio,encoding-name=OPUS,clock-rate=48000,payload=96';
    await run(
      'gst-launch-1.0',
      [
        ...`-q filesrc location=${folder}/rtp ! application/x-rtp-stream,${stream}`.split(' '),
        ...'! rtpstreamdepay ! rtpopusdepay ! capssetter replace=true join=false'.split(' '),
        `caps=${caps}`,
        ...`! opusdec ! audio/x-raw,format=S16LE ! filesink location=${raw}`.split(' '),
      ],
      { timeout: 60_000 },
    );
    const bytes = await readFile(raw);
    return new Int16Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 2));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** RFC 4571: what gives GStreamer packet boundaries and a clock. */
function rtpRecord({ data, sequence }: OpusPacket, index: number): Buffer {
  const header = Buffer.alloc(14);
  header.writeUInt16BE(12 + data.length, 0);
  header.writeUInt16BE(0x8060, 2);
  header.writeUInt16BE(sequence & 0xffff, 4);
  header.writeUInt32BE(index * 240, 6);
  return Buffer.concat([header, data]);
}

/**
 * The loudest channel of each beep, in their order; null where two are as loud. Beeps that the
 * recording cuts are left out: a decoder that begins, or ends, within one spreads it to its pair.
 */
function beeps(samples: Int16Array, channels: number): (number | null)[] {
  const found: (number | null)[] = [];
  const frame = SAMPLE_RATE / 100;
  let silent = true;
  let isCut = true;
  let peaks = new Array<number>(channels).fill(0);
  const note = (): void => {
    if (silent || isCut) return;
    const loudest = peaks.indexOf(Math.max(...peaks));
    const rival = Math.max(...peaks.filter((_, channel) => channel !== loudest));
    found.push((peaks[loudest] ?? 0) > 4 * rival ? loudest : null);
  };
  for (let at = 0; at < samples.length / channels; at += frame) {
    const now = new Array<number>(channels).fill(0);
    for (let index = at * channels; index < (at + frame) * channels; index++) {
      const channel = index % channels;
      now[channel] = Math.max(now[channel] ?? 0, Math.abs(samples[index] ?? 0));
    }
    if (Math.max(...now) < LOUD) {
      note();
      silent = true;
      isCut = false;
      peaks = new Array<number>(channels).fill(0);
    } else {
      silent = false;
      peaks = peaks.map((peak, channel) => Math.max(peak, now[channel] ?? 0));
    }
  }
  return found;
}

async function listen(
  t: ExecutionContext,
  channels: 2 | 6 | 8,
  encrypted: boolean,
): Promise<(number | null)[]> {
  const { source } = await matrixClip('h264');
  const { session, close } = await openBench({
    source,
    host: { audioEncryption: 'offered' },
    channels,
    wish: { audio: encrypted, video: false },
    faults: null,
    seed: 1,
  });
  t.teardown(close);
  const packets: OpusPacket[] = [];
  session.on('audio', (packet) => packets.push(packet));
  const { audio } = await session.start();
  const enough = MILLISECONDS[channels] / audio.packetDuration;
  while (packets.length < enough) await once(session, 'audio');
  await session.close({ quitApp: true });
  const samples = await decode(packets, audio);
  const seconds = samples.length / audio.channels / SAMPLE_RATE;
  // The encoder's pre-skip is cut off.
  t.true(seconds > MILLISECONDS[channels] / 1000 - 0.1, `${seconds} s decoded`);
  return beeps(samples, audio.channels);
}

test.serial('stereo: the beep is on both sides', async (t) => {
  const heard = await listen(t, 2, false);
  t.true(heard.length >= 2);
  t.true(heard.every((channel) => channel === null));
});

/** A machine that is held up makes the host leave out sound, and with it beeps or parts of them. */
const ATTEMPTS = 3;

/** @returns in words what is wrong with the walk of the beep; null if nothing is */
function faultOf(heard: readonly (number | null)[], walk: readonly number[]): string | null {
  if (heard.length < walk.length) return `${heard.length} beeps`;
  const wrong = heard.findIndex((channel, index) => {
    if (channel === null || !walk.includes(channel)) return true;
    const before = walk.indexOf(heard[index - 1] ?? -1);
    return index > 0 && channel !== walk[(before + 1) % walk.length];
  });
  return wrong === -1 ? null : `beep ${wrong} of ${JSON.stringify(heard)}`;
}

for (const channels of [6, 8] as const) {
  test.serial(`${channels} channels: the beep walks from speaker to speaker`, async (t) => {
    let fault: string | null = '';
    for (let attempt = 0; attempt < ATTEMPTS && fault !== null; attempt += 1) {
      fault = faultOf(await listen(t, channels, channels === 8), WALK[channels]);
      if (fault !== null) t.log(fault);
    }
    t.is(fault, null);
  });
}
