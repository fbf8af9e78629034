import { attempt, attemptAsync } from '../client/attempt.js';
import type { Cleanup } from './dom.js';

/** What people do that lets a page make a sound. */
const GESTURES = ['pointerdown', 'touchend', 'keydown'] as const;

/** Sound of the media worker as a track, which the video element plays, mutes and makes louder. */
export class SoundOutput {
  readonly track: MediaStreamTrack;
  readonly #context: AudioContext;
  readonly #node: AudioWorkletNode;

  private constructor(context: AudioContext, cleanup: Cleanup) {
    this.#context = context;
    this.#node = new AudioWorkletNode(context, 'moontee-sound', {
      numberOfInputs: 0,
      outputChannelCount: [2],
    });
    const destination = context.createMediaStreamDestination();
    const [track] = destination.stream.getAudioTracks();
    if (track === undefined) throw new Error('no track');
    this.#node.connect(destination);
    this.track = track;
    for (const name of GESTURES) {
      cleanup.listen(window, name, () => this.resume(), { capture: true });
    }
    this.resume();
  }

  /** @returns undefined where the browser has no such thing */
  static async make(cleanup: Cleanup): Promise<SoundOutput | undefined> {
    return attemptAsync(async () => {
      const context = new AudioContext({ latencyHint: 'interactive', sampleRate: 48_000 });
      cleanup.add(() => void attemptAsync(() => context.close()));
      await context.audioWorklet.addModule(new URL('./sound-worklet.js', import.meta.url));
      const output = new SoundOutput(context, cleanup);
      // A page with a live track is not kept by a browser for the way back.
      cleanup.add(() => output.track.stop());
      return output;
    });
  }

  /** Plays what comes to the other end of the port, instead of an earlier one's. */
  port(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#node.port.postMessage(port1, [port1]);
    return port2;
  }

  /** A browser lets it begin in answer to a gesture alone. */
  resume(): void {
    if (this.#context.state === 'running') return;
    attempt(() => void this.#context.resume().catch(() => undefined));
  }
}
