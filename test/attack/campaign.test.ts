/** A short campaign: every attack on parsing and access, and two of the floods. */
import test from 'ava';
import type { Attack, Outcome } from '../../attack/attack.js';
import { ATTACKS, runCampaign } from '../../attack/campaign.js';
import { asAttack, type Flood } from '../../attack/floods/flood.js';
import { Judge } from '../../attack/support/judge.js';
import type { Scene } from '../../attack/support/scene.js';
import { SeededRandom } from '../../src/moonlight/random.js';

const FLOODS = ['flood: wrong passwords in the first message', 'flood: PLI and REMB'];

test.serial('a short campaign finds nothing', async (t) => {
  const outcomes: Outcome[] = [];
  const isClean = await runCampaign({
    attacks: ATTACKS.filter(({ name }) => !name.startsWith('flood') || FLOODS.includes(name)),
    picture: 'blocks',
    minutes: 0.25,
    seed: 7,
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  for (const { attack, tried, findings, note } of outcomes) {
    t.deepEqual(findings, [], attack);
    t.true(tried > 0, attack);
    t.log(`${attack}: ${tried}; ${note}`);
  }
  t.true(isClean);
  t.is(outcomes.length, 5 + FLOODS.length);
});

test.serial('a server that ends is a finding, and the end of the campaign', async (t) => {
  const outcomes: Outcome[] = [];
  const deadly: Attack = {
    name: 'deadly',
    async run(scene) {
      process.kill(scene.serverPid, 'SIGKILL');
      while (scene.running) await new Promise((resolve) => setTimeout(resolve, 10));
      return { attack: this.name, tried: 1, findings: [], note: '' };
    },
  };
  const isClean = await runCampaign({
    attacks: [deadly, deadly],
    picture: 'blocks',
    minutes: 0.25,
    seed: 1,
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  t.false(isClean);
  t.deepEqual(
    outcomes.map(({ findings }) => findings),
    [['the server process ended']],
  );
});

test('answers to strangers are judged by what everybody may read', (t) => {
  const judge = new Judge(['<p>page', 'export default {}']);
  const answer = (
    status: number,
    body = '',
    head = '',
  ): { status: number; head: string; body: string } => ({
    status,
    head: `HTTP/1.1 ${status} X\r\n${head}`,
    body,
  });
  const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const upgrade = (target: string): string =>
    `GET ${target} HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
  t.is(judge.problemOf(get('/'), answer(200, '<p>page')), null);
  t.is(judge.problemOf(get('/API/hosts'), answer(200, '{"hosts":[]}')), 'status 200');
  t.is(judge.problemOf('HEAD / HTTP/1.1\r\n', answer(200, '', 'Content-Length: 7')), null);
  t.is(
    judge.problemOf('HEAD /metrics HTTP/1.1\r\n', answer(200, '', 'Content-Length: 9')),
    'status 200',
  );
  t.is(judge.problemOf(get('/api'), answer(401)), null);
  t.is(judge.problemOf(get('http://['), answer(500)), 'status 500');
  t.is(judge.problemOf(upgrade('/api/streamers/a%20b/peer?x'), answer(101)), null);
  t.is(judge.problemOf(upgrade('/api/host/stream '), answer(101)), null);
  t.is(judge.problemOf(upgrade('/API/host/stream'), answer(101)), 'a socket where none may be');
  t.is(judge.problemOf(get('/api/host/stream'), answer(101)), 'a socket where none may be');
});

test('too few frames of the healthy viewer are a finding, if they are again and again', async (t) => {
  const idle: Flood = { name: 'idle', run: () => Promise.resolve(1) };
  for (const [share, isFinding] of [
    [0.5, true],
    [1, false],
  ] as const) {
    let looks = 0;
    const scene = {
      frames: () => {
        looks += 1;
        return Promise.resolve({ sent: looks * 1_000, shown: looks * 1_000 * share });
      },
      ended: () => Promise.resolve(null),
    } as unknown as Scene;
    const budget = { random: new SeededRandom(1), share: 0 };
    const { findings } = await asAttack(idle, 10).run(scene, budget);
    t.is(findings.length, isFinding ? 1 : 0);
  }
});
