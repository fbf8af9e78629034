/** What the command line asks of a running server. */
import { createStreamer } from '../api/streamers.js';
import { streamerInfo } from '../api/streamer-dto.js';
import type { Config } from '../config/schema.js';
import { runHostCommand } from '../hosts/host-commands.js';
import type { ControlCommand, ControlItem } from '../protocol/control-command.js';
import { streamerSpec } from '../protocol/create-request.js';
import { readDataFiles } from '../storage/data-files.js';
import type { StreamerRegistry } from '../streamer/registry.js';
import type { Drain } from './drain.js';
import type { Stores } from './stores.js';

export interface CommandContext {
  readonly config: Config;
  readonly stores: Stores;
  readonly streamers: StreamerRegistry;
  readonly drain: Drain;
}

/** @param emit gets what it answers @throws errors of what it does */
export async function runCommand(
  ask: ControlCommand,
  { config, stores, streamers, drain }: CommandContext,
  emit: (item: ControlItem) => void,
  signal: AbortSignal,
): Promise<void> {
  switch (ask.command) {
    case 'streamers':
      for (const each of streamers.list()) emit({ streamer: streamerInfo(each) });
      return;
    case 'create_streamer': {
      const spec = streamerSpec(ask.request);
      const streamer = await createStreamer({ streamers, hosts: stores.hosts }, spec);
      await streamer.connected();
      await streamers.promise(streamer);
      emit({ streamer: streamerInfo(streamer) });
      return;
    }
    case 'delete_streamer':
      await streamers.delete(
        ask.streamer_id,
        ask.quit_app ?? config.quit_app_on_delete,
        ask.quit_app === true,
      );
      return;
    case 'drain':
      await drain.run(ask.timeout, (viewers) => emit({ viewers }), signal);
      return;
    case 'backup':
      await stores.hosts.save();
      for (const file of await readDataFiles(config.data_path)) emit({ file });
      return;
    default: {
      const { hosts, identities } = stores;
      const owner = { hosts, identities, pin: config.pairing_pin };
      await runHostCommand(ask, owner, emit, signal);
    }
  }
}
