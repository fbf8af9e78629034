import { parseArgs } from 'node:util';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { HostStore } from '../hosts/store.js';
import { createLog } from '../log.js';
import { createPin } from '../moonlight/pairing/crypto.js';
import { UsageError } from './usage.js';

const CONFIG_OPTION = { config: { type: 'string' } } as const;

function configOf(file: string | undefined): Config {
  return loadConfig({ args: file === undefined ? [] : ['--config', file] }).config;
}

function openStore(config: Config): Promise<HostStore> {
  return HostStore.open(config.data_path, createLog('moontee', 'warn'));
}

/** `NAME`, `NAME:PORT`, `[IPv6]` or `[IPv6]:PORT`. */
function parseAddress(text: string, defaultPort: number): { address: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const address = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? defaultPort);
  if (address === undefined || port < 1 || port > 65_535) {
    throw new UsageError(`'${text}' is not an address like 192.168.1.20 or wolf:47989.`);
  }
  return { address, port };
}

/** `moontee pair ADDRESS[:PORT] [--pin 1234]`: adds a host, pairs with it, says its id. */
export async function pair(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...CONFIG_OPTION, pin: { type: 'string' } },
  });
  const [target] = positionals;
  if (target === undefined) throw new UsageError('pair wants the address of a host.');
  if (values.pin !== undefined && !/^\d{4}$/.test(values.pin)) {
    throw new UsageError('--pin takes four digits.');
  }
  const config = configOf(values.config);
  const { address, port } = parseAddress(target, config.moonlight_default_http_port);
  const store = await openStore(config);
  const host = await store.add(address, port);
  const pin = values.pin ?? config.pairing_pin ?? createPin();
  process.stdout.write(`Enter this PIN on the host: ${pin}\n`);
  await store.pair(host, pin);
  process.stdout.write(`Paired. The host has the id ${host.id}.\n`);
  return 0;
}

/** `moontee hosts`: a line each. */
export async function hosts(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: CONFIG_OPTION });
  const store = await openStore(configOf(values.config));
  for (const host of store.list()) {
    const { address, httpPort, paired } = host.stored;
    const state = await host.info().then(
      (info) => `${info.name} (${info.busy ? 'busy' : 'free'})`,
      () => 'does not answer',
    );
    const pairing = paired === null ? 'not paired' : 'paired';
    process.stdout.write(`${host.id}  ${address}:${httpPort}  ${pairing}  ${state}\n`);
  }
  return 0;
}

/** `moontee apps HOST_ID`: id and title a line. */
export async function apps(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: CONFIG_OPTION,
  });
  const id = Number(positionals[0] ?? NaN);
  if (!Number.isInteger(id)) throw new UsageError('apps wants the id of a host (see hosts).');
  const store = await openStore(configOf(values.config));
  for (const app of await store.require(id).apps()) {
    process.stdout.write(`${String(app.id).padStart(11)}  ${app.title}\n`);
  }
  return 0;
}
