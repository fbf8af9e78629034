/** A real streamer that is deleted while its session starts leaves the host in order. */
import test from 'ava';
import { once } from 'node:events';
import { SessionHost } from '../moonlight/session/session-host.js';
import { twoIdentities } from '../moonlight/nvhttp/fake-host.js';
import { realStreamers, streamerSpec } from '../support/real-streamers.js';

for (const how of ['deleted', 'out of time'] as const) {
  test.serial(`RTSP is broken off in the middle: ${how}`, async (t) => {
    const [identity, them] = await twoIdentities();
    const host = await SessionHost.start(them);
    t.teardown(() => host.close());
    const streamers = realStreamers(t, host.http.paired, identity, {
      startTimeout: how === 'deleted' ? 60_000 : 8_000,
      // Less than the host takes to end its side.
      stopTimeout: 1_500,
    });
    const { asked, ended } = host.holdRtsp(2_500);
    const streamer = await streamers.create(streamerSpec('s', 1));
    streamer.connected().catch(() => undefined);
    await asked;
    const closed = once(streamer, 'closed');
    if (how === 'deleted') await streamers.delete('s', false);
    await closed;
    t.is(await ended, 'in order');
  });
}
