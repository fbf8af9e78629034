import type { Deadline } from '../../core/deadline.js';
import { MoonteeError } from '../../core/errors.js';
import { settlesWithin } from '../../core/settles-within.js';
import type { Peer } from '../../media/types.js';
import { withCandidates } from '../../media/viewer-offer.js';
import type { WhipSpec } from '../../protocol/output-spec.js';
import type { Attempt, AttemptContext } from './attempt.js';
import { WhipClient } from './whip-client.js';

/** Milliseconds that a DELETE may take. */
const REMOVE_TIMEOUT_MS = 2_000;

/**
 * Publishes by WHIP: our offer with all candidates goes out in a POST. A receiver tells of its end by
 * its silence, and is then tried again.
 *
 * @throws OUTPUT_FORBIDDEN, OUTPUT_REFUSED, OUTPUT_FAILED, and why there is no offer or no connection
 */
export async function startWhip(spec: WhipSpec, context: AttemptContext): Promise<Attempt> {
  const { pipeline, outletId, keyframes, targets } = context;
  const peer = await pipeline.addOutputPeer(outletId, keyframes);
  const client = new WhipClient(targets, spec.token);
  let resource: URL | null = null;
  const close = async (deadline: Deadline): Promise<void> => {
    const session = resource;
    resource = null;
    peer.removeAllListeners();
    await Promise.all([
      peer.close(deadline),
      session && remove(client, session, deadline, context),
    ]);
  };
  try {
    const offer = await describe(peer, context);
    const session = await client.offer(new URL(spec.url), offer, context.signal);
    resource = session.resource;
    peer.on('state', (state) => {
      if (state === 'connected') context.active();
      if (state === 'failed') context.failed(failureOf(peer));
    });
    await peer.receive({ type: 'answer', sdp: session.answer });
    if (peer.state === 'failed') throw failureOf(peer);
  } catch (error) {
    await close(context.closeDeadline());
    throw error;
  }
  return {
    get bytes() {
      return peer.stats().bytesSent;
    },
    close,
  };
}

/** Our offer, with all candidates. */
async function describe(peer: Peer, { gatherTimeout, signal }: AttemptContext): Promise<string> {
  const candidates: string[] = [];
  const descriptions: string[] = [];
  peer.on('description', ({ sdp }) => descriptions.push(sdp));
  peer.on('candidate', ({ candidate }) => candidates.push(candidate));
  const { promise: gathered, resolve: settle } = deferred();
  peer.on('gathered', settle);
  peer.on('state', (state) => {
    if (state === 'failed') settle();
  });
  // The signal outlives the attempt, and would keep what its listeners reach.
  signal.addEventListener('abort', settle);
  try {
    await peer.offer();
    await settlesWithin(gatherTimeout, gathered);
  } finally {
    signal.removeEventListener('abort', settle);
  }
  signal.throwIfAborted();
  const [sdp] = descriptions;
  if (peer.failure || sdp === undefined) throw failureOf(peer);
  if (candidates.length === 0) throw new MoonteeError('ICE_FAILED', 'No candidate in time');
  return withCandidates(sdp, candidates);
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

/** Never rejects. */
async function remove(
  client: WhipClient,
  resource: URL,
  { left }: Deadline,
  { log }: AttemptContext,
): Promise<void> {
  try {
    await client.remove(resource, AbortSignal.timeout(Math.min(left, REMOVE_TIMEOUT_MS)));
  } catch (error) {
    // The receiver finds out by itself: nothing comes any more.
    log.debug({ err: error }, 'session at the receiver not removed');
  }
}

function failureOf({ failure }: Peer): MoonteeError {
  return failure ?? new MoonteeError('OUTPUT_FAILED', 'The connection was closed');
}
