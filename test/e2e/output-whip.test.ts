import test from 'ava';
import type { OutputInfo } from '../../src/protocol/rest-models.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { TestServer } from '../support/server.js';
import { until } from '../support/until.js';
import { WhipReceiver } from '../support/whip-receiver.js';

const PATH = '/api/streamers/s/outputs/sfu';

test.serial(
  'a streamer publishes by WHIP, with each of its processes, and says goodbye',
  async (t) => {
    t.timeout(240_000);
    const receiver = await WhipReceiver.start();
    t.teardown(() => receiver.close());
    const flags = { outputs_allowed: receiver.origin, restart_backoff_min_ms: '100' };
    const server = new TestServer(
      await demoServer(t, { flags: { ...flags, end_policy: 'keep' } }),
      '',
    );
    await demoStreamer(server.running);
    const body = { type: 'whip', url: `${receiver.origin}/whip/endpoint`, token: 'token-of-7' };
    t.is((await server.ask('PUT', PATH, { body })).status, 201);
    const untilState = (state: string): Promise<boolean> =>
      until(`the output is ${state}`, async () => {
        return ((await server.ask('GET', PATH)).json as OutputInfo).state === state;
      });
    await untilState('active');
    await receiver.peer?.until(({ video, audio }) => video.markers > 30 && audio.packets > 30);
    t.is(receiver.requests[0]?.headers.authorization, 'Bearer token-of-7');
    t.false((await server.ask('GET', '/api/streamers/s/dot')).text.includes('token-of-7'));

    const { sessions } = (await server.ask('GET', '/api/sessions')).json as {
      sessions: { streamer_pid: number }[];
    };
    process.kill(sessions[0]?.streamer_pid ?? 0, 'SIGKILL');
    await until('another offer', () => receiver.count('POST') === 2);
    await untilState('active');
    await receiver.peer?.until(({ video }) => video.markers > 30);
    t.is(receiver.count('DELETE'), 0);
    t.is((await server.ask('DELETE', PATH)).status, 204);
    t.is(receiver.count('DELETE'), 1);
  },
);
