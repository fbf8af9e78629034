/** The names of codecs in browsers (RFC 6381; ISO/IEC 14496-15 annex E; AV1 in ISOBMFF §5). */
import type { VideoCodec } from '../types.js';
import { H264_NAL, H265_NAL, isSlice, nalUnits, type AnnexBCodec } from './annex-b.js';
import type { BitReader } from './bit-reader.js';
import { readerOf } from './parameter-sets.js';
import { profileOf } from './stream-profile.js';

/** Bytes of constraint flags in H.265. */
const CONSTRAINT_BYTES = 6;

/**
 * What a stream requires of a decoder, by its own headers: a guess would choose a software decoder,
 * or none.
 *
 * @param keyFrame an access unit at which decoders can start
 * @param bitDepth of AV1, whose sequence header says it behind much else
 * @returns null without a sequence header
 */
export function codecString(codec: VideoCodec, keyFrame: Buffer, bitDepth: 8 | 10): string | null {
  return codec === 'av1' ? ofAv1(keyFrame, bitDepth) : ofByteStream(codec, keyFrame);
}

function ofByteStream(codec: AnnexBCodec, data: Buffer): string | null {
  const wanted = codec === 'h264' ? H264_NAL.SPS : H265_NAL.SPS;
  for (const unit of nalUnits(codec, data)) {
    if (isSlice(codec, unit.type)) return null;
    if (unit.type !== wanted) continue;
    const reader = readerOf(codec, data, unit);
    const name = codec === 'h264' ? ofH264(reader) : ofH265(reader);
    return reader.exhausted ? null : name;
  }
  return null;
}

function ofH264(reader: BitReader): string {
  return `avc1.${[hexByte(reader), hexByte(reader), hexByte(reader)].join('')}`;
}

function ofH265(reader: BitReader): string {
  reader.skip(8);
  const space = ['', 'A', 'B', 'C'][reader.bits(2)] ?? '';
  const tier = reader.flag() ? 'H' : 'L';
  const profile = reader.bits(5);
  let compatibility = 0;
  // The first flag is the least significant bit of the name.
  for (let bit = 0; bit < 32; bit++) compatibility += reader.bits(1) * 2 ** bit;
  const constraints = Array.from({ length: CONSTRAINT_BYTES }, () => reader.bits(8));
  const level = reader.bits(8);
  while (constraints.at(-1) === 0) constraints.pop();
  return [
    `hvc1.${space}${profile}`,
    compatibility.toString(16).toUpperCase(),
    `${tier}${level}`,
    ...constraints.map((byte) => byte.toString(16).toUpperCase()),
  ].join('.');
}

function ofAv1(data: Buffer, bitDepth: number): string | null {
  const found = profileOf('av1', data);
  if (found === null) return null;
  const { profile, level, tier } = found;
  const tierName = tier === 1 ? 'H' : 'M';
  return `av01.${profile}.${twoDigits(level)}${tierName}.${twoDigits(bitDepth)}`;
}

function hexByte(reader: BitReader): string {
  return reader.bits(8).toString(16).toUpperCase().padStart(2, '0');
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
