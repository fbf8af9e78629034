import type { RouterContext } from '@koa/router';
import type { TokenRecord } from '../access/access-file.js';
import { principalOf } from '../access/gate.js';
import type { IssuedToken } from '../access/tokens.js';
import { MoonteeError } from '../core/errors.js';
import { personName } from '../core/text.js';
import type { Routes } from '../http/routes.js';
import { CreateTokenRequest, type NewToken, type TokenInfo } from '../protocol/access-models.js';
import type { ApiContext } from './context.js';
import { bodyOf } from './request.js';

const PATH = '/api/streamers/:id/tokens';

export function tokenRoutes(routes: Routes, { access, streamers }: ApiContext): void {
  routes.post(PATH, 'manage', async (context) => {
    const { id } = streamers.require(parameter(context, 'id'));
    const { rights, name, expires_in_s: life } = bodyOf(context, CreateTokenRequest);
    const request = {
      streamerId: id,
      rights: new Set(rights),
      name: personName(name),
      life: lifeOf(life),
    };
    context.status = 201;
    context.body = newToken(await access.tokens.issue(request, principalOf(context.req)));
  });

  routes.get(PATH, 'manage', (context) => {
    const { id } = streamers.require(parameter(context, 'id'));
    context.body = { tokens: access.tokens.list(id).map(tokenInfo) };
  });

  routes.delete(`${PATH}/:token`, 'manage', async (context) => {
    const { id } = streamers.require(parameter(context, 'id'));
    await access.tokens.revoke(id, parameter(context, 'token'));
    context.status = 204;
  });
}

export function newToken({ record, token }: IssuedToken): NewToken {
  return { ...tokenInfo(record), token };
}

function tokenInfo(record: TokenRecord): TokenInfo {
  const { id, streamer_id, name, rights, share_id } = record;
  const issued_at = new Date(record.issued_at).toISOString();
  const expires_at = new Date(record.expires_at).toISOString();
  return { id, streamer_id, name, rights, issued_at, expires_at, share_id };
}

/** Milliseconds of `expires_in_s`. @throws BAD_REQUEST */
export function lifeOf(seconds: number | null | undefined): number | null {
  if (seconds === null || seconds === undefined) return null;
  if (seconds > 0) return seconds * 1_000;
  throw new MoonteeError('BAD_REQUEST', 'expires_in_s must be more than 0');
}

export function parameter({ params }: RouterContext, name: string): string {
  return (params as Record<string, string | undefined>)[name] ?? '';
}
