/**
 * The text of a session description, put together from its fields (RFC 8866 §5). GStreamer has a
 * function for it, but node-gtk never frees a string that a function returns to it.
 */
import type { GstSdp } from '../runtime.js';

interface Attribute {
  readonly key: string;
  readonly value: string | null;
}

/** Everything that webrtcbin puts into a description. */
export function descriptionText(message: GstSdp.SDPMessage): string {
  const origin = message.getOrigin();
  const times = indexed(message.timesLen(), (i) => message.getTime(i));
  const lines = [
    `v=${message.getVersion()}`,
    `o=${origin.username} ${origin.sessId} ${origin.sessVersion} ${origin.nettype} ${origin.addrtype} ${origin.addr}`,
    `s=${message.getSessionName()}`,
    // It must have one; webrtcbin's times mean nothing and are not kept.
    ...(times.length === 0 ? ['t=0 0'] : times.map(({ start, stop }) => `t=${start} ${stop}`)),
    ...indexed(message.attributesLen(), (i) => attributeLine(message.getAttribute(i))),
    ...indexed(message.mediasLen(), (i) => mediaLines(message.getMedia(i))).flat(),
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

function mediaLines(media: GstSdp.SDPMedia): string[] {
  const formats = indexed(media.formatsLen(), (i) => media.getFormat(i)).join(' ');
  return [
    `m=${media.getMedia()} ${media.getPort()} ${media.getProto()} ${formats}`,
    ...indexed(media.connectionsLen(), (i) => media.getConnection(i)).map(
      ({ nettype, addrtype, address }) => `c=${nettype} ${addrtype} ${address}`,
    ),
    ...indexed(media.attributesLen(), (i) => attributeLine(media.getAttribute(i))),
  ];
}

function attributeLine({ key, value }: Attribute): string {
  return value === null || value === '' ? `a=${key}` : `a=${key}:${value}`;
}

function indexed<T>(count: number, get: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => get(index));
}
