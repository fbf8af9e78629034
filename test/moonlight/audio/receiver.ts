import { emptyAudioStats } from '../../../src/moonlight/audio/audio-stream.js';
import { AudioReassembler } from '../../../src/moonlight/audio/reassembler.js';
import type { AudioStats } from '../../../src/moonlight/audio/types.js';

/** The audio receive path without a socket. */
export class AudioReceiver {
  readonly stats: AudioStats = emptyAudioStats();
  readonly payloads: Buffer[] = [];
  readonly sequences: number[] = [];
  readonly reassembler: AudioReassembler;

  constructor(startupDiscard = 0) {
    this.reassembler = new AudioReassembler(
      {
        startupDiscard,
        deliver: (payload, sequence) => {
          this.payloads.push(payload);
          this.sequences.push(sequence);
        },
      },
      this.stats,
    );
  }
}
