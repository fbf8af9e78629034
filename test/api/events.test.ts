import test, { type ExecutionContext } from 'ava';
import { once } from 'node:events';
import http from 'node:http';
import { isRight } from 'fp-ts/lib/Either.js';
import { FeedEvent } from '../../src/protocol/rest-models.js';
import {
  addHost,
  AUTHORIZATION,
  createBody,
  serve,
  temporaryFolder,
  type TestServer,
} from '../support/server.js';

interface Reading {
  readonly id: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

class Feed {
  readonly events: Reading[] = [];
  #rest = '';
  #wake: () => void = () => undefined;

  static async open(t: ExecutionContext, server: TestServer, lastId?: string): Promise<Feed> {
    const request = http.get({
      port: server.port,
      path: '/api/events',
      headers: { ...AUTHORIZATION, ...(lastId === undefined ? {} : { 'Last-Event-ID': lastId }) },
    });
    t.teardown(() => request.destroy());
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    t.is(response.statusCode, 200);
    t.regex(response.headers['content-type'] ?? '', /^text\/event-stream/);
    const feed = new Feed();
    response.setEncoding('utf8');
    response.on('error', () => undefined);
    response.on('data', (text: string) => feed.#take(text));
    return feed;
  }

  async until(found: (event: Reading) => boolean): Promise<Reading> {
    for (;;) {
      const event = this.events.find(found);
      if (event !== undefined) return event;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #take(text: string): void {
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = Object.fromEntries(
        block.split('\n').map((line) => {
          const at = line.indexOf(': ');
          return [line.slice(0, at), line.slice(at + 2)];
        }),
      ) as Record<string, string>;
      if (fields['event'] === undefined) continue;
      this.events.push({
        id: fields['id'] ?? '',
        event: fields['event'],
        data: JSON.parse(fields['data'] ?? '{}') as Record<string, unknown>,
      });
    }
    this.#wake();
  }
}

test.serial('the life of streamers and peers, resumable by id', async (t) => {
  const server = await serve(t);
  await addHost(t, server);
  const feed = await Feed.open(t, server);
  await server.ask('POST', '/api/streamers', {
    body: { ...createBody('s'), client_unique_id: null },
  });
  const viewer = await server.viewer('s');
  await viewer.until('WebRtcConfig');
  viewer.answer();
  await viewer.until('ConnectionComplete');
  viewer.socket.close();
  const left = await feed.until(({ event }) => event === 'peer.left');
  t.is(left.data['code'], 'LEFT');
  await server.ask('DELETE', '/api/streamers/s');
  const removed = await feed.until(({ event }) => event === 'streamer.removed');
  t.deepEqual(
    feed.events.map(({ event, data }) => [event, data['status'] ?? '']),
    [
      ['streamer.created', 'starting'],
      ['streamer.status', 'active'],
      ['peer.joined', ''],
      ['peer.connected', ''],
      ['peer.left', ''],
      ['streamer.status', 'stopping'],
      ['streamer.removed', 'stopping'],
    ],
  );
  for (const { data } of feed.events) t.true(isRight(FeedEvent.decode(data)));

  const again = await Feed.open(t, server, left.id);
  await again.until(({ event }) => event === 'streamer.removed');
  t.deepEqual(
    again.events.map(({ id }) => id),
    feed.events.slice(-2).map(({ id }) => id),
  );
  const current = await Feed.open(t, server, removed.id);
  // An id of another run or of the future is no place to go on from.
  for (const id of ['00000000-1', `${removed.id}0`, 'nonsense']) {
    const reset = await Feed.open(t, server, id);
    t.is((await reset.until(() => true)).event, 'reset');
  }
  t.deepEqual(current.events, []);
});

test.serial('recordings tell of their begin and end', async (t) => {
  const server = await serve(t, { recordings_path: await temporaryFolder(t) });
  await addHost(t, server);
  await server.ask('POST', '/api/streamers', { body: createBody('s') });
  const feed = await Feed.open(t, server);
  const list = '/api/streamers/s/recordings';
  const start = async (): Promise<string> =>
    ((await server.ask('POST', list)).json as { recording_id: string }).recording_id;
  const stopped = await start();
  await server.ask('DELETE', `${list}/${stopped}`);
  const cut = await start();
  await server.ask('DELETE', '/api/streamers/s');
  await feed.until(({ event }) => event === 'streamer.removed');
  await feed.until(
    ({ event, data }) => event === 'recording.ended' && data['recording_id'] === cut,
  );
  const recordings = feed.events.filter(({ event }) => event.startsWith('recording.'));
  t.deepEqual(
    recordings.map(({ event, data }) => [event, data['streamer_id'], data['recording_id']]),
    [
      ['recording.started', 's', stopped],
      ['recording.ended', 's', stopped],
      ['recording.started', 's', cut],
      ['recording.ended', 's', cut],
    ],
  );
  t.is(recordings[1]?.data['code'], 'STOPPED');
  t.is(typeof recordings[3]?.data['code'], 'string');
  for (const { data } of recordings) t.true(isRight(FeedEvent.decode(data)));
});
