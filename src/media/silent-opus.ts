import type { AudioLayout, AudioPacketDuration } from '../moonlight/types.js';

/** Configurations of full-band CELT (RFC 6716 §3.1), by the length of a frame. */
const CONFIGURATIONS: Readonly<Record<AudioPacketDuration, number>> = { 5: 29, 10: 30 };
const STEREO_BIT = 0x04;

/**
 * A packet that a decoder conceals: each stream has one frame without bytes (RFC 6716 §3.2.1). All
 * streams but the last are in self-delimiting form (appendix B).
 */
export function silentOpusPacket(
  layout: Pick<AudioLayout, 'streams' | 'coupledStreams' | 'packetDuration'>,
): Buffer {
  const bytes: number[] = [];
  for (let stream = 0; stream < layout.streams; stream += 1) {
    const stereo = stream < layout.coupledStreams ? STEREO_BIT : 0;
    bytes.push((CONFIGURATIONS[layout.packetDuration] << 3) | stereo);
    if (stream < layout.streams - 1) bytes.push(0);
  }
  return Buffer.from(bytes);
}
