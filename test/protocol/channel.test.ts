import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import * as io from 'io-ts';
import { once } from 'node:events';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Integer } from '../../src/codec/integer.js';
import { Deadline } from '../../src/core/deadline.js';
import { MoonteeError } from '../../src/core/errors.js';
import { silentLog } from '../../src/core/log.js';
import { Channel, type ChannelPort, type Handlers } from '../../src/protocol/channel.js';
import { StreamerProcess } from '../../src/streamer/supervisor/process.js';
import { CHILD } from '../support/server.js';
import { until } from '../support/until.js';

const SECRET = 'tell-nobody-of-this';

const Note = io.type({ Note: io.type({ count: Integer }) });
type Note = io.TypeOf<typeof Note>;

const METHODS = {
  double: { data: io.type({ value: Integer }), result: Integer },
  wait: { data: io.null, result: io.null },
} as const;
type Asked = typeof METHODS;
type End = Channel<Note, Note, Asked, Asked>;

interface Side {
  readonly channel: End;
  readonly port: MessagePort;
  readonly notes: number[];
  readonly dropped: string[];
  readonly failed: unknown[];
}

const USUAL: Handlers<Asked> = {
  double: ({ value }) => value * 2,
  wait: () => new Promise(() => undefined),
};

function side(port: MessagePort, handlers: Partial<Handlers<Asked>>, maxPending = 4): Side {
  const made = { notes: [] as number[], dropped: [] as string[], failed: [] as unknown[] };
  let connected = true;
  port.on('close', () => (connected = false));
  const transport: ChannelPort = {
    get connected() {
      return connected;
    },
    send: (message, sent) => {
      port.postMessage(message);
      setImmediate(sent);
    },
  };
  const channel: End = new Channel({
    other: 'streamer',
    port: transport,
    incoming: Note,
    asked: METHODS,
    served: METHODS,
    handlers: { ...USUAL, ...handlers },
    onNotification: ({ Note: { count } }) => made.notes.push(count),
    onDropped: (reason) => made.dropped.push(reason),
    onHandlerFailed: (_, error) => made.failed.push(error),
    maxPending,
  });
  port.on('message', (message) => channel.receive(message));
  return { channel, port, ...made };
}

function pair(t: ExecutionContext, handlers: Partial<Handlers<Asked>> = {}): [Side, Side] {
  const { port1, port2 } = new MessageChannel();
  t.teardown(() => port1.close());
  return [side(port1, {}), side(port2, handlers)];
}

async function failure(t: ExecutionContext, work: Promise<unknown>): Promise<MoonteeError> {
  return t.throwsAsync(work, { instanceOf: MoonteeError });
}

test('both ends notify and ask, and every request gets its own answer', async (t) => {
  const [a, b] = pair(t, {
    // Answers come in another order than requests.
    double: async ({ value }) => {
      for (let i = value; i < 4; i += 1) await new Promise(setImmediate);
      return value * 2;
    },
  });
  t.true(a.channel.notify({ Note: { count: 7 } }));
  const asked = [0, 1, 2, 3].map((value) => a.channel.request('double', { value }));
  t.is(await b.channel.request('double', { value: 21 }), 42);
  t.deepEqual(await Promise.all(asked), [0, 2, 4, 6]);
  t.deepEqual(b.notes, [7]);
});

test('an error keeps its code, and what is no error of ours keeps its words to itself', async (t) => {
  const bug = new RangeError(SECRET);
  const [a, b] = pair(t, {
    double: ({ value }) => {
      throw value === 0 ? new MoonteeError('ICE_FAILED', 'No path: no relay') : bug;
    },
  });
  const ours = await failure(t, a.channel.request('double', { value: 0 }));
  t.like(ours, { code: 'ICE_FAILED', message: 'No path: no relay' });
  const theirs = await failure(t, a.channel.request('double', { value: 1 }));
  t.like(theirs, { code: 'INTERNAL', message: 'Internal server error' });
  t.deepEqual(b.failed, [bug]);
});

test('what does not decode is dropped without its values', async (t) => {
  const [a, b] = pair(t, { double: () => SECRET as unknown as number });
  const bad = [
    SECRET,
    null,
    [SECRET],
    { Note: { count: SECRET } },
    { Reply: { id: 1, error: SECRET } },
    { Reply: { id: 1, error: { code: SECRET, message: '' } } },
    { Request: { id: SECRET, method: 'wait' } },
  ];
  for (const message of bad) b.port.postMessage(message);
  const answer = await failure(t, a.channel.request('double', { value: 1 }));
  t.is(answer.code, 'INTERNAL');
  t.is(a.channel.drops, bad.length + 1);
  t.is(a.dropped.length, bad.length + 1);
  const request = a.channel.request('double', { value: SECRET as unknown as number });
  const refusal = await failure(t, request);
  t.is(refusal.code, 'BAD_REQUEST');
  for (const text of [...a.dropped, answer.message, refusal.message]) {
    t.false(text.includes(SECRET), text);
  }
});

test('a method that is not served is refused', async (t) => {
  const [a, b] = pair(t);
  for (const [id, method] of ['__proto__', 'constructor', 'nothing'].entries()) {
    const reply = once(b.port, 'message');
    // Not through the channel of this end, whose types do not let it.
    b.port.postMessage({ Request: { id, method, data: null } });
    const [message] = (await reply) as [unknown];
    t.like(message, { Reply: { id, error: { code: 'BAD_REQUEST' } } });
  }
  t.is(a.channel.drops, 0);
});

test('a request ends at its deadline, with its signal, or with the channel', async (t) => {
  const [a] = pair(t);
  const late = a.channel.request('wait', null, { deadline: Deadline.in(5) });
  t.like(await failure(t, late), {
    code: 'TIMEOUT',
    message: 'The streamer did not answer wait in time',
  });

  const abort = new AbortController();
  const aborted = a.channel.request('wait', null, { signal: abort.signal });
  abort.abort(new MoonteeError('STREAMER_STOPPING'));
  t.is((await failure(t, aborted)).code, 'STREAMER_STOPPING');
  const again = a.channel.request('wait', null, { signal: abort.signal });
  t.is((await failure(t, again)).code, 'STREAMER_STOPPING');

  const open = [a.channel.request('wait', null), a.channel.request('wait', null)];
  a.channel.close(new MoonteeError('CLOSED', 'The streamer process was stopped'));
  a.channel.close(new MoonteeError('INTERNAL'));
  for (const request of [...open, a.channel.request('wait', null)]) {
    t.like(await failure(t, request), {
      code: 'CLOSED',
      message: 'The streamer process was stopped',
    });
  }
  t.false(a.channel.notify({ Note: { count: 1 } }));
});

test('open requests have a bound, and each one that ends makes room', async (t) => {
  const [a] = pair(t);
  const abort = new AbortController();
  const first = a.channel.request('wait', null, { signal: abort.signal });
  const others = [1, 2, 3].map(() => a.channel.request('wait', null));
  t.is((await failure(t, a.channel.request('double', { value: 1 }))).code, 'LIMIT_REACHED');
  abort.abort();
  await failure(t, first);
  t.is(await a.channel.request('double', { value: 1 }), 2);
  a.channel.close(new MoonteeError('CLOSED'));
  await Promise.all(others.map((request) => failure(t, request)));
});

test('a transport that does not take messages has a bound', (t) => {
  const sent: unknown[] = [];
  const channel: End = new Channel({
    other: 'streamer',
    port: { connected: true, send: (message) => void sent.push(message) },
    incoming: Note,
    asked: METHODS,
    served: METHODS,
    handlers: USUAL,
    onNotification: () => undefined,
    onDropped: () => undefined,
    onHandlerFailed: () => undefined,
  });
  let taken = 0;
  while (channel.notify({ Note: { count: taken } })) taken += 1;
  t.is(sent.length, taken);
  t.is(channel.drops, 1);
});

// Alone: it does not let the timers of the others run.
test.serial('no message of the other end throws', (t) => {
  const [a] = pair(t);
  const keys = fc.constantFrom('Request', 'Reply', 'Note', 'id', 'method', 'error', 'code');
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, fc.jsonValue(), tie('object')),
    object: fc.dictionary(keys, tie('value'), { noNullPrototype: true }),
  }));
  fc.assert(fc.property(value, (message) => a.channel.receive(message)));
  t.pass();
});

test('requests cross the wall to a real child, and end with it', async (t) => {
  const child = new StreamerProcess({
    module: CHILD,
    readyTimeout: 30_000,
    heartbeatTimeout: 30_000,
    memoryLimit: 2 ** 40,
    niceness: 0,
    handlers: { may_quit_app: () => false },
    log: silentLog(),
  });
  t.teardown(() => child.kill('CLOSED', 'the test is over'));
  await child.ready();
  t.is(await child.request('dot', null), 'digraph g {}');
  process.kill(child.pid ?? 0, 'SIGSTOP');
  const open = child.request('stats', null, { deadline: Deadline.in(60_000) });
  child.kill('STREAMER_HUNG', 'The streamer stopped responding');
  t.like(await failure(t, open), { code: 'CLOSED', message: 'The streamer stopped responding' });
  t.true(await until('the end', () => child.ended));
  t.is((await failure(t, child.request('dot', null))).code, 'CLOSED');
});

test('the error of a real child arrives with its code', async (t) => {
  const child = new StreamerProcess({
    module: new URL('../../src/worker/main.ts', import.meta.url),
    readyTimeout: 60_000,
    heartbeatTimeout: 60_000,
    memoryLimit: 2 ** 40,
    niceness: 0,
    handlers: { may_quit_app: () => false },
    log: silentLog(),
  });
  t.teardown(() => child.stop(Deadline.in(5_000)));
  await child.ready();
  const request = child.request('stats', null, { deadline: Deadline.in(60_000) });
  t.like(await failure(t, request), {
    code: 'CLOSED',
    message: 'The streamer has no session now',
  });
});
