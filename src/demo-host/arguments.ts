import { parseArgs } from 'node:util';
import { MoonteeError } from '../core/errors.js';
import type { VideoCodec } from '../moonlight/types.js';
import { parseFaults } from './faults.js';
import type { AppOptions, DemoHostOptions, HostStyle, Offer } from './options.js';

function invalid(message: string): never {
  throw new MoonteeError('CONFIG_INVALID', message);
}

function port(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = /^\d{1,5}$/.test(value) ? Number(value) : NaN;
  return number <= 65_535 ? number : invalid(`--${name} is a port number`);
}

function choice<T extends string>(
  name: string,
  value: string | undefined,
  choices: readonly T[],
): T | undefined {
  if (value === undefined) return undefined;
  return choices.find((one) => one === value) ?? invalid(`--${name} is ${choices.join(', ')}`);
}

const CLIP_CODECS: Readonly<Record<string, VideoCodec>> = {
  h264: 'h264',
  h265: 'h265',
  hevc: 'h265',
  av1: 'av1',
};

function app(text: string): AppOptions {
  const match = /^([^=]{1,80})=(?:(gst|clip):(.+)|blocks)$/s.exec(text);
  const [, title = '', kind, what = ''] =
    match ?? invalid('--app is TITLE=gst:…, TITLE=clip:… or TITLE=blocks');
  if (kind === undefined) return { title, source: { kind: 'blocks' } };
  if (kind === 'gst') return { title, source: { kind: 'gstreamer', description: what } };
  const [mark = '', extension = ''] = what.toLowerCase().split('.').slice(-2);
  const codec = CLIP_CODECS[extension];
  if (codec === undefined) invalid('A clip is a .h264, .h265 or .av1 file');
  const hdr = mark === 'hdr';
  const bitDepth = hdr || mark === '10bit' ? 10 : 8;
  return { title, source: { kind: 'clip', file: what, codec, bitDepth, hdr } };
}

/** Leaves out what was not given. */
function given<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

const TEXT = { type: 'string' } as const;
const SWITCH = { type: 'boolean' } as const;

/**
 * Reads the command line of the demo host.
 *
 * @returns null if help was requested
 * @throws MoonteeError CONFIG_INVALID
 */
export function parseArguments(args: readonly string[]): DemoHostOptions | null {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        'http-port': TEXT,
        'https-port': TEXT,
        'rtsp-port': TEXT,
        'video-port': TEXT,
        'control-port': TEXT,
        'audio-port': TEXT,
        bind: TEXT,
        name: TEXT,
        pin: TEXT,
        state: TEXT,
        'input-log': TEXT,
        pipelines: TEXT,
        style: TEXT,
        'rtsp-encryption': TEXT,
        'video-encryption': TEXT,
        'audio-encryption': TEXT,
        'control-encryption': TEXT,
        fec: TEXT,
        'tone-channel': TEXT,
        'rtsp-lower-case': SWITCH,
        'mark-sessions': SWITCH,
        app: { type: 'string', multiple: true },
        hevc: SWITCH,
        av1: SWITCH,
        fault: { type: 'string', multiple: true },
        help: SWITCH,
      },
    }));
  } catch (cause) {
    throw MoonteeError.from(cause, 'CONFIG_INVALID');
  }
  if (values.help === true) return null;
  const offers: readonly Offer[] = ['off', 'offered', 'required'];
  const styles: readonly HostStyle[] = ['sunshine', 'wolf'];
  const control = choice('control-encryption', values['control-encryption'], ['1', '2']);
  const fec = values.fec;
  if (fec !== undefined && !/^\d{1,3}$/.test(fec)) invalid('--fec is a percentage');
  const toneChannel = values['tone-channel'];
  if (toneChannel !== undefined && !/^[0-7]$/.test(toneChannel)) {
    invalid('--tone-channel is the index of a channel');
  }
  return given({
    httpPort: port('http-port', values['http-port']),
    httpsPort: port('https-port', values['https-port']),
    rtspPort: port('rtsp-port', values['rtsp-port']),
    videoPort: port('video-port', values['video-port']),
    controlPort: port('control-port', values['control-port']),
    audioPort: port('audio-port', values['audio-port']),
    bind: values.bind,
    name: values.name,
    pin: values.pin,
    stateDirectory: values.state,
    inputLog: values['input-log'],
    pipelines: values.pipelines,
    style: choice('style', values.style, styles),
    rtspEncryption: choice('rtsp-encryption', values['rtsp-encryption'], offers),
    videoEncryption: choice('video-encryption', values['video-encryption'], offers),
    audioEncryption: choice('audio-encryption', values['audio-encryption'], offers),
    controlEncryption: control === undefined ? undefined : control === '1' ? (1 as const) : 2,
    fecPercentage: fec === undefined ? undefined : Number(fec),
    toneChannel: toneChannel === undefined ? undefined : Number(toneChannel),
    lowerCaseRtspHeaders: values['rtsp-lower-case'],
    markSessions: values['mark-sessions'],
    apps: values.app?.map(app),
    hevc: values.hevc,
    av1: values.av1,
    faults: values.fault === undefined ? undefined : parseFaults(values.fault),
  });
}
