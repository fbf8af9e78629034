/**
 * The host that is streamed from, in a process of its own: nothing of the campaign holds it up.
 * Argument: file of a clip's access units; without it, it makes its pictures itself.
 */
import { DemoHost } from '../../src/demo-host/demo-host.js';
import type { AppSource } from '../../src/demo-host/options.js';
import { HOST_PIN, HOST_APP } from './terms.js';

const [, , file] = process.argv;
const source: AppSource =
  file === undefined ? { kind: 'blocks' } : { kind: 'clip', file, codec: 'h264' };
const host = await DemoHost.start({
  httpPort: 0,
  pin: HOST_PIN,
  apps: [{ title: HOST_APP, source }],
});
process.on('disconnect', () => process.exit(0));
process.send?.({ port: host.httpPort });
