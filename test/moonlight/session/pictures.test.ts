/** Pictures that cease while everything else goes on, and pictures that merely stand still. */
import test, { type ExecutionContext } from 'ava';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLog } from '../../../src/core/log.js';
import { ReconnectingSession, type SessionLoss } from '../../../src/moonlight/reconnect.js';
import type { HostSilence } from '../../../src/moonlight/types.js';
import { STREAM_SETTINGS } from '../../support/stream-settings.js';
import { twoIdentities } from '../nvhttp/fake-host.js';
import { SessionHost } from './session-host.js';

async function begin(t: ExecutionContext): Promise<{
  host: SessionHost;
  session: ReconnectingSession;
  losses: SessionLoss[];
  silences: HostSilence[];
}> {
  const [identity, them] = await twoIdentities();
  const host = await SessionHost.start(them);
  t.teardown(() => host.close());
  const losses: SessionLoss[] = [];
  const session = new ReconnectingSession({
    host: host.http.paired,
    identity,
    appId: 1,
    settings: { ...STREAM_SETTINGS, encryptAudio: true },
    log: silentLog(),
    retry: async (loss) => {
      losses.push(loss);
      await sleep(20);
      return true;
    },
  });
  t.teardown(() => session.close());
  const silences: HostSilence[] = [];
  session.on('silence', (silence) => silences.push(silence));
  await Promise.all([session.start(), once(session, 'video'), host.seen('idr')]);
  return { host, session, losses, silences };
}

const requests = ({ steps }: SessionHost): number => steps.filter((step) => step === 'idr').length;

test.serial('pictures cease: asked for, told, and the session is resumed', async (t) => {
  const { host, session, losses, silences } = await begin(t);
  const before = requests(host);
  host.pictures = 'stopped';
  await once(session, 'silence');
  t.true(requests(host) > before);
  t.deepEqual(silences, [{ silent: true, reason: 'The host sends no pictures' }]);
  await once(session, 'reconnecting');
  host.pictures = 'flow';
  await Promise.all([once(session, 'reconnected'), once(session, 'video')]);
  t.like(losses[0], { code: 'NO_VIDEO', errorCode: -100, silent: false });
  t.regex(losses[0]?.reason ?? '', /no pictures any more/);
  t.deepEqual(
    host.steps.filter((step) => ['launch', 'resume', 'cancel'].includes(step)),
    ['launch', 'resume'],
  );
});

test.serial('a still desktop answers when it is asked, and nothing happens', async (t) => {
  const { host, session, losses, silences } = await begin(t);
  const before = requests(host);
  host.pictures = 'still';
  // Of several requests each brings a picture.
  while (requests(host) < before + 2) await once(session, 'video');
  await once(session, 'video');
  t.deepEqual([losses, silences], [[], []]);
});
