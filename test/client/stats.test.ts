import test from 'ava';
import { StatsCollector } from '../../client/stats.js';

type Report = Record<string, unknown>;

function connection(samples: Report[][]): { getStats: () => Promise<Map<string, Report>> } {
  return {
    getStats: () =>
      Promise.resolve(
        new Map((samples.shift() ?? []).map((report) => [String(report['id']), report])),
      ),
  };
}

function collector(samples: Report[][]): StatsCollector {
  return new StatsCollector(connection(samples));
}

const video = (changes: Report): Report => ({
  id: 'video',
  type: 'inbound-rtp',
  kind: 'video',
  codecId: 'codec',
  frameWidth: 1280,
  frameHeight: 720,
  jitter: 0.002,
  ...changes,
});

test('rates are over the time since the sample before', async (t) => {
  const stats = collector([
    [video({ timestamp: 1000, framesDecoded: 10, bytesReceived: 1000, packetsReceived: 5 })],
    [
      video({
        timestamp: 3000,
        framesDecoded: 130,
        bytesReceived: 251_000,
        packetsReceived: 95,
        packetsLost: 10,
        totalDecodeTime: 0.24,
        jitterBufferDelay: 1.2,
        jitterBufferEmittedCount: 120,
      }),
      { id: 'codec', mimeType: 'video/H264' },
    ],
  ]);
  t.like(await stats.sample(), { bitrate: 0, framesDecoded: 10, codec: '' });
  t.deepEqual(await stats.sample(), {
    codec: 'H264',
    width: 1280,
    height: 720,
    fps: 60,
    bitrate: 1000,
    loss: 0.1,
    jitter: 2,
    roundTrip: 0,
    bufferDelay: 10,
    decodeTime: 2,
    framesDecoded: 130,
    framesDropped: 0,
    keyFrames: 0,
    freezes: 0,
    packetsReceived: 95,
    packetsLost: 10,
    audioEnergy: 0,
    audioConcealed: 0,
    path: '',
  });
});

test('the path is the selected one, and a relay on either side counts', async (t) => {
  const reports = [
    { id: 'transport', type: 'transport', selectedCandidatePairId: 'pair' },
    {
      id: 'pair',
      currentRoundTripTime: 0.012,
      localCandidateId: 'local',
      remoteCandidateId: 'remote',
    },
    { id: 'local', candidateType: 'relay', protocol: 'tcp' },
    { id: 'remote', candidateType: 'host', protocol: 'udp' },
  ];
  t.like(await collector([reports]).sample(), { roundTrip: 12, path: 'relay tcp' });
});

test('sound that was made up is counted, silence is not', async (t) => {
  const audio = { id: 'audio', type: 'inbound-rtp', kind: 'audio' };
  const stats = collector([
    [
      {
        ...audio,
        totalSamplesReceived: 1000,
        concealedSamples: 400,
        silentConcealedSamples: 300,
        totalAudioEnergy: 0.5,
      },
    ],
  ]);
  t.like(await stats.sample(), { audioConcealed: 0.1, audioEnergy: 0.5 });
});

test('a connection without reports has no figures', async (t) => {
  t.like(await collector([[]]).sample(), { fps: 0, bitrate: 0, loss: 0, codec: '', path: '' });
});
