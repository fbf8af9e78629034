import cors from '@koa/cors';
import type Koa from 'koa';

/** Seconds that a browser may remember the answer to a preflight. */
const MAX_AGE_S = 600;
/** What pages of other origins may read of an answer, beside what they always may. */
const EXPOSED_HEADERS = 'Location, ETag, Link, Accept-Patch, Accept-Post, Retry-After';

/** Lets pages of the origins use the interface (CORS). */
export function crossOrigin(allowedOrigins: readonly string[]): Koa.Middleware {
  const isAllowed = (origin: string | undefined): origin is string =>
    origin !== undefined && allowedOrigins.includes(origin);
  const usual = cors({
    origin: ({ headers: { origin } }) => (isAllowed(origin) ? origin : ''),
    allowMethods: 'GET,HEAD,PUT,POST,DELETE,PATCH,OPTIONS',
    allowHeaders: [
      ...['Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'Last-Event-ID'],
    ],
    exposeHeaders: EXPOSED_HEADERS,
    maxAge: MAX_AGE_S,
  });
  return async (context, next) => {
    const { origin } = context.headers;
    const isPreflight = context.get('Access-Control-Request-Method') !== '';
    // An `OPTIONS` that is no preflight is a request like any other. The library passes it over.
    if (context.method === 'OPTIONS' && !isPreflight && isAllowed(origin)) {
      context.set('Access-Control-Allow-Origin', origin);
      context.set('Access-Control-Expose-Headers', EXPOSED_HEADERS);
    }
    await usual(context, next);
  };
}
