/** How a file of a recording plays elsewhere: in Chromium's `<video>`, and in GStreamer's discoverer. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';

const run = promisify(execFile);
/** Milliseconds that a program may take to read a file. */
const READING = 120_000;
/** Milliseconds without progress after which a page's player counts as stuck. */
const STANDSTILL = 30_000;

/** What a page's player made of a file. */
export interface Played {
  /** Seconds: what the player says of the file, and where it came to its end. */
  readonly duration: number;
  readonly position: number;
  readonly ended: boolean;
  /** Pictures, by getVideoPlaybackQuality(). */
  readonly decoded: number;
  readonly dropped: number;
  /** Bytes of sound, by Chromium's own count. */
  readonly soundBytes: number;
  readonly width: number;
  readonly height: number;
  /** What the player complains about; null if it does not. */
  readonly error: string | null;
}

/** What runs in the page. Its text is handed over, so that it stands for itself. */
const PLAY = `async ({ url, rate, standstill }) => {
  const video = document.createElement('video');
  video.muted = true;
  document.body.append(video);
  video.src = url;
  video.playbackRate = rate;
  video.play().catch(() => undefined);
  let moved = performance.now();
  for (let at = -1; !video.ended && video.error === null; ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (video.currentTime !== at) moved = performance.now();
    at = video.currentTime;
    if (performance.now() - moved > standstill) break;
  }
  const { totalVideoFrames, droppedVideoFrames } = video.getVideoPlaybackQuality();
  return {
    duration: video.duration,
    position: video.currentTime,
    ended: video.ended,
    decoded: totalVideoFrames,
    dropped: droppedVideoFrames,
    soundBytes: video.webkitAudioDecodedByteCount,
    width: video.videoWidth,
    height: video.videoHeight,
    error: video.error === null ? null : video.error.message,
  };
}`;

/** Plays a file from its beginning to its end. @param rate times as fast as it was recorded */
export async function playInPage(page: Page, url: string, rate = 1): Promise<Played> {
  const options = JSON.stringify({ url, rate, standstill: STANDSTILL });
  return page.evaluate(`(${PLAY})(${options})`);
}

/** What `gst-discoverer-1.0` says about a file; null on a machine that has no such program. */
export async function discover(path: string): Promise<string | null> {
  try {
    return (await run('gst-discoverer-1.0', ['-v', path], { timeout: READING })).stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Every picture (H.264) and packet of a file, decoded. @throws where a decoder complains */
export async function decode(path: string): Promise<void> {
  const words =
    `filesrc location=${path} ! matroskademux name=demux ` +
    'demux.video_0 ! queue max-size-time=0 ! h264parse ! openh264dec ! fakesink ' +
    'demux.audio_0 ! queue max-size-time=0 ! opusdec ! fakesink';
  await run('gst-launch-1.0', ['-q', ...words.split(' ')], { timeout: READING });
}
