import { MoonteeError } from '../core/errors.js';
import { VIDEO_FORMAT } from '../moonlight/types.js';
import type { IpcSettings } from './ipc.js';
import {
  NestedCreateRequest,
  type CreateStreamerRequest,
  type RequestedSettings,
} from './rest-models.js';
import type { StreamerSpec } from './streamer-spec.js';

/** One path segment, and nothing that a path, a log line or a shell could trip over. */
const STREAMER_ID = /^(?!\.{1,2}$)[\w.~:@+-]{1,128}$/;
const CLIENT_ID = /^[\w.~:@+-]{1,128}$/;
const KNOWN_FORMATS = Object.values(VIDEO_FORMAT).reduce((mask, bit) => mask | bit, 0);

const RANGES: Readonly<Partial<Record<keyof RequestedSettings, readonly [number, number]>>> = {
  width: [16, 16_384],
  height: [16, 16_384],
  fps: [1, 1_000],
  bitrate: [100, 2_000_000],
  packet_size: [128, 65_520],
  video_sample_queue_size: [0, 100_000],
  audio_sample_queue_size: [0, 100_000],
};

/** The flat or the nested form, checked. @throws BAD_REQUEST */
export function streamerSpec(request: CreateStreamerRequest): StreamerSpec {
  if (!STREAMER_ID.test(request.streamer_id)) {
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
    streamer_id: request.streamer_id,
    client_unique_id: clientId,
    host_id: request.host_id,
    app_id: request.app_id,
    // A flat request may have an unchecked key of that name, too.
    settings: ipcSettings(NestedCreateRequest.is(request) ? request.settings : request),
  };
}

/** @throws BAD_REQUEST if a value is out of its range */
function ipcSettings(settings: RequestedSettings): IpcSettings {
  for (const [name, range] of Object.entries(RANGES)) {
    const value = settings[name as keyof RequestedSettings] as number;
    if (value < range[0] || value > range[1]) {
      throw new MoonteeError('BAD_REQUEST', `${name} must be from ${range[0]} to ${range[1]}`);
    }
  }
  const formats = settings.video_supported_formats;
  const known = formats > 0 && (formats & ~KNOWN_FORMATS) === 0 && formats <= KNOWN_FORMATS;
  return {
    // Chroma is subsampled: an odd picture cannot be coded.
    width: settings.width & ~1,
    height: settings.height & ~1,
    fps: settings.fps,
    bitrate: settings.bitrate,
    packet_size: settings.packet_size & ~15,
    video_supported_formats: known ? formats : VIDEO_FORMAT.H264,
    video_colorspace: settings.video_colorspace,
    video_color_range_full: settings.video_color_range_full,
    play_audio_local: settings.play_audio_local,
    video_sample_queue_size: settings.video_sample_queue_size,
    audio_sample_queue_size: settings.audio_sample_queue_size,
    audio_channels: settings.audio_channels ?? 2,
    hdr: settings.hdr ?? false,
  };
}
