import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { ApiError, MoonteeApi } from '../../client/rest.js';
import { STREAMER_SETTINGS } from '../support/stream-settings.js';

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

async function body(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

async function serve(
  status: number,
  answer: string | undefined,
): Promise<{ server: Server; url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void body(request).then((text) => {
      const { method, url, headers } = request;
      seen.push({ method, url, authorization: headers.authorization, body: text });
      if (answer !== undefined) response.writeHead(status).end(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function end(server: Server): void {
  server.closeAllConnections();
  server.close();
}

test('lists streamers with the credentials in the header', async (t) => {
  const { server, url, seen } = await serve(200, '{"streamers":[{"streamer_id":"demo"}]}');
  t.teardown(() => end(server));
  const api = new MoonteeApi({ url: `${url}/`, credentials: 's3cret' });
  t.deepEqual((await api.listStreamers()) as unknown, [{ streamer_id: 'demo' }]);
  t.deepEqual(seen, [
    { method: 'GET', url: '/api/streamers', authorization: 'Bearer s3cret', body: '' },
  ]);
  t.is(api.peerUrl('a/b'), `${url.replace('http', 'ws')}/api/streamers/a%2Fb/peer`);
});

test('gets, creates and deletes by name', async (t) => {
  const { server, url, seen } = await serve(200, '{}');
  t.teardown(() => end(server));
  const api = new MoonteeApi({ url });
  await api.getStreamer('a b');
  await api.deleteStreamer('a b');
  await api.createStreamer({
    streamer_id: 'x',
    client_unique_id: 'y',
    host_id: 0,
    app_id: 1,
    ...STREAMER_SETTINGS,
  });
  t.deepEqual(
    seen.map(({ method, url: path }) => `${method ?? ''} ${path ?? ''}`),
    ['GET /api/streamers/a%20b', 'DELETE /api/streamers/a%20b', 'POST /api/streamers'],
  );
  t.like(JSON.parse(seen[2]?.body ?? ''), { streamer_id: 'x', host_id: 0 });
});

test('hosts and apps', async (t) => {
  const { server, url, seen } = await serve(200, '{"hosts":[{"host_id":0}],"apps":[{"app_id":1}]}');
  t.teardown(() => end(server));
  const api = new MoonteeApi({ url });
  t.like((await api.listHosts())[0], { host_id: 0 });
  t.like((await api.listApps(0))[0], { app_id: 1 });
  t.is(seen[1]?.url, '/api/apps?host_id=0');
});

test('a refusal carries status, code and the words of the server', async (t) => {
  const { server, url } = await serve(
    404,
    '{"error":"Streamer not found","code":"STREAMER_NOT_FOUND"}',
  );
  t.teardown(() => end(server));
  await t.throwsAsync(new MoonteeApi({ url }).getStreamer('x'), {
    instanceOf: ApiError,
    code: 'STREAMER_NOT_FOUND',
    message: 'Streamer not found',
  });
});

test('an empty 401 says what is wanted', async (t) => {
  const { server, url } = await serve(401, '');
  t.teardown(() => end(server));
  const error = await t.throwsAsync<ApiError>(new MoonteeApi({ url }).authenticate());
  t.true(error.isUnauthorized);
  t.is(error.message, 'The server wants credentials');
});

test('nonsense, silence and absence are told apart', async (t) => {
  const nonsense = await serve(200, '<html>');
  const silence = await serve(200, undefined);
  t.teardown(() => {
    end(nonsense.server);
    end(silence.server);
  });
  await t.throwsAsync(new MoonteeApi({ url: nonsense.url }).listStreamers(), {
    code: 'ANSWER_INVALID',
  });
  await t.throwsAsync(new MoonteeApi({ url: silence.url, timeout: 50 }).listStreamers(), {
    code: 'TIMEOUT',
  });
  const gone = await serve(200, '');
  gone.server.close();
  await once(gone.server, 'close');
  await t.throwsAsync(new MoonteeApi({ url: gone.url }).listStreamers(), { code: 'UNREACHABLE' });
});
