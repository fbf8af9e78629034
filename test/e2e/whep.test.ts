/** A whole server, and players of another stack that speak WHEP by raw HTTP. */
import test, { type ExecutionContext } from 'ava';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { ReceiverProcess, type ReceivingPeer } from '../support/receiver.js';
import type { OfferedSection } from '../support/receiver-messages.js';
import { TestServer, type Answer } from '../support/server.js';
import { until } from '../support/until.js';

// What the children say is of no interest here.
process.env['MOONTEE_LOG'] ??= 'error';

const PATH = '/api/streamers/s/whep';

interface Scene {
  readonly server: TestServer;
  readonly receivers: ReceiverProcess;
}

async function scene(t: ExecutionContext): Promise<Scene> {
  t.timeout(240_000);
  const running = await demoServer(t);
  await demoStreamer(running);
  const receivers = await ReceiverProcess.start();
  t.teardown(() => receivers.kill());
  return { server: new TestServer(running, ''), receivers };
}

const video = (payload: number): OfferedSection => ({ kind: 'video', mid: 'v', payload });
const audio = (payload: number): OfferedSection => ({ kind: 'audio', mid: 'a', payload });

function post(server: TestServer, offer: string): Promise<Answer> {
  return server.ask('POST', PATH, { raw: offer, headers: { 'Content-Type': 'application/sdp' } });
}

function patch(server: TestServer, session: string, lines: readonly string[]): Promise<Answer> {
  return server.ask('PATCH', session, {
    raw: `${lines.join('\r\n')}\r\n`,
    headers: { 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': '*' },
  });
}

/** What the receiver gathers, from now on. */
function gather(receiver: ReceivingPeer): string[] {
  const candidates: string[] = [];
  receiver.on('candidate', ({ candidate }) => candidates.push(candidate.replace(/^a=/, '')));
  return candidates;
}

test.serial(
  'two players with payload types of their own, one of them with all candidates at once',
  async (t) => {
    const { server, receivers } = await scene(t);
    const whole = receivers.open('whole');
    const gathered = gather(whole);
    const offer = await whole.negotiate([audio(98), video(120)]);
    await until('there are candidates', () => gathered.length > 0);
    const lines = gathered.map((candidate) => `a=${candidate}\r\n`).join('');
    const first = await post(server, offer.replace(/^(a=mid:a\r\n)/m, `$1${lines}`));
    t.is(first.status, 201, first.text);
    whole.answer(first.text);

    const trickling = receivers.open('trickling', ['chat']);
    const later = gather(trickling);
    const second = await post(server, await trickling.negotiate([video(121), audio(99)]));
    t.is(second.status, 201, second.text);
    t.regex(second.text, /^m=application 0 /m);
    trickling.answer(second.text);
    const session = second.headers.location ?? '';
    await until('there are candidates', () => later.length > 0);
    for (const candidate of later) {
      const answer = await patch(server, session, [
        'm=video 9 RTP/AVP 0',
        'a=mid:v',
        `a=${candidate}`,
      ]);
      t.is(answer.status, 204, answer.text);
    }

    for (const [receiver, payloads] of [
      [whole, [120, 98]],
      [trickling, [121, 99]],
    ] as const) {
      const stats = await receiver.until((now) => now.video.markers > 30 && now.audio.packets > 30);
      t.deepEqual([stats.video.payloads, stats.audio.payloads], [[payloads[0]], [payloads[1]]]);
      t.true(stats.video.keyframes > 0);
    }
    const { json } = await server.ask('GET', '/api/streamers/s/stats');
    const { stats } = json as { stats: { pipeline: { peers: unknown[] } } };
    t.is(stats.pipeline.peers.length, 2);

    for (const { headers } of [first, second]) {
      t.is((await server.ask('DELETE', headers.location ?? '')).status, 204);
      t.is((await server.ask('DELETE', headers.location ?? '')).status, 404);
    }
    t.deepEqual(server.running.streamers.require('s').viewers, []);
  },
);

test.serial('a player that asks for the offer gets the payload types of the server', async (t) => {
  const { server, receivers } = await scene(t);
  const receiver = receivers.open('asking');
  const type = { 'Content-Type': 'application/sdp' };
  const offered = await server.ask('POST', `${PATH}?offer=server`, { raw: '', headers: type });
  t.is(offered.status, 406, offered.text);
  t.regex(offered.text, /^a=candidate:/m);
  const session = offered.headers.location ?? '';
  const raw = await receiver.offer(offered.text);
  t.is((await server.ask('PATCH', session, { raw, headers: type })).status, 204);
  const stats = await receiver.until((now) => now.video.markers > 10 && now.audio.packets > 10);
  t.deepEqual([stats.video.payloads, stats.audio.payloads], [[102], [111]]);
  const again = await server.ask('PATCH', session, { raw, headers: type });
  t.is(again.status, 422);
  t.like(again.json, { error: 'No answer of the viewer is awaited' });
  t.is((await server.ask('DELETE', session)).status, 204);
});

test.serial('what is no offer that can be answered costs nothing', async (t) => {
  const { server, receivers } = await scene(t);
  const receiver = receivers.open('vp8');
  const offer = await receiver.negotiate([video(120)]);
  const vp8 = await post(server, offer.replaceAll('H264/90000', 'VP8/90000'));
  t.is(vp8.status, 406);
  t.deepEqual(vp8.json, {
    error: 'The stream is H.264, and the player offers VP8',
    code: 'VIEWER_CODEC_UNSUPPORTED',
  });
  for (const text of [
    '',
    'v=0',
    offer.replace('actpass', 'holdconn'),
    offer.replace(/^a=fingerprint.*\r\n/gm, ''),
  ]) {
    const answer = await post(server, text);
    t.is(answer.status, 400);
    t.like(answer.json, { code: 'VIEWER_SDP_INVALID' });
  }
  await until('no peer is left', async () => {
    const { json } = await server.ask('GET', '/api/streamers/s/stats');
    return (
      (json as { stats: { pipeline: { peers: unknown[] } } }).stats.pipeline.peers.length === 0
    );
  });
  t.deepEqual(server.running.streamers.require('s').viewers, []);
  const good = await post(server, offer);
  t.is(good.status, 201);
  const malformed = await patch(server, good.headers.location ?? '', ['a=ice-ufrag:lonely']);
  t.is(malformed.status, 422);
  const stale = await server.ask('PATCH', good.headers.location ?? '', {
    raw: '',
    headers: { 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': '"older"' },
  });
  t.is(stale.status, 412);
});
