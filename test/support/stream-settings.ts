/** What a stream is asked to be, where a test or a benchmark does not care. */
import { VIDEO_FORMAT, type StreamSettings } from '../../src/moonlight/types.js';
import type { IpcPipelines, IpcSettings } from '../../src/protocol/ipc.js';

/** As a session to a host takes them. */
export const STREAM_SETTINGS: StreamSettings = {
  width: 1280,
  height: 720,
  fps: 60,
  bitrate: 20_000,
  packetSize: 1024,
  videoFormats: VIDEO_FORMAT.H264,
  audioChannels: 2,
  audioPacketDuration: 10,
  colorSpace: 'Rec709',
  colorRangeFull: false,
  hdr: false,
  playAudioOnHost: false,
  encryptAudio: false,
  encryptVideo: false,
};

/** As streamers and their creators take them. */
export const STREAMER_SETTINGS: IpcSettings = {
  width: 1280,
  height: 720,
  fps: 60,
  bitrate: 10_000,
  packet_size: 1024,
  video_supported_formats: 1,
  video_colorspace: 'Rec709',
  video_color_range_full: false,
  play_audio_local: false,
  video_sample_queue_size: 10,
  audio_sample_queue_size: 10,
  audio_channels: 2,
  hdr: false,
};

/** The shipped templates; graphs of failures are not kept. */
export const PIPELINES: IpcPipelines = {
  path: null,
  mtu: 1200,
  graphs_path: '/nonexistent',
  graphs_kept: 0,
};
