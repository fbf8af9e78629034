import { once } from 'node:events';
import test from 'ava';
import { KIND, type MediaClient } from '../support/media-viewer.js';
import { until } from '../support/until.js';
import { MediaStage, NEGOTIATED, picture } from './media-stage.js';

const MIB = 1_048_576;

async function joined(stage: MediaStage, id: string): Promise<MediaClient> {
  const client = stage.join(id);
  await until('it is open', () => stage.said.includes(`opened ${id}`));
  return client;
}

/** One that has seen a key frame. */
async function watching(stage: MediaStage, id: string): Promise<MediaClient> {
  const client = await joined(stage, id);
  stage.show(true);
  await until('a key frame', () => client.of(KIND.VIDEO).length > 0);
  return client;
}

test('a joiner asks for a key frame and gets the configuration in front of it', async (t) => {
  const stage = await MediaStage.start(t);
  const requests: unknown[] = [];
  stage.bus.on('keyframe-needed', (request) => requests.push(request));
  const client = await joined(stage, 'a');
  t.deepEqual(requests, [{ reason: 'join', outletId: 'a websocket' }]);
  stage.show(false);
  stage.sound();
  stage.show(true);
  stage.show(false);
  stage.sound();
  await until('all of it', () => client.of(KIND.AUDIO).length === 1);
  const kinds = client.received.filter(({ kind }) => kind !== KIND.PONG).map(({ kind }) => kind);
  t.deepEqual(kinds, [KIND.CONFIG, KIND.VIDEO, KIND.VIDEO, KIND.AUDIO]);
  const [first, second] = client.of(KIND.VIDEO);
  t.like(first, { isKey: true, isAfterGap: false, configuration: 1, sequence: 1 });
  t.like(second, { isKey: false, isAfterGap: false, configuration: 1, sequence: 2 });
  t.deepEqual(second?.payload, picture(false));
  // The parameter set says now that nothing is held back; the rest is as it was.
  t.true((first?.payload.length ?? 0) > picture(true).length);
  t.deepEqual(first?.payload.subarray(-1_000), picture(true).subarray(-1_000));
  const { video } = JSON.parse(String(client.of(KIND.CONFIG)[0]?.payload)) as { video: unknown };
  t.like(video, { codec: 'avc1.64002A', width: 1280, height: 720, fps: 60, hdr: false });
});

test('a second viewer begins at once with what was shown lately, and then gets the same', async (t) => {
  const stage = await MediaStage.start(t);
  const one = await watching(stage, 'a');
  stage.show(false);
  const requests: unknown[] = [];
  stage.bus.on('keyframe-needed', (request) => requests.push(request));
  const other = await joined(stage, 'b');
  await until('the replay', () => other.of(KIND.VIDEO).length === 2);
  stage.show(false);
  stage.show(true);
  await until('both', () => other.of(KIND.VIDEO).length === 4 && one.of(KIND.VIDEO).length === 4);
  t.deepEqual(
    other.of(KIND.VIDEO).map(({ isReplayed }) => isReplayed),
    [true, true, false, false],
  );
  const asNew = other.of(KIND.VIDEO).map((message) => ({ ...message, isReplayed: false }));
  t.deepEqual(asNew, one.of(KIND.VIDEO));
  t.is(one.of(KIND.CONFIG).length, 1);
  t.deepEqual(requests, [], 'nobody needs another key frame');
});

test('a key frame of long ago is not replayed, nor one of another session', async (t) => {
  const stage = await MediaStage.start(t);
  await watching(stage, 'a');
  for (let count = 0; count < 30; count += 1) stage.show(false);
  const late = await joined(stage, 'b');
  stage.show(false);
  stage.show(true);
  await until('the next key frame', () => late.of(KIND.VIDEO).length > 0);
  t.like(late.of(KIND.VIDEO)[0], { isKey: true, isReplayed: false });
  stage.bus.forgetRecent();
  const later = await joined(stage, 'c');
  stage.show(false);
  stage.show(true);
  await until('its own key frame', () => later.of(KIND.VIDEO).length > 0);
  t.like(later.of(KIND.VIDEO)[0], { isKey: true, isReplayed: false });
});

test('who joins an empty streamer gets what was shown before there was a viewer', async (t) => {
  const stage = await MediaStage.start(t);
  stage.show(true);
  stage.show(false);
  const client = await joined(stage, 'a');
  stage.show(false);
  await until('all of it', () => client.of(KIND.VIDEO).length === 3);
  t.deepEqual(
    client.of(KIND.VIDEO).map(({ isKey, isReplayed, sequence }) => [isKey, isReplayed, sequence]),
    [
      [true, true, 1],
      [false, true, 2],
      [false, false, 3],
    ],
  );
});

test('another session, or HDR, is another configuration, in front of its first picture', async (t) => {
  const stage = await MediaStage.start(t);
  const client = await watching(stage, 'a');
  const { video } = NEGOTIATED;
  stage.sockets.negotiated({ ...NEGOTIATED, video: { ...video, width: 1920, height: 1080 } });
  stage.show(true);
  stage.sockets.setHdr(true);
  stage.show(true);
  stage.show(true);
  await until('pictures', () => client.of(KIND.VIDEO).length === 4);
  const configurations = client
    .of(KIND.CONFIG)
    .map(({ payload }) => JSON.parse(String(payload)) as Record<string, unknown>);
  t.is(configurations.length, 3);
  t.like(configurations[1], { id: 2, session: 2, video: { width: 1920, hdr: false } });
  t.like(configurations[2], { id: 3, session: 2, video: { hdr: true } });
  t.deepEqual(
    client.of(KIND.VIDEO).map(({ configuration }) => configuration),
    [1, 2, 3, 3],
  );
});

test('pings come back with their token; pictures are switched off and on', async (t) => {
  const stage = await MediaStage.start(t);
  const client = await watching(stage, 'a');
  const token = Buffer.from('0123456789abcdef', 'hex');
  client.ping(token);
  const isOurs = ({ time }: { time: number }): boolean => time === Number(token.readBigUInt64BE());
  await until('the pong', () => client.of(KIND.PONG).some(isOurs));
  client.send(Buffer.from([0x84, 0]));
  await until('off', () => stage.sockets.stats()[0]?.state === 'off');
  stage.show(true);
  stage.sound();
  await until('sound', () => client.of(KIND.AUDIO).length === 1);
  t.is(client.of(KIND.VIDEO).length, 1);
  client.send(Buffer.from([0x84, 1]));
  await until('on', () => stage.sockets.stats()[0]?.state === 'waiting');
  stage.show(false);
  stage.show(true);
  await until('a picture', () => client.of(KIND.VIDEO).length === 2);
  t.like(client.of(KIND.VIDEO)[1], { isKey: true, isAfterGap: true });
});

test('who does not acknowledge loses pictures and no sound, and begins anew', async (t) => {
  const stage = await MediaStage.start(t);
  const client = await watching(stage, 'a');
  const other = await watching(stage, 'b');
  await until('an acknowledgement', () => (stage.sockets.stats()[0]?.roundTrip ?? 0) > 0);
  client.acknowledges = false;
  const timer = setInterval(() => {
    stage.show(false);
    stage.sound();
  }, 20);
  t.teardown(() => clearInterval(timer));
  const stateOf = (id: string): string | undefined =>
    stage.sockets.stats().find((one) => one.id === id)?.state;
  await until('the cut', () => stateOf('a') === 'cut');
  t.is(stateOf('b'), 'flowing');
  t.true(stage.said.includes('constrained a'));
  const [pictures, packets] = [client.of(KIND.VIDEO).length, client.of(KIND.AUDIO).length];
  await until('sound goes on', () => client.of(KIND.AUDIO).length > packets + 20);
  const after = client.of(KIND.VIDEO).length;
  t.true(after - pictures < 3, 'what was under way alone');
  const requests: unknown[] = [];
  stage.bus.on('keyframe-needed', ({ reason }) => requests.push(reason));
  client.acknowledges = true;
  await until('a key frame is requested', () => requests.includes('drop'));
  stage.show(true);
  await until('pictures again', () => client.of(KIND.VIDEO).length > after);
  t.like(client.of(KIND.VIDEO)[after], { isKey: true, isAfterGap: true });
  t.true(
    other
      .of(KIND.VIDEO)
      .slice(1)
      .every(({ isAfterGap }) => !isAfterGap),
  );
});

test('one that does not read, and lies about it, costs a megabyte and hurts nobody', async (t) => {
  const stage = await MediaStage.start(t);
  const liar = await watching(stage, 'liar');
  const honest = await watching(stage, 'honest');
  liar.acknowledges = false;
  liar.socket.pause();
  const queuedOf = (): number => stage.connections[0]?.writableLength ?? 0;
  let most = 0;
  // As much as the kernel takes, several times.
  for (let count = 0; count < 400; count += 1) {
    stage.show(count % 10 === 0, 100_000);
    stage.sound();
    // It knows the sequences from somebody else.
    const last = honest.of(KIND.VIDEO).at(-1);
    if (last) liar.acknowledge(last.sequence);
    most = Math.max(most, queuedOf());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  t.true(most <= MIB + 200_000, `${most}`);
  t.true(most > 0, 'the kernel took no more');
  await until('all has arrived', () => honest.of(KIND.VIDEO).length === 402);
  t.true(honest.of(KIND.VIDEO).every(({ isAfterGap }) => !isAfterGap));
  // A picture that was left out shows that it does not know what it got.
  t.true(stage.said.includes('closed liar VIEWER_MESSAGE_INVALID'));
});

const BROKEN: Readonly<Record<string, (client: MediaClient) => void>> = {
  'acknowledges the future': (client) => client.acknowledge(1_000_000),
  'sends what is no message': (client) => client.send(Buffer.from([0x99])),
  'sends an empty message': (client) => client.send(Buffer.alloc(0)),
  'sends text': (client) => client.socket.send('hello'),
  'sends a long message': (client) => client.send(Buffer.alloc(65)),
  floods: (client) => {
    for (let count = 0; count < 400; count += 1) client.ping();
  },
};

for (const [what, act] of Object.entries(BROKEN)) {
  test(`one that ${what} is closed, and nobody else`, async (t) => {
    const stage = await MediaStage.start(t);
    const client = await watching(stage, 'a');
    const other = await watching(stage, 'b');
    act(client);
    await until('it is closed', () => client.closed !== null);
    t.is(client.closed?.code, 1008);
    t.true(stage.said.includes('closed a VIEWER_MESSAGE_INVALID'));
    stage.show(false);
    await until('the other goes on', () => other.of(KIND.VIDEO).length === 2);
    t.deepEqual(
      stage.sockets.stats().map(({ id }) => id),
      ['b'],
    );
    t.true(stage.sockets.totals().picturesSent >= 3);
  });
}

test('another media socket of a viewer takes over; the end of a viewer is one of its sockets', async (t) => {
  const stage = await MediaStage.start(t);
  const old = await watching(stage, 'a');
  const next = stage.join('a');
  await until('the old one is closed', () => old.closed !== null);
  t.is(old.closed?.code, 4000);
  stage.show(true);
  await until('a picture', () => next.of(KIND.VIDEO).length === 1);
  stage.sockets.end('a', 'STREAMER_STOPPING', 'The streamer is stopping');
  await until('the next one is closed', () => next.closed !== null);
  t.is(next.closed?.code, 4001);
  t.deepEqual(stage.sockets.stats(), []);
  const left = await watching(stage, 'b');
  left.socket.close();
  await once(left.socket, 'close');
  await until('it is told', () => stage.said.includes('closed b LEFT'));
});

test('one whose connection throws is thrown out, and nobody else', async (t) => {
  const stage = await MediaStage.start(t);
  const client = await watching(stage, 'a');
  const other = await watching(stage, 'b');
  const [connection] = stage.connections;
  if (connection === undefined) throw new Error('no connection');
  const write = connection.write.bind(connection);
  connection.write = () => {
    connection.write = write;
    throw new Error('broken');
  };
  stage.show(false);
  stage.show(false);
  // The replay, its own key frame, and these.
  await until('the other goes on', () => other.of(KIND.VIDEO).length === 4);
  await until('it is closed', () => client.closed !== null);
  t.true(stage.said.includes('closed a INTERNAL'));
  t.deepEqual(
    stage.sockets.stats().map(({ id }) => id),
    ['b'],
  );
});
