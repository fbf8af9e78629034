/** From the configuration's keys to ICE servers. */
import type { Config } from '../config/schema.js';
import type { IceServer } from './types.js';
import type { Log } from '../core/log.js';
import { IceServerProvider } from './provider.js';
import { commandSource, urlSource, type ServersSource } from './servers-source.js';
import { turnRestCredentials } from './turn-rest.js';

/** The provider that a configuration describes. @param fixed its servers that never change */
export function iceServerProvider(
  config: Config,
  fixed: readonly IceServer[],
  log: Log,
): IceServerProvider {
  const sources = sourcesOf(config).map(({ source }) => source);
  return new IceServerProvider({ fixed, turnRest: config.webrtc_turn_rest, sources, log });
}

/** ICE servers with the key that they come from. */
export interface ServerSet {
  readonly name: string;
  /** @throws CONFIG_INVALID if a source fails */
  readonly servers: () => Promise<readonly IceServer[]>;
}

/** Every key's servers by themselves, to find the one at fault. */
export function serverSets(config: Config, fixed: readonly IceServer[]): ServerSet[] {
  const { webrtc_turn_rest: rest } = config;
  const own = (): IceServer[] =>
    rest === null
      ? []
      : [{ urls: rest.urls, ...turnRestCredentials(rest, 'doctor', Date.now() / 1_000) }];
  return [
    { name: 'webrtc_ice_servers', servers: () => Promise.resolve(fixed) },
    ...(rest === null ? [] : [{ name: 'webrtc_turn_rest', servers: () => Promise.resolve(own()) }]),
    ...sourcesOf(config).map(({ name, source }) => ({
      name,
      servers: async () => (await source.fetch()).servers,
    })),
  ];
}

function sourcesOf(config: Config): { name: string; source: ServersSource }[] {
  const { webrtc_ice_servers_command: command, webrtc_ice_servers_url: url } = config;
  return [
    ...(command === null
      ? []
      : [{ name: 'webrtc_ice_servers_command', source: commandSource(command) }]),
    ...(url === null ? [] : [{ name: 'webrtc_ice_servers_url', source: urlSource(url) }]),
  ];
}
