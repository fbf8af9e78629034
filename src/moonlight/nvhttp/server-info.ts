import { MoonteeError } from '../../core/errors.js';
import { printable, type HostDocument } from './xml.js';

const DEFAULT_HTTPS_PORT = 47_984;

const U32_MAX = 0xffff_ffff;
const I32_MIN = -0x8000_0000;
const I32_MAX = 0x7fff_ffff;

/** Whether a host knows us, judged only by what came over the pinned TLS. */
type HostTrust = 'paired' | 'unpaired' | 'certificate-changed';

/** Facts of a host (gamestream.md §1.5). */
export interface ServerInfo {
  readonly trust: HostTrust;
  readonly name: string;
  /** a.b.c.d; d is negative on Sunshine and Wolf. */
  readonly appVersion: readonly [number, number, number, number];
  readonly gfeVersion: string;
  /** Stable id of the host. */
  readonly uniqueId: string;
  readonly httpsPort: number;
  readonly externalPort: number;
  /** For wake-on-LAN; null if the host does not report it. */
  readonly mac: string | null;
  readonly localIp: string;
  /** SCM bits (§10). */
  readonly codecModeSupport: number;
  readonly maxLumaPixelsHevc: number;
  readonly busy: boolean;
  /** Running app; 0 without one. */
  readonly currentGame: number;
}

/** @throws MoonteeError HOST_ANSWER_INVALID if it is not a GameStream host's answer */
export function readServerInfo(root: HostDocument, httpPort: number): Omit<ServerInfo, 'trust'> {
  const version = root.text('appversion') ?? '';
  const quad = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})\.(-?\d{1,9})$/.exec(version.trim());
  if (quad === null) {
    throw new MoonteeError('HOST_ANSWER_INVALID', 'Missing app version in the answer of the host');
  }
  const busy = root.text('state')?.trim().endsWith('_SERVER_BUSY') ?? false;
  const mac = root.text('mac')?.trim().toLowerCase() ?? '';
  return {
    name: printable(root.text('hostname') ?? '').trim(),
    appVersion: [Number(quad[1]), Number(quad[2]), Number(quad[3]), Number(quad[4])],
    gfeVersion: printable(root.text('GfeVersion') ?? '').trim(),
    uniqueId: printable(root.text('uniqueid') ?? '').trim(),
    httpsPort: root.integer('HttpsPort', 1, 0xffff) ?? DEFAULT_HTTPS_PORT,
    externalPort: root.integer('ExternalPort', 1, 0xffff) ?? httpPort,
    mac: /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/.test(mac) && !/^(00[:-]?){6}$/.test(mac) ? mac : null,
    localIp: printable(root.text('LocalIP') ?? '').trim(),
    // Nothing known: every host can do H.264.
    codecModeSupport: root.integer('ServerCodecModeSupport', 1, U32_MAX) ?? 1,
    maxLumaPixelsHevc: root.integer('MaxLumaPixelsHEVC', 0, U32_MAX) ?? 0,
    busy,
    // Some hosts keep naming the last app when they are free.
    currentGame: busy ? (root.integer('currentgame', I32_MIN, I32_MAX) ?? 0) : 0,
  };
}

export interface HostApp {
  readonly id: number;
  /** May be empty. */
  readonly title: string;
  readonly hdrSupported: boolean;
}

/** In display order; entries without a usable id are left out. */
export function readAppList(root: HostDocument): HostApp[] {
  return root.elements('App').flatMap((app) => {
    const id = app.integer('ID', I32_MIN, I32_MAX);
    if (id === null) return [];
    const hdrSupported = app.text('IsHdrSupported')?.trim() === '1';
    return [{ id, title: printable(app.text('AppTitle') ?? ''), hdrSupported }];
  });
}
