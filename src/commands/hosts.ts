import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { MoonteeError } from '../core/errors.js';
import { askServer, takeDataFolder } from '../hosts/control-socket.js';
import { runDataCommand, type DataCommand } from '../hosts/data-commands.js';
import { IdentityStore } from '../hosts/identities.js';
import { HostStore } from '../hosts/store.js';
import { createLog } from '../core/log.js';
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

/** Milliseconds that another command, or a server that starts or ends, may have the folder. */
const PATIENCE_MS = 3_000;

/** Done by the running server, or by this process if no server owns the folder. */
async function change(config: Config, command: DataCommand): Promise<void> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const log = createLog('moontee', 'warn');
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    if (await askServer(config.data_path, command, say)) return;
    try {
      const lock = await takeDataFolder(config.data_path, log);
      try {
        const hosts = await openStore(config);
        const file = join(dirname(config.data_path), 'identities.json');
        const identities = await IdentityStore.open(file, log);
        await runDataCommand(command, { hosts, identities, pin: config.pairing_pin }, say);
      } finally {
        await lock.release();
      }
      return;
    } catch (error) {
      const isTaken = error instanceof MoonteeError && error.code === 'DATA_IN_USE';
      if (!isTaken || performance.now() > deadline) throw error;
    }
    await sleep(200);
  }
}

/** `moontee pair ADDRESS[:PORT] [--pin 1234]`: adds a host, pairs with it, prints its id. */
export async function pair(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...CONFIG_OPTION, pin: { type: 'string' } },
  });
  const [target] = positionals;
  if (target === undefined) throw new UsageError('pair needs the address of a host.');
  if (values.pin !== undefined && !/^\d{4}$/.test(values.pin)) {
    throw new UsageError('--pin takes four digits.');
  }
  const config = configOf(values.config);
  const { address, port } = parseAddress(target, config.moonlight_default_http_port);
  await change(config, { command: 'pair', address, http_port: port, pin: values.pin ?? null });
  return 0;
}

/** `moontee unpair HOST_ID`: forgets a pairing, not the host. */
export function unpair(args: readonly string[]): Promise<number> {
  return changeHost('unpair', args);
}

/** `moontee forget HOST_ID`: forgets a host with its pairings. */
export function forget(args: readonly string[]): Promise<number> {
  return changeHost('forget', args);
}

async function changeHost(command: 'unpair' | 'forget', args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: CONFIG_OPTION,
  });
  await change(configOf(values.config), { command, host_id: hostId(command, positionals[0]) });
  return 0;
}

function hostId(command: string, text: string | undefined): number {
  const id = Number(text ?? NaN);
  if (!Number.isInteger(id))
    throw new UsageError(`${command} needs the id of a host; moontee hosts lists them.`);
  return id;
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
  const id = hostId('apps', positionals[0]);
  const store = await openStore(configOf(values.config));
  for (const app of await store.require(id).apps()) {
    process.stdout.write(`${String(app.id).padStart(11)}  ${app.title}\n`);
  }
  return 0;
}
