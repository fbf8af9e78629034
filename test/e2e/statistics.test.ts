/** The statistics of a true child pass the codec, and have what callers of REST know. */
import test from 'ava';
import { SessionHost } from '../moonlight/session/session-host.js';
import { twoIdentities } from '../moonlight/nvhttp/fake-host.js';
import { realStreamers, streamerSpec } from '../support/real-streamers.js';
import { until } from '../support/until.js';

test('a streamer with a session answers with all its figures', async (t) => {
  const [identity, them] = await twoIdentities();
  const host = await SessionHost.start(them);
  t.teardown(() => host.close());
  const streamers = realStreamers(t, host.http.paired, identity);
  const streamer = await streamers.create(streamerSpec('s', 1));
  await streamer.connected();
  const stats = await until('pictures are in the pipeline', async () => {
    const now = await streamer.request('stats', null);
    return (now.pipeline?.videoUnits ?? 0) > 0 ? now : null;
  });
  const session = [
    ...['videoPackets', 'videoBytes', 'framesComplete', 'framesLost', 'framesRefused'],
    ...['packetsRecovered', 'packetsLost', 'audioPackets', 'audioLost', 'idrRequests'],
    'roundTrip',
  ];
  const pipeline = [
    ...['videoUnits', 'videoBytes', 'audioPackets', 'unitsDropped', 'keyframeRequests', 'peers'],
  ];
  for (const key of session) t.true(key in stats.session, key);
  for (const key of pipeline) t.true(key in (stats.pipeline ?? {}), key);
  t.like(stats.negotiated, { video: { codec: 'h264' }, audio: { channels: 2 } });
  t.is(typeof stats.lateness?.video, 'number');
  t.true(stats.sessionTotals.framesComplete >= stats.session.framesComplete);
  t.true(stats.process.heapUsed > 0 && stats.process.cpuTime > 0);
});
