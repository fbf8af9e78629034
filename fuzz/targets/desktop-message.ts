import { ALL_RIGHTS } from '../../src/core/rights.js';
import { MoonteeError } from '../../src/core/errors.js';
import { InputAggregator } from '../../src/input/aggregator.js';
import { decodeDesktopInput, isDesktopInput } from '../../src/input/desktop-messages.js';
import { decodeInput } from '../../src/moonlight/input/decode.js';
import { encodeInput } from '../../src/moonlight/input/encode.js';
import { readDesktopInit, readDesktopMessage } from '../../src/protocol/desktop-client.js';
import { findText } from '../../src/signaling/first-text.js';
import { ByteReader } from '../byte-reader.js';
import { expect, type FuzzTarget } from '../target.js';

const MAX_STEPS = 50;

const messages = (...all: readonly string[]): Buffer =>
  Buffer.concat(
    all.flatMap((hex) => {
      const data = Buffer.from(hex, 'hex');
      return [Buffer.from([data.length]), data];
    }),
  );

/** Messages of a client of the desktop socket: whatever they are, hosts get what they can read. */
export const desktopMessage: FuzzTarget = {
  name: 'desktop-message',
  seeds: [
    messages('10000100001e', '10000000001e', '1002010000000041', '10030001003042'),
    messages('11020101', '110300008040000020c1', '1104ff0c'),
    messages('1201014000b402800168', '13000005fffb', '1400030000003f0000803e'),
    messages('40000000070000000000abcdef', '207b7d', '1500'),
    Buffer.from('{"type":"init","session_id":"s","user_name":"a","avatar_url":"https://a/b"}'),
    Buffer.from('818f1a2b3c4d61091139622e', 'hex'),
  ],
  words: ['1000', '1002', '1003', '1102', '1103', '1104', '1201', '1300', '1400', '40', '20'].map(
    (hex) => Buffer.from(hex, 'hex'),
  ),
  run: (input) => {
    readDesktopInit(input);
    try {
      findText(input, 0);
    } catch (error) {
      expect(error instanceof MoonteeError && error.code !== 'INTERNAL', 'an error of its own');
    }
    const reader = new ByteReader(input);
    const aggregator = new InputAggregator();
    aggregator.join('p', ALL_RIGHTS);
    for (let step = 0; step < MAX_STEPS && !reader.done; step++) {
      const data = reader.take(reader.byte());
      const inputs = decodeDesktopInput(data);
      const isInput = isDesktopInput(data[0] ?? 0);
      expect(inputs === undefined || isInput, 'input in a message that has none');
      expect(readDesktopMessage(data) === null || !isInput, 'a message with two meanings');
      for (const one of (inputs ?? []).flatMap((each) => aggregator.input('p', each, step * 5))) {
        for (const { packet } of encodeInput(one)) {
          expect(decodeInput(packet) !== undefined, `a ${one.type} that hosts cannot read`);
        }
      }
    }
    aggregator.leave('p');
    const { keys, buttons, touches } = aggregator.held;
    expect(keys.length + buttons.length + touches.length === 0, 'something stays pressed');
  },
};
