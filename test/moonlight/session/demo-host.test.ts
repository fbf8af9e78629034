import test from 'ava';
import { once } from 'node:events';
import { DemoHost } from '../../../src/demo-host/demo-host.js';
import type { DemoHostOptions } from '../../../src/demo-host/options.js';
import { silentLog } from '../../../src/core/log.js';
import { createIdentity } from '../../../src/moonlight/identity.js';
import { HostClient } from '../../../src/moonlight/nvhttp/host-client.js';
import { pair } from '../../../src/moonlight/pairing/pair.js';
import { MoonlightSession } from '../../../src/moonlight/session.js';
import type { AccessUnit, StreamSettings } from '../../../src/moonlight/types.js';
import { STREAM_SETTINGS } from '../../support/stream-settings.js';

const PIN = '2580';

const SETTINGS: StreamSettings = {
  ...STREAM_SETTINGS,
  width: 320,
  height: 240,
  fps: 30,
  bitrate: 2000,
  encryptAudio: true,
  encryptVideo: true,
};

const HOSTS: Record<string, DemoHostOptions> = {
  'a Sunshine-like host that encrypts everything': {
    style: 'sunshine',
    rtspEncryption: 'required',
    videoEncryption: 'required',
    audioEncryption: 'required',
  },
  'a Wolf-like host with lower-case headers': { style: 'wolf', lowerCaseRtspHeaders: true },
};

for (const [name, options] of Object.entries(HOSTS)) {
  test.serial(`${name}: pair, list, stream, steer, leave, come back, quit`, async (t) => {
    const log = silentLog();
    const host = await DemoHost.start({ ...options, httpPort: 0, pin: PIN });
    t.teardown(() => host.close());
    const identity = await createIdentity();
    const { httpPort } = host;
    const paired = await pair({ address: '127.0.0.1', httpPort, identity, pin: PIN, log });

    const client = HostClient.forPaired(paired, identity, log);
    t.is((await client.serverInfo()).trust, 'paired');
    const [desktop] = await client.apps();
    t.is(desktop?.title, 'Desktop');
    const appId = desktop?.id ?? 0;
    t.is((await client.appAsset(appId)).toString('latin1', 1, 4), 'PNG');

    const first = new MoonlightSession({ host: paired, identity, appId, settings: SETTINGS, log });
    t.teardown(() => first.close());
    const units: AccessUnit[] = [];
    first.on('video', (unit) => units.push(unit));
    const sound = once(first, 'audio');
    const stream = await first.start();
    t.is(stream.encryption.rtsp, options.style === 'sunshine');
    t.is(stream.encryption.control, options.style === 'sunshine' ? 2 : 1);
    await sound;
    while (units.length < 20) await once(first, 'video');
    t.true(units[0]?.idr);
    const numbers = units.map(({ frameNumber }) => frameNumber);
    t.deepEqual(
      numbers,
      numbers.map((_, index) => (numbers[0] ?? 0) + index),
    );

    const pressed = new Promise((resolve) =>
      host.on('input', ({ input }) => {
        if (input.type === 'key' && input.down) resolve(input.keyCode);
      }),
    );
    first.sendInput({ type: 'key', down: true, keyCode: 0x41, modifiers: 0 });
    t.is(await pressed, 0x41);
    const keyframes = units.filter(({ idr }) => idr).length;
    first.requestIdr();
    while (units.filter(({ idr }) => idr).length === keyframes) await once(first, 'video');
    await first.close();
    t.is((await client.serverInfo()).currentGame, appId);

    const second = new MoonlightSession({
      host: paired,
      identity,
      appId,
      settings: SETTINGS,
      resumeOnly: true,
      log,
    });
    t.teardown(() => second.close());
    await Promise.all([once(second, 'video'), second.start()]);
    await second.close({ quitApp: true });
    t.is((await client.serverInfo()).currentGame, 0);
  });
}
