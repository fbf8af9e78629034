import test from 'ava';
import fc from 'fast-check';
import { MoonteeError } from '../../src/core/errors.js';
import { ChildFigures } from '../../src/api/metrics/child-figures.js';
import { RunningTotals } from '../../src/api/metrics/running-totals.js';
import type { StreamerStats } from '../../src/protocol/statistics.js';
import { STATISTICS } from '../support/statistics.js';

class Source {
  pid: number | null = 1;
  asked = 0;
  readonly answer: () => Promise<StreamerStats>;

  constructor(answer: () => Promise<StreamerStats>) {
    this.answer = answer;
  }

  request(): Promise<StreamerStats> {
    this.asked += 1;
    return this.answer();
  }
}

const NACKS = 'moontee_viewer_nacks_total';
const answers = (): Source => new Source(() => Promise.resolve(STATISTICS));
const hangs = (): Source => new Source(() => new Promise(() => undefined));

test('totals never fall, whatever children come and how they count', (t) => {
  const life = fc.array(fc.record({ child: fc.nat(5), value: fc.nat(1000) }));
  fc.assert(
    fc.property(life, (steps) => {
      const totals = new RunningTotals();
      let before = 0;
      for (const { child, value } of steps) {
        totals.take(child, [{ metric: 'm', labels: { medium: 'video' }, value }]);
        const [now] = totals.list('m');
        if (now === undefined || now.value < before || now.value < value) return false;
        before = now.value;
      }
      return true;
    }),
  );
  t.pass();
});

test('series of one metric are kept apart, and each child is added', (t) => {
  const totals = new RunningTotals();
  const take = (child: number, video: number, audio: number): void =>
    totals.take(child, [
      { metric: 'm', labels: { medium: 'video' }, value: video },
      { metric: 'm', labels: { medium: 'audio' }, value: audio },
    ]);
  take(1, 10, 1);
  take(1, 12, 2);
  take(2, 3, 0);
  t.deepEqual(totals.list('m'), [
    { labels: { medium: 'video' }, value: 15 },
    { labels: { medium: 'audio' }, value: 2 },
  ]);
  t.deepEqual(totals.list('other'), []);
});

test('scrapes at once and in a row ask a child once', async (t) => {
  const figures = new ChildFigures({ interval: 600_000, deadline: 60_000 });
  const source = answers();
  await Promise.all([figures.refresh([source]), figures.refresh([source])]);
  await figures.refresh([source]);
  t.is(source.asked, 1);
  t.is(figures.latest(source), STATISTICS);
  t.deepEqual(figures.totals(source, NACKS), [{ labels: {}, value: 5 }]);
});

test('a child that hangs is waited for once, and asked no more while a question is open', async (t) => {
  const figures = new ChildFigures({ interval: 0, deadline: 20 });
  const [slow, quick] = [hangs(), answers()];
  for (let scrapes = 1; scrapes <= 3; scrapes += 1) {
    await figures.refresh([slow, quick]);
    t.is(slow.asked, 1);
    t.is(quick.asked, scrapes);
    t.is(figures.latest(slow), null);
    t.is(figures.latest(quick), STATISTICS);
  }
});

test('a scrape does not wait for a child that did not answer the last one', async (t) => {
  let answer: Promise<StreamerStats> = Promise.reject(new MoonteeError('TIMEOUT'));
  answer.catch(() => undefined);
  const source = new Source(() => answer);
  // Longer than the test may take: only a scrape that does not wait returns.
  const figures = new ChildFigures({ interval: 0, deadline: 600_000 });
  await figures.refresh([source]);
  t.is(source.asked, 1);
  let settle: (stats: StreamerStats) => void = () => undefined;
  answer = new Promise((resolve) => (settle = resolve));
  await figures.refresh([source]);
  t.is(source.asked, 2);
  t.is(figures.latest(source), null);
  settle(STATISTICS);
  await new Promise(setImmediate);
  t.is(figures.latest(source), STATISTICS);
});

test('a streamer without a child has totals and no figures of now', async (t) => {
  const figures = new ChildFigures({ interval: 0, deadline: 60_000 });
  const source = answers();
  await figures.refresh([source]);
  source.pid = null;
  await figures.refresh([source]);
  t.is(source.asked, 1);
  t.is(figures.latest(source), null);
  t.deepEqual(figures.totals(source, NACKS), [{ labels: {}, value: 5 }]);
});
