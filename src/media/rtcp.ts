/** RTCP of an output by plain RTP: what is written to its receiver, and what is read of it. */
import type { RtpReport } from './types.js';

const SENDER_REPORT = 200;
const SOURCE_DESCRIPTION = 202;
const PAYLOAD_FEEDBACK = 206;
/** Kinds of payload-specific feedback (RFC 4585 §6.3.1, RFC 5104 §4.3.1). */
const PICTURE_LOSS = 1;
const FULL_INTRA_REQUEST = 4;
/** A request of RFC 2032 §5.2.1, which old senders know. */
const LEGACY_FULL_INTRA = 192;
const CNAME = 1;
const NAME = 'moontee';
/** Seconds from 1900 to 1970. */
const NTP_EPOCH = 2_208_988_800;
const HEADER_BYTES = 4;

/**
 * A sender report with the name of the source (RFC 3550 §6.4.1, §6.5).
 *
 * @param now milliseconds since 1970
 */
export function senderReport({ ssrc, timestamp, packets, octets }: RtpReport, now: number): Buffer {
  const report = Buffer.alloc(28);
  report.writeUInt8(0x80, 0);
  report.writeUInt8(SENDER_REPORT, 1);
  report.writeUInt16BE(6, 2);
  report.writeUInt32BE(ssrc, 4);
  report.writeUInt32BE((Math.floor(now / 1000) + NTP_EPOCH) % 2 ** 32, 8);
  report.writeUInt32BE(Math.floor(((now % 1000) / 1000) * 2 ** 32), 12);
  report.writeUInt32BE(timestamp, 16);
  report.writeUInt32BE(packets % 2 ** 32, 20);
  report.writeUInt32BE(octets % 2 ** 32, 24);
  // An item, its end, and nothing up to the next word.
  const description = Buffer.alloc(HEADER_BYTES + 4 + Math.ceil((NAME.length + 3) / 4) * 4);
  description.writeUInt8(0x81, 0);
  description.writeUInt8(SOURCE_DESCRIPTION, 1);
  description.writeUInt16BE(description.length / 4 - 1, 2);
  description.writeUInt32BE(ssrc, 4);
  description.writeUInt8(CNAME, 8);
  description.writeUInt8(NAME.length, 9);
  description.write(NAME, 10, 'latin1');
  return Buffer.concat([report, description]);
}

/** Whether a datagram, with any number of packets, asks for a key frame. Never throws. */
export function asksForKeyframe(datagram: Buffer): boolean {
  for (let at = 0; at + HEADER_BYTES <= datagram.length;) {
    const first = datagram.readUInt8(at);
    if (first >> 6 !== 2) return false;
    const type = datagram.readUInt8(at + 1);
    const kind = first & 0x1f;
    if (type === LEGACY_FULL_INTRA) return true;
    if (type === PAYLOAD_FEEDBACK && (kind === PICTURE_LOSS || kind === FULL_INTRA_REQUEST)) {
      return true;
    }
    at += (datagram.readUInt16BE(at + 2) + 1) * 4;
  }
  return false;
}
