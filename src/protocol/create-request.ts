import { randomBytes } from 'node:crypto';
import { meaningOf } from '../codec/described.js';
import { MoonteeError } from '../core/errors.js';
import { VIDEO_FORMAT } from '../moonlight/types.js';
import type { IpcSettings } from './ipc.js';
import {
  DEFAULT_SETTINGS,
  RequestedSettings,
  settingsOf,
  type CreateStreamerRequest,
} from './create-models.js';
import type { StreamerSpec } from './streamer-spec.js';

/** One path segment, and nothing that a path, a log line or a shell could trip over. */
const STREAMER_ID = /^(?!\.{1,2}$)[\w.~:@+-]{1,128}$/;
const CLIENT_ID = /^[\w.~:@+-]{1,128}$/;
const KNOWN_FORMATS = Object.values(VIDEO_FORMAT).reduce((mask, bit) => mask | bit, 0);

const RANGES = {
  width: [16, 16_384],
  height: [16, 16_384],
  fps: [1, 1_000],
  bitrate: [100, 2_000_000],
  packet_size: [128, 65_520],
  video_sample_queue_size: [0, 100_000],
  audio_sample_queue_size: [0, 100_000],
} as const satisfies Partial<Record<keyof IpcSettings, readonly [number, number]>>;

/**
 * The flat or the nested form, checked, with what was left out.
 *
 * @param madeUp id for a streamer that is given none
 * @throws BAD_REQUEST
 */
export function streamerSpec(
  request: CreateStreamerRequest,
  madeUp = `streamer-${randomBytes(4).toString('hex')}`,
): StreamerSpec {
  const id = request.streamer_id ?? madeUp;
  if (!STREAMER_ID.test(id)) {
    throw new MoonteeError('BAD_REQUEST', 'streamer_id has 1 to 128 of A-Z a-z 0-9 _ . ~ : @ + -');
  }
  const clientId = request.client_unique_id ?? null;
  if (clientId !== null && !CLIENT_ID.test(clientId)) {
    throw new MoonteeError(
      'BAD_REQUEST',
      'client_unique_id has 1 to 128 of A-Z a-z 0-9 _ . ~ : @ + -',
    );
  }
  if (request.app_id < -0x8000_0000 || request.app_id > 0xffff_ffff) {
    throw new MoonteeError('BAD_REQUEST', 'app_id has 32 bits');
  }
  return {
    streamer_id: id,
    client_unique_id: clientId,
    host_id: request.host_id,
    app_id: request.app_id,
    settings: ipcSettings(settingsOf(request)),
  };
}

/** @throws BAD_REQUEST if a value is out of its range */
function ipcSettings(requested: RequestedSettings): IpcSettings {
  const settings = complete(requested);
  for (const [name, [min, max]] of Object.entries(RANGES)) {
    const value = settings[name as keyof typeof RANGES];
    if (value >= min && value <= max) continue;
    const known = RequestedSettings.props[name as keyof typeof RANGES];
    throw new MoonteeError(
      'BAD_REQUEST',
      `${name}: must be from ${min} to ${max}; ${meaningOf(known)}`,
    );
  }
  const formats = settings.video_supported_formats;
  const known = formats > 0 && (formats & ~KNOWN_FORMATS) === 0 && formats <= KNOWN_FORMATS;
  return {
    ...settings,
    // Chroma is subsampled: an odd picture cannot be coded.
    width: settings.width & ~1,
    height: settings.height & ~1,
    packet_size: settings.packet_size & ~15,
    video_supported_formats: known ? formats : VIDEO_FORMAT.H264,
  };
}

/** Null stands for what was left out, too. */
function complete(requested: RequestedSettings): IpcSettings {
  const { width, height, fps, bitrate, ...rest } = DEFAULT_SETTINGS;
  return {
    width: requested.width ?? width,
    height: requested.height ?? height,
    fps: requested.fps ?? fps,
    bitrate: requested.bitrate ?? bitrate,
    packet_size: requested.packet_size ?? rest.packet_size,
    video_supported_formats: requested.video_supported_formats ?? rest.video_supported_formats,
    video_colorspace: requested.video_colorspace ?? rest.video_colorspace,
    video_color_range_full: requested.video_color_range_full ?? rest.video_color_range_full,
    play_audio_local: requested.play_audio_local ?? rest.play_audio_local,
    video_sample_queue_size: requested.video_sample_queue_size ?? rest.video_sample_queue_size,
    audio_sample_queue_size: requested.audio_sample_queue_size ?? rest.audio_sample_queue_size,
    audio_channels: requested.audio_channels ?? rest.audio_channels,
    hdr: requested.hdr ?? rest.hdr,
  };
}
