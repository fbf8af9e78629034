/** What tests of bad networks do with a peer of ours and a page that watches it. */
import type { ExecutionContext } from 'ava';
import type { MoonteeError } from '../../src/core/errors.js';
import { formatCandidate, parseCandidate } from '../../src/media/sdp.js';
import type { Peer } from '../../src/media/types.js';
import { silentLog } from '../../src/core/log.js';
import { ChildViewer } from '../../src/worker/viewer.js';
import { LossyLink, type LinkCondition } from './lossy-link.js';
import type { PageViewer } from './page-viewer.js';

/**
 * The page watches through a link, because Chromium does not use loopback by itself.
 *
 * @returns changes the condition of the link
 */
export async function watchThroughLink(
  t: ExecutionContext,
  page: PageViewer,
  peer: Peer,
  condition: LinkCondition,
): Promise<(condition: LinkCondition) => void> {
  let link: LossyLink | null = null;
  t.teardown(() => link?.close());
  await page.watch(peer, async (line) => {
    const parsed = parseCandidate(line);
    if (!parsed) return null;
    link ??= await LossyLink.open(parsed.port, condition);
    return formatCandidate({ ...parsed, port: link.port });
  });
  return (changed) => link?.impose(changed);
}

/** Why the streamer gives the peer's viewer up, once it does. */
export function failureOf(t: ExecutionContext, peer: Peer): Promise<MoonteeError> {
  return new Promise((resolve) => {
    const viewer = new ChildViewer({
      peer,
      log: silentLog(),
      connected: () => undefined,
      send: () => undefined,
      fail: resolve,
    });
    t.teardown(() => viewer.close());
  });
}
