import type { AudioStats } from '../audio/types.js';
import type { SessionCounts, SessionStats } from '../types.js';
import type { VideoStats } from '../video/types.js';

/** The link's figures in one; zero for streams that are not there yet. */
export function mergeStats(
  video: Readonly<VideoStats> | undefined,
  audio: Readonly<AudioStats> | undefined,
  roundTrip: number | undefined,
): SessionStats {
  return {
    videoPackets: video?.packets ?? 0,
    videoBytes: video?.bytes ?? 0,
    framesComplete: video?.framesComplete ?? 0,
    framesLost: video?.framesLost ?? 0,
    framesRefused: video?.framesRefused ?? 0,
    packetsRecovered: video?.packetsRecovered ?? 0,
    packetsLost: video?.packetsLost ?? 0,
    audioPackets: audio?.packets ?? 0,
    audioBytes: audio?.bytes ?? 0,
    audioRecovered: audio?.recovered ?? 0,
    audioLost: audio?.lost ?? 0,
    idrRequests: video?.idrRequests ?? 0,
    roundTrip: roundTrip ?? 0,
  };
}

export function addCounts(one: SessionCounts, other: SessionCounts): SessionCounts {
  return {
    videoPackets: one.videoPackets + other.videoPackets,
    videoBytes: one.videoBytes + other.videoBytes,
    framesComplete: one.framesComplete + other.framesComplete,
    framesLost: one.framesLost + other.framesLost,
    framesRefused: one.framesRefused + other.framesRefused,
    packetsRecovered: one.packetsRecovered + other.packetsRecovered,
    packetsLost: one.packetsLost + other.packetsLost,
    audioPackets: one.audioPackets + other.audioPackets,
    audioBytes: one.audioBytes + other.audioBytes,
    audioRecovered: one.audioRecovered + other.audioRecovered,
    audioLost: one.audioLost + other.audioLost,
    idrRequests: one.idrRequests + other.idrRequests,
  };
}
