/** The audio worklet: plays what the media worker has decoded. Built as a file of its own. */
import { SoundRing } from './sound-ring.js';

declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
  abstract process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

class SoundPlayer extends AudioWorkletProcessor {
  #ring = new SoundRing();

  constructor() {
    super();
    // Each media socket has a port of its own; what the last one left is not played.
    this.port.onmessage = ({ data }: MessageEvent<MessagePort>) => {
      this.#ring = new SoundRing();
      data.onmessage = ({ data: [left, right] }: MessageEvent<[Float32Array, Float32Array]>) => {
        this.#ring.push(left, right);
      };
    };
  }

  process(_inputs: Float32Array[][], [output]: Float32Array[][]): boolean {
    const [left, right] = output ?? [];
    if (left !== undefined && right !== undefined) this.#ring.pull(left, right);
    return true;
  }
}

registerProcessor('moontee-sound', SoundPlayer);
