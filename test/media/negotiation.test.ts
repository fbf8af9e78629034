import test from 'ava';
import fc from 'fast-check';
import { MoonteeError } from '../../src/core/errors.js';
import { DEADLINES_MS, QUEUE_LIMIT, type TransportState } from '../../src/media/negotiation.js';
import { candidate, channels, media, settled, Stage } from './negotiation-stage.js';

async function offering(): Promise<Stage> {
  const stage = new Stage();
  await stage.negotiation.offer();
  return stage;
}

async function connected(): Promise<Stage> {
  const stage = await offering();
  await stage.answer();
  stage.negotiation.transportChanged('connected');
  return stage;
}

function codeOf(stage: Stage): string | undefined {
  return stage.negotiation.failure?.code;
}

test('an offer, its candidates after it, and an answer', async (t) => {
  const stage = new Stage();
  stage.willing = false;
  void stage.negotiation.offer();
  await settled();
  stage.negotiation.addLocalCandidate(candidate(1));
  t.deepEqual(stage.sent, []);
  stage.operation?.resolve();
  await settled();
  stage.negotiation.addLocalCandidate(candidate(2));
  t.deepEqual(
    stage.sent.map(({ type }) => type),
    ['offer', 'candidate', 'candidate'],
  );
  stage.willing = true;
  stage.negotiation.addRemoteCandidate(candidate(3));
  stage.negotiation.addRemoteCandidate('');
  stage.negotiation.addRemoteCandidate('candidate:x');
  await stage.answer(media().replace('a=mid:video0', `a=mid:video0\r\na=${candidate(4)}`));
  stage.negotiation.addRemoteCandidate(candidate(5));
  await settled();
  t.deepEqual(stage.told, [
    'createOffer',
    'acceptAnswer',
    ...[3, 4, 5].map((index) => candidate(index)),
  ]);
  stage.negotiation.transportChanged('connected');
  t.deepEqual(stage.states, ['connecting', 'connected']);
  t.deepEqual(stage.faults, []);
});

test('a candidate that is gathered during another offer follows it', async (t) => {
  const stage = await connected();
  stage.willing = false;
  void stage.negotiation.offer();
  await settled();
  stage.negotiation.addLocalCandidate(candidate(1));
  stage.operation?.resolve();
  await settled();
  t.deepEqual(
    stage.sent.map(({ type }) => type),
    ['offer', 'offer', 'candidate'],
  );
});

test('a restart sends all candidates again, and waits for an answer that is missing', async (t) => {
  const stage = await offering();
  stage.negotiation.addLocalCandidate(candidate(1));
  await stage.negotiation.offer({ iceRestart: true });
  await stage.negotiation.offer({ iceRestart: true });
  t.is(stage.offers, 1);
  await stage.answer();
  t.is(stage.offers, 2);
  t.deepEqual(stage.told, ['createOffer', 'acceptAnswer', 'createOffer with a restart']);
  t.deepEqual(stage.sent.at(-1), {
    type: 'candidate',
    line: candidate(1),
  });
  // Of the browser's former credentials, and of its next.
  stage.negotiation.addRemoteCandidate(candidate(2));
  await settled();
  t.false(stage.told.includes(candidate(2)));
  await stage.answer(media({ ufrag: 'efgh' }));
  t.true(stage.told.includes(candidate(2)));
  t.deepEqual(stage.faults, []);
});

test('where ICE cannot be restarted, an offer leaves the path as it is', async (t) => {
  const stage = await offering();
  await stage.answer();
  stage.restartsIce = false;
  await stage.negotiation.offer({ iceRestart: true });
  await stage.answer();
  t.deepEqual(stage.told, ['createOffer', 'acceptAnswer', 'createOffer', 'acceptAnswer']);
  t.deepEqual(stage.faults, []);
});

test('an offer of the browser: ignored while ours is out, a restart with other credentials', async (t) => {
  const stage = await offering();
  await stage.negotiation.receive({ type: 'offer', sdp: channels() });
  t.deepEqual(stage.told, ['createOffer']);
  await stage.answer();
  await stage.negotiation.receive({ type: 'offer', sdp: media({ setup: 'actpass' }) });
  await stage.negotiation.receive({
    type: 'offer',
    sdp: media({ ufrag: 'efgh', setup: 'actpass' }),
  });
  t.deepEqual(stage.told.slice(2), ['acceptOffer', 'acceptOffer with a restart']);
  t.is(stage.sent.filter(({ type }) => type === 'answer').length, 2);
  t.is(stage.negotiation.state, 'connecting');
});

test('a browser that offers channels first is answered, and offered media', async (t) => {
  const stage = new Stage();
  await stage.negotiation.receive({ type: 'offer', sdp: channels() });
  t.deepEqual(
    stage.sent.map(({ type }) => type),
    ['answer', 'offer'],
  );
  await stage.answer(media({ setup: 'passive' }));
  t.is(stage.negotiation.failure, null);
});

test('each refusal has its code', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['', 'VIEWER_SDP_INVALID'],
    ['v=0', 'VIEWER_SDP_INVALID'],
    [channels(), 'VIEWER_SDP_INVALID'],
    [media({}, 0).replace('BUNDLE video0', 'BUNDLE'), 'VIEWER_CODEC_UNSUPPORTED'],
    [media().replace(/^m=(\w+) 9/gm, 'm=$1 0'), 'VIEWER_CODEC_UNSUPPORTED'],
  ];
  for (const [sdp, code] of cases) {
    const stage = await offering();
    await stage.answer(sdp);
    t.is(codeOf(stage), code as never);
    t.deepEqual(stage.states, ['failed']);
    t.is(stage.timers.size, 0);
  }
  const stage = await offering();
  await stage.answer(media({}, 0).replace('BUNDLE video0', 'BUNDLE'));
  t.is(stage.negotiation.diagnosis, 'This browser cannot play H.264 video');
  const other = await connected();
  await other.negotiation.offer();
  await other.answer(media({ certificate: 'CD' }));
  t.is(codeOf(other), 'VIEWER_CERTIFICATE_MISMATCH');
});

test('each deadline has its code', async (t) => {
  const silent = await offering();
  await silent.expire(DEADLINES_MS.answer);
  t.is(codeOf(silent), 'VIEWER_TIMEOUT');
  const pathless = await offering();
  await pathless.answer();
  await pathless.expire(DEADLINES_MS.answer);
  t.is(codeOf(pathless), undefined);
  await pathless.expire(DEADLINES_MS.connect);
  t.is(codeOf(pathless), 'ICE_FAILED');
  const candidateless = await offering();
  await candidateless.expire(DEADLINES_MS.firstCandidate);
  t.is(codeOf(candidateless), 'ICE_FAILED');
  t.regex(candidateless.negotiation.diagnosis, /no candidate to offer/);
  const lost = await connected();
  lost.negotiation.transportChanged('disconnected');
  lost.negotiation.transportChanged('connected');
  await lost.expire(DEADLINES_MS.recover);
  t.is(codeOf(lost), undefined);
  lost.negotiation.transportChanged('disconnected');
  await lost.expire(DEADLINES_MS.recover);
  t.is(codeOf(lost), 'ICE_FAILED');
  t.is(lost.negotiation.diagnosis, 'the path to the viewer is gone');
  const restarted = await connected();
  await restarted.negotiation.offer({ iceRestart: true });
  await restarted.answer(media({ ufrag: 'efgh' }));
  await restarted.expire(DEADLINES_MS.recover);
  t.is(codeOf(restarted), 'ICE_FAILED');
  const stalled = await connected();
  stalled.negotiation.qualityChanged('stalled');
  stalled.negotiation.qualityChanged('constrained');
  await stalled.expire(DEADLINES_MS.stall);
  t.is(codeOf(stalled), undefined);
  stalled.negotiation.qualityChanged('stalled');
  await stalled.expire(DEADLINES_MS.stall);
  t.is(codeOf(stalled), 'VIEWER_STALLED');
});

test('the queue has a bound, for everything that a viewer says', async (t) => {
  const stage = new Stage();
  stage.willing = false;
  void stage.negotiation.offer();
  for (let index = 1; index < QUEUE_LIMIT; index += 1) {
    if (index % 2 === 0) stage.negotiation.addRemoteCandidate(candidate(index));
    else void stage.negotiation.receive({ type: 'answer', sdp: 'v=0' });
  }
  t.is(codeOf(stage), undefined);
  stage.negotiation.addRemoteCandidate(candidate(QUEUE_LIMIT));
  t.is(codeOf(stage), 'VIEWER_MESSAGE_INVALID');
  stage.operation?.resolve();
  await settled();
  t.deepEqual(stage.sent, []);
});

test('of a browser’s candidates, 64 count', async (t) => {
  const stage = await offering();
  await stage.answer();
  for (let index = 0; index < 100; index += 1) {
    stage.negotiation.addRemoteCandidate(candidate(index));
  }
  await settled();
  t.is(stage.told.length, 2 + 64);
});

type Action =
  | { readonly kind: 'offer' | 'close' | 'resolve' | 'reject' | 'gathered' | 'gathering-complete' }
  | { readonly kind: 'restart' | 'fail' }
  | { readonly kind: 'receive'; readonly type: 'offer' | 'answer'; readonly sdp: string }
  | { readonly kind: 'candidate'; readonly line: string }
  | { readonly kind: 'transport'; readonly state: TransportState }
  | { readonly kind: 'quality'; readonly quality: 'good' | 'stalled' }
  | { readonly kind: 'expire'; readonly which: number };

const REMOTE = [
  ...['abcd', 'efgh'].flatMap((ufrag) =>
    ['active', 'actpass'].map((setup) => media({ ufrag, setup })),
  ),
  channels(),
];
const UNUSABLE = ['', 'v=0', media({ certificate: 'CD' }), media({}, 0)];

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: 'resolve' as const }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('receive' as const),
      type: fc.constantFrom('offer' as const, 'answer' as const),
      sdp: fc.constantFrom(...REMOTE),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Action>(
      ...[{ kind: 'offer' as const }, { kind: 'restart' as const }, { kind: 'gathered' as const }],
      { kind: 'gathering-complete' },
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('candidate' as const),
      line: fc.oneof(fc.nat(9).map(candidate), fc.constantFrom('', 'candidate:x')),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('transport' as const),
      state: fc.constantFrom<TransportState>('connecting', 'connected', 'disconnected'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.constantFrom<Action>(
        { kind: 'transport', state: 'failed' },
        { kind: 'transport', state: 'closed' },
        { kind: 'quality', quality: 'good' },
        { kind: 'quality', quality: 'stalled' },
        { kind: 'close' },
        { kind: 'fail' },
        { kind: 'reject' },
      ),
      fc.record({ kind: fc.constant('expire' as const), which: fc.nat(5) }),
      fc.record({
        kind: fc.constant('receive' as const),
        type: fc.constantFrom('offer' as const, 'answer' as const),
        sdp: fc.constantFrom(...UNUSABLE),
      }),
    ),
  },
);

function perform({ negotiation, operation, timers }: Stage, next: Action, index: number): void {
  switch (next.kind) {
    case 'offer':
      void negotiation.offer();
      break;
    case 'restart':
      void negotiation.offer({ iceRestart: true });
      break;
    case 'receive':
      void negotiation.receive(next);
      break;
    case 'candidate':
      negotiation.addRemoteCandidate(next.line);
      break;
    case 'gathered':
      negotiation.addLocalCandidate(candidate(index));
      break;
    case 'gathering-complete':
      negotiation.gatheringComplete();
      break;
    case 'resolve':
      operation?.resolve();
      break;
    case 'reject':
      operation?.reject(new MoonteeError('PIPELINE_FAILED'));
      break;
    case 'transport':
      negotiation.transportChanged(next.state);
      break;
    case 'quality':
      negotiation.qualityChanged(next.quality);
      break;
    case 'expire':
      [...timers][next.which]?.expire();
      break;
    case 'fail':
      negotiation.fail(new MoonteeError('VIEWER_FLOODS'));
      break;
    case 'close':
      negotiation.close();
  }
}

/** Whether an offer of ours has got no answer. */
function isOffering(stage: Stage): boolean {
  return [...stage.timers].some(({ milliseconds }) => milliseconds === DEADLINES_MS.answer);
}

test('any interleaving ends stable, or closed for exactly one reason', async (t) => {
  let stable = 0;
  let failed = 0;
  const property = fc.asyncProperty(
    fc.boolean(),
    fc.array(fc.tuple(action, fc.boolean()), { maxLength: 60 }),
    async (begun, actions) => {
      const stage = begun ? await connected() : new Stage();
      stage.willing = false;
      const gathered: string[] = [];
      void stage.negotiation.offer();
      for (const [index, [next, waits]] of actions.entries()) {
        const { failure, closed } = stage.negotiation;
        const { length } = stage.sent;
        if (next.kind === 'gathered' && !closed) gathered.push(candidate(index));
        perform(stage, next, index);
        if (waits) await settled();
        if (failure) t.is(stage.negotiation.failure, failure);
        if (closed) {
          t.is(stage.sent.length, length);
          t.is(stage.timers.size, 0);
        }
      }
      // The engine answers, or the time for it is over.
      await settled();
      for (let steps = 0; stage.operation; steps += 1) {
        t.true(steps <= actions.length * 2 + 1);
        stage.operation.resolve();
        await settled();
      }
      t.deepEqual(stage.faults, []);
      const { negotiation, states } = stage;
      if (!negotiation.closed && stage.sent.length > 0) t.deepEqual(stage.fresh, gathered);
      if (isOffering(stage)) await stage.expire(DEADLINES_MS.answer);
      t.false(isOffering(stage));
      t.is(states.filter((state) => state === 'failed').length, negotiation.failure ? 1 : 0);
      t.true(states.filter((state) => state === 'closed').length <= 1);
      const ends = states.findIndex((state) => state === 'failed' || state === 'closed');
      t.true(ends < 0 || states.slice(ends + 1).every((state) => state === 'closed'));
      t.is(negotiation.closed, ends >= 0);
      if (negotiation.closed) t.is(stage.timers.size, 0);
      if (negotiation.failure) failed += 1;
      else if (!negotiation.closed) stable += 1;
    },
  );
  await fc.assert(property, { numRuns: 400 });
  t.true(stable > 5 && failed > 5, `${stable} stable, ${failed} failed`);
});
