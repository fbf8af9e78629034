import * as t from 'io-ts';
import { MoonteeError } from '../core/errors.js';
import { createPin } from '../moonlight/pairing/crypto.js';
import { Integer } from '../codec/integer.js';
import type { IdentityStore } from './identities.js';
import type { HostStore } from './store.js';

/** What a person at the command line may change. */
export const DataCommand = t.union(
  [
    t.type({
      command: t.literal('pair'),
      address: t.string,
      http_port: Integer,
      /** Four digits; null: the configured one, else a random one. */
      pin: t.union([t.string, t.null]),
    }),
    t.type({ command: t.literal('unpair'), host_id: Integer }),
    t.type({ command: t.literal('forget'), host_id: Integer }),
  ],
  'DataCommand',
);
export type DataCommand = t.TypeOf<typeof DataCommand>;

export interface DataOwner {
  readonly hosts: HostStore;
  readonly identities: IdentityStore;
  /** Configured PIN. */
  readonly pin: string | null;
}

/**
 * Does it, in the process that owns the data folder.
 *
 * @param say prints a line for the person
 * @throws errors of hosts and pairing
 */
export async function runDataCommand(
  command: DataCommand,
  { hosts, identities, pin: configured }: DataOwner,
  say: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  if (command.command === 'pair') {
    const pin = command.pin ?? configured ?? createPin();
    if (!/^\d{4}$/.test(pin)) throw new MoonteeError('BAD_REQUEST', 'A PIN has four digits');
    const host = await hosts.add(command.address, command.http_port);
    say(`Enter this PIN on the host: ${pin}`);
    await hosts.pair(host, pin, signal);
    await identities.forgetOutdated(host);
    say(`Paired. The host has the id ${host.id}.`);
    return;
  }
  const host = hosts.require(command.host_id);
  if (command.command === 'unpair') {
    await hosts.unpair(host);
    say(`The pairing with host ${host.id} is forgotten.`);
    return;
  }
  await hosts.remove(host.id);
  await identities.forgetHost(host);
  say(`Host ${host.id} is forgotten.`);
}
