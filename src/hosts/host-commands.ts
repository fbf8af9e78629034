import { MoonteeError } from '../core/errors.js';
import { printable } from '../moonlight/nvhttp/xml.js';
import { createPin } from '../moonlight/pairing/crypto.js';
import { wakeOnLan, wakeTargets } from '../moonlight/wake-on-lan.js';
import type { ControlItem, HostCommand, ListedHost } from '../protocol/control-command.js';
import type { Host } from './host.js';
import type { IdentityStore } from './identities.js';
import type { HostStore } from './store.js';

export interface DataOwner {
  readonly hosts: HostStore;
  readonly identities: IdentityStore;
  /** Configured PIN. */
  readonly pin: string | null;
}

type Emit = (item: ControlItem) => void;

/**
 * Does it, in the process that owns the data folder.
 *
 * @param emit gets what is reported to the person
 * @throws errors of hosts and pairing
 */
export async function runHostCommand(
  command: HostCommand,
  owner: DataOwner,
  emit: Emit,
  signal?: AbortSignal,
): Promise<void> {
  const { hosts, identities } = owner;
  if (command.command === 'pair') {
    await pairHost(command, owner, emit, signal);
    return;
  }
  if (command.command === 'hosts') {
    for (const host of await Promise.all(hosts.list().map(listedHost))) emit({ host });
    return;
  }
  const host = hosts.require(command.host_id);
  if (command.command === 'apps') {
    for (const { id, title, hdrSupported } of await host.apps()) {
      emit({ app: { app_id: id, title, is_hdr_supported: hdrSupported } });
    }
  } else if (command.command === 'wake') {
    await wakeHost(host);
  } else if (command.command === 'unpair') {
    await hosts.unpair(host);
  } else {
    await hosts.remove(host.id);
    await identities.forgetHost(host);
  }
}

/** @throws HOST_UNREACHABLE if its address in the network is unknown, or nothing can be sent */
export async function wakeHost(host: Host): Promise<void> {
  const mac = host.knownInfo?.mac ?? host.stored.cache?.mac ?? null;
  if (mac === null) throw new MoonteeError('HOST_UNREACHABLE', 'Unknown MAC address of the host');
  await wakeOnLan(mac, wakeTargets(host.lastAddresses));
  host.clearCache();
}

async function pairHost(
  command: Extract<HostCommand, { command: 'pair' }>,
  { hosts, identities, pin: configured }: DataOwner,
  emit: Emit,
  signal?: AbortSignal,
): Promise<void> {
  const pin = command.pin ?? configured ?? createPin();
  if (!/^\d{4}$/.test(pin)) throw new MoonteeError('BAD_REQUEST', 'A PIN has four digits');
  const host = await hosts.add(command.address, command.http_port);
  emit({ pin });
  await hosts.pair(host, pin, signal);
  await identities.forgetOutdated(host);
  emit({ host: await listedHost(host) });
}

async function listedHost(host: Host): Promise<ListedHost> {
  const { address, httpPort, cache } = host.stored;
  const info = await host.infoIfOnline();
  const name = info?.name ?? '';
  const paired = host.paired && (info === null || info.trust === 'paired');
  return {
    host_id: host.id,
    name: name !== '' ? name : printable(cache?.name ?? address),
    address,
    http_port: httpPort,
    paired: paired ? 'Paired' : 'NotPaired',
    server_state: info === null ? null : info.busy ? 'Busy' : 'Free',
  };
}
