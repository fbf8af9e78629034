import test from 'ava';
import { ApiError, MoonteeApi, type CreateStreamer, type FeedEntry } from '../../client/rest.js';
import { OPERATIONS } from '../../src/api/operations.js';
import { addHost, createBody, PASSWORD, serve, temporaryFolder } from '../support/server.js';

/**
 * Probes of supervisors; what a page loads as a module; sockets, one that `peerUrl` names and one that a message names; and what
 * players speak, at the URL that `whepUrl` names.
 */
const NOT_CALLED = [
  'get /healthz',
  'get /readyz',
  'get /config.js',
  'get /api/streamers/{id}/peer',
  'get /api/streamers/{id}/media',
  'head /api/streamers/{id}/whep',
  'options /api/streamers/{id}/whep',
  'post /api/streamers/{id}/whep',
  'patch /api/streamers/{id}/whep/{session}',
  'delete /api/streamers/{id}/whep/{session}',
];

const create = (id: string): CreateStreamer => createBody(id) as unknown as CreateStreamer;

/** Names each request by its operation. */
function recordRequests(t: { teardown: (undo: () => void) => void }): Set<string> {
  const seen = new Set<string>();
  const original = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const { pathname } = new URL(input);
    const path = pathname
      .replace(/^(\/api\/streamers\/)[^/]+/, '$1{id}')
      .replace(/(\/recordings\/)[^/]+/, '$1{recording}')
      .replace(/(\/files\/)[^/]+/, '$1{number}')
      .replace(/(\/outputs\/)[^/]+/, '$1{name}')
      .replace(/(\/viewers\/)[^/]+/, '$1{viewer}')
      .replace(/(\/tokens\/)[^/]+/, '$1{token}')
      .replace(/(\/(?:streamers\/\{id\})\/shares\/)[^/]+/, '$1{share}');
    seen.add(`${(init?.method ?? 'GET').toLowerCase()} ${path}`);
    return original(input, init);
  };
  t.teardown(() => (globalThis.fetch = original));
  return seen;
}

test.serial('there is a method for every operation, and each works', async (t) => {
  const seen = recordRequests(t);
  const server = await serve(t, {
    recordings_path: await temporaryFolder(t),
    outputs_allowed: 'rtp://127.0.0.1:5004',
  });
  const fake = await addHost(t, server, false);
  const api = new MoonteeApi({ url: server.running.url, credentials: PASSWORD, timeout: 60_000 });

  await api.authenticate();
  t.is((await api.addHost({ address: '127.0.0.1', http_port: fake.port })).host_id, 0);
  t.like((await api.listHosts())[0], { host_id: 0, paired: 'NotPaired' });

  const pins: string[] = [];
  t.like(await api.pairHost(0, (pin) => pins.push(pin)), { host_id: 0, paired: 'Paired' });
  t.is(await api.pairHost(0, (pin) => pins.push(pin)), null, 'it was paired already');
  t.deepEqual(pins, ['1234']);
  t.like(await api.getHost(0, { forceRefresh: true }), { paired: 'Paired' });
  const [app] = await api.listApps(0, { forceRefresh: true });
  t.is(app?.app_id, 1);
  t.true((await api.appImage(0, 1)).size > 0);

  const leaving = new AbortController();
  const entries: FeedEntry[] = [];
  const reading = (async () => {
    for await (const entry of api.events({ signal: leaving.signal })) {
      entries.push(entry);
      if (entry.event?.type === 'streamer.removed') leaving.abort();
    }
  })();
  const made = await api.createStreamer(create('s'), { idempotencyKey: 'once' });
  t.like(made, { streamer_id: 's', status: 'active' });
  const again = await api.createStreamer(create('s'), { idempotencyKey: 'once', wait: false });
  t.is(again.created_at, made.created_at);
  t.is((await api.listStreamers()).length, 1);
  t.like(await api.getStreamer('s'), { host_id: 0, app_id: 1 });
  t.is(typeof (await api.streamerStats('s')), 'object');
  t.true((await api.streamerGraph('s')).length > 0);
  t.like(await api.sendInput('s', [{ type: 'key', key: 'Enter' }]), { executed: 1 });
  t.is(await (await api.snapshot('s')).text(), 'a png');
  t.is(await (await api.snapshot('s', { format: 'jpg', width: 32 })).text(), 'a jpeg');
  t.like(await api.getControl('s'), { mode: 'shared', holder: null });
  t.like(await api.setControl('s', { mode: 'locked' }), { mode: 'locked' });
  t.deepEqual(await api.heldInput('s'), []);
  await api.releaseInput('s');
  const { recording_id: recording } = await api.startRecording('s');
  t.is((await api.listRecordings('s')).length, 1);
  t.is(await (await api.recordingFile('s', recording, 1)).text(), 'a recording');
  t.is(await (await api.recordingFile('s', recording, 1, { start: 2, end: 4 })).text(), 'rec');
  await api.stopRecording('s', recording);
  t.like(await api.getRecording('s', recording), { status: 'ended', code: 'STOPPED' });
  const target = { type: 'rtp', host: '127.0.0.1', video_port: 5004 } as const;
  t.like(await api.putOutput('s', 'sfu', target), { name: 'sfu', type: 'rtp' });
  t.is((await api.listOutputs('s')).length, 1);
  t.like(await api.getOutput('s', 'sfu'), { host: '127.0.0.1', audio_port: null });
  await api.deleteOutput('s', 'sfu');
  const token = await api.createToken('s', { rights: ['watch', 'keyboard'], name: 'Ann' });
  t.like((await api.listTokens('s'))[0], { id: token.id, name: 'Ann' });
  const viewing = await server.viewer('s', { headers: { Authorization: `Bearer ${token.token}` } });
  await viewing.until('Resume');
  const [peer] = (await api.getStreamer('s')).peers;
  t.is(peer?.name, 'Ann');
  await api.setViewerRights('s', peer?.peer_id ?? '', ['watch']);
  await api.kickViewer('s', peer?.peer_id ?? '');
  await api.revokeToken('s', token.id);
  const share = await api.createShare('s', { rights: ['watch'], pin: '4711' });
  const secret = new URL(share.url).hash.replace(/.*share=/, '');
  const visitor = new MoonteeApi({ url: server.running.url });
  await t.throwsAsync(visitor.redeemShare({ secret }), { code: 'SHARE_PIN_REQUIRED' });
  const came = await visitor.redeemShare({ secret, pin: '4711', name: 'Bo' });
  t.like((await api.listShares('s'))[0], { uses: 1, visitors: [{ token_id: came.id }] });
  await api.revokeShare('s', share.id, { keepViewers: true });
  t.is((await api.listTokens('s'))[0]?.id, came.id);
  t.is((await api.listSessions())[0]?.session_id, 's');
  t.is((await api.adminStatus()).total_sessions, 1);
  t.true((await api.metrics()).includes('moontee_'));
  t.is((await api.openApi())['openapi'], '3.1.0');
  await api.deleteStreamer('s', { quitApp: true });
  await t.throwsAsync(reading, { instanceOf: ApiError, code: 'CLOSED' });
  t.true(entries.some(({ event }) => event?.type === 'streamer.created'));

  await api.cancelApp(0);
  await t.throwsAsync(api.wakeHost(9), { instanceOf: ApiError, code: 'HOST_NOT_FOUND' });
  await api.unpairHost(0);
  await api.removeHost(0);
  t.deepEqual(await api.listHosts(), []);

  const described = OPERATIONS.map(({ method, path }) => `${method} ${path}`);
  const wanted = described.filter((name) => !NOT_CALLED.includes(name));
  t.deepEqual([...seen].sort(), wanted.sort(), 'a method is missing in client/rest.ts');
});

test.serial('events are resumed, and a gap that is too long is told', async (t) => {
  const server = await serve(t);
  await addHost(t, server);
  const api = new MoonteeApi({ url: server.running.url, credentials: PASSWORD, timeout: 60_000 });
  const leaving = new AbortController();
  const first = api.events({ signal: leaving.signal });
  const pending = first.next();
  await api.createStreamer(create('s'));
  const { value } = (await pending) as { value: FeedEntry };
  t.like(value.event, { type: 'streamer.created', streamer_id: 's' });
  await first.return(undefined);

  const resumed = api.events({ lastEventId: value.id });
  const next = (await resumed.next()) as { value: FeedEntry };
  t.is(next.value.event?.type, 'streamer.status');
  await resumed.return(undefined);

  const unknown = api.events({ lastEventId: 'another-7' });
  t.deepEqual(await unknown.next(), { done: false, value: { id: '', event: null } });
  await unknown.return(undefined);
});

test.serial('a pairing that fails, and a caller who has left', async (t) => {
  const server = await serve(t, { pairing_pin: '0000' });
  const fake = await addHost(t, server, false);
  fake.pin = '1111';
  const api = new MoonteeApi({ url: server.running.url, credentials: PASSWORD, timeout: 60_000 });
  const pins: string[] = [];
  await t.throwsAsync(
    api.pairHost(0, (pin) => pins.push(pin)),
    { instanceOf: ApiError, code: 'PAIRING_FAILED' },
  );
  t.deepEqual(pins, ['0000']);
  const left = AbortSignal.abort();
  await t.throwsAsync(api.events({ signal: left }).next(), { code: 'CLOSED' });
});
