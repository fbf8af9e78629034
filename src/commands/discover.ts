import { createLog } from '../core/log.js';
import { cleanText } from '../core/text.js';
import { discoverHosts } from '../moonlight/discovery.js';
import type { Invocation } from './invocation.js';
import { note, print, printJson } from './output.js';

const DEFAULT_SECONDS = 3;
/** Characters of a name that a host chose. */
const MAX_NAME = 80;

/** `moontee discover [--seconds N] [--json]`: the hosts that announce themselves, a line each. */
export async function discover(call: Invocation): Promise<number> {
  const seconds = call.number('seconds') ?? DEFAULT_SECONDS;
  const log = createLog('moontee', 'warn');
  const hosts = await discoverHosts({ log, time: seconds * 1_000 });
  if (call.flag('json')) {
    const list = hosts.map(({ name, address, httpPort }) => ({
      name,
      address,
      http_port: httpPort,
    }));
    printJson({ hosts: list });
    return 0;
  }
  for (const { name, address, httpPort } of hosts) {
    const place = address.includes(':') ? `[${address}]` : address;
    print(`${place}:${httpPort}  ${cleanText(name, MAX_NAME)}`);
  }
  if (hosts.length === 0) {
    note(
      "No host announced itself in this network. 'moontee pair ADDRESS' needs no announcement; " +
        'hosts behind a router, or without mDNS, make none.',
    );
  }
  return 0;
}
