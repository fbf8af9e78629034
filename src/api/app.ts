import { bodyParser } from '@koa/bodyparser';
import cors from '@koa/cors';
import Router from '@koa/router';
import Koa from 'koa';
import helmet from 'koa-helmet';
import { MoonteeError } from '../errors.js';
import { appRoutes } from './apps.js';
import type { ApiContext } from './context.js';
import { bearerOf } from '../access/credentials.js';
import { eventRoutes } from './event-feed.js';
import { empty, hostRoutes } from './hosts.js';
import { answerErrors } from '../http/error-answers.js';
import { metricRoutes } from './metrics.js';
import { openApiRoutes } from './openapi-route.js';
import type { OriginGuard } from '../access/origin-guard.js';
import { pairRoutes } from './pair.js';
import { localPath } from '../http/paths.js';
import { sessionRoutes } from './sessions.js';
import { StaticFiles } from '../http/static-files.js';
import { streamerRoutes } from './streamers.js';

/** The HTTP side of the server, without a socket. */
export async function createApp(api: ApiContext, guard: OriginGuard): Promise<Koa> {
  const { config, log, metrics } = api;
  const app = new Koa();
  // What reaches it went wrong on a connection that is gone.
  app.on('error', (error: unknown) => log.debug({ err: error }, 'connection error'));
  app.use(async (context, next) => {
    await next();
    metrics.requests.inc({ method: methodLabel(context.method), status: context.status });
  });
  app.use(answerErrors(log));
  app.use(headers(api));
  app.use(async (context, next) => {
    context.path = localPath(context.path, config.web_path_prefix);
    if (!guard.allowsHost(context.req)) {
      throw new MoonteeError('FORBIDDEN', 'Without credentials, call the server by its address');
    }
    await next();
  });
  if (config.allowed_origins.length > 0) {
    app.use(
      cors({
        origin: ({ headers: { origin } }) =>
          origin !== undefined && config.allowed_origins.includes(origin) ? origin : '',
        allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'Last-Event-ID'],
        maxAge: 600,
      }),
    );
  }
  app.use(authenticate(api));
  app.use(
    bodyParser({
      enableTypes: ['json'],
      jsonLimit: config.max_body_bytes,
      onError: (error, context) => {
        // Its rest is not read.
        context.set('Connection', 'close');
        const { status } = error as Error & { status?: number };
        throw new MoonteeError(
          status === 413 ? 'BODY_TOO_LARGE' : 'BAD_REQUEST',
          status === 413 ? undefined : 'The body is no JSON',
        );
      },
    }),
  );
  const router = createRouter(api);
  app.use(router.routes());
  app.use((await StaticFiles.read(api.staticDirectory)).serve());
  return app;
}

/** All routes. */
function createRouter(api: ApiContext): Router {
  const router = new Router();
  router.get('/config.js', (context) => {
    const { web_path_prefix: path_prefix } = api.config;
    const settings = api.credentials.required
      ? { path_prefix }
      : { path_prefix, enable_credential_authentication: false };
    context.type = 'text/javascript';
    context.body = `export default ${JSON.stringify(settings)}`;
  });
  router.get('/api/authenticate', (context) => empty(context));
  hostRoutes(router, api);
  pairRoutes(router, api);
  appRoutes(router, api);
  streamerRoutes(router, api);
  sessionRoutes(router, api);
  eventRoutes(router, api);
  metricRoutes(router, api);
  openApiRoutes(router);
  return router;
}

/** Bearer for all of the interface but the sockets, which authenticate by themselves (a.1). */
function authenticate({ credentials, addresses }: ApiContext): Koa.Middleware {
  return async (context, next) => {
    const { path } = context;
    const guarded = path === '/api' || path.startsWith('/api/') || path === '/metrics';
    const socket =
      path === '/api/host/stream' ||
      (path.startsWith('/api/streamers/') && path.endsWith('/peer') && context.method === 'GET');
    if (guarded && !socket && credentials.required) {
      const given = bearerOf(context.get('Authorization'));
      if (given === null || !(await credentials.check(given, addresses.of(context.req)))) {
        throw new MoonteeError('UNAUTHORIZED');
      }
    }
    await next();
  };
}

function headers({ config }: ApiContext): Koa.Middleware {
  const embeddable = ["'self'", ...config.allowed_origins];
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'connect-src': ["'self'", 'ws:', 'wss:'],
        'img-src': ["'self'", 'data:', 'blob:'],
        'media-src': ["'self'", 'blob:'],
        'style-src': ["'self'", "'unsafe-inline'"],
        'worker-src': ["'self'", 'blob:'],
        'object-src': ["'none'"],
        'base-uri': ["'none'"],
        'frame-ancestors': embeddable,
      },
    },
    // `frame-ancestors` says it better.
    frameguard: false,
    hsts: config.certificate !== null,
  });
}

function methodLabel(method: string): string {
  return ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'].includes(method) ? method : 'other';
}
