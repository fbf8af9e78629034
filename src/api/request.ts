import type { IncomingMessage } from 'node:http';
import { isRight } from 'fp-ts/lib/Either.js';
import type * as t from 'io-ts';
import type Koa from 'koa';
import { MoonteeError } from '../core/errors.js';
import { jsonBody } from '../http/body.js';
import { queryParameter, targetOf } from '../http/request-target.js';
import { describeIssues } from '../codec/issues.js';

/** The JSON body, checked. @throws BAD_REQUEST naming what is wrong */
export function bodyOf<T>(context: { request: Koa.Request }, codec: t.Type<T, unknown>): T {
  const decoded = codec.decode(jsonBodyOf(context));
  if (!isRight(decoded)) {
    throw new MoonteeError('BAD_REQUEST', `Invalid body: ${describeIssues(decoded.left)}`);
  }
  return decoded.right;
}

/** What the JSON body holds, whatever it is. @throws BAD_REQUEST if there is none */
export function jsonBodyOf(context: { request: Koa.Request }): unknown {
  if (context.request.is('application/json') !== 'application/json') {
    throw new MoonteeError('BAD_REQUEST', 'Content-Type must be application/json');
  }
  return jsonBody(context.request.req);
}

/** An integer of the query. @throws BAD_REQUEST */
export function queryInteger(context: { req: IncomingMessage }, name: string): number {
  const value = queryParameter(targetOf(context.req), name);
  if (value === undefined || !/^-?\d{1,10}$/.test(value)) {
    throw new MoonteeError('BAD_REQUEST', `Query parameter ${name} must be an integer`);
  }
  return Number(value);
}

/** An integer of the query within a range; undefined without one. @throws BAD_REQUEST */
export function optionalInteger(
  context: { req: IncomingMessage },
  name: string,
  [min, max]: readonly [min: number, max: number],
): number | undefined {
  if (queryParameter(targetOf(context.req), name) === undefined) return undefined;
  const value = queryInteger(context, name);
  if (value >= min && value <= max) return value;
  throw new MoonteeError('BAD_REQUEST', `Query parameter ${name} must be from ${min} to ${max}`);
}

/** `true` or `false` of the query. @throws BAD_REQUEST */
export function queryFlag(
  context: { req: IncomingMessage },
  name: string,
  fallback: boolean,
): boolean {
  const value = queryParameter(targetOf(context.req), name);
  if (value === undefined) return fallback;
  if (value !== 'true' && value !== 'false') {
    throw new MoonteeError('BAD_REQUEST', `Query parameter ${name} must be true or false`);
  }
  return value === 'true';
}
