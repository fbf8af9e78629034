import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { Collector } from '../../src/gst/collector.js';
import { until } from '../support/until.js';

function counted(): { collector: Collector; collections: () => number } {
  let count = 0;
  const collector = new Collector(() => (count += 1));
  return { collector, collections: () => count };
}

test('a removal is followed by several collections, while nobody watches', async (t) => {
  const { collector, collections } = counted();
  t.teardown(() => collector.close());
  await delay(20);
  t.is(collections(), 0);
  collector.soon();
  await until('it is collected', () => collections() >= 1);
  await until('once more', () => collections() >= 2);
});

test('whoever watches is spared, but not for ever and not by many removals', async (t) => {
  const { collector, collections } = counted();
  t.teardown(() => collector.close());
  let watched = true;
  const release = collector.spare(() => watched);
  collector.now();
  t.is(collections(), 1);
  collector.soon();
  // Three times as long as it takes with nobody there.
  await delay(6_000);
  t.is(collections(), 1);
  // The removals go on: none of them puts the collection off.
  for (let i = 0; i < 10; i += 1) {
    collector.soon();
    await delay(50);
  }
  await until('the backlog is collected', () => collections() >= 2);
  collector.soon();
  watched = false;
  collector.soon();
  const before = collections();
  await until('the last one has gone', () => collections() > before);
  release();
  t.true(collections() >= 3);
});

test('removals without end are collected all the same', async (t) => {
  const { collector, collections } = counted();
  t.teardown(() => collector.close());
  const timer = setInterval(() => collector.soon(), 20);
  await until('it is collected', () => collections() >= 2);
  clearInterval(timer);
  collector.close();
  const last = collections();
  collector.soon();
  collector.close();
  await delay(700);
  t.is(collections(), last);
});
