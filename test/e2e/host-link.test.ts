/** What viewers are told of the link between server and host. */
import test from 'ava';
import { demoServer, demoStreamer } from '../support/demo-server.js';
import { RawViewer } from '../support/raw-viewer.js';
import { ReceiverProcess } from '../support/receiver.js';
import { until } from '../support/until.js';

process.env['MOONTEE_LOG'] ??= 'error';

test.serial('who asked hears of a poor link, others do not', async (t) => {
  // Runs of frames are lost, in half of the time.
  const server = await demoServer(t, { host: ['--fault', 'loss=1,burst=60,seed=3'] });
  await demoStreamer(server);
  const receivers = await ReceiverProcess.start();
  t.teardown(() => receivers.kill());
  const url = `${server.url}api/streamers/s/peer`.replace(/^http/, 'ws');
  const view = (id: string, asks: boolean): { viewer: RawViewer; said: string[] } => {
    const channels = ['keyboard', 'mouse'];
    const viewer = new RawViewer(url, receivers, id, 'all', { bindAddress: '127.0.0.1' }, channels);
    t.teardown(() => viewer.leave('abrupt'));
    const init = { credentials: null, ...(asks ? { host_quality: true } : {}) };
    viewer.socket.once('open', () => viewer.say({ AuthenticateAndInit: init }));
    const said: string[] = [];
    viewer.peer.on('message', ({ label, data }) => {
      if (label === 'general') said.push(data.toString());
    });
    return { viewer, said };
  };
  const historic = view('historic', false);
  const ours = view('ours', true);
  const poor = '{"ConnectionStatusUpdate":{"status":"Poor"}}';
  await until('the viewer is told', () => ours.said.includes(poor));
  // One that comes while it is so learns it as well.
  const late = view('late', true);
  await until('the late one is told', () => late.said.includes(poor));
  t.true(historic.viewer.heard('ConnectionComplete'));
  t.deepEqual(historic.said, []);
  t.true(ours.said.every((text) => text.startsWith('{"ConnectionStatusUpdate"')));
});
