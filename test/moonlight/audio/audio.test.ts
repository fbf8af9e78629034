import test from 'ava';
import fc from 'fast-check';
import { AudioPacketizer } from '../../../src/demo-host/media/audio-packetizer.js';
import { AudioCipher } from '../../../src/moonlight/audio/cipher.js';
import { AUDIO_OFFSET, PAYLOAD_TYPE_FEC } from '../../../src/moonlight/audio/packet.js';
import { ReedSolomon } from '../../../src/moonlight/fec/reed-solomon.js';
import { SeededRandom } from '../../../src/moonlight/random.js';
import { CAPTURES, packetsOf } from '../video/captures.js';
import { AudioReceiver } from './receiver.js';

const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

/** The payload of the worked example, gamestream.md A.9. */
function worked(sequence: number): Buffer {
  const payload = Buffer.from(Array.from({ length: 60 }, (_, k) => (3 * sequence + k) & 0xff));
  payload.writeUInt8(0xfc, 0);
  payload.writeUInt8(sequence & 0xff, 1);
  return payload;
}

const isParity = (datagram: Buffer): boolean =>
  datagram.readUInt8(AUDIO_OFFSET.PAYLOAD_TYPE) === PAYLOAD_TYPE_FEC;

test('encryption: the vector of §6.3', (t) => {
  const plain = Buffer.from(Array.from({ length: 60 }, (_, k) => k));
  plain.writeUInt8(0xfc, 0);
  plain.writeUInt8(0x00, 1);
  const cipher = new AudioCipher(KEY, 0x01020304);
  const secret = cipher.encrypt(plain, 0);
  t.is(
    secret.toString('hex'),
    'd7c174c1695c504fbabf6394e4c1a7cb377e443cd328d188a3c05423bf0370a2' +
      'f1033a660b550b7ff89e7ada1bfc1a5e35f3cb7e39a3cce20fceadddefabb577',
  );
  t.deepEqual(cipher.decrypt(secret, 0), plain);
  t.is(cipher.decrypt(secret.subarray(0, 63), 0), null);
  t.is(cipher.decrypt(Buffer.alloc(0), 0), null);
});

test('encryption: the IV counts with the 16-bit sequence', (t) => {
  // rikeyid 0xDCADDEB6 and sequence 65535 start the IV with dcaedeb5; so does that key id alone.
  const payload = worked(1);
  const one = new AudioCipher(KEY, 0xdcaddeb6 | 0).encrypt(payload, 65535);
  const other = new AudioCipher(KEY, 0xdcaedeb5).encrypt(payload, 0);
  t.deepEqual(one, other);
  t.deepEqual(
    new AudioCipher(KEY, 5).encrypt(payload, 65536),
    new AudioCipher(KEY, 5).encrypt(payload, 0),
  );
});

test('packetizer: the worked example of A.9', (t) => {
  const packetizer = new AudioPacketizer({ packetDuration: 5, style: 'sunshine' });
  const datagrams = [0, 1, 2, 3].flatMap((sequence) => packetizer.packetize(worked(sequence)));
  t.is(datagrams.length, 6);
  t.is(datagrams[0]?.subarray(0, 15).toString('hex'), '806100000000000000000000fc0002');
  t.is(
    datagrams[4]?.subarray(0, 32).toString('hex'),
    '807f00040000000000000000' + '006100000000000000000000' + 'fc220ca9f74d3207',
  );
  t.is(datagrams[3]?.readUInt32BE(AUDIO_OFFSET.TIMESTAMP), 15);
});

test('packetizer: blocks of unequal payloads travel without parity', (t) => {
  const packetizer = new AudioPacketizer({ packetDuration: 5, style: 'wolf' });
  const sizes = [10, 10, 11, 10].map((size) => packetizer.packetize(Buffer.alloc(size, 1)).length);
  t.deepEqual(sizes, [1, 1, 1, 1]);
});

for (const capture of CAPTURES) {
  const packets = packetsOf(capture, 'audio');
  const data = packets.filter((packet) => !isParity(packet.data));
  const cipher = new AudioCipher(capture.key, capture.keyId);

  test(`${capture.file}: every packet arrives and makes sense`, (t) => {
    const receiver = new AudioReceiver();
    for (const { at, data: datagram } of packets) receiver.reassembler.push(datagram, at);
    t.is(data.length, capture.audioData);
    t.is(packets.length - data.length, capture.audioParity);
    t.is(receiver.payloads.length, capture.audioData);
    t.deepEqual(
      receiver.sequences,
      Array.from({ length: capture.audioData }, (_, index) => index),
    );
    t.is(receiver.stats.recovered, 0);
    // All Opus packets of a stream begin alike: the same configuration, stereo.
    const opus = receiver.payloads.map((payload, sequence) =>
      capture.audioEncrypted ? cipher.decrypt(payload, sequence) : payload,
    );
    t.false(opus.includes(null));
    t.is(new Set(opus.map((packet) => packet?.[0])).size, 1);
  });

  test(`${capture.file}: parity is what we would have sent`, (t) => {
    let compared = 0;
    for (const { data: datagram } of packets.filter((packet) => isParity(packet.data))) {
      const base = datagram.readUInt16BE(AUDIO_OFFSET.FEC_BASE_SEQUENCE);
      const block = data
        .slice(base, base + 4)
        .map((packet) => packet.data.subarray(AUDIO_OFFSET.PAYLOAD));
      const parity = datagram.subarray(AUDIO_OFFSET.FEC_PAYLOAD);
      const computed = ReedSolomon.audio().encode(block, parity.length);
      t.deepEqual(computed[datagram.readUInt8(AUDIO_OFFSET.FEC_SHARD_INDEX)], parity);
      compared++;
    }
    t.is(compared, capture.audioParity);
  });

  test(`${capture.file}: lost, mixed and doubled packets do no harm where FEC can help`, (t) => {
    const random = new SeededRandom(21);
    const complete = Math.min(...[data.length, (capture.audioParity / 2) * 4]);
    const left = new Map<number, number>();
    const kept = packets.filter(({ data: datagram }) => {
      const sequence = isParity(datagram)
        ? datagram.readUInt16BE(AUDIO_OFFSET.FEC_BASE_SEQUENCE)
        : datagram.readUInt16BE(AUDIO_OFFSET.SEQUENCE);
      const block = sequence >> 2;
      if (block * 4 + 4 > complete || !random.chance(0.15)) return true;
      const lost = left.get(block) ?? 0;
      left.set(block, lost + 1);
      return lost >= 2;
    });
    t.true(kept.length < packets.length * 0.9);
    const receiver = new AudioReceiver();
    const mixed: Buffer[] = [];
    for (let at = 0; at < kept.length; at += 8) {
      const run = kept.slice(at, at + 8).map((packet) => packet.data);
      while (run.length > 0) mixed.push(...run.splice(random.below(run.length), 1));
    }
    for (const datagram of mixed) {
      receiver.reassembler.push(datagram, 0);
      receiver.reassembler.push(datagram, 0);
    }
    receiver.reassembler.expire(1e6);
    t.deepEqual(
      receiver.payloads,
      data.map((packet) => packet.data.subarray(AUDIO_OFFSET.PAYLOAD)),
    );
    t.true(receiver.stats.recovered > 20);
    t.is(receiver.stats.lost, 0);
  });
}

function stream(packets: number, style: 'sunshine' | 'wolf' = 'sunshine'): Buffer[][] {
  const packetizer = new AudioPacketizer({ packetDuration: 5, style });
  return Array.from({ length: packets }, (_, sequence) => packetizer.packetize(worked(sequence)));
}

test('a hole that FEC cannot fill shows in the sequence and does not last', (t) => {
  const receiver = new AudioReceiver();
  stream(40).forEach((datagrams, sequence) => {
    datagrams.forEach((datagram, index) => {
      // Of block 3 only packet 12 and one parity packet arrive.
      if (sequence >= 13 && sequence <= 15 && index < 2) return;
      receiver.reassembler.push(datagram, sequence * 5);
    });
  });
  t.deepEqual(
    receiver.sequences,
    Array.from({ length: 40 }, (_, at) => at).filter((at) => at < 13 || at > 15),
  );
  t.is(receiver.stats.lost, 3);
});

test('nothing waits when nothing is lost', (t) => {
  const receiver = new AudioReceiver();
  stream(20).forEach(([datagram], sequence) => {
    receiver.reassembler.push(datagram ?? Buffer.alloc(0), sequence * 5);
    t.is(receiver.sequences.at(-1), sequence);
  });
});

test('a hole at the end of what came is given up after a while', (t) => {
  const receiver = new AudioReceiver();
  for (const [sequence, [datagram]] of stream(8).entries()) {
    if (sequence !== 5 && datagram) receiver.reassembler.push(datagram, sequence * 5);
  }
  t.is(receiver.sequences.at(-1), 4);
  receiver.reassembler.expire(1000);
  t.deepEqual(receiver.sequences, [0, 1, 2, 3, 4, 6, 7]);
});

test('the extended sequence goes on across the wrap', (t) => {
  const packetizer = new AudioPacketizer({ packetDuration: 5, style: 'wolf' });
  const receiver = new AudioReceiver();
  const count = 65536 + 500;
  for (let sequence = 0; sequence < count; sequence++) {
    for (const datagram of packetizer.packetize(worked(sequence))) {
      if (sequence % 4 !== 1) receiver.reassembler.push(datagram, sequence * 5);
    }
  }
  t.is(receiver.payloads.length, count);
  t.is(receiver.sequences.at(-1), count - 1);
  t.is(receiver.stats.lost, 0);
});

test('start-up: discarded packets, then the next block', (t) => {
  const receiver = new AudioReceiver(10);
  stream(24).forEach((datagrams, sequence) => {
    for (const datagram of datagrams) receiver.reassembler.push(datagram, sequence * 5);
  });
  t.is(receiver.stats.discarded, 10);
  t.is(receiver.sequences[0], 12);
  t.is(receiver.sequences.length, 12);
});

test('start-up: silence shows that nothing had piled up', (t) => {
  const receiver = new AudioReceiver(100);
  stream(12).forEach((datagrams, sequence) => {
    const late = sequence >= 2 ? 100 : 0;
    for (const datagram of datagrams) receiver.reassembler.push(datagram, sequence * 5 + late);
  });
  t.is(receiver.stats.discarded, 2);
  t.is(receiver.sequences[0], 4);
});

test('the stream goes on after a long gap and after a restart of the host', (t) => {
  const receiver = new AudioReceiver();
  const all = stream(3000);
  const push = (from: number, to: number): void => {
    for (let at = from; at < to; at++) {
      for (const datagram of all[at] ?? []) receiver.reassembler.push(datagram, at * 5);
    }
  };
  push(0, 100);
  push(2000, 2100);
  t.is(receiver.sequences.at(-1), 2099);
  // Numbers far back are not believed at once.
  push(0, 200);
  t.true((receiver.sequences.at(-1) ?? 0) > 2099);
  t.is((receiver.sequences.at(-1) ?? 0) & 0xffff, 199);
});

test('whatever arrives: no error, in order, never a wrong payload', (t) => {
  const action = fc.oneof(
    { weight: 30, arbitrary: fc.constant('pass' as const) },
    { weight: 3, arbitrary: fc.constant('drop' as const) },
    { weight: 3, arbitrary: fc.constant('late' as const) },
    { weight: 2, arbitrary: fc.constant('twice' as const) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 80 }) },
  );
  fc.assert(
    fc.property(
      fc.array(action, { minLength: 60, maxLength: 300 }),
      fc.boolean(),
      (actions, wolf) => {
        const receiver = new AudioReceiver();
        const later: Buffer[] = [];
        const datagrams = stream(200, wolf ? 'wolf' : 'sunshine').flat();
        datagrams.forEach((datagram, at) => {
          const what = actions[at % actions.length] ?? 'pass';
          const now = at * 4;
          if (what === 'late') later.push(datagram);
          else if (typeof what === 'object') receiver.reassembler.push(Buffer.from(what), now);
          else if (what !== 'drop') {
            receiver.reassembler.push(datagram, now);
            if (what === 'twice') receiver.reassembler.push(datagram, now);
          }
          if (at % 7 === 0) {
            const old = later.shift();
            if (old) receiver.reassembler.push(old, now);
          }
        });
        receiver.reassembler.expire(1e6);
        receiver.sequences.forEach((sequence, index) => {
          t.true(index === 0 || sequence > (receiver.sequences[index - 1] ?? 0));
          t.true(receiver.payloads[index]?.equals(worked(sequence)));
        });
      },
    ),
    { seed: 3, numRuns: 60 },
  );
});
