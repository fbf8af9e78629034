import { bodyParser } from '@koa/bodyparser';
import type Koa from 'koa';
import { MoonteeError } from '../errors.js';

/**
 * Reads JSON bodies. A client that waits with its body (`Expect: 100-continue`) is told to go
 * on here, where it is known that the body is wanted.
 *
 * @param limit bytes
 */
export function bodyReader(limit: number): Koa.Middleware {
  const parse = bodyParser({
    enableTypes: ['json'],
    jsonLimit: limit,
    onError: (error, context) => {
      // Its rest is not read.
      context.set('Connection', 'close');
      const { status } = error as Error & { status?: number };
      throw new MoonteeError(
        status === 413 ? 'BODY_TOO_LARGE' : 'BAD_REQUEST',
        status === 413 ? undefined : 'The body is no JSON',
      );
    },
  }) as Koa.Middleware;
  return async (context, next) => {
    if (/(?:^|\W)100-continue(?:$|\W)/i.test(context.get('Expect'))) context.res.writeContinue();
    await parse(context, next);
  };
}
