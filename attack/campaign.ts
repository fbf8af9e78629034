import { SeededRandom } from '../src/moonlight/random.js';
import { access, oracle } from './access.js';
import type { Attack, Outcome } from './attack.js';
import { asAttack } from './floods/flood.js';
import { PLAYERS } from './floods/players.js';
import { STRANGERS } from './floods/strangers.js';
import { VIEWERS } from './floods/viewers.js';
import { parsing } from './parsing.js';
import { Scene } from './support/scene.js';
import type { Picture } from './support/terms.js';
import { tickets } from './tickets.js';
import { upgrades } from './upgrades.js';

/** Every attack. A new one is a row more. */
export const ATTACKS: readonly Attack[] = [
  parsing,
  access,
  oracle,
  upgrades,
  tickets,
  ...[...STRANGERS, ...VIEWERS, ...PLAYERS].map((flood) => asAttack(flood)),
];

/** Minutes that all of them take at full size. */
export const FULL_MINUTES = 12;

export interface CampaignOptions {
  readonly attacks: readonly Attack[];
  readonly picture: Picture;
  readonly minutes: number;
  readonly seed: number;
  readonly onOutcome: (outcome: Outcome) => void;
}

/**
 * Attacks one server with one attack after another. A server or viewer that has ended is a
 * finding of the attack before, and ends the campaign.
 *
 * @returns false if there was any finding
 */
export async function runCampaign(options: CampaignOptions): Promise<boolean> {
  const random = new SeededRandom(options.seed);
  const share = Math.min(1, options.minutes / FULL_MINUTES);
  const scene = await Scene.start(options.picture);
  let isClean = true;
  try {
    for (const attack of options.attacks) {
      const outcome = await attempt(attack, scene, { random, share });
      options.onOutcome(outcome);
      isClean &&= outcome.findings.length === 0;
      if (!scene.running) break;
    }
  } finally {
    await scene.stop();
  }
  return isClean;
}

async function attempt(
  attack: Attack,
  scene: Scene,
  budget: { random: SeededRandom; share: number },
): Promise<Outcome> {
  try {
    const outcome = await attack.run(scene, budget);
    const ended = await scene.ended();
    if (ended === null || outcome.findings.includes(ended)) return outcome;
    return { ...outcome, findings: [...outcome.findings, ended] };
  } catch (error) {
    const ended = scene.running ? '' : 'the server process ended; ';
    const finding = `${ended}${String(error)}`;
    return { attack: attack.name, tried: 0, findings: [finding], note: '' };
  }
}
