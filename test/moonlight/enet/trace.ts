/** A reference client and a reference host on the wire (gamestream.md §7.2). */

const HANDSHAKE =
  '00000384 00010000 00000030 00000000 00000000 00001388 00000002 00000002 e0d0e13f';

function bytes(hex: string, ...rest: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(hex.replaceAll(' ', ''), 'hex'), ...rest]);
}

/** The payload that goes out in three fragments. */
export const LARGE = Buffer.from(Array.from({ length: 2000 }, (_, index) => index & 0xff));

export const TRACE = {
  connect: bytes(`8fffdd23 82ff0001 0000 ff ff ${HANDSHAKE} 12345678`),
  verify: bytes(`8000dd2a 83ff0001 0000 00 00 ${HANDSHAKE}`),
  acknowledgeAndPing: bytes('8000dd2a 01ff0001 0001 dd2a 85ff0002'),
  reliable: bytes('8000dd2a 86000001 0004 41424344'),
  acknowledgePing: bytes('0000 01ff0002 0002 dd2a'),
  acknowledgeReliable: bytes('0000 01000001 0001 dd2a'),
  unsequenced: bytes('0000 49000000 0001 0004 554e5351'),
  unreliable: bytes('0000 07100001 0001 0004 554e524c'),
  fragment0: bytes(
    '8000ddf9 88010001 0001 0368 00000003 00000000 000007d0 00000000',
    LARGE.subarray(0, 872),
  ),
  fragment1: bytes(
    '8000ddf9 88010002 0001 0368 00000003 00000001 000007d0 00000368',
    LARGE.subarray(872, 1744),
  ),
  fragment2: bytes(
    '8000ddf9 88010003 0001 0100 00000003 00000002 000007d0 000006d0',
    LARGE.subarray(1744),
  ),
  bandwidthLimit: bytes('8000df27 8aff0002 00000000 00000000'),
  acknowledgeBandwidthLimit: bytes('0000 01ff0002 0002 df27'),
  disconnect: bytes('8000e303 84ff0006 00000000'),
  acknowledgeDisconnect: bytes('0000 01ff0006 0006 e303'),
} as const;
