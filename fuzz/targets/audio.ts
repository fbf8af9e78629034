import { AudioPacketizer } from '../../src/demo-host/media/audio-packetizer.js';
import { AudioCipher } from '../../src/moonlight/audio/cipher.js';
import { AudioReceiver } from '../../test/moonlight/audio/receiver.js';
import { ByteReader } from '../byte-reader.js';
import { expect, type FuzzTarget } from '../target.js';

const KEY = Buffer.alloc(16, 4);
const KEY_ID = -3;
const MAX_STEPS = 200;

const SOUND = 0;
const DELIVER = 1;
const DROP = 2;
const LATER = 3;
const RAW = 4;
const WAIT = 5;
const CHANGE = 6;

/** Sound whose bytes are known, and a network that acts out the input. */
export const audio: FuzzTarget = {
  name: 'audio',
  seeds: [
    [0, 0, SOUND, 8, 60, DELIVER, 12],
    [1, 1, SOUND, 20, 60, DROP, 0, 2, 1, DELIVER, 30, WAIT, 200],
    [0, 1, SOUND, 20, 60, LATER, 0, 1, 0, 9, 1, DELIVER, 30, SOUND, 4, 61, DELIVER, 9],
    [0, 0, RAW, 20, 0x80, 97, 0xff, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3],
    [0, 0, RAW, 30, 0x80, 127, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 1, 97, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0],
    [1, 0, SOUND, 9, 40, CHANGE, 0, 1, 0, 2, 8, DELIVER, 20],
  ].map((bytes) => Buffer.from(bytes)),
  words: [Buffer.from([SOUND, 4, 60]), Buffer.from([DELIVER, 9]), Buffer.from([0x80, 97, 0, 8])],
  run: (input) => {
    const reader = new ByteReader(input);
    const encrypted = reader.flag();
    const packetizer = new AudioPacketizer({
      packetDuration: 5,
      style: reader.flag() ? 'wolf' : 'sunshine',
      encryption: encrypted ? { key: KEY, keyId: KEY_ID } : null,
    });
    const cipher = new AudioCipher(KEY, KEY_ID);
    const receiver = new AudioReceiver();
    const sent: Buffer[] = [];
    const queue: Buffer[] = [];
    let now = 1;
    let honest = true;
    const place = (): number => reader.word() % (queue.length + 1);
    for (let step = 0; step < MAX_STEPS && !reader.done; step++) {
      switch (reader.below(7)) {
        case SOUND:
          for (let count = 1 + reader.below(24), size = 1 + reader.byte(); count > 0; count--) {
            const opus = Buffer.alloc(size, sent.length);
            sent.push(opus);
            queue.push(...packetizer.packetize(opus));
            now += 5;
          }
          break;
        case DELIVER:
          for (const datagram of queue.splice(0, 1 + reader.below(64))) {
            receiver.reassembler.push(datagram, now);
          }
          break;
        case DROP:
          queue.splice(place(), 1 + reader.below(8));
          break;
        case LATER: {
          const [datagram] = queue.splice(place(), 1);
          if (datagram === undefined) break;
          queue.splice(place(), 0, datagram);
          if (reader.flag()) queue.push(datagram);
          break;
        }
        case RAW:
          honest = false;
          receiver.reassembler.push(reader.take(reader.byte()), now);
          break;
        case WAIT:
          now += reader.byte();
          receiver.reassembler.expire(now);
          break;
        default: {
          // No tag guards sound: what was changed may be handed on, but must do no harm.
          honest = false;
          const at = place();
          const copy = Buffer.from(queue[at] ?? []);
          const byte = reader.word();
          if (copy.length > 0) copy[byte % copy.length] = reader.byte();
          if (at < queue.length) queue[at] = copy;
        }
      }
    }
    for (const datagram of queue) receiver.reassembler.push(datagram, now);
    receiver.reassembler.expire(now + 1000);
    let previous = -1;
    receiver.payloads.forEach((payload, index) => {
      const sequence = receiver.sequences[index] ?? 0;
      expect(sequence > previous, 'sound out of order');
      previous = sequence;
      const data = encrypted ? cipher.decrypt(payload, sequence) : payload;
      if (!honest) return;
      const expected = sent[sequence];
      expect(
        data !== null && expected !== undefined && data.equals(expected),
        'sound that was never sent',
      );
    });
    if (honest) expect(receiver.stats.invalid === 0, 'sound of the host refused');
  },
};
