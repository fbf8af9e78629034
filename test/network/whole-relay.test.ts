/** A whole server, from a shared secret in its configuration to a picture through a relay. */
import test, { type ExecutionContext } from 'ava';
import type { MoonteeServer } from '../../src/server/server.js';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { RawViewer } from '../support/raw-viewer.js';
import { ReceiverProcess } from '../support/receiver.js';
import { Coturn, HAS_COTURN } from './coturn.js';

// What the children say is of no interest here.
process.env['MOONTEE_LOG'] ??= 'error';

const turn = HAS_COTURN ? test.serial : test.serial.skip;
if (!HAS_COTURN) process.stderr.write('coturn is not installed: its tests are skipped\n');

async function serving(t: ExecutionContext, flags: Record<string, string>): Promise<MoonteeServer> {
  const server = await demoServer(t, { flags: { webrtc_relay_only: 'true', ...flags } });
  await demoStreamer(server);
  return server;
}

turn('the secret reaches browser and streamer, a wrong one is told', async (t) => {
  const relay = await Coturn.start({ secret: 'north' });
  t.teardown(() => relay.stop());
  const receivers = await ReceiverProcess.start();
  t.teardown(() => receivers.kill());
  const view = (server: MoonteeServer, id: string): RawViewer => {
    const url = `${server.url}api/streamers/s/peer`.replace(/^http/, 'ws');
    return new RawViewer(url, receivers, id, 'all', { bindAddress: '127.0.0.1' });
  };
  const rest = (secret: string): Record<string, string> => ({
    webrtc_turn_rest: JSON.stringify({ urls: [relay.url], secret, ttl: 600 }),
  });

  const right = view(await serving(t, rest('north')), 'right');
  await right.peer.until((stats) => stats.video.markers >= 20);
  t.true(right.heard('ConnectionComplete'));
  right.leave('graceful');

  const wrong = view(await serving(t, rest('south')), 'wrong');
  await wrong.untilClosed();
  const last = wrong.messages.find((each) => typeof each === 'object' && 'PeerClosed' in each);
  const { code, reason } = (last as { PeerClosed: { code: string; reason: string } }).PeerClosed;
  t.is(code, 'ICE_FAILED');
  t.regex(reason, /no TURN server gave us one/);
});
