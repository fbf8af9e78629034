/** What a stream is asked to be, where a test or a benchmark does not care. */
import { VIDEO_FORMAT, type StreamSettings } from '../../src/moonlight/types.js';

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
