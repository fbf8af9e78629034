/** Viewers among each other: what each is told, and what the child is told. */
import test from 'ava';
import fc from 'fast-check';
import { silentLog } from '../../src/core/log.js';
import { ALL_RIGHTS, RIGHTS, type Right, type Rights } from '../../src/core/rights.js';
import type {
  ControlInfo,
  ControlOrder,
  ControlRequest,
  PresentViewer,
} from '../../src/protocol/company-messages.js';
import type { ParentMessage } from '../../src/protocol/ipc.js';
import type { StreamServerMessage } from '../../src/protocol/viewer-messages.js';
import { Company, type Companion } from '../../src/streamer/company.js';
import { until } from '../support/until.js';

class Guest implements Companion {
  readonly peerId: string;
  readonly rights: Rights;
  readonly name: string | null;
  readonly seat: string;
  readonly heard: StreamServerMessage[] = [];
  readonly skippable: StreamServerMessage[] = [];

  constructor(peerId: string, rights: Rights = ALL_RIGHTS, name: string | null = null) {
    this.peerId = peerId;
    this.rights = rights;
    this.name = name;
    this.seat = `seat of ${peerId}`;
  }

  deliver(message: StreamServerMessage, skippable = false): void {
    (skippable ? this.skippable : this.heard).push(message);
  }

  all<T>(key: string): T[] {
    return this.heard.flatMap((message) =>
      typeof message === 'object' && key in message
        ? [(message as unknown as Record<string, T>)[key] as T]
        : [],
    );
  }
}

class Evening {
  readonly company: Company;
  readonly sent: ParentMessage[] = [];
  readonly rights = new Map<string, string>();
  readonly released: (string | null)[] = [];

  constructor(t: { teardown: (undo: () => void) => void }) {
    this.company = new Company({
      setRights: (peerId, rights) => this.rights.set(peerId, [...rights].sort().join()),
      send: (message) => this.sent.push(message),
      releaseInput: (peerId) => this.released.push(peerId),
      controlChanged: () => undefined,
      log: silentLog(),
    });
    t.teardown(() => this.company.close());
  }

  join(...guests: readonly Guest[]): void {
    for (const guest of guests) {
      this.company.join(guest);
      this.company.introduce(guest.peerId, {});
    }
  }
}

const PLAYS: Rights = new Set<Right>(['watch', 'gamepad']);
const STEERS: Rights = new Set<Right>(['watch', 'pointer', 'keyboard']);

test('names are one line, a token’s name is not changed, and colours differ', async (t) => {
  const evening = new Evening(t);
  const ann = new Guest('a', ALL_RIGHTS, 'Ann');
  const bob = new Guest('b');
  evening.join(ann);
  evening.company.join(bob);
  evening.company.introduce('a', { name: 'Admin' });
  evening.company.introduce('b', { name: `\u202eB\no${'b'.repeat(200)} ` });
  evening.company.introduce('b', { name: 'Bob again' });
  const [first] = bob.all<{ you: string; viewers: readonly PresentViewer[] }>('Presence');
  const [one, two] = first?.viewers ?? [];
  t.is(one?.name, 'Ann');
  t.is(two?.name?.length, 64);
  t.regex(two?.name ?? '', /^B ob+$/);
  t.not(one?.color, two?.color);
  t.is(bob.all('Presence').length, 1);
  await until('ann is told', () => ann.all('PresenceChange').length > 0);
});

test('who did not ask is told nothing', async (t) => {
  const evening = new Evening(t);
  const old = new Guest('old');
  const ann = new Guest('a');
  evening.company.join(old);
  evening.join(ann);
  evening.company.set({ mode: 'single', holder: 'a' });
  evening.company.pointed([{ peer_id: 'a', x: 0, y: 0 }]);
  await until('ann is told', () => ann.all('Control').length > 1);
  t.deepEqual([...old.heard, ...old.skippable], []);
  t.is(evening.rights.get('old'), 'gamepad,manage,share,watch');
});

test('many changes at once are told once', async (t) => {
  const evening = new Evening(t);
  const ann = new Guest('a');
  evening.join(ann);
  await until('her own', () => ann.all('PresenceChange').length === 1);
  const many = Array.from({ length: 30 }, (_, index) => new Guest(`g${index}`, PLAYS));
  evening.join(...many);
  for (const { peerId } of many.slice(10)) evening.company.leave(peerId, false);
  await until('it is told', () => ann.all('PresenceChange').length === 2);
  const [, told] = ann.all<{ put: readonly PresentViewer[]; gone: readonly string[] }>(
    'PresenceChange',
  );
  t.is(told?.put.length, 10);
  t.is(told?.gone.length, 20);
});

test('an order without the right is refused to who gave it, and changes nothing', (t) => {
  const evening = new Evening(t);
  const ann = new Guest('a', STEERS);
  evening.join(ann, new Guest('b'));
  const before = JSON.stringify(evening.company.control);
  for (const order of [
    'Ask' as const,
    'Take' as const,
    { Grant: { peer_id: 'b' } },
    { Deny: { peer_id: 'b' } },
    { Set: { mode: 'locked' as const } },
    { ReleaseInput: { peer_id: null } },
  ]) {
    const refused = ann.all('ControlRefused').length;
    evening.company.order('a', order);
    t.is(ann.all('ControlRefused').length, refused + 1, JSON.stringify(order));
  }
  t.is(JSON.stringify(evening.company.control), before);
  t.deepEqual(evening.released, []);
  evening.company.order('b', { ReleaseInput: { peer_id: 'a' } });
  t.deepEqual(evening.released, ['a']);
  evening.company.order('nobody', 'Take');
});

test('an operator’s change is done as a whole, or not at all', (t) => {
  const evening = new Evening(t);
  evening.join(new Guest('a', STEERS), new Guest('b', PLAYS));
  const before = JSON.stringify(evening.company.control);
  const refused: readonly (readonly [ControlRequest, string])[] = [
    [{ mode: 'single', holder: 'nobody' }, 'NOT_FOUND'],
    [{ mode: 'single', holder: 'b' }, 'FORBIDDEN'],
    [{ mode: 'locked', holder: 'a' }, 'BAD_REQUEST'],
    [{ holder: 'a' }, 'BAD_REQUEST'],
    [{ mode: 'single', idle_timeout_ms: -1 }, 'BAD_REQUEST'],
    [{ mode: 'single', holder: 'a', pads: ['nobody'] }, 'NOT_FOUND'],
    [{ mode: 'single', pads: Array<null>(17).fill(null) }, 'BAD_REQUEST'],
  ];
  for (const [change, code] of refused) {
    t.throws(() => evening.company.set(change), { code });
    t.is(JSON.stringify(evening.company.control), before, JSON.stringify(change));
  }
  evening.company.set({ mode: 'single', holder: 'a', idle_timeout_ms: 5, pads: [null, 'b', null] });
  t.deepEqual(evening.company.control, {
    ...{ mode: 'single', holder: 'a', asking: [], idle_timeout_ms: 5 },
    pads: [null, 'b'],
  });
  t.deepEqual(evening.sent.at(-1), { AssignPads: { slots: [null, 'b'] } });
});

test('an idle holder loses control by itself, and one that acts does not', async (t) => {
  const evening = new Evening(t);
  const ann = new Guest('a');
  evening.join(ann);
  evening.company.set({ mode: 'single', holder: 'a', idle_timeout_ms: 4_000 });
  for (let times = 0; times < 6; times += 1) {
    evening.company.acted(['a']);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  t.is(evening.company.control.holder, 'a');
  await until('it is over', () => evening.company.control.holder === null);
  t.is(evening.rights.get('a'), 'gamepad,manage,share,watch');
});

test('pointers go to who wants them, may be left out, and come from who may point', (t) => {
  const evening = new Evening(t);
  const ann = new Guest('a', STEERS);
  const bob = new Guest('b', PLAYS);
  evening.join(ann, bob);
  const places = ['a', 'b', 'gone'].map((peer_id) => ({ peer_id, x: 0.5, y: 0.25 }));
  evening.company.pointed(places);
  t.deepEqual(bob.skippable, []);
  evening.company.wantPointers('b', true);
  evening.company.wantPointers('a', true);
  evening.company.pointed(places);
  t.deepEqual(bob.skippable, [{ Pointers: { pointers: places.slice(0, 1) } }]);
  t.deepEqual(ann.skippable, [], 'of herself, of one who may not, of one who is not here');
  evening.company.wantPointers('a', false);
  evening.company.leave('b', false);
  t.deepEqual(
    evening.sent.filter((message) => typeof message === 'object' && 'TellPointers' in message),
    [{ TellPointers: { wanted: true } }, { TellPointers: { wanted: false } }],
  );
});

test('who cannot ask gets control by acting, and who can does not', (t) => {
  const evening = new Evening(t);
  evening.company.join(new Guest('old', STEERS));
  evening.company.join(new Guest('older', STEERS));
  evening.join(new Guest('a', STEERS));
  evening.company.tried(['old']);
  t.is(evening.company.control.holder, null, 'everybody steers');
  evening.company.set({ mode: 'single' });
  evening.company.tried(['a', 'nobody']);
  t.is(evening.company.control.holder, null);
  evening.company.tried(['old', 'older']);
  t.is(evening.company.control.holder, 'old');
  t.is(evening.rights.get('old'), 'keyboard,pointer,watch');
  evening.company.leave('old', false);
  evening.company.order('a', 'Ask');
  evening.company.tried(['older']);
  t.is(evening.company.control.holder, 'a');
});

/** What a page believes that was told all along. */
function believed(guest: Guest): { viewers: readonly PresentViewer[]; control: unknown } {
  const viewers = new Map<string, PresentViewer>();
  let control: unknown;
  for (const message of guest.heard) {
    if (typeof message === 'string') continue;
    if ('Presence' in message) {
      for (const viewer of message.Presence.viewers) viewers.set(viewer.peer_id, viewer);
    } else if ('PresenceChange' in message) {
      for (const viewer of message.PresenceChange.put) viewers.set(viewer.peer_id, viewer);
      for (const id of message.PresenceChange.gone) viewers.delete(id);
    } else if ('Control' in message) control = message.Control;
  }
  return {
    viewers: [...viewers.values()].sort((a, b) => (a.peer_id < b.peer_id ? -1 : 1)),
    control,
  };
}

const place = fc.nat({ max: 7 });
const happening = fc.record({
  what: fc.constantFrom(
    ...([
      'join',
      'join',
      'join',
      'leave',
      'lost',
      'back',
      'grant rights',
      'acts',
      'tries',
    ] as const),
    ...(['Ask', 'Ask', 'Ask', 'Release', 'Take', 'Grant', 'Deny', 'mode', 'pads'] as const),
    ...(['holder', 'nobody', 'flush'] as const),
  ),
  one: place,
  other: place,
  rights: fc.subarray([...RIGHTS], { minLength: 3 }),
  mode: fc.constantFrom<ControlInfo['mode']>(
    'shared',
    'locked',
    ...Array<'single'>(8).fill('single'),
  ),
  knowsControl: fc.boolean(),
});
type Happening = typeof happening extends fc.Arbitrary<infer O> ? O : never;

/** Eight places at most; who comes back is another viewer with the seat of its earlier self. */
class Crowd {
  readonly evening: Evening;
  readonly guests = new Map<number, Guest>();
  readonly granted = new Map<string, Rights>();
  readonly #lost: string[] = [];
  #number = 0;

  constructor(t: ConstructorParameters<typeof Evening>[0]) {
    this.evening = new Evening(t);
    this.evening.company.set({ mode: 'single', idle_timeout_ms: 0 });
  }

  get company(): Company {
    return this.evening.company;
  }

  see({ what, one, other, rights, mode, knowsControl }: Happening): void {
    const { company, guests } = this;
    const guest = guests.get(one);
    const id = guest?.peerId ?? 'nobody';
    const otherId = guests.get(other)?.peerId ?? 'nobody';
    const order = (wish: ControlOrder): void => company.order(id, wish);
    if (what === 'join' || what === 'back') {
      if (guest !== undefined) return;
      const seat = what === 'back' ? this.#lost.pop() : undefined;
      const next = new Guest(`v${(this.#number += 1)}`, new Set(rights));
      guests.set(one, next);
      this.granted.set(next.peerId, next.rights);
      company.join(next);
      if (knowsControl) company.introduce(next.peerId, {});
      if (seat !== undefined) company.resume(next.peerId, `seat of ${seat}`);
    } else if (what === 'leave' || what === 'lost') {
      if (guest !== undefined && what === 'lost') this.#lost.push(id);
      guests.delete(one);
      this.granted.delete(id);
      company.leave(id, what === 'lost');
    } else if (what === 'grant rights') {
      if (guest !== undefined) this.granted.set(id, new Set(rights));
      company.setGranted(id, new Set(rights));
    } else if (what === 'acts') company.acted([id]);
    else if (what === 'tries') company.tried([id, otherId]);
    else if (what === 'Grant') order({ Grant: { peer_id: otherId } });
    else if (what === 'Deny') order({ Deny: { peer_id: otherId } });
    else if (what === 'mode') order({ Set: { mode } });
    else if (what === 'pads') order({ Set: { pads: [null, otherId] } });
    else if (what === 'holder') attempt(() => company.set({ mode: 'single', holder: id }));
    else if (what === 'nobody') company.set({ holder: null });
    else if (what !== 'flush') order(what);
  }
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // It is refused to whoever may not.
  }
}

test('whatever people do, one has control who may, all are told the same, and no wish outlives', async (t) => {
  const runs = fc.sample(fc.array(happening, { minLength: 40, maxLength: 80 }), {
    ...{ numRuns: 200, seed: 14 },
  });
  const steers = (rights: Rights | undefined): boolean =>
    (['pointer', 'keyboard', 'touch'] as const).some((right) => rights?.has(right) === true);
  let held = 0;
  const crowds = await Promise.all(
    runs.map(async (happenings) => {
      const crowd = new Crowd(t);
      for (const each of happenings) {
        crowd.see(each);
        if (each.what === 'flush') await new Promise((resolve) => setTimeout(resolve, 60));
        const { mode, holder, asking, pads } = crowd.company.control;
        const isHere = (id: string): boolean => crowd.granted.has(id);
        if (holder !== null) held += 1;
        t.true(holder === null || (mode === 'single' && steers(crowd.granted.get(holder))));
        t.true(asking.every((id) => isHere(id) && steers(crowd.granted.get(id))));
        t.true(pads.every((id) => id === null || isHere(id)));
        for (const [id, granted] of crowd.granted) {
          const has = new Set(
            (crowd.evening.rights.get(id) ?? '').split(',').filter(Boolean),
          ) as Rights;
          t.true(
            [...has].every((right) => granted.has(right)),
            `${id} has more than granted`,
          );
          if (mode === 'single' && id !== holder) t.false(steers(has), `${id} steers too`);
          if (id === holder) t.is(has.size, granted.size);
        }
      }
      return crowd;
    }),
  );
  t.true(held > 1_000, `${held} times somebody had control`);
  // What is gathered is told.
  await new Promise((resolve) => setTimeout(resolve, 200));
  let told = 0;
  for (const { guests, company, granted, evening } of crowds) {
    const beliefs = [...guests.values()]
      .filter(({ heard }) => heard.some((one) => typeof one === 'object' && 'Presence' in one))
      .map(believed);
    for (const { viewers, control } of beliefs) {
      told += 1;
      t.deepEqual(viewers, beliefs[0]?.viewers);
      t.deepEqual(control, company.control);
      t.deepEqual(viewers.map(({ peer_id: id }) => id).sort(), [...granted.keys()].sort());
      for (const { peer_id: id, rights, granted: may } of viewers) {
        t.deepEqual([...may].sort(), [...(granted.get(id) ?? [])].sort());
        t.is([...rights].sort().join(), evening.rights.get(id) ?? '');
      }
    }
  }
  t.true(told > 100, `${told} were told`);
});
