import test, { type ExecutionContext } from 'ava';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { MoonteeError } from '../../../src/core/errors.js';
import { silentLog } from '../../../src/core/log.js';
import { MoonlightSession, type MoonlightSessionOptions } from '../../../src/moonlight/session.js';
import type {
  AccessUnit,
  OpusPacket,
  StreamSettings,
  Termination,
} from '../../../src/moonlight/types.js';
import { STREAM_SETTINGS } from '../../support/stream-settings.js';
import { HANG, twoIdentities, xml } from '../nvhttp/fake-host.js';
import { SessionHost } from './session-host.js';

const SETTINGS: StreamSettings = { ...STREAM_SETTINGS, bitrate: 10_000 };

const CLOSED = 0x80030023;

async function startHost(t: ExecutionContext): Promise<SessionHost> {
  const [, them] = await twoIdentities();
  const host = await SessionHost.start(them);
  t.teardown(() => host.close());
  return host;
}

async function makeSession(
  t: ExecutionContext,
  host: SessionHost,
  changes: Partial<MoonlightSessionOptions> = {},
): Promise<MoonlightSession> {
  const [identity] = await twoIdentities();
  const session = new MoonlightSession({
    host: host.http.paired,
    identity,
    appId: 1,
    settings: SETTINGS,
    log: silentLog(),
    ...changes,
  });
  t.teardown(() => session.close());
  return session;
}

async function failure(t: ExecutionContext, work: Promise<unknown>): Promise<MoonteeError> {
  return t.throwsAsync(work, { instanceOf: MoonteeError });
}

async function nextVideo(session: MoonlightSession): Promise<AccessUnit> {
  const [unit] = (await once(session, 'video')) as [AccessUnit];
  return unit;
}

async function nextAudio(session: MoonlightSession): Promise<OpusPacket> {
  const [packet] = (await once(session, 'audio')) as [OpusPacket];
  return packet;
}

function closing(session: MoonlightSession): Promise<Termination> {
  return once(session, 'closed').then(([termination]: Termination[]) => termination as Termination);
}

test.serial('a session launches the app, streams both ways and leaves it running', async (t) => {
  const host = await startHost(t);
  const session = await makeSession(t, host);
  const stages: string[] = [];
  session.on('stage', ({ stage, state }) => stages.push(`${stage} ${state}`));
  const [video, audio, stream] = await Promise.all([
    nextVideo(session),
    nextAudio(session),
    session.start(),
  ]);
  t.true(video.idr);
  t.is(video.data.toString('hex', 0, 5), '0000000167');
  t.is(audio.data.toString('hex'), 'ecfffe');
  t.is(stream.video.codec, 'h264');
  t.deepEqual(stream.encryption, { rtsp: false, control: 2, audio: false, video: false });
  t.deepEqual(session.stream, stream);
  t.deepEqual(
    stages,
    [
      'platform initialization',
      'name resolution',
      'audio stream initialization',
      'RTSP handshake',
      'control stream initialization',
      'video stream initialization',
      'input stream initialization',
      'control stream establishment',
      'video stream establishment',
      'audio stream establishment',
      'input stream establishment',
    ].flatMap((stage) => [`${stage} starting`, `${stage} complete`]),
  );

  await host.seen('idr');
  host.steps.length = 0;
  session.requestIdr();
  await host.seen('idr');

  const key = { type: 'key', down: true, keyCode: 65, modifiers: 0 } as const;
  const seenByHost = new Promise((resolve) =>
    host.on('input', (input) => {
      if (input.type === 'key') resolve(input);
    }),
  );
  t.is(session.sendInput(key), 'taken');
  t.like(await seenByHost, key);
  const told = once(session, 'message');
  host.rumble();
  t.like((await told)[0], { type: 'rumble', pad: 1 });
  t.true(session.stats().framesComplete > 0);
  t.true(session.stats().audioPackets > 0);
  t.true(host.pingsMatched);

  const closed = closing(session);
  await Promise.all([session.close(), session.close()]);
  t.deepEqual(await closed, { code: 0, reason: 'Closed', byHost: false });
  await host.seen('left');
  t.is(host.currentGame, 1);
  t.false(host.steps.includes('cancel'));
  t.is(session.sendInput(key), 'closed');
});

test.serial('pings of audio precede control, and control precedes those of video', async (t) => {
  const host = await startHost(t);
  const session = await makeSession(t, host);
  await session.start();
  await Promise.all([host.seen('audio ping'), host.seen('video ping'), host.seen('idr')]);
  const order = host.steps.filter((step) => step !== 'idr');
  t.is(order[0], 'launch');
  t.true(order.indexOf('audio ping') < order.indexOf('video ping'));
  t.true(order.indexOf('control') < order.indexOf('video ping'));
});

test.serial('everything encrypted, where the host demands it', async (t) => {
  const host = await startHost(t);
  host.encryptRtsp = true;
  host.encryptionRequested = 7;
  const session = await makeSession(t, host);
  const [video, audio, stream] = await Promise.all([
    nextVideo(session),
    nextAudio(session),
    session.start(),
  ]);
  t.deepEqual(stream.encryption, { rtsp: true, control: 2, audio: true, video: true });
  t.is(video.data.toString('hex', 0, 5), '0000000167');
  t.is(audio.data.toString('hex'), 'ecfffe');
  await session.close({ quitApp: true });
  t.true(host.steps.includes('cancel'));
  t.is(host.currentGame, 0);
});

test.serial('an app of ours that runs is resumed with a new key', async (t) => {
  const host = await startHost(t);
  const first = await makeSession(t, host);
  await first.start();
  await first.close();
  const second = await makeSession(t, host, { appId: 1 });
  await Promise.all([nextVideo(second), second.start()]);
  t.deepEqual(
    host.steps.filter((step) => step === 'launch' || step === 'resume'),
    ['launch', 'resume'],
  );
  t.is(host.rikeys.size, 2);
});

test.serial('a session that cannot be resumed is quit and launched anew', async (t) => {
  const host = await startHost(t);
  host.currentGame = 1;
  host.http.on('resume', () => xml('<resume>0</resume>', 503, 'Failed to start'));
  const session = await makeSession(t, host);
  await session.start();
  t.deepEqual(host.steps.slice(0, 2), ['cancel', 'launch']);
});

test.serial('an app that became ours between question and launch is resumed', async (t) => {
  const host = await startHost(t);
  host.http.on('launch', () => {
    host.currentGame = 1;
    return { status: 409, body: '' };
  });
  const session = await makeSession(t, host);
  await session.start();
  t.is(host.steps[0], 'resume');
});

test.serial('a host that runs another app is busy with its name', async (t) => {
  const host = await startHost(t);
  host.currentGame = 2;
  const session = await makeSession(t, host);
  const error = await failure(t, session.start());
  t.is(error.code, 'HOST_BUSY');
  t.true(error.message.includes('"Game"'));
  await session.close({ quitApp: true });
  t.is(host.currentGame, 2, 'somebody else’s app is not quit');
});

test.serial('an app that is not in the list yet is waited for', async (t) => {
  const host = await startHost(t);
  let looks = 0;
  host.http.on('applist', () => {
    looks++;
    return xml(looks < 2 ? '' : '<App><AppTitle>Late</AppTitle><ID>1</ID></App>');
  });
  const session = await makeSession(t, host);
  await session.start();
  t.is(looks, 2);
});

test.serial('resuming only never launches', async (t) => {
  const host = await startHost(t);
  const session = await makeSession(t, host, { resumeOnly: true });
  t.is((await failure(t, session.start())).code, 'STREAM_TERMINATED');
  t.deepEqual(host.steps, []);
});

test.serial('every end of the host is told once, with its code', async (t) => {
  const cases: [(host: SessionHost) => void, Partial<Termination>][] = [
    [(host) => host.terminate(CLOSED), { code: 0, byHost: true }],
    [(host) => host.terminate(0x800e9302), { code: -103, byHost: true }],
    [(host) => host.terminate(0x800e9403), { code: -104, byHost: true }],
    [(host) => host.terminate(0x12345678), { code: 0x12345678, byHost: true }],
    [(host) => host.hangUp(), { code: -1, byHost: true }],
  ];
  for (const [end, expected] of cases) {
    const host = await startHost(t);
    const session = await makeSession(t, host);
    let told = 0;
    session.on('closed', () => told++);
    await Promise.all([nextVideo(session), session.start()]);
    const closed = closing(session);
    end(host);
    t.like(await closed, expected);
    await session.close();
    t.is(told, 1);
    t.true(session.closed);
  }
});

test.serial('the end before the first picture is an early one', async (t) => {
  const host = await startHost(t);
  host.sendsVideo = false;
  const session = await makeSession(t, host);
  await session.start();
  await host.seen('idr');
  const closed = closing(session);
  host.terminate(CLOSED);
  t.like(await closed, { code: -102, byHost: true });
});

test.serial('failed starts have the code of their step and are told as a stage', async (t) => {
  const host = await startHost(t);
  host.reachable = false;
  const session = await makeSession(t, host, { startTimeout: 3000 });
  const failed: string[] = [];
  session.on('stage', ({ stage, state, errorCode }) => {
    if (state === 'failed') failed.push(`${stage} ${errorCode}`);
  });
  t.is((await failure(t, session.start())).code, 'TIMEOUT');
  t.deepEqual(failed, ['RTSP handshake -1']);
  t.is((await failure(t, session.start())).code, 'CLOSED', 'a session is used once');

  const hanging = await startHost(t);
  hanging.http.on('launch', () => HANG);
  const waiting = await makeSession(t, hanging, { startTimeout: 400 });
  t.is((await failure(t, waiting.start())).code, 'TIMEOUT');

  const [us] = await twoIdentities();
  const stranger = await makeSession(t, host, {
    host: { ...host.http.paired, certificatePem: us.certificatePem },
  });
  t.is((await failure(t, stranger.start())).code, 'HOST_CERTIFICATE_CHANGED');
});

test.serial('closing and aborting end a start at any point', async (t) => {
  for (const point of ['launch', 'audio ping', 'control', 'video ping']) {
    const host = await startHost(t);
    const session = await makeSession(t, host);
    const started = session.start().then(
      () => 'started',
      (error: unknown) => MoonteeError.from(error).code,
    );
    await host.seen(point);
    await session.close({ quitApp: true });
    t.true(['CLOSED', 'started'].includes(await started), point);
    t.true(host.steps.includes('cancel'), point);
  }
  const host = await startHost(t);
  const session = await makeSession(t, host);
  const controller = new AbortController();
  host.once('step', () => controller.abort());
  t.is((await failure(t, session.start(controller.signal))).code, 'CLOSED');
  t.is((await failure(t, (await makeSession(t, host)).start(controller.signal))).code, 'CLOSED');
});

test.serial('a name is resolved, and closing an unused session is harmless', async (t) => {
  const host = await startHost(t);
  const session = await makeSession(t, host, {
    host: { ...host.http.paired, address: 'localhost' },
  });
  await session.start();
  t.is(host.rtspRequests[0]?.headers.get('Host'), '10.99.98.97');
  const unused = await makeSession(t, host);
  await unused.close({ quitApp: true });
  t.is((await failure(t, unused.start())).code, 'CLOSED');
  t.is(unused.stats().videoPackets, 0);
});

test.serial('a listener that throws costs nothing', async (t) => {
  const host = await startHost(t);
  const session = await makeSession(t, host);
  let seen = 0;
  session.on('stage', () => {
    throw new Error('stage');
  });
  session.on('video', () => {
    seen++;
    throw new Error('video');
  });
  session.on('message', () => {
    throw new Error('message');
  });
  await session.start();
  await host.seen('idr');
  host.rumble();
  while (seen < 5) await nextAudio(session);
  t.false(session.closed);
});

test.serial('nothing is left behind, and no key reaches a log', async (t) => {
  const host = await startHost(t);
  host.encryptRtsp = true;
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
  const count = (): number =>
    process.getActiveResourcesInfo().filter((name) => /UDP|TCP|Timeout/.test(name)).length;
  const cycle = async (quitApp: boolean): Promise<void> => {
    const session = await makeSession(t, host, { log });
    await Promise.all([nextVideo(session), session.start(), host.seen('idr')]);
    await session.close({ quitApp });
    await host.seen('left');
    host.steps.length = 0;
  };
  await cycle(false);
  const before = count();
  for (let i = 0; i < 8; i++) await cycle(i % 2 === 0);
  // The host's side of the last connections may take a moment to go.
  for (let i = 0; count() > before && i < 200; i++) await sleep(50);
  t.true(count() <= before, `${count()} resources, ${before} before`);
  t.true(lines.length > 20);
  t.is(host.rikeys.size, 9);
  for (const rikey of host.rikeys) t.false(lines.some((line) => line.includes(rikey)));
});
