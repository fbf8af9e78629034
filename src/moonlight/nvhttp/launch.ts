import { MoonteeError } from '../../core/errors.js';
import type { AudioChannels, StreamSettings } from '../types.js';
import type { HostDocument } from './xml.js';

/** Speaker mask by channel count (gamestream.md §3.6). */
export const CHANNEL_MASK: Readonly<Record<AudioChannels, number>> = { 2: 0x3, 6: 0x3f, 8: 0x63f };

const DEFAULT_RTSP_PORT = 48_010;

type LaunchSettings = Pick<
  StreamSettings,
  'width' | 'height' | 'fps' | 'audioChannels' | 'playAudioOnHost' | 'hdr'
>;

export interface LaunchRequest {
  readonly appId: number;
  readonly settings: LaunchSettings;
  /** 16 bytes, fresh for every launch and resume: all nonces restart with it. */
  readonly rikey: Buffer;
  /** Signed 32 bits. */
  readonly rikeyId: number;
  /** One bit for every gamepad that is attached from the start. */
  readonly gamepads: number;
}

/** The address for RTSP (gamestream.md §1.7). */
export interface SessionUrl {
  /** As the host sent it: it is echoed literally. */
  readonly text: string;
  readonly encrypted: boolean;
  /** Host part of the text; a name for the `Host` header, not the address to connect to. */
  readonly host: string;
  readonly port: number;
}

/** Parameters of `/launch` and `/resume`. */
export function launchParameters(request: LaunchRequest): [string, string][] {
  const { settings } = request;
  const channels = settings.audioChannels;
  return [
    ['appid', String(request.appId)],
    ['mode', `${settings.width}x${settings.height}x${settings.fps}`],
    ['additionalStates', '1'],
    ['sops', '0'],
    ['rikey', request.rikey.toString('hex')],
    ['rikeyid', String(request.rikeyId)],
    ['localAudioPlayMode', settings.playAudioOnHost ? '1' : '0'],
    ['surroundAudioInfo', String(CHANNEL_MASK[channels] * 0x1_0000 + channels)],
    ['remoteControllersBitmap', String(request.gamepads)],
    ['gcmap', String(request.gamepads)],
    ...(settings.hdr ? HDR_PARAMETERS : []),
    ['corever', '1'],
  ];
}

const HDR_PARAMETERS: [string, string][] = [
  ['hdrMode', '1'],
  ['clientHdrCapVersion', '0'],
  ['clientHdrCapSupportedFlagsInUint32', '0'],
  ['clientHdrCapMetaDataId', 'NV_STATIC_METADATA_TYPE_1'],
  ['clientHdrCapDisplayData', '0x0x0x0x0x0x0x0x0x0x0'],
];

/** @throws MoonteeError HOST_REFUSED, HOST_ANSWER_INVALID */
export function readLaunchAnswer(verb: 'launch' | 'resume', root: HostDocument): SessionUrl {
  const result = root.text(verb === 'launch' ? 'gamesession' : 'resume')?.trim() ?? '0';
  if (result === '' || /^0+$/.test(result)) {
    const said = root.statusMessage.trim();
    throw new MoonteeError(
      'HOST_REFUSED',
      `The host refused to ${verb}${said === '' ? '' : `: ${said}`}`,
      { details: { verb, host_status: root.statusCode, host_message: said } },
    );
  }
  return parseSessionUrl(root.text('sessionUrl0') ?? '');
}

/** @throws MoonteeError HOST_ANSWER_INVALID for what must not be echoed into a request */
export function parseSessionUrl(text: string): SessionUrl {
  const match =
    text.length > 256
      ? null
      : /^(rtsp|rtspenc):\/\/([\w.-]+|\[[\da-f:.]+\])(?::(\d{1,5}))?\/?$/i.exec(text);
  const [, scheme, host, digits] = match ?? [];
  const port = digits === undefined ? DEFAULT_RTSP_PORT : Number(digits);
  if (scheme === undefined || host === undefined || port < 1 || port > 0xffff) {
    throw new MoonteeError('HOST_ANSWER_INVALID', 'The host gave no usable session URL');
  }
  return { text, encrypted: scheme.toLowerCase() === 'rtspenc', host, port };
}
