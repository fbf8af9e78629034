import { isIP } from 'node:net';
import { MoonteeError } from '../core/errors.js';
import { silentLog, type Log } from '../core/log.js';
import { NO_FAULTS, type Faults } from './faults.js';
import type { DemoHostOptions, HostStyle } from './options.js';
import type { OfferedEncryption } from './rtsp/describe.js';

/** Options with their defaults, checked. */
export interface Settings {
  readonly bind: string;
  readonly style: HostStyle;
  readonly faults: Faults;
  readonly encryption: OfferedEncryption;
  readonly fecPercentage: number;
  readonly toneChannel: number | null;
  readonly log: Log;
}

/** @throws MoonteeError CONFIG_INVALID */
export function settle(options: DemoHostOptions): Settings {
  const bind = options.bind ?? '127.0.0.1';
  const style = options.style ?? 'sunshine';
  const fecPercentage = options.fecPercentage ?? 20;
  if (isIP(bind) === 0) {
    throw new MoonteeError('CONFIG_INVALID', `Not an IP address to bind to: ${bind}`);
  }
  if (!Number.isInteger(fecPercentage) || fecPercentage < 0 || fecPercentage > 255) {
    throw new MoonteeError('CONFIG_INVALID', 'The FEC percentage is 0 to 255');
  }
  if (options.pin !== undefined && options.pin !== null && !/^\d{4}$/.test(options.pin)) {
    throw new MoonteeError('CONFIG_INVALID', 'The PIN is four digits');
  }
  return {
    bind,
    style,
    fecPercentage,
    toneChannel: options.toneChannel ?? null,
    faults: options.faults ?? NO_FAULTS,
    // Wolf knows neither version 2 nor encrypted video (wolf.md).
    encryption: {
      control: style === 'wolf' ? 1 : (options.controlEncryption ?? 2),
      video: style === 'wolf' ? 'off' : (options.videoEncryption ?? 'off'),
      audio: options.audioEncryption ?? 'off',
    },
    log: options.log ?? silentLog(),
  };
}
