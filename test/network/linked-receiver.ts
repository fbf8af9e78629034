/** A receiver that is reached through a link of the test's. */
import type { ExecutionContext } from 'ava';
import { formatCandidate, parseCandidate } from '../../src/media/sdp.js';
import type { Peer } from '../../src/media/types.js';
import type { ReceivingPeer } from '../support/receiver.js';
import { LossyLink, type LinkCondition } from './lossy-link.js';
import { acceptAnswer, createOffer } from '../support/peer-signaling.js';

/**
 * As signaling would, but the viewer's own address is kept from us: all goes through the link.
 *
 * @param onAnswer sees the viewer's description and may change it
 */
export async function connectThrough(
  t: ExecutionContext,
  peer: Peer,
  receiver: ReceivingPeer,
  condition: LinkCondition,
  onAnswer: (sdp: string) => string = (sdp) => sdp,
): Promise<LossyLink> {
  let opened: (link: LossyLink) => void = () => undefined;
  const link = new Promise<LossyLink>((resolve) => {
    opened = resolve;
  });
  peer.on('candidate', ({ candidate }) => {
    const parsed = parseCandidate(candidate);
    if (!parsed) return;
    void LossyLink.open(parsed.port, condition).then((made) => {
      t.teardown(() => made.close());
      opened(made);
      receiver.addCandidate(formatCandidate({ ...parsed, port: made.port }), 'video0');
    });
  });
  const answer = await receiver.offer(await createOffer(peer));
  await acceptAnswer(peer, onAnswer(answer).replace(/^a=candidate:.*\r?\n/gm, ''));
  await receiver.untilState('connected');
  return link;
}
