import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { cleanText } from '../core/text.js';
import type { ControlItem, ListedHost } from '../protocol/control-command.js';
import { runOnHosts } from './data-folder.js';
import type { Invocation } from './invocation.js';
import { note, print, printJson, printTable } from './output.js';
import { UsageError } from './usage.js';

/** Characters of a name that a host chose. */
const MAX_NAME = 80;

const configOf = (call: Invocation): Config => loadConfig(call.settings).config;

/** `NAME`, `NAME:PORT`, `[IPv6]` or `[IPv6]:PORT`. */
function parseAddress(text: string, defaultPort: number): { address: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const address = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? defaultPort);
  if (address === undefined || port < 1 || port > 65_535) {
    throw new UsageError(`'${text}' is not an address like 192.168.1.20 or wolf:47989`, 'pair');
  }
  return { address, port };
}

/** `moontee pair ADDRESS[:PORT] [--pin 1234]`: adds a host, pairs with it, prints its id. */
export async function pair(call: Invocation): Promise<number> {
  const config = configOf(call);
  const { address, port } = parseAddress(call.argument(0), config.moonlight_default_http_port);
  const isJson = call.flag('json');
  const onItem = (item: ControlItem): void => {
    if (isJson) printJson(item);
    else if ('pin' in item) print(`Enter this PIN on the host: ${item.pin}`);
    else if ('host' in item) print(`Paired. The host has the id ${item.host.host_id}.`);
  };
  const pin = call.text('pin') ?? null;
  await runOnHosts(config, { command: 'pair', address, http_port: port, pin }, onItem);
  return 0;
}

/** `moontee unpair HOST_ID`: forgets a pairing, not the host. */
export function unpair(call: Invocation): Promise<number> {
  return changeHost(call, 'unpair', (id) => `The pairing with host ${id} is forgotten.`);
}

/** `moontee forget HOST_ID`: forgets a host with its pairings. */
export function forget(call: Invocation): Promise<number> {
  return changeHost(call, 'forget', (id) => `Host ${id} is forgotten.`);
}

/** `moontee wake HOST_ID`: sends it the packet that switches a sleeping machine on. */
export function wake(call: Invocation): Promise<number> {
  return changeHost(call, 'wake', (id) => `Host ${id} was sent a packet that wakes it.`);
}

async function changeHost(
  call: Invocation,
  command: 'unpair' | 'forget' | 'wake',
  done: (id: number) => string,
): Promise<number> {
  const host_id = Number(call.argument(0));
  await runOnHosts(configOf(call), { command, host_id }, () => undefined);
  if (call.flag('json')) printJson({ host_id });
  else print(done(host_id));
  return 0;
}

/** `moontee hosts`: a line each. */
export async function hosts(call: Invocation): Promise<number> {
  const found: ListedHost[] = [];
  await runOnHosts(configOf(call), { command: 'hosts' }, (item) => {
    if ('host' in item) found.push(item.host);
  });
  if (call.flag('json')) {
    printJson({ hosts: found });
    return 0;
  }
  printTable(
    found.map(({ host_id, address, http_port, paired, name, server_state: state }) => [
      String(host_id),
      `${address.includes(':') ? `[${address}]` : address}:${http_port}`,
      paired === 'Paired' ? 'paired' : 'not paired',
      state === null ? 'does not answer' : `${cleanText(name, MAX_NAME)} (${state.toLowerCase()})`,
    ]),
  );
  if (found.length === 0) {
    note("No host is known. 'moontee discover' finds some, 'moontee pair ADDRESS' adds one.");
  }
  return 0;
}

/** `moontee apps HOST_ID`: id and title a line. */
export async function apps(call: Invocation): Promise<number> {
  const command = { command: 'apps', host_id: Number(call.argument(0)) } as const;
  const found: Extract<ControlItem, { app: unknown }>['app'][] = [];
  await runOnHosts(configOf(call), command, (item) => {
    if ('app' in item) found.push(item.app);
  });
  if (call.flag('json')) {
    printJson({ apps: found });
    return 0;
  }
  for (const { app_id, title } of found) {
    print(`${String(app_id).padStart(11)}  ${cleanText(title, MAX_NAME)}`);
  }
  return 0;
}
