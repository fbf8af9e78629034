/** What a test of recordings needs: media onto a bus, and one recording that is attached to it. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { Deadline } from '../../src/core/deadline.js';
import { Recording, type RecordingEnd } from '../../src/gst/outlets/recording.js';
import { MediaBus } from '../../src/media/bus.js';
import type { RecordingLimits } from '../../src/media/recording-limits.js';
import type { AudioLayout, VideoCodec } from '../../src/moonlight/types.js';
import { Player, type Clip } from './clip.js';
import { STREAM } from './receiver-connect.js';
import { until } from './until.js';

export const UNLIMITED: RecordingLimits = {
  fileBytes: Infinity,
  fileMs: Infinity,
  totalBytes: Infinity,
  totalMs: Infinity,
};

export interface RecordingStageOptions {
  readonly codec?: VideoCodec;
  readonly audio?: AudioLayout;
  readonly limits?: Partial<RecordingLimits>;
}

/** A clip that plays onto a bus, and a recording of it. */
export class RecordingStage {
  readonly folder = mkdtempSync(join(tmpdir(), 'moontee-recording-'));
  readonly bus = new MediaBus(STREAM.log);
  readonly recording: Recording;
  readonly ends: RecordingEnd[] = [];
  readonly ended: Promise<void>;
  readonly #clip: Clip;
  #player: Player | null = null;

  constructor(
    t: ExecutionContext,
    clip: Clip,
    { codec = 'h264', audio = STREAM.audio, limits = {} }: RecordingStageOptions = {},
  ) {
    this.#clip = clip;
    let settle = (): void => undefined;
    this.ended = new Promise((resolve) => (settle = resolve));
    this.recording = new Recording({
      id: 'recording',
      path: (number) => join(this.folder, `${number}.mkv`),
      codec,
      audio,
      limits: { ...UNLIMITED, ...limits },
      requestKeyframe: (reason) => this.bus.requestKeyframe(reason, 'recording'),
      ended: (code) => {
        this.ends.push(code);
        settle();
      },
      log: STREAM.log,
    });
    this.bus.on('keyframe-needed', () => this.#player?.keyframe());
    this.bus.attach(this.recording);
    t.teardown(async () => {
      this.#player?.stop();
      await this.recording.close(Deadline.in(60_000));
      this.bus.close();
      rmSync(this.folder, { recursive: true });
    });
  }

  play(what: Clip = this.#clip, sound = true): void {
    this.#player?.stop();
    const start = performance.now();
    const { bus } = this;
    this.#player = new Player(what, {
      get runningTime() {
        return (performance.now() - start) * 1e6;
      },
      pushVideo: ({ data, pts, idr }) => {
        bus.publish('video', { data, pts, duration: null, keyframe: idr });
      },
      pushAudio: (packet) => {
        if (sound) bus.publish('audio', { ...packet, keyframe: false });
      },
    });
  }

  files(): string[] {
    return readdirSync(this.folder)
      .sort((a, b) => parseInt(a, 10) - parseInt(b, 10))
      .map((name) => join(this.folder, name));
  }

  async recorded(milliseconds: number): Promise<void> {
    await until('recorded', () => this.recording.stats().durationMs >= milliseconds);
  }
}
