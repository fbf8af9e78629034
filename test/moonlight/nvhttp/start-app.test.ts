import test, { type ExecutionContext } from 'ava';
import { MoonteeError } from '../../../src/core/errors.js';
import { silentLog } from '../../../src/core/log.js';
import { HostClient } from '../../../src/moonlight/nvhttp/host-client.js';
import { startApp, type StartAppOptions } from '../../../src/moonlight/nvhttp/start-app.js';
import { STREAM_SETTINGS } from '../../support/stream-settings.js';
import { FakeHost, twoIdentities, xml } from './fake-host.js';

const APPS = '<App><AppTitle>Desktop</AppTitle><ID>1</ID></App><App><ID>-5</ID></App>';

async function prepare(
  t: ExecutionContext,
): Promise<{ host: FakeHost; start: (changes?: Partial<StartAppOptions>) => Promise<string> }> {
  const [us, them] = await twoIdentities();
  const host = await FakeHost.start(them);
  t.teardown(() => host.close());
  host.on('serverinfo', ({ secure }) => host.serverInfo({ PairStatus: secure ? '1' : '0' }));
  host.on('applist', () => xml(APPS));
  const url = '<sessionUrl0>rtsp://1.2.3.4:48010</sessionUrl0>';
  host.on('launch', () => xml(`${url}<gamesession>1</gamesession>`));
  host.on('resume', () => xml(`${url}<resume>1</resume>`));
  const client = HostClient.forPaired(host.paired, us, silentLog());
  const options: StartAppOptions = {
    client,
    request: {
      appId: 1,
      settings: STREAM_SETTINGS,
      rikey: Buffer.alloc(16),
      rikeyId: 1,
      gamepads: 0,
    },
    resumeOnly: false,
    onRequest: () => undefined,
    log: silentLog(),
    signal: new AbortController().signal,
    appWait: 0,
  };
  const start = async (changes: Partial<StartAppOptions> = {}): Promise<string> =>
    startApp({ ...options, ...changes }).then(
      ({ url: { text } }) => text,
      (error: unknown) => MoonteeError.from(error).code,
    );
  return { host, start };
}

/** What the host says that it runs. */
function running(host: FakeHost, appId: number, state = 'SUNSHINE_SERVER_BUSY'): void {
  host.on('serverinfo', ({ secure }) =>
    host.serverInfo({ PairStatus: secure ? '1' : '0', currentgame: String(appId), state }),
  );
}

test('a free host launches, whatever it ran before', async (t) => {
  const { host, start } = await prepare(t);
  running(host, 7, 'SUNSHINE_SERVER_FREE');
  t.is(await start(), 'rtsp://1.2.3.4:48010');
  t.is(host.verbs().at(-1), 'https launch');
});

test('an app that never appears is not found', async (t) => {
  const { host, start } = await prepare(t);
  host.on('applist', () => xml(''));
  t.is(await start(), 'APP_NOT_FOUND');
  t.false(host.verbs().includes('https launch'));
});

test('ids are the same signed or unsigned', async (t) => {
  const { host, start } = await prepare(t);
  running(host, -5);
  let asked = 0;
  const request = {
    appId: 0xffff_fffb,
    settings: {
      width: 1,
      height: 2,
      fps: 3,
      audioChannels: 2 as const,
      playAudioOnHost: true,
      hdr: false,
    },
    rikey: Buffer.alloc(16),
    rikeyId: 1,
    gamepads: 0,
  };
  t.is(await start({ request, onRequest: () => asked++ }), 'rtsp://1.2.3.4:48010');
  t.is(host.verbs().at(-1), 'https resume');
  t.is(asked, 1);
});

test('a host that cannot be trusted is asked for nothing', async (t) => {
  const { host, start } = await prepare(t);
  host.on('serverinfo', ({ secure }) => (secure ? xml('', 401) : host.serverInfo()));
  t.is(await start(), 'HOST_NOT_PAIRED');
  t.deepEqual([...new Set(host.verbs())], ['http serverinfo', 'https serverinfo']);
});

test('a refused launch of a host that runs nothing stays what it was', async (t) => {
  const { host, start } = await prepare(t);
  host.on('launch', () => ({ status: 409, body: '' }));
  t.is(await start(), 'HOST_BUSY');
  host.on('launch', () => xml('<gamesession>0</gamesession>', 503, 'no encoder'));
  t.is(await start(), 'HOST_REFUSED');
});

test('an app that can be neither resumed nor quit is an error', async (t) => {
  const { host, start } = await prepare(t);
  running(host, 1);
  host.on('resume', () => xml('<resume>0</resume>'));
  host.on('cancel', () => xml('<cancel>0</cancel>'));
  t.is(await start(), 'HOST_REFUSED');
  t.is(await start({ resumeOnly: true }), 'HOST_REFUSED');
  t.is(host.verbs().filter((verb) => verb === 'https cancel').length, 1);
});

test('an app that others use is not quit for one that cannot join it', async (t) => {
  const { host, start } = await prepare(t);
  running(host, 1);
  const cancels = (): number => host.verbs().filter((verb) => verb === 'https cancel').length;
  host.on('cancel', () => xml('<cancel>1</cancel>'));
  host.on('resume', () => xml('<resume>0</resume>', 503, 'Cannot resume'));
  t.is(await start({ mayQuitApp: () => Promise.resolve(false) }), 'HOST_REFUSED');
  t.is(cancels(), 0);
  t.is(await start({ mayQuitApp: () => Promise.resolve(true) }), 'rtsp://1.2.3.4:48010');
  t.is(cancels(), 1);
  // Who has no permission has none over the app either.
  host.on('resume', () => xml('<resume>0</resume>', 403, 'Permission denied'));
  t.is(await start(), 'HOST_REFUSED');
  t.is(cancels(), 1);
});
