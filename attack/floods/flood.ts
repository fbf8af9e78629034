import { setMaxListeners } from 'node:events';
import type { SeededRandom } from '../../src/moonlight/random.js';
import type { Attack } from '../attack.js';
import { Findings } from '../attack.js';
import type { Frames, Scene } from '../support/scene.js';

export interface FloodContext {
  readonly scene: Scene;
  readonly random: SeededRandom;
  /** Aborted when the time is over: connections close, loops end. */
  readonly signal: AbortSignal;
}

/** Too much of something, for as long as it is let. */
export interface Flood {
  readonly name: string;
  /** Resolves with how much it tried, once the signal is aborted or it was thrown out. */
  run(context: FloodContext): Promise<number>;
}

/** Milliseconds of one flood in a full campaign, and in any. */
const FULL = 20_000;
const LEAST = 2_500;
/** Milliseconds that what a flood has begun gets to end after it. */
const PATIENCE_MS = 30_000;
/** Frames that may be on their way when they are counted. */
const UNDER_WAY = 3;
const LEAST_SHARE = 0.95;
/** A machine that others use is busy at times: what is too little twice is a finding. */
const TRIES = 3;

/**
 * A flood while the healthy viewer watches: nothing ends, and it gets its frames.
 *
 * @param least milliseconds that it takes at least
 */
export function asAttack(flood: Flood, least = LEAST): Attack {
  return {
    name: `flood: ${flood.name}`,
    async run(scene, { random, share }) {
      const findings = new Findings();
      const duration = Math.max(least, FULL * share);
      const shares: number[] = [];
      let tried = 0;
      for (let left = TRIES; left > 0; left -= 1) {
        const before = await scene.frames();
        tried += await during(flood, scene, random, duration);
        const ended = await scene.ended();
        if (ended !== null) {
          findings.add(ended);
          break;
        }
        shares.push(shareOf(before, await scene.frames()));
        if ((shares.at(-1) ?? 0) >= LEAST_SHARE) break;
      }
      if (shares.length === TRIES) {
        findings.add(`the healthy viewer got less than ${100 * LEAST_SHARE} % of its frames`);
      }
      const percent = shares.map((each) => `${(100 * each).toFixed(1)} %`).join(', ');
      return {
        attack: this.name,
        tried,
        findings: findings.list(),
        note: `frames of the healthy viewer: ${percent}`,
      };
    },
  };
}

async function during(
  flood: Flood,
  scene: Scene,
  random: SeededRandom,
  duration: number,
): Promise<number> {
  const end = new AbortController();
  // Every connection of a flood listens.
  setMaxListeners(0, end.signal);
  const begun = performance.now();
  const timer = setTimeout(() => end.abort(), duration);
  try {
    const late = new Promise<never>((_, reject) => {
      setTimeout(
        () => reject(new Error(`the flood ${flood.name} does not end`)),
        duration + PATIENCE_MS,
      ).unref();
    });
    const tried = await Promise.race([flood.run({ scene, random, signal: end.signal }), late]);
    // One that was thrown out early: whether it has left damage behind shows in the rest of its time.
    const rest = duration - (performance.now() - begun);
    if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
    return tried;
  } finally {
    clearTimeout(timer);
    end.abort();
  }
}

function shareOf(before: Frames, after: Frames): number {
  const sent = after.sent - before.sent;
  return sent <= 0 ? 0 : Math.min(1, (after.shown - before.shown + UNDER_WAY) / sent);
}
