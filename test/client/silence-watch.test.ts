/** A path that has brought packets, and brings none any more. */
import test from 'ava';
import { SilenceWatch } from '../../client/silence-watch.js';
import { until } from '../support/until.js';

class Source {
  packets = 0;
  asked = 0;

  getStats(): Promise<Map<string, Readonly<Record<string, unknown>>>> {
    this.asked += 1;
    return Promise.resolve(
      new Map([
        ['video', { type: 'inbound-rtp', packetsReceived: this.packets }],
        ['pair', { type: 'candidate-pair', packetsReceived: this.asked }],
      ]),
    );
  }
}

test('each silence is told once, and its end', async (t) => {
  const source = new Source();
  const told: string[] = [];
  const watch = new SilenceWatch(source, 700, {
    onSilence: () => told.push('silence'),
    onPackets: () => told.push('packets'),
  });
  t.teardown(() => watch.stop());
  await until('looks', () => source.asked >= 4);
  t.deepEqual(told, [], 'nothing has come yet');
  source.packets = 5;
  await until('silence', () => told.length === 1);
  const { asked } = source;
  await until('looks', () => source.asked >= asked + 4);
  t.deepEqual(told, ['silence']);
  source.packets = 6;
  await until('packets', () => told.length === 2);
  await until('silence again', () => told.length === 3);
  t.deepEqual(told, ['silence', 'packets', 'silence']);
});

test('a browser that does not tell is not silent', async (t) => {
  let asked = 0;
  const told: string[] = [];
  const source = { getStats: () => ((asked += 1), Promise.reject(new Error('no'))) };
  const watch = new SilenceWatch(source, 100, {
    onSilence: () => told.push('silence'),
    onPackets: () => told.push('packets'),
  });
  t.teardown(() => watch.stop());
  await until('looks', () => asked >= 3);
  t.deepEqual(told, []);
});
