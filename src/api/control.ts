import type { RouterContext } from '@koa/router';
import { MoonteeError } from '../core/errors.js';
import type { Routes } from '../http/routes.js';
import { ControlRequest } from '../protocol/company-messages.js';
import { queryParameter, targetOf } from '../http/request-target.js';
import type { ApiContext } from './context.js';
import { bodyOf } from './request.js';

const CONTROL = '/api/streamers/:id/control';
const INPUT = '/api/streamers/:id/input';

/** Who steers a streamer, and what is held at its host. */
export function controlRoutes(routes: Routes, { streamers }: ApiContext): void {
  routes.get(CONTROL, 'watch', (context) => {
    context.body = streamers.require(idOf(context)).company.control;
  });

  routes.put(CONTROL, 'manage', (context) => {
    const request = bodyOf(context, ControlRequest);
    const { company } = streamers.require(idOf(context));
    company.set(request);
    context.body = company.control;
  });

  routes.get(INPUT, 'manage', async (context) => {
    const streamer = streamers.require(idOf(context));
    const held = await streamer.heldInput();
    const viewers = held.map((hold) => ({ ...hold, name: streamer.company.nameOf(hold.peer_id) }));
    context.body = { viewers };
  });

  routes.delete(INPUT, 'manage', async (context) => {
    const streamer = streamers.require(idOf(context));
    const peerId = queryParameter(targetOf(context.req), 'peer_id') ?? null;
    if (peerId !== null && !streamer.company.has(peerId)) {
      // An agent is among those who hold, and not among those who are here.
      const held = await streamer.heldInput();
      if (!held.some((hold) => hold.peer_id === peerId)) {
        throw new MoonteeError('NOT_FOUND', 'No such viewer is here');
      }
    }
    await streamer.releaseInput(peerId);
    context.status = 204;
  });
}

function idOf({ params }: RouterContext): string {
  return (params as Record<string, string | undefined>)['id'] ?? '';
}
