import { dirname, join } from 'node:path';
import type { Config } from '../config/schema.js';
import type { Log } from '../core/log.js';
import { IdentityStore } from '../hosts/identities.js';
import { HostStore } from '../hosts/store.js';

/** What is kept on disk, beside the list of streamers. */
export interface Stores {
  readonly hosts: HostStore;
  readonly identities: IdentityStore;
  readonly folder: string;
}

/** @throws the operating system's error about the files, CONFIG_INVALID */
export async function openStores(config: Config, log: Log): Promise<Stores> {
  const folder = dirname(config.data_path);
  const hosts = await HostStore.open(config.data_path, log);
  const identities = await IdentityStore.open(join(folder, 'identities.json'), log);
  return { hosts, identities, folder };
}
