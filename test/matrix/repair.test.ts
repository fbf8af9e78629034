/**
 * Losses end without a key frame where the host can: pictures that say what they refer to, from
 * the demo host over sockets to the client.
 */
import test, { type ExecutionContext } from 'ava';
import { once } from 'node:events';
import { pictureNote } from '../../src/demo-host/media/block-picture.js';
import type { DemoHostOptions } from '../../src/demo-host/options.js';
import type { FaultProfile } from '../../src/moonlight/datagram.js';
import type { AccessUnit } from '../../src/moonlight/types.js';
import { openBench, type Bench } from './bench.js';

const NOTHING = { audio: false, video: false };
const PICTURES = 200;

interface Case {
  readonly name: string;
  readonly host: DemoHostOptions;
  readonly faults: FaultProfile;
  readonly wish: { readonly audio: boolean; readonly video: boolean };
  /** Whether the host says that it can repair. */
  readonly repairs: boolean;
}

const CASES: readonly Case[] = [
  { name: 'loss', host: {}, faults: { loss: 0.1 }, wish: NOTHING, repairs: true },
  {
    name: 'bursts, encrypted',
    host: { videoEncryption: 'offered' },
    faults: { burst: { probability: 0.01, length: 10 } },
    wish: { audio: false, video: true },
    repairs: true,
  },
  {
    name: 'loss and jitter',
    host: { fecPercentage: 0 },
    faults: { loss: 0.01, jitter: 20 },
    wish: NOTHING,
    repairs: true,
  },
  {
    name: 'loss, by a host with the habits of Wolf',
    host: { style: 'wolf' },
    faults: { loss: 0.1 },
    wish: NOTHING,
    repairs: false,
  },
];

async function open(t: ExecutionContext, one: Case): Promise<Bench & { units: AccessUnit[] }> {
  const { host, faults, wish } = one;
  const source = { kind: 'blocks' } as const;
  const bench = await openBench({ source, host, channels: 2, wish, faults, seed: 11 });
  t.teardown(bench.close);
  const units: AccessUnit[] = [];
  bench.session.on('video', (unit) => units.push(unit));
  return { ...bench, units };
}

/** Every picture refers to the one shown before it. @returns how often others were left out */
function judge(t: ExecutionContext, units: readonly AccessUnit[]): number {
  let repairs = 0;
  units.forEach(({ data, idr, frameNumber }, index) => {
    const note = pictureNote(data);
    const before = units[index - 1];
    const shown = before === undefined ? null : pictureNote(before.data);
    t.not(note, null, `frame ${frameNumber} is none of the host's`);
    t.is(idr, note?.id === note?.refersTo);
    if (!idr) t.is(note?.refersTo, shown?.id, `frame ${frameNumber} without its reference`);
    if (before !== undefined && frameNumber !== before.frameNumber + 1 && !idr) repairs++;
  });
  return repairs;
}

for (const one of CASES) {
  test.serial(one.name, async (t) => {
    const { host, session, units } = await open(t, one);
    const { hostFeatures } = await session.start();
    let asked = 0;
    host.sessions[0]?.on('invalidate', () => asked++);
    t.is(hostFeatures.referenceFrameInvalidation, one.repairs);
    while (units.length < PICTURES) await once(session, 'video');
    const repairs = judge(t, units);
    const { framesLost, idrRequests } = session.stats();
    t.true(framesLost > 0);
    if (!one.repairs) {
      t.is(repairs, 0);
      t.true(idrRequests > 0);
      return;
    }
    t.true(repairs > 0 && asked >= repairs, `${repairs} repairs, asked ${asked} times`);
  });
}

test.serial('what reaches back too far is answered with a key frame', async (t) => {
  const [one] = CASES;
  if (one === undefined) throw new Error('no case');
  const { host, session, units } = await open(t, { ...one, faults: {} });
  await session.start();
  while (units.length < 30) await once(session, 'video');
  const last = units.at(-1)?.frameNumber ?? 0;
  // All since the first, which is the key frame that the others go back to.
  host.sessions[0]?.invalidate(1, last);
  while (units.filter(({ idr }) => idr).length < 2) await once(session, 'video');
  t.is(judge(t, units), 0);
  // Whether the client has the key frame nobody knows: it gets another. A range that is none
  // gets nothing.
  host.sessions[0]?.invalidate(2, last);
  while (units.filter(({ idr }) => idr).length < 3) await once(session, 'video');
  host.sessions[0]?.invalidate(5, 4);
  const known = units.length;
  while (units.length < known + 30) await once(session, 'video');
  t.is(judge(t, units), 0);
  t.is(units.filter(({ idr }) => idr).length, 3);
});
