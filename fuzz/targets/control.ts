import { isDeepStrictEqual } from 'node:util';
import { ControlCipher } from '../../src/moonlight/control/cipher.js';
import {
  decodeClientMessage,
  encodeClientMessage,
} from '../../src/moonlight/control/client-messages.js';
import { decodeHostMessage, encodeHostMessage } from '../../src/moonlight/control/host-messages.js';
import { decodeInput } from '../../src/moonlight/input/decode.js';
import { ByteReader } from '../byte-reader.js';
import { expect, type FuzzTarget } from '../target.js';

const KEY = Buffer.alloc(16, 6);
const OPEN = 2;

const frame = (type: number, payload: readonly number[]): Buffer =>
  Buffer.from([1, type & 0xff, type >> 8, payload.length, 0, ...payload]);

const zeros = (count: number): number[] => new Array<number>(count).fill(0);

/** Control messages of both directions, sealed and plain. */
export const control: FuzzTarget = {
  name: 'control',
  seeds: [
    frame(0x0109, [0x80, 3, 0, 0x23]),
    frame(0x0100, [0, 1]),
    frame(0x010b, [0xee, 0xff, 0xc0, 0, 1, 0, 2, 0, 3, 0]),
    frame(0x010e, [1, ...zeros(26)]),
    frame(0x5500, zeros(6)),
    frame(0x5501, [0, 0, 60, 0, 1]),
    frame(0x5502, [0, 0, 1, 2, 3, ...zeros(16)]),
    frame(0x5503, zeros(25)),
    frame(0x0301, zeros(24)),
    frame(0x0206, [0, 0, 0, 12, 7, 0, 0, 0, 0, 1, 0, 2]),
    frame(0x0302, [0, 0]),
    frame(0x0201, zeros(32)),
    ...([1, 2] as const).map((encryption) =>
      Buffer.concat([
        Buffer.from([OPEN]),
        new ControlCipher({ key: KEY, encryption, role: 'client' }).seal(Buffer.alloc(6)),
      ]),
    ),
  ],
  words: [0x0100, 0x0109, 0x010b, 0x010e, 0x5500, 0x5501, 0x5502, 0x5503, 0x0206, 0x0350].map(
    (type) => Buffer.from([type & 0xff, type >> 8]),
  ),
  run: (input) => {
    const reader = new ByteReader(input);
    const how = reader.below(3);
    const bytes = reader.rest();
    if (how === OPEN) {
      for (const encryption of [1, 2] as const) {
        for (const role of ['client', 'host'] as const) {
          const cipher = new ControlCipher({ key: KEY, encryption, role });
          const plain = cipher.open(bytes);
          if (plain !== undefined)
            expect(plain.length <= bytes.length, 'more came out than went in');
        }
      }
      return;
    }
    const fromHost = decodeHostMessage(bytes);
    if (fromHost !== undefined) {
      const again = decodeHostMessage(encodeHostMessage(fromHost));
      expect(isDeepStrictEqual(again, fromHost), 'a host message that does not survive');
    }
    const fromClient = decodeClientMessage(bytes);
    if (fromClient === undefined) return;
    const again = decodeClientMessage(encodeClientMessage(fromClient));
    expect(again?.type === fromClient.type, 'a client message that does not survive');
    if (fromClient.type === 'input') decodeInput(fromClient.packet);
  },
};
