/** Messages of viewers who say a great deal while Node's thread has other things to do. */
import test from 'ava';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createStreamPipeline } from '../../src/gst/pipeline.js';
import type { Peer, StreamPipeline } from '../../src/media/types.js';
import { connect, STREAM } from '../support/receiver-connect.js';
import { ReceiverProcess, type ReceivingPeer } from '../support/receiver.js';
import { until } from '../support/until.js';

/** More than may wait in a lane. */
const MESSAGES = 1_500;
/** Milliseconds in which Node's thread serves nobody, again and again. */
const BUSY_MS = 50;
/** Messages that a turn of Node's loop must be able to fetch. One a viewer is what signals would bring. */
const IN_A_TURN = 60;

let receivers: ReceiverProcess;
let pipeline: StreamPipeline;

test.before(async () => {
  receivers = await ReceiverProcess.start();
  pipeline = await createStreamPipeline(STREAM);
});

test.after.always(async () => {
  await pipeline.close();
  await receivers.kill();
});

async function talker(id: string, label: string): Promise<[Peer, ReceivingPeer]> {
  const receiver = receivers.open(id, [label]);
  const peer = await pipeline.addPeer(id);
  await connect(peer, receiver);
  await receiver.untilChannel(label);
  return [peer, receiver];
}

function numbered(number: number): Buffer {
  const message = Buffer.alloc(8);
  message.writeUInt32BE(number, 4);
  return message;
}

function holdUp(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

test('whatever came while Node was busy is fetched together, in order and whole', async (t) => {
  const ids = ['first', 'second', 'third'];
  const viewers = await Promise.all(ids.map((id) => talker(id, 'mouse')));
  const heard = new Map<Peer, number[]>(viewers.map(([peer]) => [peer, []]));
  for (const [peer] of viewers) {
    peer.on('message', (_label, data) => {
      if (typeof data !== 'string') heard.get(peer)?.push(data.readUInt32BE(4));
    });
  }
  const count = (): number => [...heard.values()].reduce((sum, { length }) => sum + length, 0);
  for (let number = 0; number < MESSAGES; number += 1) {
    for (const [, receiver] of viewers) receiver.send('mouse', numbered(number));
  }
  let most = 0;
  await until('all messages', async () => {
    holdUp(BUSY_MS);
    const before = count();
    await nextTurn();
    most = Math.max(most, count() - before);
    return count() === viewers.length * MESSAGES;
  });
  const expected = Array.from({ length: MESSAGES }, (_, number) => number);
  for (const numbers of heard.values()) t.deepEqual(numbers, expected);
  t.true(most >= IN_A_TURN, `${most} in a turn`);
  for (const [peer] of viewers) await peer.close();
});
