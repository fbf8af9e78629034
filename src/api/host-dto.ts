import type { Host } from '../hosts/host.js';
import { printable } from '../moonlight/nvhttp/xml.js';
import type { ServerInfo } from '../moonlight/nvhttp/server-info.js';
import type { DetailedHost, UndetailedHost } from '../protocol/rest-models.js';

/** The short form; never fails: a host that does not answer is offline. */
export async function undetailedHost(host: Host): Promise<UndetailedHost> {
  const info = await host.infoIfOnline();
  return {
    host_id: host.id,
    name: nameOf(host, info),
    paired: info === null ? pairStatus(host.paired) : pairStatus(isPaired(host, info)),
    server_state: info === null ? null : info.busy ? 'Busy' : 'Free',
  };
}

/** @throws HOST_UNREACHABLE and others of talking to the host */
export async function detailedHost(host: Host): Promise<DetailedHost> {
  const info = await host.info();
  const { address, httpPort, cache } = host.stored;
  return {
    host_id: host.id,
    name: nameOf(host, info),
    paired: pairStatus(isPaired(host, info)),
    server_state: info.busy ? 'Busy' : 'Free',
    address,
    http_port: httpPort,
    https_port: info.httpsPort,
    external_port: info.externalPort,
    version: info.appVersion.join('.'),
    gfe_version: info.gfeVersion,
    unique_id: info.uniqueId,
    mac: info.mac ?? cache?.mac ?? null,
    local_ip: info.localIp,
    current_game: info.currentGame,
    max_luma_pixels_hevc: info.maxLumaPixelsHevc,
    server_codec_mode_support: info.codecModeSupport,
  };
}

/** Both sides agree that it is paired. */
export function isPaired(host: Host, info: ServerInfo): boolean {
  return host.paired && info.trust === 'paired';
}

function pairStatus(paired: boolean): 'Paired' | 'NotPaired' {
  return paired ? 'Paired' : 'NotPaired';
}

function nameOf(host: Host, info: ServerInfo | null): string {
  const name = info?.name ?? '';
  return name !== '' ? name : printable(host.stored.cache?.name ?? 'offline');
}
