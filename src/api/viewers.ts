import { principalOf } from '../access/gate.js';
import { assertMayGive } from '../access/tokens.js';
import { MoonteeError } from '../core/errors.js';
import type { Right } from '../core/rights.js';
import type { Routes } from '../http/routes.js';
import { PatchViewerRequest } from '../protocol/access-models.js';
import type { Streamer } from '../streamer/streamer.js';
import type { ApiContext } from './context.js';
import { bodyOf } from './request.js';
import { parameter } from './tokens.js';

const PATH = '/api/streamers/:id/viewers/:viewer';

/** Viewers who are here: what they may do now, and their end. */
export function viewerRoutes(routes: Routes, { streamers }: ApiContext): void {
  routes.patch(PATH, 'manage', (context) => {
    const streamer = streamers.require(parameter(context, 'id'));
    const peerId = parameter(context, 'viewer');
    const { rights: now } = requireViewer(streamer, peerId);
    const rights = new Set<Right>(bodyOf(context, PatchViewerRequest).rights);
    // Rights that it has already are not given.
    const more = new Set([...rights].filter((right) => !now.has(right)));
    if (more.size > 0) assertMayGive(more, principalOf(context.req), streamer.id);
    if (rights.has('watch')) streamer.setRights(peerId, rights);
    else streamer.dismissViewer(peerId, 'REVOKED', 'The access of this viewer was taken back');
    context.status = 204;
  });

  routes.delete(PATH, 'manage', (context) => {
    const streamer = streamers.require(parameter(context, 'id'));
    const peerId = parameter(context, 'viewer');
    requireViewer(streamer, peerId);
    streamer.dismissViewer(peerId, 'KICKED', 'Closed by a person with the right to do so');
    context.status = 204;
  });
}

function requireViewer({ viewers }: Streamer, peerId: string): Streamer['viewers'][number] {
  const viewer = viewers.find((each) => each.peerId === peerId);
  if (viewer === undefined) throw new MoonteeError('NOT_FOUND', 'No such viewer');
  return viewer;
}
