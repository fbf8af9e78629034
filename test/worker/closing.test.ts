/** The order in which a streamer closes, and what a part that hangs costs the others. */
import test from 'ava';
import { Deadline } from '../../src/core/deadline.js';
import { MoonteeError } from '../../src/core/errors.js';
import { silentLog } from '../../src/core/log.js';
import { closeParts, type ClosingParts } from '../../src/worker/closing.js';

const hangs = (): Promise<void> => new Promise(() => undefined);
const turn = (): Promise<void> => new Promise(setImmediate);

interface Scene {
  readonly events: string[];
  readonly parts: ClosingParts;
  /** What the pipeline had left. */
  readonly left: number[];
}

function scene(hanging: readonly string[] = [], failing: readonly string[] = []): Scene {
  const events: string[] = [];
  const left: number[] = [];
  const part = async (name: string): Promise<void> => {
    events.push(`${name} begins`);
    await turn();
    if (failing.includes(name)) throw new MoonteeError('PIPELINE_FAILED');
    if (hanging.includes(name)) await hangs();
    events.push(`${name} ends`);
  };
  return {
    events,
    left,
    parts: {
      viewers: () => part('viewers'),
      recordings: () => part('recordings'),
      session: () => part('session'),
      pipeline: (deadline) => {
        left.push(deadline.left);
        return part('pipeline');
      },
    },
  };
}

test('viewers, recordings and session close, then the pipeline', async (t) => {
  const { events, parts } = scene();
  await closeParts(parts, Deadline.in(60_000), silentLog());
  t.deepEqual(events, [
    'viewers begins',
    'recordings begins',
    'session begins',
    'viewers ends',
    'recordings ends',
    'session ends',
    'pipeline begins',
    'pipeline ends',
  ]);
});

test('viewers that hang keep neither session nor pipeline from closing', async (t) => {
  const { events, parts, left } = scene(['viewers']);
  await closeParts(parts, Deadline.in(200), silentLog());
  t.deepEqual(events, [
    'viewers begins',
    'recordings begins',
    'session begins',
    'recordings ends',
    'session ends',
    'pipeline begins',
    'pipeline ends',
  ]);
  t.is(left.length, 1);
});

test('a session that hangs keeps the pipeline from nothing', async (t) => {
  const { events, parts } = scene(['session']);
  await closeParts(parts, Deadline.in(200), silentLog());
  t.is(events.at(-1), 'pipeline ends');
});

test('recordings whose disk hangs keep the pipeline from nothing', async (t) => {
  const { events, parts } = scene(['recordings']);
  await closeParts(parts, Deadline.in(200), silentLog());
  t.is(events.at(-1), 'pipeline ends');
});

test('branches may use all of the time, recordings a part of it', async (t) => {
  const { parts } = scene();
  const left: number[] = [];
  const note = (deadline: Deadline): Promise<void> => {
    left.push(deadline.left);
    return turn();
  };
  await closeParts({ ...parts, viewers: note, recordings: note }, Deadline.in(60_000), silentLog());
  const [viewers = 0, recordings = 0] = left;
  t.true(viewers > recordings && recordings > 0, `${viewers} ${recordings}`);
});

test('what fails costs the others nothing', async (t) => {
  const { events, parts } = scene([], ['viewers', 'session']);
  await closeParts(parts, Deadline.in(60_000), silentLog());
  t.is(events.at(-1), 'pipeline ends');
});

test('a pipeline that hangs is given up, after the session has closed', async (t) => {
  const { events, parts } = scene(['viewers', 'pipeline']);
  const closing = closeParts(parts, Deadline.in(200), silentLog());
  const error = await t.throwsAsync(closing, { instanceOf: MoonteeError });
  t.is(error.code, 'TIMEOUT');
  t.deepEqual(events, [
    'viewers begins',
    'recordings begins',
    'session begins',
    'recordings ends',
    'session ends',
    'pipeline begins',
  ]);
});
