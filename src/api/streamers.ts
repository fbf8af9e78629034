import { createHash } from 'node:crypto';
import type { Routes } from '../http/routes.js';
import { principalOf } from '../access/gate.js';
import { rightsOn } from '../access/principal.js';
import { MoonteeError } from '../core/errors.js';
import type { StreamerSpec } from '../protocol/streamer-spec.js';
import { Idempotency } from '../streamer/idempotency.js';
import type { Streamer } from '../streamer/streamer.js';
import type { ApiContext } from './context.js';
import { CreateStreamerRequest } from '../protocol/create-models.js';
import { bodyOf, queryFlag } from './request.js';
import { streamerSpec } from '../protocol/create-request.js';
import { streamerInfo, streamerInfoFor } from './streamer-dto.js';

export function streamerRoutes(routes: Routes, api: ApiContext): void {
  const { streamers, creations, config } = api;
  const idempotency = new Idempotency(streamers);

  routes.post('/api/streamers', 'administrator', async (context) => {
    const key = context.get('Idempotency-Key');
    const spec = streamerSpec(bodyOf(context, CreateStreamerRequest), madeUpId(key));
    const wait = queryFlag(context, 'wait', true);
    const address = api.addresses.of(context.req);
    const streamer = await idempotency.once(key, spec, () => {
      creations.take(address);
      return createStreamer(api, spec);
    });
    if (wait) await streamer.connected();
    await streamers.promise(streamer);
    context.body = streamerInfo(streamer);
  });

  // A viewer sees those that are its own.
  routes.get('/api/streamers', 'known', (context) => {
    const reader = principalOf(context.req);
    const own = streamers.list().filter(({ id }) => rightsOn(reader, id).size > 0);
    context.body = { streamers: own.map((streamer) => streamerInfoFor(streamer, reader)) };
  });

  routes.get('/api/streamers/:id', 'member', (context) => {
    const streamer = streamers.require(idOf(context.params));
    context.body = streamerInfoFor(streamer, principalOf(context.req));
  });

  routes.delete('/api/streamers/:id', 'administrator', async (context) => {
    const quitApp = queryFlag(context, 'quit_app', config.quit_app_on_delete);
    // A request that names it means it, even if others use the app.
    const forAll = quitApp && context.query['quit_app'] !== undefined;
    await streamers.delete(idOf(context.params), quitApp, forAll);
    context.status = 204;
  });

  routes.get('/api/streamers/:id/stats', 'administrator', async (context) => {
    const streamer = streamers.require(idOf(context.params));
    context.body = { stats: await streamer.request('stats', null) };
  });

  routes.get('/api/streamers/:id/dot', 'administrator', async (context) => {
    const dot = await streamers.require(idOf(context.params)).request('dot', null);
    context.type = 'text/vnd.graphviz';
    context.body = dot;
  });

  for (const socket of ['peer', 'media']) {
    routes.get(`/api/streamers/:id/${socket}`, 'watch', (context) => {
      streamers.require(idOf(context.params));
      throw new MoonteeError('BAD_REQUEST', 'This is a WebSocket');
    });
  }
}

/** Errors that can be known at once are reported at once, and leave no failed streamer behind. */
export async function createStreamer(
  { streamers, hosts }: Pick<ApiContext, 'streamers' | 'hosts'>,
  spec: StreamerSpec,
): Promise<Streamer> {
  const existing = streamers.get(spec.streamer_id);
  const settled = existing?.status === 'failed' || existing?.status === 'stopping';
  if (existing !== undefined && !settled) throw new MoonteeError('STREAMER_EXISTS');
  if (!hosts.require(spec.host_id).paired) throw new MoonteeError('HOST_NOT_PAIRED');
  return streamers.create(spec);
}

/** Repeated requests are to be the same, ids that were made up included. */
function madeUpId(key: string): string | undefined {
  if (key === '') return undefined;
  return `streamer-${createHash('sha256').update(key).digest('hex').slice(0, 8)}`;
}

function idOf(parameters: Record<string, string | undefined>): string {
  return parameters['id'] ?? '';
}
