import type { StreamSettings } from '../moonlight/types.js';
import type { IpcSettings } from '../protocol/ipc.js';

/**
 * The longer one, of which there are half as many. Each is sent to every viewer, where it wakes a
 * thread, and browsers play from a buffer that is longer anyway.
 */
const AUDIO_PACKET_DURATION_MS = 10;

/** What a host is asked for. */
export function streamSettings(settings: IpcSettings): StreamSettings {
  return {
    width: settings.width,
    height: settings.height,
    fps: settings.fps,
    bitrate: settings.bitrate,
    packetSize: settings.packet_size,
    videoFormats: settings.video_supported_formats,
    audioChannels: settings.audio_channels,
    audioPacketDuration: AUDIO_PACKET_DURATION_MS,
    colorSpace: settings.video_colorspace,
    colorRangeFull: settings.video_color_range_full,
    hdr: settings.hdr,
    playAudioOnHost: settings.play_audio_local,
    // The usual client encrypts sound, and Wolf of 2024 breaks unless it is asked to.
    encryptAudio: true,
    encryptVideo: false,
  };
}
