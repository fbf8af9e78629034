import test from 'ava';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { mutate } from '../../fuzz/mutate.js';
import { openTarget, TARGET_NAMES } from '../../fuzz/targets/index.js';
import { SeededRandom } from '../../src/moonlight/random.js';

const CORPUS = fileURLToPath(new URL('../../fuzz/corpus/', import.meta.url));

/** Inputs that went wrong once, by name. */
function regressions(target: string): [string, Buffer][] {
  const folder = `${CORPUS}${target}/`;
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((name) => [name, readFileSync(folder + name)]);
}

for (const name of TARGET_NAMES) {
  test(`${name}: what went wrong once, and a few relatives of what is right`, async (t) => {
    const target = await openTarget(name);
    t.teardown(() => target.close?.());
    t.true(target.seeds.length > 0);
    for (const [file, input] of regressions(name)) {
      await t.notThrowsAsync(async () => target.run(input), file);
    }
    const words = (target.words ?? []).map((word) => Buffer.from(word as string));
    const random = new SeededRandom(99);
    for (const [index, seed] of target.seeds.entries()) {
      await t.notThrowsAsync(async () => target.run(seed), `seed ${index}`);
      const other = target.seeds[random.below(target.seeds.length)] ?? seed;
      for (let round = 0; round < 10; round++) {
        const input = mutate(seed, other, words, random);
        const title = input.toString('base64');
        await t.notThrowsAsync(async () => target.run(Buffer.from(input)), title);
      }
    }
  });
}

test('every folder of the corpus belongs to a target', (t) => {
  for (const folder of readdirSync(CORPUS)) t.true(TARGET_NAMES.includes(folder), folder);
});
