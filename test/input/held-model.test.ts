/** Viewers whose clients state what they hold, over channels that lose and delay, against the truth. */
import test from 'ava';
import fc from 'fast-check';
import { ALL_RIGHTS, RIGHTS, type Rights } from '../../src/core/rights.js';
import { InputAggregator } from '../../src/input/aggregator.js';
import { decodeChannelMessage } from '../../src/input/channels.js';
import { Control, type ControlMode } from '../../src/streamer/control.js';
import type { HostInput } from '../../src/moonlight/types.js';
import {
  encodeButton,
  encodeHeldButtons,
  encodeHeldKeys,
  encodeHeldTouches,
  encodeKey,
  encodePadAdd,
  encodePadState,
  encodeTouch,
  type Bytes,
} from '../../client/encode.js';
import { PAD_AT_REST } from '../../client/pads.js';

/** Milliseconds. */
const TICK = 50;
const STATEMENT = 100;
/** What is heard counts so long, and is looked at every tick. */
const BELIEVED = 500 + TICK;
/** After a change, what an honest client does has arrived and counts. */
const SETTLED = 300;

const SHARED_KEYS = [0x41, 0xa0];
const VIEWERS = 8;

/** What a viewer had down when it sent something. */
interface Snapshot {
  readonly keys: ReadonlySet<number>;
  readonly buttons: ReadonlySet<number>;
  readonly touches: number;
  readonly padIsPressed: boolean;
}

type Message = readonly [label: string, data: Bytes, snapshot: Snapshot];

/** A browser as its user sees it: what is down in it, and what it sends about that. */
class Client {
  readonly name: string;
  readonly own: number;
  readonly keys = new Set<number>();
  readonly buttons = new Set<number>();
  readonly touches = new Set<number>();
  padIsPressed = false;
  isHere = true;
  isFrozen = false;
  /** What is sent waits, as in a path that is broken for some time. */
  isStalled = false;
  rights: Rights = ALL_RIGHTS;
  /** When its user, or somebody else, last did what changes what counts. */
  changedAt = 0;
  /** No trouble has befallen it: each of its edges has to reach the host once, in order. */
  isClean = true;
  /** Edges of its own key. */
  readonly edges: boolean[] = [];
  /** As of what arrived last. */
  known: Snapshot | undefined;
  heardAt = -Infinity;
  padKnown = false;
  padHeardAt = -Infinity;
  losses = 0;
  readonly #queue: Message[] = [];
  readonly #clock: number;
  readonly #unstated = new Set(['keyboard', 'mouseClicks', 'touch']);

  constructor(index: number) {
    this.name = `v${index}`;
    this.own = 0x30 + index;
    // Clocks of browsers begin when they like, and have 32 bits.
    this.#clock = index * 0x1fffffff + 0xfffff000;
  }

  get #snapshot(): Snapshot {
    const { keys, buttons, touches, padIsPressed } = this;
    return {
      keys: new Set(keys),
      buttons: new Set(buttons),
      touches: touches.size,
      padIsPressed,
    };
  }

  get modifiers(): number {
    return this.keys.has(0xa0) ? 1 : 0;
  }

  key(code: number): void {
    const down = !this.keys.delete(code);
    if (down) this.keys.add(code);
    if (code === this.own) this.edges.push(down);
    this.#edge('keyboard', encodeKey(down, code, this.modifiers));
  }

  button(button: number): void {
    const down = !this.buttons.delete(button);
    if (down) this.buttons.add(button);
    this.#edge('mouseClicks', encodeButton(down, button));
  }

  finger(id: number): void {
    const down = !this.touches.delete(id);
    if (down) this.touches.add(id);
    this.#edge('touch', encodeTouch(down ? 'down' : 'up', point(id)));
  }

  pad(): void {
    this.padIsPressed = !this.padIsPressed;
    this.#queue.push(['controllers', encodePadAdd(0, 0xf000, 2), this.#snapshot]);
  }

  /** Sends its statements, but for those that get lost. */
  state(now: number): void {
    if (this.isFrozen || !this.isHere) return;
    const at = now + this.#clock;
    const { keys, buttons, touches } = this;
    const statements: (readonly [string, Bytes, number])[] = [
      ['keyboard', encodeHeldKeys([...keys], at), keys.size],
      ['mouseClicks', encodeHeldButtons([...buttons], at), buttons.size],
      ['touch', encodeHeldTouches([...touches].map(point), at), touches.size],
    ];
    for (const [label, data, held] of statements) {
      if (!this.#unstated.has(label)) continue;
      if (held === 0) this.#unstated.delete(label);
      this.#queue.push([label, data, this.#snapshot]);
    }
    const state = { ...PAD_AT_REST, buttons: this.padIsPressed ? 0x1000 : 0 };
    if (this.losses > 0) this.losses -= 1;
    else this.#queue.push(['controller0', encodePadState(state), this.#snapshot]);
  }

  /** What arrives now. */
  take(): Message[] {
    return this.isStalled ? [] : this.#queue.splice(0);
  }

  #edge(label: string, data: Bytes): void {
    this.#unstated.add(label);
    this.#queue.push([label, data, this.#snapshot]);
  }
}

const point = (id: number) => ({
  ...{ id, x: 0.5, y: 0.5, force: 1 },
  ...{ radiusX: 1, radiusY: 1, rotation: 0 },
});

class Host {
  readonly keys = new Set<number>();
  readonly buttons = new Set<number>();
  readonly touches = new Set<number>();
  readonly pads = new Map<number, number>();
  readonly edges = new Map<number, boolean[]>();

  take(inputs: readonly HostInput[]): void {
    for (const input of inputs) this.#take(input);
  }

  get holdsNothing(): boolean {
    const pressed = [...this.pads.values()].some((buttons) => buttons !== 0);
    return this.keys.size + this.buttons.size + this.touches.size === 0 && !pressed;
  }

  #take(input: HostInput): void {
    if (input.type === 'key') {
      toggle(this.keys, input.keyCode, input.down);
      const edges = this.edges.get(input.keyCode) ?? [];
      edges.push(input.down);
      this.edges.set(input.keyCode, edges);
    } else if (input.type === 'mouse-button') {
      toggle(this.buttons, input.button, input.down);
    } else if (input.type === 'touch' && input.phase !== 'move') {
      toggle(this.touches, input.pointerId, input.phase === 'down');
    } else if (input.type === 'pad-state') {
      this.pads.set(input.pad, input.buttons);
    }
  }
}

function toggle(held: Set<number>, code: number, down: boolean): void {
  if (held.has(code) === down) throw new Error(`${code} went ${down ? 'down' : 'up'} twice`);
  if (down) held.add(code);
  else held.delete(code);
}

const ACTIONS = [
  'key',
  'own',
  'own',
  'button',
  'finger',
  'pad',
  'freeze',
  'thaw',
  'stall',
  'heal',
  'lose',
  'rights',
  'mode',
  'ask',
  'release',
  'take',
  'leave',
  'wait',
] as const;

const steps = fc.array(
  fc.record({
    viewer: fc.nat({ max: VIEWERS - 1 }),
    what: fc.constantFrom(...ACTIONS),
    which: fc.nat({ max: 2 }),
    rights: fc.subarray([...RIGHTS]),
    mode: fc.constantFrom<ControlMode>('shared', 'shared', 'single', 'locked'),
    ticks: fc.nat({ max: 14 }),
  }),
  { minLength: 20, maxLength: 60 },
);
type Step = typeof steps extends fc.Arbitrary<readonly (infer S)[]> ? S : never;

class World {
  readonly all = new InputAggregator({ padSlots: VIEWERS });
  readonly host = new Host();
  readonly control = new Control();
  readonly clients = Array.from({ length: VIEWERS }, (_, index) => new Client(index));
  now = 1_000;

  constructor() {
    for (const { name } of this.clients) {
      this.control.join(name, ALL_RIGHTS);
      this.all.join(name, ALL_RIGHTS);
    }
  }

  do(step: Step): void {
    const { viewer, what, which, ticks } = step;
    const client = this.clients[viewer];
    if (client?.isHere === true) {
      this.#steer(client, step);
      this.#do(client, what, which);
    }
    for (let tick = 0; tick < ticks; tick += 1) this.tick();
  }

  /** What the server does about rights and control; what follows from it is told to the child. */
  #steer({ name }: Client, { what, rights, mode }: Step): void {
    const { control, now } = this;
    try {
      if (what === 'rights') control.setGranted(name, new Set(rights), now);
      else if (what === 'mode') control.setMode(mode, 1_000);
      else if (what === 'ask') control.ask(name, now);
      else if (what === 'release') control.release(name, now);
      else if (what === 'take') control.take(name, now);
      else if (what === 'leave') control.leave(name, false, now);
    } catch {
      // It may not, or has no right to: then nothing has changed.
    }
    this.#applyRights();
  }

  #applyRights(): void {
    for (const client of this.clients) {
      if (!client.isHere) continue;
      const rights = this.control.rights(client.name);
      if ([...rights].sort().join() === [...client.rights].sort().join()) continue;
      client.rights = rights;
      client.changedAt = this.now;
      client.isClean = false;
      this.host.take(this.all.setRights(client.name, rights));
    }
  }

  #do(client: Client, what: Step['what'], which: number): void {
    const touched = (): void => {
      client.changedAt = this.now;
    };
    // What is frozen does not hear of its user.
    if (['key', 'own', 'button', 'finger', 'pad'].includes(what) && client.isFrozen) return;
    if (what !== 'wait') touched();
    if (what === 'key') client.key(SHARED_KEYS[which % 2] ?? 0);
    else if (what === 'own') client.key(client.own);
    else if (what === 'button') client.button(which + 1);
    else if (what === 'finger') client.finger(which);
    else if (what === 'pad') client.pad();
    else if (what === 'freeze' || what === 'thaw') client.isFrozen = what === 'freeze';
    else if (what === 'stall' || what === 'heal') client.isStalled = what === 'stall';
    else if (what === 'lose') client.losses = which + 1;
    else if (what === 'leave') this.leave(client);
    if (['freeze', 'stall', 'leave'].includes(what)) client.isClean = false;
  }

  leave(client: Client): void {
    client.isHere = false;
    this.host.take(this.all.leave(client.name));
  }

  tick(): void {
    this.now += TICK;
    if (this.control.expire(this.now)) this.#applyRights();
    for (const client of this.clients) {
      if (this.now % STATEMENT === 0) client.state(this.now);
      for (const [label, data, snapshot] of client.take())
        this.#arrive(client, label, data, snapshot);
    }
    this.host.take(this.all.letGoOfSilent(this.now));
    this.#checkSound();
    this.#checkComplete();
  }

  #arrive(client: Client, label: string, data: Bytes, snapshot: Snapshot): void {
    if (!client.isHere) return;
    if (label === 'controller0') {
      client.padKnown = snapshot.padIsPressed;
      client.padHeardAt = this.now;
    } else if (label !== 'controllers') {
      client.known = snapshot;
      client.heardAt = this.now;
    }
    for (const input of decodeChannelMessage(label, data) ?? []) {
      this.host.take(this.all.input(client.name, input, this.now));
    }
  }

  /** Nothing is down but what somebody with the right holds who was heard of in time. */
  #checkSound(): void {
    const heard = this.clients.filter(
      ({ isHere, heardAt }) => isHere && this.now - heardAt <= BELIEVED,
    );
    for (const code of this.host.keys) {
      if (!heard.some(({ rights, known }) => rights.has('keyboard') && known?.keys.has(code))) {
        throw new Error(`key ${code} is held by nobody`);
      }
    }
    for (const code of this.host.buttons) {
      if (!heard.some(({ rights, known }) => rights.has('pointer') && known?.buttons.has(code))) {
        throw new Error(`button ${code} is held by nobody`);
      }
    }
    const fingers = heard
      .filter(({ rights }) => rights.has('touch'))
      .reduce((sum, { known }) => sum + (known?.touches ?? 0), 0);
    if (this.host.touches.size > fingers) throw new Error('a finger is nobody’s');
    const pressing = this.clients.filter(
      ({ isHere, padKnown, padHeardAt, rights }) =>
        isHere && padKnown && rights.has('gamepad') && this.now - padHeardAt <= BELIEVED,
    ).length;
    const pressed = [...this.host.pads.values()].filter((buttons) => buttons !== 0).length;
    if (pressed > pressing) throw new Error('a pad is pressed by nobody');
  }

  /** What is held by somebody with the right, who says so, is down. */
  #checkComplete(): void {
    for (const client of this.clients) {
      const { isHere, isFrozen, isStalled, changedAt, losses } = client;
      const settled = this.now - changedAt > SETTLED && losses === 0;
      if (!isHere || isFrozen || isStalled || !settled) continue;
      if (client.rights.has('keyboard')) {
        for (const code of client.keys) {
          if (!this.host.keys.has(code)) throw new Error(`key ${code} is not down`);
        }
      }
      if (client.rights.has('touch') && this.host.touches.size < client.touches.size) {
        throw new Error('a finger is missing');
      }
    }
  }
}

test('a key is down exactly while somebody with the right holds it and was heard of', (t) => {
  let downs = 0;
  fc.assert(
    fc.property(steps, (sequence) => {
      const world = new World();
      for (const step of sequence) world.do(step);
      for (let tick = 0; tick < 4; tick += 1) world.tick();
      for (const client of world.clients) {
        if (!client.isClean) continue;
        const edges = world.host.edges.get(client.own) ?? [];
        t.deepEqual(edges, client.edges, `${client.name}: once each, in order`);
        downs += edges.length;
      }
      for (const client of world.clients) if (client.isHere) world.leave(client);
      t.true(world.host.holdsNothing);
      t.deepEqual(world.all.held, { keys: [], buttons: [], touches: [], pads: 0 });
    }),
    { seed: 14, numRuns: 400 },
  );
  t.true(downs > 150, `${downs} edges of viewers without trouble`);
});

test('release of all is final until something is pressed anew', (t) => {
  const world = new World();
  const [ann, bob] = world.clients;
  if (ann === undefined || bob === undefined) throw new Error('no viewers');
  ann.key(0x41);
  ann.button(1);
  ann.finger(0);
  ann.pad();
  bob.key(bob.own);
  for (let tick = 0; tick < 4; tick += 1) world.tick();
  t.deepEqual(
    world.all.holds.map(({ peerId, keys, buttons, touches, pads }) => [
      ...[peerId, keys.length, buttons.length, touches.length, pads.length],
    ]),
    [
      ['v0', 1, 1, 1, 1],
      ['v1', 1, 0, 0, 0],
    ],
  );
  world.host.take(world.all.letGoOfAll('v0'));
  t.deepEqual([...world.host.keys], [bob.own]);
  world.host.take(world.all.letGoOfAll());
  t.true(world.host.holdsNothing);
  for (const client of [ann, bob]) client.changedAt = Infinity;
  for (let tick = 0; tick < 20; tick += 1) world.tick();
  t.true(world.host.holdsNothing, 'the clients go on stating it');
  ann.key(0x41);
  ann.key(0x41);
  bob.key(bob.own);
  bob.key(bob.own);
  ann.pad();
  world.tick();
  world.tick();
  ann.pad();
  world.tick();
  world.tick();
  t.deepEqual([...world.host.keys].sort(), [bob.own, 0x41]);
  t.is([...world.host.pads.values()].filter((buttons) => buttons !== 0).length, 1);
});

test('what waited on its way for long presses nothing again', (t) => {
  const all = new InputAggregator();
  all.join('ann', ALL_RIGHTS);
  const say = (data: Bytes, now: number): string =>
    (decodeChannelMessage('keyboard', data) ?? [])
      .flatMap((input) => all.input('ann', input, now))
      .map((input) => ('down' in input && input.down ? 'down' : 'up'))
      .join(' ');
  t.is(say(encodeHeldKeys([], 7_000), 0), '');
  t.is(say(encodeKey(true, 0x0d, 0), 1_000), 'down');
  t.is(say(encodeHeldKeys([0x0d], 8_100), 1_100), '');
  t.is(all.letGoOfSilent(1_550).length, 0);
  t.is(all.letGoOfSilent(1_650).length, 1);
  // A second later the path is back, and all comes at once.
  for (const at of [8_200, 8_300, 8_400]) t.is(say(encodeHeldKeys([0x0d], at), 2_500), '');
  t.is(say(encodeKey(false, 0x0d, 0), 2_500), '');
  // A path that has become slow for good is found out.
  let wentDown = 0;
  for (let now = 3_000; now < 20_000; now += 100) {
    if (say(encodeHeldKeys([0x0d], now + 7_000 - 3_000), now) === 'down') wentDown ||= now;
    all.letGoOfSilent(now);
  }
  t.true(wentDown > 3_000 && wentDown < 10_000, `${wentDown}`);
});

test('a client that never states anything holds what it pressed', (t) => {
  const all = new InputAggregator();
  all.join('ann', ALL_RIGHTS);
  for (const input of decodeChannelMessage('keyboard', encodeKey(true, 0x41, 0)) ?? []) {
    all.input('ann', input, 0);
  }
  t.false(all.isWatching);
  t.deepEqual(all.letGoOfSilent(1e9), []);
  t.deepEqual(all.held.keys, [0x41]);
});
