/** What a streamer is when little is said of it, and what is answered when something is wrong. */
import test from 'ava';
import { DEFAULT_SETTINGS } from '../../src/protocol/create-models.js';
import { addHost, createBody, serve } from '../support/server.js';

test.serial(
  'host and app are enough; null is left out; the same key makes the same streamer',
  async (t) => {
    const server = await serve(t);
    await addHost(t, server);
    const headers = { 'Idempotency-Key': 'once' };
    const body = { host_id: 0, app_id: 1, bitrate: null };
    const made = await server.ask('POST', '/api/streamers', { body, headers });
    t.is(made.status, 200);
    const { streamer_id: id } = made.json as { streamer_id: string };
    t.regex(id, /^streamer-[0-9a-f]{8}$/);
    t.deepEqual(server.running.streamers.require(id).spec.settings, DEFAULT_SETTINGS);
    const again = await server.ask('POST', '/api/streamers', { body, headers });
    t.like(again, { status: 200, json: { streamer_id: id } });
    t.is(server.running.streamers.list().length, 1);
  },
);

test.serial(
  'settings may be nested; some of them are enough; flat ones win over a stray key',
  async (t) => {
    const server = await serve(t);
    await addHost(t, server);
    const create = (id: string, body: object): Promise<{ status: number }> =>
      server.ask('POST', '/api/streamers?wait=false', {
        body: { ...body, streamer_id: id, client_unique_id: id },
      });
    const settingsOf = (id: string): object => server.running.streamers.require(id).spec.settings;
    t.is((await create('a', { host_id: 0, app_id: 1, settings: { fps: 30 } })).status, 200);
    t.deepEqual(settingsOf('a'), { ...DEFAULT_SETTINGS, fps: 30 });
    t.is((await create('b', { ...createBody('b'), settings: { unknown: 1 } })).status, 200);
    t.like(settingsOf('b'), { width: 2560, height: 1600 });
  },
);

for (const [body, words] of [
  [{}, /^Invalid body: host_id: missing; id of a paired host.*, for example 0; app_id: missing; /],
  [{ host_id: 0 }, /^Invalid body: app_id: missing; id of an app/],
  [
    { host_id: 0, app_id: 1, bitrate: '9' },
    /bitrate: must be an integer; kbit\/s, for example 20000$/,
  ],
  [
    { host_id: 0, app_id: 1, bitrate: 50 },
    /^bitrate: must be from 100 to 2000000; kbit\/s, for example 20000$/,
  ],
  [
    { host_id: 0, app_id: 1, settings: { fps: 0 } },
    /^fps: must be from 1 to 1000; pictures a second, for example 60$/,
  ],
  [{ host_id: 0, app_id: 1, settings: { hdr: 1 } }, /settings\.hdr: must be true or false; /],
  [
    { host_id: 0, app_id: 1, video_colorspace: 'x' },
    /video_colorspace: must be "Rec601" or "Rec709" or "Rec2020"; /,
  ],
  [{ host_id: 0, app_id: 1, streamer_id: '' }, /^streamer_id has 1 to 128/],
  [[], /^Invalid body: /],
] as const) {
  test.serial(`refused in words: ${JSON.stringify(body)}`, async (t) => {
    const server = await serve(t);
    const answer = await server.ask('POST', '/api/streamers', { body });
    t.is(answer.status, 400);
    const { error, code } = answer.json as { error: string; code: string };
    t.is(code, 'BAD_REQUEST');
    t.regex(error, words);
  });
}
