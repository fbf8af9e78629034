/** Steps of signaling with a peer of ours, each with its outcome. */
import { MoonteeError } from '../../src/core/errors.js';
import type { Peer, PeerDescription } from '../../src/media/types.js';

/** Offers that came along with an answer and were not asked for. */
const unasked = new WeakMap<Peer, string>();

/** @throws the failure of the peer if there is one afterwards */
async function step(peer: Peer, work: () => Promise<void>): Promise<PeerDescription[]> {
  const descriptions: PeerDescription[] = [];
  const listen = (description: PeerDescription): void => void descriptions.push(description);
  peer.on('description', listen);
  await work();
  peer.off('description', listen);
  if (peer.failure) throw peer.failure;
  if (peer.state === 'closed') throw new MoonteeError('CLOSED');
  return descriptions;
}

/** @throws why there is none */
export async function createOffer(peer: Peer, iceRestart = false): Promise<string> {
  const waiting = unasked.get(peer);
  unasked.delete(peer);
  if (waiting !== undefined) return waiting;
  const [offer] = await step(peer, () => peer.offer({ iceRestart }));
  if (offer?.type !== 'offer') throw new Error('an offer is out already');
  return offer.sdp;
}

/** @throws why it was not accepted */
export async function acceptAnswer(peer: Peer, sdp: string): Promise<void> {
  await step(peer, () => peer.receive({ type: 'answer', sdp }));
}

/** @returns the peer's answer; its first offer of media follows, see {@link createOffer} */
export async function acceptOffer(peer: Peer, sdp: string): Promise<string> {
  const [answer, offer] = await step(peer, () => peer.receive({ type: 'offer', sdp }));
  if (answer?.type !== 'answer') throw new Error('the offer was ignored');
  if (offer) unasked.set(peer, offer.sdp);
  return answer.sdp;
}
