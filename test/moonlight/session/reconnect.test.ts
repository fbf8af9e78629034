import test, { type ExecutionContext } from 'ava';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { MoonteeError } from '../../../src/core/errors.js';
import { silentLog } from '../../../src/core/log.js';
import {
  ReconnectingSession,
  type ReconnectingSessionOptions,
  type SessionLoss,
} from '../../../src/moonlight/reconnect.js';
import {
  VIDEO_FORMAT,
  type StreamSettings,
  type Termination,
} from '../../../src/moonlight/types.js';
import { STREAM_SETTINGS } from '../../support/stream-settings.js';
import { until } from '../../support/until.js';
import { twoIdentities, xml } from '../nvhttp/fake-host.js';
import { SessionHost } from './session-host.js';

/** Tries three times for a gap, quickly. */
function threeTimes(): ReconnectingSessionOptions['retry'] {
  let left = 3;
  return async () => {
    await sleep(20);
    left -= 1;
    return left >= 0;
  };
}

const SETTINGS: StreamSettings = {
  ...STREAM_SETTINGS,
  width: 640,
  height: 480,
  fps: 30,
  bitrate: 5000,
  encryptAudio: true,
};

/** As long as it takes. */
const patiently: ReconnectingSessionOptions['retry'] = async () => {
  await sleep(50);
  return true;
};

async function begin(
  t: ExecutionContext,
  changes: Partial<ReconnectingSessionOptions> = {},
  description = '',
): Promise<{ host: SessionHost; session: ReconnectingSession; events: string[] }> {
  const [identity, them] = await twoIdentities();
  const host = await SessionHost.start(them);
  t.teardown(() => host.close());
  host.description = description;
  const session = new ReconnectingSession({
    host: host.http.paired,
    identity,
    appId: 1,
    settings: SETTINGS,
    log: silentLog(),
    retry: threeTimes(),
    pendingLaunch: 60,
    ...changes,
  });
  t.teardown(() => session.close());
  const events: string[] = [];
  session.on('reconnecting', ({ attempt }) => events.push(`reconnecting ${attempt}`));
  session.on('reconnected', () => events.push('reconnected'));
  session.on('gave-up', ({ code }) => events.push(`gave up ${code}`));
  session.on('closed', ({ code, byHost }) => events.push(`closed ${code} ${String(byHost)}`));
  await Promise.all([session.start(), once(session, 'video'), host.seen('idr')]);
  return { host, session, events };
}

test.serial('a gap is bridged by resuming with new keys', async (t) => {
  const { host, session, events } = await begin(t);
  const before = session.totals();
  t.true(before.framesComplete > 0);
  host.hangUp();
  await once(session, 'reconnected');
  await once(session, 'video');
  // The figures of the first session stay in the totals.
  t.true(session.totals().framesComplete >= before.framesComplete + session.stats().framesComplete);
  t.true(session.totals().videoBytes >= before.videoBytes + session.stats().videoBytes);
  t.is(host.rikeys.size, 2);
  t.deepEqual(
    host.steps.filter((step) => ['launch', 'resume', 'cancel'].includes(step)),
    ['launch', 'resume'],
  );
  await Promise.all([session.close(), session.close()]);
  t.deepEqual(events, ['reconnecting 1', 'reconnected', 'closed 0 false']);
});

test.serial('an attempt that fails in RTSP is followed by another', async (t) => {
  const { host, session, events } = await begin(t, { startTimeout: 1000 });
  host.reachable = false;
  session.on('reconnecting', ({ attempt }) => (host.reachable = attempt > 1));
  host.hangUp();
  await once(session, 'reconnected');
  t.deepEqual(events, ['reconnecting 1', 'reconnecting 2', 'reconnected']);
  t.is(host.rikeys.size, 3);
});

test.serial(
  'a hole in UDP alone: the launch was used, so the next attempt is not held',
  async (t) => {
    // The host would be waited for until the test is over.
    const changes = { startTimeout: 1500, pendingLaunch: 600_000, retry: patiently };
    const { host, session } = await begin(t, changes);
    const losses: SessionLoss[] = [];
    session.on('reconnecting', (loss) => losses.push(loss));
    host.cutUdp(true);
    await until('an attempt has failed', () => losses.length > 1);
    const back = Promise.all([once(session, 'reconnected'), once(session, 'video')]);
    host.cutUdp(false);
    await back;
    t.like(losses[0], { code: 'HOST_UNREACHABLE', silent: true });
    t.is(host.steps.filter((step) => step === 'launch').length, 1);
  },
);

test.serial('what the host ended is not brought back', async (t) => {
  const { host, session, events } = await begin(t);
  const closed = once(session, 'closed');
  host.terminate(0x80030023);
  await closed;
  t.deepEqual(events, ['closed 0 true']);
});

test.serial('an app that ended during the gap is not launched again', async (t) => {
  const { host, session, events } = await begin(t);
  const closed = once(session, 'closed');
  host.currentGame = 0;
  host.hangUp();
  await closed;
  t.deepEqual(events, ['reconnecting 1', 'closed -1 true']);
  t.is(host.steps.filter((step) => step === 'launch').length, 1);
});

test.serial('an app that is gone after silence is launched anew: nobody ended it', async (t) => {
  const { host, session, events } = await begin(t, { retry: patiently });
  await host.crash();
  const losses: SessionLoss[] = [];
  session.on('reconnecting', (loss) => losses.push(loss));
  await once(session, 'reconnecting');
  const back = Promise.all([once(session, 'reconnected'), once(session, 'video')]);
  await host.comeBack();
  await back;
  t.like(losses[0], { code: 'HOST_UNREACHABLE', silent: true, errorCode: -1 });
  t.is(host.steps.filter((step) => step === 'launch').length, 2);
  t.is(host.steps.filter((step) => step === 'cancel').length, 0);
  t.is(events.at(-1), 'reconnected');
});

test.serial('a host that hung up and then was away has not ended the app', async (t) => {
  const { host, session } = await begin(t, { retry: patiently });
  host.hangUp();
  await host.crash();
  const { reason } = await new Promise<SessionLoss>((resolve) =>
    session.on('reconnecting', (loss) => loss.code === 'HOST_UNREACHABLE' && resolve(loss)),
  );
  t.regex(reason, /unreachable/);
  const back = once(session, 'reconnected');
  await host.comeBack();
  await back;
  t.is(host.steps.filter((step) => step === 'launch').length, 2);
});

const SURROUND = 'a=fmtp:97 surround-params=642012453\n';

test.serial('sound of other channels than before is no resumption', async (t) => {
  const settings = { ...SETTINGS, audioChannels: 6 } as const;
  const { host, session, events } = await begin(t, { settings, retry: patiently }, SURROUND);
  t.deepEqual(session.stream?.audio.mapping, [0, 1, 2, 3, 4, 5]);
  host.hangUp();
  await Promise.all([once(session, 'reconnected'), once(session, 'video')]);
  // As after an update of the host.
  host.description = 'a=fmtp:97 surround-params=642014523\n';
  const closed = once(session, 'closed') as Promise<[Termination]>;
  host.hangUp();
  const [termination] = await closed;
  t.like(termination, { code: -1, byHost: false });
  t.regex(termination.reason, /channels of its sound/);
  t.deepEqual(events.slice(0, 3), ['reconnecting 1', 'reconnected', 'reconnecting 1']);
});

test.serial(
  'a host that has lost the codec of the pipeline is not asked for it again',
  async (t) => {
    const settings = { ...SETTINGS, videoFormats: VIDEO_FORMAT.H264 | VIDEO_FORMAT.H265 };
    const [identity, them] = await twoIdentities();
    const host = await SessionHost.start(them);
    t.teardown(() => host.close());
    host.description = 'sprop-parameter-sets=AAAAAU\n';
    host.http.on('serverinfo', ({ secure }) =>
      host.http.serverInfo({
        PairStatus: secure ? '1' : '0',
        currentgame: String(host.currentGame),
        state: host.currentGame === 0 ? 'SUNSHINE_SERVER_FREE' : 'SUNSHINE_SERVER_BUSY',
        ServerCodecModeSupport: '259',
      }),
    );
    const session = new ReconnectingSession({
      host: host.http.paired,
      identity,
      appId: 1,
      settings,
      log: silentLog(),
      retry: patiently,
    });
    t.teardown(() => session.close());
    const [{ video }] = await Promise.all([session.start(), host.seen('video ping')]);
    t.is(video.codec, 'h265');
    host.description = '';
    const closed = once(session, 'closed') as Promise<[Termination]>;
    host.hangUp();
    const [termination] = await closed;
    t.like(termination, { code: -1, byHost: false });
    t.regex(termination.reason, /video codec/);
  },
);

test.serial('attempts are bounded', async (t) => {
  const { host, session, events } = await begin(t);
  const closed = once(session, 'closed');
  host.http.on('resume', () => xml('', 503, 'not now'));
  host.hangUp();
  await closed;
  t.deepEqual(events, [
    'reconnecting 1',
    'reconnecting 2',
    'reconnecting 3',
    'reconnecting 4',
    'gave up HOST_REFUSED',
    'closed -1 false',
  ]);
});

test.serial('closing ends the reconnection and can still quit the app', async (t) => {
  const { host, session, events } = await begin(t, { retry: () => new Promise(() => undefined) });
  const reconnecting = once(session, 'reconnecting');
  host.hangUp();
  await reconnecting;
  await session.close({ quitApp: true });
  t.deepEqual(events, ['reconnecting 1', 'closed 0 false']);
  t.true(host.steps.includes('cancel'));
  t.is(session.sendInput({ type: 'scroll', amount: 1 }), 'closed');
});

test.serial('a first start that fails is told, not repeated', async (t) => {
  const { host, session } = await begin(t);
  await session.close();
  host.http.on('resume', () => xml('', 403));
  const [identity] = await twoIdentities();
  const other = new ReconnectingSession({
    host: host.http.paired,
    identity,
    appId: 2,
    settings: SETTINGS,
    retry: () => Promise.resolve(true),
    log: silentLog(),
  });
  const error = await t.throwsAsync(other.start(), { instanceOf: MoonteeError });
  t.is(error.code, 'HOST_BUSY');
  t.true(other.closed);
});
