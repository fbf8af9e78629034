import { parseArgs } from 'node:util';
import { createLog } from '../core/log.js';
import { discoverHosts } from '../moonlight/discovery.js';
import { UsageError } from './usage.js';

const DEFAULT_SECONDS = 3;
const MAX_SECONDS = 60;

/** `moontee discover [--seconds N] [--json]`: the hosts that announce themselves, a line each. */
export async function discover(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  const seconds = Number(values.seconds ?? DEFAULT_SECONDS);
  if (!(seconds > 0 && seconds <= MAX_SECONDS)) {
    throw new UsageError(`--seconds takes a number up to ${MAX_SECONDS}.`);
  }
  const log = createLog('moontee', 'warn');
  const hosts = await discoverHosts({ log, time: seconds * 1_000 });
  if (values.json) {
    const list = hosts.map(({ name, address, httpPort }) => ({
      name,
      address,
      http_port: httpPort,
    }));
    process.stdout.write(`${JSON.stringify({ hosts: list })}\n`);
    return 0;
  }
  for (const { name, address, httpPort } of hosts) {
    const place = address.includes(':') ? `[${address}]` : address;
    process.stdout.write(`${place}:${httpPort}  ${name}\n`);
  }
  if (hosts.length === 0) process.stderr.write('No host announced itself in this network.\n');
  return 0;
}
