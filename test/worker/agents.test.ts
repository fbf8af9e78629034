import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { MoonteeError } from '../../src/core/errors.js';
import { ALL_RIGHTS, RIGHTS, type Right } from '../../src/core/rights.js';
import { Deadline } from '../../src/core/deadline.js';
import { InputAggregator } from '../../src/input/aggregator.js';
import type { ViewerInput } from '../../src/input/viewer-input.js';
import type { InputProgress } from '../../src/moonlight/input/queue.js';
import type { HostInput } from '../../src/moonlight/types.js';
import type { AgentEvent, AgentOutcome } from '../../src/protocol/agent-input.js';
import { actAsAgent } from '../../src/worker/agents/act.js';
import { Agents } from '../../src/worker/agents/agents.js';
import { until } from '../support/until.js';

const PICTURE = { width: 640, height: 360, touch: true, pads: 4 };

const LEFT = new MoonteeError('CLOSED', 'The agent has left');

/** Agents of one aggregator, and what the host gets. */
class Stage {
  readonly aggregator = new InputAggregator();
  readonly host: HostInput[] = [];
  readonly agents: Agents;
  progress: InputProgress = 'arrived';
  verdict: 'taken' | 'closed' = 'taken';
  #number = 0;

  constructor() {
    const sendInput = (input: HostInput): 'taken' | 'closed' => {
      if (this.verdict === 'taken') this.host.push(input);
      return this.verdict;
    };
    this.agents = new Agents({
      join: (id, rights) => this.aggregator.join(id, rights),
      act: (id, input) => actAsAgent(this.aggregator, { sendInput }, id, input),
      refused: () => this.aggregator.countForbidden(),
      leave: (id) => this.host.push(...this.aggregator.leave(id)),
      progress: () => this.progress,
    });
    this.aggregator.join('person', ALL_RIGHTS);
  }

  run(
    events: readonly AgentEvent[],
    { within = 20_000, pause = 0, id = `a${this.#number++}`, rights = [...RIGHTS] as Right[] } = {},
  ): Promise<AgentOutcome> {
    const order = {
      ...{ agent_id: id, events: [...events], rights },
      ...{ within_ms: within, pause_ms: pause },
    };
    return this.agents.run(order, PICTURE);
  }

  person(input: ViewerInput): void {
    this.agents.personActs(input);
    this.host.push(...this.aggregator.input('person', input, performance.now()));
  }

  /** Nothing is held. */
  get isFree(): boolean {
    const { keys, buttons, touches, pads } = this.aggregator.held;
    return keys.length + buttons.length + touches.length + pads === 0;
  }
}

const MOVED: ViewerInput = { type: 'mouse-move', dx: 1, dy: 1 };

test('a list is executed in order, and what it holds is released', async (t) => {
  const stage = new Stage();
  const outcome = await stage.run([
    { type: 'key', key: 'a', action: 'down' },
    { type: 'click', x: 3, y: 4 },
    { type: 'pad', buttons: ['a'] },
  ]);
  t.like(outcome, { executed: 3, code: null, reason: null });
  t.deepEqual(
    stage.host.map((input) => ('down' in input ? `${input.type} ${input.down}` : input.type)),
    [
      'key true',
      'mouse-position',
      'mouse-button true',
      'mouse-button false',
      ...['pad-arrival', 'pad-state', 'pad-state'],
      'key false',
      'pad-state',
    ],
  );
  t.true(stage.isFree);
});

test('more than the rate limit lets through is paced, and nothing is left out', async (t) => {
  const stage = new Stage();
  const key = ['a', 'b', 'c', 'd', 'e', 'f'];
  const events = Array.from({ length: 100 }, (_, index): AgentEvent => ({
    ...{ type: 'key', key, action: index % 2 === 0 ? 'down' : 'up' },
  }));
  t.like(await stage.run(events), { executed: 100, code: null });
  t.is(stage.host.length, 600);
  t.true(stage.isFree);
});

test('it waits until input has left, and across devices until it has arrived', async (t) => {
  const stage = new Stage();
  stage.progress = 'sent';
  const outcome = stage.run([
    { type: 'key', key: 'a' },
    { type: 'move', x: 1, y: 1 },
  ]);
  await until('the key', () => stage.host.length === 2);
  await sleep(50);
  t.is(stage.host.length, 2);
  stage.progress = 'arrived';
  await until('the move', () => stage.host.length === 3);
  stage.progress = 'waiting';
  const second = stage.run([{ type: 'move', x: 2, y: 2 }]);
  t.is((await outcome).executed, 2);
  await sleep(50);
  t.is(stage.host.length, 3);
  stage.progress = 'sent';
  t.is((await second).executed, 1);
});

test('lists wait for each other, up to a bound', async (t) => {
  const stage = new Stage();
  const first = stage.run([
    { type: 'wait', ms: 300 },
    { type: 'text', text: 'a' },
  ]);
  const others = Array.from('bcdefghi', (text) => stage.run([{ type: 'text', text }]));
  t.throws(() => stage.run([{ type: 'text', text: 'j' }]), { code: 'LIMIT_REACHED' });
  t.throws(() => stage.run([{ type: 'move', x: 640, y: 0 }]), { code: 'BAD_REQUEST' });
  await Promise.all([first, ...others]);
  t.is(stage.host.map((input) => (input.type === 'text' ? input.text : '?')).join(''), 'abcdefghi');
});

test('a person pauses a list between two events', async (t) => {
  const stage = new Stage();
  const outcome = stage.run(
    [
      { type: 'text', text: 'a' },
      { type: 'wait', ms: 100 },
      { type: 'text', text: 'b' },
    ],
    { pause: 300 },
  );
  await until('begun', () => stage.host.length === 1);
  stage.person(MOVED);
  // What persons let go, and pads at rest, pause nothing.
  stage.person({ type: 'key', down: false, keyCode: 0x41, modifiers: 0 });
  const { executed, paused_ms, code } = await outcome;
  t.deepEqual([executed, code], [3, null]);
  t.true(paused_ms > 0);
  t.deepEqual(
    stage.host.map(({ type }) => type),
    ['text', 'mouse-move', 'text'],
  );
});

test('a person who does not stop ends it at its deadline', async (t) => {
  const stage = new Stage();
  stage.person(MOVED);
  const outcome = stage.run([{ type: 'text', text: 'a' }], { within: 300, pause: 10_000 });
  t.like(await outcome, { executed: 0, code: 'PERSON_TOOK_OVER' });
  t.deepEqual(
    stage.host.map(({ type }) => type),
    ['mouse-move'],
  );
});

test('a person in the midst of an event ends the list, and has the pointer at once', async (t) => {
  const stage = new Stage();
  const drag: AgentEvent = { type: 'drag', from: { x: 0, y: 0 }, to: { x: 99, y: 99 }, steps: 100 };
  const outcome = stage.run([{ type: 'wait', ms: 1 }, drag, { type: 'text', text: 'never' }], {
    pause: 100,
  });
  await until('it drags', () => stage.host.length > 5);
  stage.person({ type: 'mouse-button', down: true, button: 1 });
  t.deepEqual(stage.aggregator.held.buttons, [1]);
  const [released, pressed] = stage.host.slice(-2);
  t.like(released, { type: 'mouse-button', down: false });
  t.like(pressed, { type: 'mouse-button', down: true });
  t.like(await outcome, { executed: 1, code: 'PERSON_TOOK_OVER' });
  t.like(stage.host.at(-1), { type: 'mouse-button', down: true });
});

test('while it holds a key a person ends it, and 0 lets nobody pause it', async (t) => {
  for (const pause of [100, 0]) {
    const stage = new Stage();
    const outcome = stage.run(
      [
        { type: 'key', key: 'w', action: 'down' },
        { type: 'wait', ms: 200 },
      ],
      { pause },
    );
    await until('it holds', () => stage.host.length === 1);
    stage.person(MOVED);
    t.is(stage.aggregator.held.keys.length, pause === 0 ? 1 : 0);
    t.is((await outcome).code, pause === 0 ? null : 'PERSON_TOOK_OVER');
    t.true(stage.isFree);
  }
});

test('a pointer that a person holds is waited for', async (t) => {
  const stage = new Stage();
  stage.person({ type: 'mouse-button', down: true, button: 1 });
  const outcome = stage.run([{ type: 'move', x: 5, y: 5 }]);
  await sleep(50);
  t.is(stage.host.length, 1);
  stage.person({ type: 'mouse-button', down: false, button: 1 });
  t.like(await outcome, { executed: 1, code: null });
  t.like(stage.host.at(-1), { type: 'mouse-position', x: 5 });
  stage.person({ type: 'mouse-button', down: true, button: 1 });
  t.like(await stage.run([{ type: 'move', x: 6, y: 6 }], { within: 100 }), {
    code: 'PERSON_TOOK_OVER',
  });
});

test('what is released by order ends the list that holds it, and no other', async (t) => {
  const stage = new Stage();
  const events: AgentEvent[] = [
    { type: 'key', key: 'w', action: 'down' },
    { type: 'wait', ms: 300 },
    { type: 'key', key: 'w', action: 'up' },
  ];
  const first = stage.run(events, { id: 'one' });
  const second = stage.run([{ type: 'wait', ms: 100 }, ...events], { id: 'two' });
  await until('it holds', () => stage.aggregator.held.keys.length === 1);
  stage.agents.letGo('two');
  t.is(stage.aggregator.held.keys.length, 1);
  stage.agents.letGo('one');
  t.true(stage.isFree);
  t.like(await first, { executed: 1, code: 'PERSON_TOOK_OVER' });
  // Before it holds anything, there is nothing to release.
  stage.agents.letGo(null);
  t.like(await second, { executed: 4, code: null });
  const third = stage.run(events);
  await until('it holds', () => stage.aggregator.held.keys.length === 1);
  stage.agents.letGo(null);
  t.like(await third, { code: 'PERSON_TOOK_OVER' });
  t.true(stage.isFree);
});

test('an agent that leaves, a session that ends, a streamer that closes', async (t) => {
  const stage = new Stage();
  const held: AgentEvent[] = [
    { type: 'key', key: 'w', action: 'down' },
    { type: 'wait', ms: 10_000 },
  ];
  const left = stage.run(held, { id: 'leaver' });
  const waiting = stage.run(held, { id: 'waiter' });
  await until('it holds', () => stage.aggregator.held.keys.length === 1);
  stage.agents.stop('waiter', LEFT);
  stage.agents.stop('nobody', LEFT);
  t.like(await waiting, { executed: 0, code: 'CLOSED' });
  stage.agents.stop('leaver', LEFT);
  t.like(await left, { executed: 1, code: 'CLOSED' });
  t.true(stage.isFree);
  stage.verdict = 'closed';
  t.like(await stage.run([{ type: 'text', text: 'a' }]), { executed: 0, code: 'CLOSED' });
  stage.verdict = 'taken';
  const last = stage.run(held);
  await until('it holds', () => stage.aggregator.held.keys.length === 1);
  await stage.agents.close(Deadline.in(1_000));
  t.like(await last, { code: 'STREAMER_STOPPING' });
  t.true(stage.isFree);
  t.throws(() => stage.run(held), { code: 'CLOSED' });
});

test('what takes too long, and a pad too many', async (t) => {
  const stage = new Stage();
  stage.progress = 'waiting';
  t.like(await stage.run([{ type: 'text', text: 'a' }], { within: 100 }), { code: 'TIMEOUT' });
  stage.progress = 'arrived';
  for (let pad = 0; pad < 16; pad += 1) {
    const id = `player${pad}`;
    stage.aggregator.join(id, ALL_RIGHTS);
    const input = { type: 'pad-add', pad: 0, supportedButtons: 1, capabilities: 0 } as const;
    stage.aggregator.input(id, input, performance.now());
  }
  t.like(await stage.run([{ type: 'pad' }]), { executed: 0, code: 'LIMIT_REACHED' });
});

test('what an agent has no right to is refused before anything is sent', (t) => {
  const stage = new Stage();
  const events: AgentEvent[] = [
    { type: 'text', text: 'a' },
    { type: 'move', x: 1, y: 1 },
  ];
  for (const [rights, words] of [
    [['watch', 'keyboard'], /^events\[1\]: .*"pointer"/],
    [['pointer'], /^events\[0\]: .*"keyboard"/],
    [[], /^events\[0\]: /],
  ] as const) {
    const error = t.throws(() => stage.run(events, { rights: [...rights] }), { code: 'FORBIDDEN' });
    t.regex(error.message, words);
  }
  t.deepEqual(stage.host, []);
});

test('what a person states to hold is something that it does', async (t) => {
  const stage = new Stage();
  const state = (keyCodes: readonly number[]): void =>
    stage.person({ type: 'held-keys', keyCodes, at: performance.now() });
  state([0x41]);
  const timer = setInterval(() => state([0x41]), 20);
  t.teardown(() => clearInterval(timer));
  const held = stage.run([{ type: 'text', text: 'a' }], { within: 600, pause: 300 });
  t.like(await held, { executed: 0, code: 'PERSON_TOOK_OVER' });
  clearInterval(timer);
  state([]);
  t.like(await stage.run([{ type: 'text', text: 'b' }], { pause: 300 }), { executed: 1 });
});
