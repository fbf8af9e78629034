/** The host that is streamed from, in a process of its own: nothing of the campaign holds it up. */
import { DemoHost } from '../../src/demo-host/demo-host.js';
import { HOST_PIN, HOST_APP } from './terms.js';

const host = await DemoHost.start({
  httpPort: 0,
  pin: HOST_PIN,
  apps: [{ title: HOST_APP, source: { kind: 'blocks' } }],
});
process.on('disconnect', () => process.exit(0));
process.send?.({ port: host.httpPort });
