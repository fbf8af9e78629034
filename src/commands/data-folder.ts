/** The data folder of a configuration, as commands reach it: through its server, or by themselves. */
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/schema.js';
import { MoonteeError } from '../core/errors.js';
import { createLog } from '../core/log.js';
import { askServer, takeDataFolder } from '../hosts/control-socket.js';
import { runHostCommand } from '../hosts/host-commands.js';
import { IdentityStore } from '../hosts/identities.js';
import { HostStore } from '../hosts/store.js';
import { asOwnerOf } from '../storage/as-owner.js';
import type { ControlCommand, ControlItem, HostCommand } from '../protocol/control-command.js';

/** Milliseconds that another command, or a server that starts or ends, may have the folder. */
const PATIENCE_MS = 3_000;
const RETRY_MS = 200;

/** Of these the data only are read, which needs no lock. */
const READING = new Set<HostCommand['command']>(['hosts', 'apps', 'wake']);

type OnItem = (item: ControlItem) => void;

/** Done by the running server, or by this process if no server owns the folder. */
export async function runOnHosts(
  config: Config,
  command: HostCommand,
  onItem: OnItem,
): Promise<void> {
  if (await askServer(config.data_path, command, onItem)) return;
  if (READING.has(command.command)) {
    await runHere(config, command, onItem);
    return;
  }
  const ask = (): Promise<boolean> => askServer(config.data_path, command, onItem);
  await withFolder(config, () => runHere(config, command, onItem), { instead: ask });
}

/** @throws NO_SERVER if none runs on the folder */
export async function askRunningServer(
  config: Config,
  command: ControlCommand,
  onItem: OnItem,
  patience?: number,
): Promise<void> {
  if (await askServer(config.data_path, command, onItem, patience)) return;
  const folder = dirname(config.data_path);
  throw new MoonteeError('NO_SERVER', `No server runs on the data folder ${folder}`);
}

interface Waiting {
  /** Tried between two attempts; its true ends the wait. */
  readonly instead?: () => Promise<boolean>;
  /** Milliseconds. */
  readonly patience?: number;
}

/**
 * Owns the folder while `work` runs; who has it is waited for.
 *
 * @throws DATA_IN_USE, and what `work` throws
 */
export async function withFolder(
  { data_path: dataPath }: Config,
  work: () => Promise<void>,
  { instead, patience = PATIENCE_MS }: Waiting = {},
): Promise<void> {
  const log = createLog('moontee', 'warn');
  const deadline = performance.now() + patience;
  const attempt = async (): Promise<void> => {
    const lock = await takeDataFolder(dataPath, log);
    try {
      await work();
    } finally {
      await lock.release();
    }
  };
  for (;;) {
    try {
      await asOwnerOf(dirname(dataPath), attempt);
      return;
    } catch (error) {
      const isTaken = error instanceof MoonteeError && error.code === 'DATA_IN_USE';
      if (!isTaken || performance.now() >= deadline) throw error;
    }
    await sleep(RETRY_MS);
    if ((await instead?.()) === true) return;
  }
}

async function runHere(config: Config, command: HostCommand, onItem: OnItem): Promise<void> {
  const log = createLog('moontee', 'warn');
  const hosts = await HostStore.open(config.data_path, log);
  const file = join(dirname(config.data_path), 'identities.json');
  const identities = await IdentityStore.open(file, log);
  await runHostCommand(command, { hosts, identities, pin: config.pairing_pin }, onItem);
}
