import test from 'ava';
import fc from 'fast-check';
import { MoonteeError } from '../../../src/core/errors.js';
import { parseNumber, readDescription } from '../../../src/moonlight/rtsp/description.js';
import { chooseEncryption } from '../../../src/moonlight/rtsp/encryption.js';
import { chooseAudio, type AudioChoice } from '../../../src/moonlight/rtsp/opus-layout.js';
import { chooseVideo, type VideoWishes } from '../../../src/moonlight/rtsp/video-choice.js';
import { VIDEO_FORMAT as F, type AudioChannels } from '../../../src/moonlight/types.js';

const SUNSHINE = ['21101', '21101', '642012453', '660012345', '85301245367', '88001234567'];
const WOLF = ['21101', '642014235', '85301423675'];

function choose(
  audioChannels: AudioChannels,
  lines: readonly string[],
  bitrate: number,
): AudioChoice {
  return chooseAudio({ audioChannels, audioPacketDuration: 10, bitrate }, lines);
}

function mapping(channels: AudioChannels, lines: readonly string[], bitrate: number): number[] {
  return [...choose(channels, lines, bitrate).layout.mapping];
}

test('Opus layouts: the five rules of gamestream.md §3.6', (t) => {
  // 1: stereo is never parsed.
  t.deepEqual(choose(2, ['29999'], 20_000), {
    layout: { channels: 2, streams: 1, coupledStreams: 1, mapping: [0, 1], packetDuration: 10 },
    highQuality: false,
  });
  // 2: the first line names the low-frequency channel last.
  t.deepEqual(mapping(6, SUNSHINE, 10_000), [0, 1, 2, 3, 4, 5]);
  t.deepEqual(mapping(8, ['85301245673'], 10_000), [0, 1, 2, 3, 4, 5, 6, 7]);
  // Sunshine rotates the first six entries of its 7.1 only: the speakers would be wrong.
  t.deepEqual(mapping(8, SUNSHINE, 10_000), [0, 1, 2, 3, 4, 5, 6, 7]);
  t.deepEqual(mapping(6, WOLF, 50_000), [0, 1, 4, 5, 2, 3]);
  t.deepEqual(mapping(8, WOLF, 50_000), [0, 1, 4, 5, 2, 3, 6, 7]);
  // 3 and 4: the second line is the better one, taken as it is, from 15 Mbit/s on.
  t.deepEqual(choose(6, SUNSHINE, 15_000), {
    layout: {
      channels: 6,
      streams: 6,
      coupledStreams: 0,
      mapping: [0, 1, 2, 3, 4, 5],
      packetDuration: 10,
    },
    highQuality: true,
  });
  t.deepEqual(mapping(8, SUNSHINE, 15_000), [0, 1, 2, 3, 4, 5, 6, 7]);
  t.false(choose(6, SUNSHINE, 14_999).highQuality);
  // 5: no line.
  t.deepEqual(mapping(6, [], 20_000), [0, 4, 1, 5, 2, 3]);
  t.throws(() => choose(8, ['21101'], 20_000), { instanceOf: MoonteeError });
});

test('unusable Opus lines are refused', (t) => {
  for (const line of ['6', '64201', '640012345', '606012345', '642012459', '623012345']) {
    t.throws(() => choose(6, [line], 1000), { instanceOf: MoonteeError }, line);
  }
});

test('a description is read as the reference client reads it', (t) => {
  const wolf = readDescription(
    'sprop-parameter-sets=AAAAAU\r\na=a=rtpmap:98 AV1/90000\r\n' +
      'a=fmtp:97 surround-params=21101\r\na=fmtp:97 surround-params=642014235\r\n' +
      'a=x-ss-general.featureFlags: 3\r\n',
  );
  t.deepEqual(wolf, {
    hevc: true,
    av1: true,
    referenceFrameInvalidation: false,
    featureFlags: 3,
    encryptionSwitches: false,
    encryptionSupported: 0,
    encryptionRequested: 0,
    surroundParams: ['21101', '642014235'],
  });
  const numbers: [string, number][] = [
    ['7', 7],
    [' 0x1F rest', 31],
    ['010', 8],
    ['0', 0],
    ['x', 0],
    ['', 0],
    ['99999999999', 0xffff_ffff],
    ['-5', 0],
  ];
  for (const [text, value] of numbers) t.is(parseNumber(text), value, text);
});

test('descriptions: any text is read, within bounds', (t) => {
  const piece = fc.oneof(
    fc.constantFrom('x-ss-general.featureFlags', 'a=fmtp:97 surround-params=', ':', '0x', '642'),
    fc.string({ maxLength: 30 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 300 }), (pieces) => {
      const description = readDescription(pieces.join(''));
      t.true(description.featureFlags >= 0 && description.featureFlags <= 0xffff_ffff);
      t.true(description.surroundParams.length <= 64);
      for (const channels of [2, 6, 8] as const) {
        try {
          const { layout } = choose(channels, description.surroundParams, 20_000);
          t.is(layout.mapping.length, channels);
          t.true(layout.mapping.every((i) => i < layout.streams + layout.coupledStreams));
        } catch (error) {
          t.true(error instanceof MoonteeError);
        }
      }
    }),
    { seed: 5, numRuns: 500 },
  );
});

test('video: codec by offer and preference, then depth and chroma', (t) => {
  const all = Object.values(F).reduce((mask, bit) => mask | bit, 0);
  const wishes: VideoWishes = {
    formats: all,
    serverModes: 0x7f_0301,
    description: { hevc: true, av1: true },
    playable: ['h264', 'h265', 'av1'],
  };
  const choose = (changes: Partial<VideoWishes>): string => {
    const { codec, bitDepth, chroma } = chooseVideo({ ...wishes, ...changes });
    return `${codec} ${bitDepth} ${chroma}`;
  };
  t.is(choose({}), 'av1 10 4:4:4');
  t.is(choose({ serverModes: 65793 }), 'av1 8 4:2:0');
  t.is(choose({ playable: ['h264', 'h265'] }), 'h265 10 4:4:4');
  t.is(choose({ description: { hevc: false, av1: false } }), 'h264 8 4:4:4');
  t.is(choose({ formats: F.H264 | F.H265_MAIN10, serverModes: 0x301 }), 'h265 10 4:2:0');
  t.is(choose({ formats: F.H264 | F.H265_MAIN10, serverModes: 0x101 }), 'h264 8 4:2:0');
  t.is(choose({ formats: F.H264, serverModes: 0 }), 'h264 8 4:2:0');
  t.is(choose({ formats: F.AV1_MAIN8 | F.H265, serverModes: 1 }), 'av1 8 4:2:0');
  const none = { formats: F.AV1_MAIN8, description: { hevc: true, av1: false } };
  const error = t.throws(() => choose(none), { instanceOf: MoonteeError });
  t.is(error.code, 'CODEC_UNAVAILABLE');
});

test('encryption is never less than the host requests', (t) => {
  const bits = fc.integer({ min: 0, max: 7 });
  fc.assert(
    fc.property(bits, bits, fc.boolean(), fc.boolean(), (supported, requested, video, audio) => {
      const choice = chooseEncryption(
        { encryptionSupported: supported, encryptionRequested: requested },
        { video, audio },
      );
      t.is(choice.enabled & requested, requested);
      t.is(choice.enabled & ~(supported | requested), 0);
      t.is(choice.control, (choice.enabled & 1) !== 0 ? 2 : 1);
      t.is(choice.video, (choice.enabled & 2) !== 0);
      t.is(choice.audio, audio || (choice.enabled & 4) !== 0);
      if (!video && (requested & 2) === 0) t.false(choice.video);
    }),
    { seed: 3, numRuns: 300 },
  );
});
