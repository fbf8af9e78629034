/** Raw upgrade requests against the running server: grammar and mutation. */
import { Findings, type Attack } from './attack.js';
import { Judge } from './support/judge.js';
import { inParallel, sendRaw, someAddress, StatusCounts } from './support/requests.js';
import { randomRequest } from './support/grammar.js';

const FULL = 50_000;
const WORKERS = 24;

export const upgrades: Attack = {
  name: 'upgrades: raw requests by grammar and mutation',
  async run(scene, { random, share }) {
    const findings = new Findings();
    const tried = Math.round(FULL * share);
    const counts = new StatusCounts();
    const judge = await Judge.of(scene.port, random);
    function* requests(): Generator<string> {
      for (let made = 0; made < tried && scene.running; made += 1) yield randomRequest(random);
    }
    await inParallel(requests(), WORKERS, async (request) => {
      const answer = await sendRaw(scene.port, someAddress(random), request);
      counts.add(answer.status);
      const problem = judge.problemOf(request, answer);
      if (problem !== null) findings.add(`${JSON.stringify(request)}: ${problem}`);
      if (!scene.running) findings.add(`the server ended near ${JSON.stringify(request)}`);
    });
    return { attack: upgrades.name, tried, findings: findings.list(), note: String(counts) };
  },
};
