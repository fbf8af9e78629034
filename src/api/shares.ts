import type { ShareRecord } from '../access/access-file.js';
import { principalOf } from '../access/gate.js';
import { stateOf } from '../access/shares.js';
import { MoonteeError } from '../core/errors.js';
import { personName } from '../core/text.js';
import type { Routes } from '../http/routes.js';
import {
  CreateShareRequest,
  RedeemShareRequest,
  type ShareInfo,
} from '../protocol/access-models.js';
import type { ApiContext } from './context.js';
import { bodyOf, queryFlag } from './request.js';
import { lifeOf, newToken, parameter } from './tokens.js';

const PATH = '/api/streamers/:id/shares';
const MIN_PIN = 4;
const MAX_PIN = 64;

export function shareRoutes(routes: Routes, api: ApiContext): void {
  const { access, addresses, config, redemptions, streamers } = api;

  routes.post(PATH, 'share', async (context) => {
    const { id } = streamers.require(parameter(context, 'id'));
    const body = bodyOf(context, CreateShareRequest);
    const request = {
      streamerId: id,
      rights: new Set(body.rights),
      life: lifeOf(body.expires_in_s),
      maxUses: usesOf(body.max_uses),
      pin: pinOf(body.pin),
    };
    const { record, secret } = await access.shares.create(request, principalOf(context.req));
    const origin = addresses.originOf(context.req, config.certificate !== null);
    // Behind the number sign it reaches no server, and so no log of one.
    const page = `#/streamers/${encodeURIComponent(id)}?share=${secret}`;
    context.status = 201;
    context.body = {
      ...shareInfo(record),
      url: `${origin}${config.web_path_prefix}/${page}`,
      secret,
    };
  });

  routes.get(PATH, 'share', (context) => {
    const { id } = streamers.require(parameter(context, 'id'));
    context.body = { shares: access.shares.list(id, principalOf(context.req)).map(shareInfo) };
  });

  routes.delete(`${PATH}/:share`, 'share', async (context) => {
    const { id } = streamers.require(parameter(context, 'id'));
    const keeps = queryFlag(context, 'keep_viewers', false);
    const reader = principalOf(context.req);
    await access.shares.revoke(id, parameter(context, 'share'), reader, keeps);
    context.status = 204;
  });

  routes.post('/api/shares/redeem', 'open', async (context) => {
    redemptions.take(addresses.of(context.req));
    const { secret, pin, name } = bodyOf(context, RedeemShareRequest);
    const redemption = { secret, pin: pin ?? null, name: personName(name) };
    if ((redemption.pin?.length ?? 0) > MAX_PIN) throw new MoonteeError('SHARE_PIN_WRONG');
    context.body = newToken(await access.shares.redeem(redemption));
  });
}

function shareInfo(record: ShareRecord): ShareInfo {
  const { id, streamer_id, rights, max_uses, uses, pin, visitors } = record;
  return {
    ...{ id, streamer_id, rights, max_uses, uses },
    created_at: new Date(record.created_at).toISOString(),
    expires_at: new Date(record.expires_at).toISOString(),
    has_pin: pin !== null,
    state: stateOf(record),
    visitors: visitors.map(({ name, at, token_id }) => {
      return { name, at: new Date(at).toISOString(), token_id };
    }),
  };
}

function usesOf(uses: number | null | undefined): number | null {
  if (uses === null || uses === undefined) return null;
  if (uses > 0) return uses;
  throw new MoonteeError('BAD_REQUEST', 'max_uses must be more than 0');
}

function pinOf(pin: string | null | undefined): string | null {
  if (pin === null || pin === undefined) return null;
  if (pin.length >= MIN_PIN && pin.length <= MAX_PIN) return pin;
  throw new MoonteeError('BAD_REQUEST', `pin must have ${MIN_PIN} to ${MAX_PIN} characters`);
}
