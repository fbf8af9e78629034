import { Option } from 'commander';
import { integerFrom } from './options.js';

/** An option of `moontee streamers create`, and the key of the request that it sets. */
interface CreateOption {
  readonly name: string;
  readonly key: string;
  readonly option: Option;
}

function numeric(name: string, key: string, help: string, min: number, max: number): CreateOption {
  const option = new Option(`--${name} <number>`, help).argParser(integerFrom(min, max));
  return { name, key, option };
}

/** Ranges are the server's. */
export const CREATE_OPTIONS: readonly CreateOption[] = [
  {
    name: 'id',
    key: 'streamer_id',
    option: new Option('--id <id>', 'name of the streamer; default: made up'),
  },
  {
    name: 'client-id',
    key: 'client_unique_id',
    option: new Option(
      '--client-id <id>',
      'identity towards the host; default: that of the pairing',
    ),
  },
  numeric('width', 'width', 'pixels; default: 1920', 16, 16_384),
  numeric('height', 'height', 'pixels; default: 1080', 16, 16_384),
  numeric('fps', 'fps', 'pictures a second; default: 60', 1, 1_000),
  numeric('bitrate', 'bitrate', 'kbit/s; default: 20000', 100, 2_000_000),
  numeric('channels', 'audio_channels', 'of sound: 2, 6 or 8; default: 2', 2, 8),
  { name: 'hdr', key: 'hdr', option: new Option('--hdr', 'ask for high dynamic range') },
];
