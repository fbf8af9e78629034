import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import { ControlCipher } from '../../../src/moonlight/control/cipher.js';
import { decodeClientMessage } from '../../../src/moonlight/control/client-messages.js';
import { decodeHostMessage } from '../../../src/moonlight/control/host-messages.js';
import { silentLog } from '../../../src/core/log.js';
import { EnetEndpoint } from '../../../src/moonlight/enet/endpoint.js';
import { parseDatagram } from '../../../src/moonlight/enet/parse.js';
import type { Command } from '../../../src/moonlight/enet/wire.js';
import { decodeInput } from '../../../src/moonlight/input/decode.js';
import { encodeInput } from '../../../src/moonlight/input/encode.js';

interface Line {
  readonly t: number;
  readonly from: 'host' | 'client';
  readonly stream: string;
  readonly hex: string;
}

const TEST_BALL = 'wolf-720p60-h264.ndjson.gz';
const NOISE = 'wolf-noise-20mbit-h264.ndjson.gz';
const RIKEY = Buffer.from('efce6c3366af4808a14f68f16bd48066', 'hex');

function controlLines(file: string): Line[] {
  const url = new URL(`../../fixtures/captures/${file}`, import.meta.url);
  return gunzipSync(readFileSync(url))
    .toString()
    .split('\n')
    .filter((line) => line.includes('"control"'))
    .map((line) => JSON.parse(line) as Line);
}

function commandsOf(file: string, from: Line['from']): Command[] {
  return controlLines(file)
    .filter((line) => line.from === from)
    .flatMap(({ hex }) => {
      const datagram = parseDatagram(Buffer.from(hex, 'hex'));
      if (datagram === undefined) throw new Error(`not ENet: ${hex}`);
      return datagram.commands;
    });
}

interface Sent {
  readonly channel: number;
  readonly delivery: 'reliable' | 'unreliable';
  readonly plaintext: Buffer;
}

/** One side's control messages in the order in which they were sent, repetitions left out. */
function plaintexts(from: Line['from']): Sent[] {
  const role = from === 'client' ? 'host' : 'client';
  const cipher = new ControlCipher({ key: RIKEY, encryption: 1, role });
  const seen = new Set<string>();
  const sent: Sent[] = [];
  for (const command of commandsOf(TEST_BALL, from)) {
    if (command.kind !== 'reliable' && command.kind !== 'unreliable') continue;
    const unreliable = command.kind === 'unreliable' ? command.unreliableSequence : 0;
    const key = `${command.channel} ${command.sequence} ${unreliable}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const plaintext = cipher.open(command.data);
    if (plaintext === undefined) throw new Error('does not decrypt');
    sent.push({ channel: command.channel, delivery: command.kind, plaintext });
  }
  return sent;
}

test('all control datagrams of both captures are ENet', (t) => {
  t.is(controlLines(TEST_BALL).length, 248);
  t.notThrows(() => [...commandsOf(NOISE, 'client'), ...commandsOf(NOISE, 'host')]);
  const kinds = new Set(commandsOf(TEST_BALL, 'host').map(({ kind }) => kind));
  const expected = ['acknowledge', 'bandwidth-limit', 'ping', 'reliable', 'verify-connect'];
  t.deepEqual([...kinds].sort(), expected);
});

test("the client's control messages decrypt and decode; what it typed is there", (t) => {
  const messages = plaintexts('client').map(({ plaintext }) => decodeClientMessage(plaintext));
  t.false(messages.includes(undefined));
  const types = messages.map((message) => message?.type);
  t.deepEqual(types.slice(0, 4), ['request-idr', 'start-b', 'ping', 'input']);
  const count = (type: string): number => types.filter((other) => other === type).length;
  t.deepEqual([count('input'), count('ping'), count('request-idr')], [54, 51, 2]);

  const inputs = messages.flatMap((message) =>
    message?.type === 'input' ? [decodeInput(message.packet)] : [],
  );
  // Haptics first, then the pointer there and back.
  t.deepEqual(inputs.slice(0, 4), [
    undefined,
    { type: 'mouse-move', dx: 1, dy: 1 },
    { type: 'mouse-move', dx: -1, dy: -1 },
    { type: 'key', down: true, keyCode: 65, modifiers: 0, flags: 0 },
  ]);
  const text = inputs.map((input) => (input?.type === 'text' ? input.text : '')).join('');
  t.is(text, 'hé🎮');
  const arrival = inputs.findIndex((input) => input?.type === 'pad-arrival');
  t.deepEqual(inputs.slice(arrival, arrival + 2), [
    {
      type: 'pad-arrival',
      pad: 0,
      kind: 1,
      capabilities: 3,
      supportedButtons: 63487,
      activePads: 1,
    },
    {
      type: 'pad-state',
      pad: 0,
      activePads: 1,
      buttons: 0,
      leftTrigger: 0,
      rightTrigger: 0,
      leftX: 0,
      leftY: 0,
      rightX: 0,
      rightY: 0,
    },
  ]);
});

test("the host's messages, with the padding of its structures", (t) => {
  const rumble = { type: 'rumble', low: 0x1234, high: 0x5678 } as const;
  const motion = { type: 'motion-request', pad: 1, rate: 100 } as const;
  t.deepEqual(
    plaintexts('host').map(({ plaintext }) => decodeHostMessage(plaintext)),
    [
      { ...rumble, pad: 0 },
      { ...rumble, pad: 1 },
      { type: 'led', pad: 1, r: 10, g: 20, b: 30 },
      { ...motion, sensor: 'accelerometer' },
      { ...motion, sensor: 'gyro' },
    ],
  );
});

test('input packets of the capture are those that our encoder makes', (t) => {
  let compared = 0;
  for (const { channel, delivery, plaintext } of plaintexts('client')) {
    const message = decodeClientMessage(plaintext);
    const input = message?.type === 'input' ? decodeInput(message.packet) : undefined;
    if (message?.type !== 'input' || input === undefined) continue;
    const [packet] = encodeInput(input);
    t.deepEqual(packet?.packet, message.packet);
    t.is(packet?.channel, channel);
    // Its pen hovered with a button that was new, which only the queue knows.
    if (input.type !== 'pen') t.is(packet?.delivery, delivery);
    compared += 1;
  }
  t.is(compared, 53);
});

test('our host, fed with the datagrams of the client, delivers each message once, in order', (t) => {
  const clock = { now: 0 };
  const received: { channel: number; data: Buffer }[] = [];
  const ends: unknown[] = [];
  const host = new EnetEndpoint({
    log: silentLog(),
    now: () => clock.now,
    transmit: () => undefined,
    touched: () => undefined,
    accepts: true,
    accepted: (peer) => {
      peer.on('message', (message) => received.push(message));
      peer.on('disconnect', (end) => ends.push(end));
    },
  });
  for (const { t: seconds, from, hex } of controlLines(TEST_BALL)) {
    if (from !== 'client') continue;
    clock.now = Math.floor(1000 * seconds);
    host.receive(Buffer.from(hex, 'hex'), { address: '127.0.0.1', port: 4000 });
    host.settle();
  }
  const cipher = new ControlCipher({ key: RIKEY, encryption: 1, role: 'host' });
  t.deepEqual(
    received.map(({ channel, data }) => ({ channel, plaintext: cipher.open(data) })),
    plaintexts('client').map(({ channel, plaintext }) => ({ channel, plaintext })),
  );
  t.deepEqual(ends, [{ data: 0, reason: 'remote' }]);
  t.is(host.counters.malformed + host.counters.foreign, 0);
});
