import test from 'ava';
import fc from 'fast-check';
import { judgeRecording } from '../../src/media/recording-limits.js';
import { silentOpusPacket } from '../../src/media/silent-opus.js';
import { recordingFileName, recordingFileNumber } from '../../src/protocol/recording-files.js';

const limits = { fileBytes: 100, fileMs: 1_000, totalBytes: 500, totalMs: 5_000 };
const nothing = { fileBytes: 0, fileMs: 0, totalBytes: 0, totalMs: 0 };

test('a file is rotated by size or by time, and the end comes before that', (t) => {
  t.is(judgeRecording(limits, nothing), 'continue');
  t.is(judgeRecording(limits, { ...nothing, fileBytes: 100 }), 'rotate');
  t.is(judgeRecording(limits, { ...nothing, fileMs: 1_000 }), 'rotate');
  t.is(judgeRecording(limits, { ...nothing, fileBytes: 100, totalBytes: 500 }), 'end');
  t.is(judgeRecording(limits, { ...nothing, totalMs: 5_000 }), 'end');
});

test('names of files come back as their numbers, and nothing else does', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999_999_999 }), (number) => {
      return recordingFileNumber(recordingFileName(number)) === number;
    }),
  );
  for (const name of ['00000.mkv', '1.mkv', '00001.mkv.tmp', '../00001.mkv', '00001.MKV', '']) {
    t.is(recordingFileNumber(name), null, name);
  }
});

test('silence has a frame without bytes for each stream', (t) => {
  const stereo = { streams: 1, coupledStreams: 1, packetDuration: 10 } as const;
  t.is(silentOpusPacket(stereo).toString('hex'), 'f4');
  const surround = { streams: 4, coupledStreams: 2, packetDuration: 5 } as const;
  t.is(silentOpusPacket(surround).toString('hex'), 'ec00ec00e800e8');
});
