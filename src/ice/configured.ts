import type { Config } from '../config/schema.js';
import type { IceServer } from '../gst/types.js';
import type { Log } from '../log.js';
import { IceServerProvider } from './provider.js';
import { commandSource, urlSource } from './servers-source.js';

/** The provider that a configuration describes. @param fixed its servers that never change */
export function iceServerProvider(
  config: Config,
  fixed: readonly IceServer[],
  log: Log,
): IceServerProvider {
  const {
    webrtc_turn_rest: turnRest,
    webrtc_ice_servers_command: command,
    webrtc_ice_servers_url: url,
  } = config;
  return new IceServerProvider({
    fixed,
    turnRest,
    sources: [
      ...(command === null ? [] : [commandSource(command)]),
      ...(url === null ? [] : [urlSource(url)]),
    ],
    log,
  });
}
