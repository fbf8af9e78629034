import Koa from 'koa';
import helmet from 'koa-helmet';
import { MoonteeError } from '../core/errors.js';
import { agentRoutes } from './agent-input.js';
import { appRoutes } from './apps.js';
import type { ApiContext } from './context.js';
import { accessOfUnknown } from '../access/gate.js';
import { eventRoutes } from './event-feed.js';
import { controlRoutes } from './control.js';
import { healthRoutes } from './health.js';
import { empty, hostRoutes } from './hosts.js';
import { crossOrigin } from '../http/cross-origin.js';
import { answerErrors } from '../http/error-answers.js';
import { metricRoutes } from './metrics.js';
import { openApiRoutes } from './openapi-route.js';
import type { OriginGuard } from '../access/origin-guard.js';
import { outputRoutes } from './outputs.js';
import { pairRoutes } from './pair.js';
import { targetOf } from '../http/request-target.js';
import { recordingRoutes } from './recordings.js';
import type { Routes } from '../http/routes.js';
import { sessionRoutes } from './sessions.js';
import { shareRoutes } from './shares.js';
import { snapshotRoutes } from './snapshots.js';
import { StaticFiles } from '../http/static-files.js';
import { streamerRoutes } from './streamers.js';
import { tokenRoutes } from './tokens.js';
import { viewerRoutes } from './viewers.js';

/** Where players that speak WHEP join a streamer. */
const WHEP_PATH = /^\/api\/streamers\/[^/]+\/whep$/;

/** The HTTP side of the server, without a socket. */
export async function createApp(api: ApiContext, guard: OriginGuard, routes: Routes): Promise<Koa> {
  const { addresses, config, gate, log, metrics, refusals } = api;
  const app = new Koa();
  // What reaches it went wrong on a connection that is gone.
  app.on('error', (error: unknown) => log.debug({ err: error }, 'connection error'));
  app.use(async (context, next) => {
    await next();
    metrics.requests.inc({ method: methodLabel(context.method), status: context.status });
    // Node would read the rest of an unwanted body as fast as it comes.
    if (!context.req.complete) context.set('Connection', 'close');
  });
  app.use(answerErrors(log, refusals, addresses));
  app.use(headers(api));
  app.use(async (context, next) => {
    const isServer = targetOf(context.req).path === '*';
    if (!guard.allowsHost(context.req)) {
      throw new MoonteeError('FORBIDDEN', 'Without credentials, call the server by its address');
    }
    if (isServer) context.status = 204;
    else await next();
  });
  // Preflights are answered before there is a route.
  app.use(async (context, next) => {
    const isOptions = context.method === 'OPTIONS';
    if (isOptions && WHEP_PATH.test(targetOf(context.req).path)) {
      context.set('Accept-Post', 'application/sdp');
    }
    await next();
  });
  if (config.allowed_origins.length > 0) app.use(crossOrigin(config.allowed_origins));
  app.use(routes.serve());
  app.use(async (context, next) => {
    await gate.admit(context.req, accessOfUnknown(targetOf(context.req).path));
    await next();
  });
  app.use((await StaticFiles.read(api.staticDirectory, config.static_path)).serve());
  return app;
}

/** All routes of requests; those of sockets are in src/signaling. */
export function apiRoutes(routes: Routes, api: ApiContext): void {
  routes.get('/config.js', 'open', (context) => {
    const { web_path_prefix: path_prefix } = api.config;
    const settings = api.credentials.required
      ? { path_prefix }
      : { path_prefix, enable_credential_authentication: false };
    context.type = 'text/javascript';
    context.body = `export default ${JSON.stringify(settings)}`;
  });
  healthRoutes(routes, api);
  routes.get('/api/authenticate', 'known', (context) => empty(context));
  hostRoutes(routes, api);
  pairRoutes(routes, api);
  appRoutes(routes, api);
  streamerRoutes(routes, api);
  controlRoutes(routes, api);
  recordingRoutes(routes, api);
  outputRoutes(routes, api);
  agentRoutes(routes, api);
  snapshotRoutes(routes, api);
  sessionRoutes(routes, api);
  tokenRoutes(routes, api);
  shareRoutes(routes, api);
  viewerRoutes(routes, api);
  eventRoutes(routes, api);
  metricRoutes(routes, api);
  openApiRoutes(routes);
}

function headers({ config }: ApiContext): Koa.Middleware {
  const embeddable = ["'self'", ...config.allowed_origins];
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        // Sound is decoded by WebAssembly in browsers that have no decoder for it.
        'script-src': ["'self'", "'wasm-unsafe-eval'"],
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
    // `frame-ancestors` is more precise.
    frameguard: false,
    // An address may hold a token.
    referrerPolicy: { policy: 'no-referrer' },
    // For this name only: the protocols of names below it are not ours to decide.
    hsts: config.certificate !== null && { includeSubDomains: false },
  });
}

function methodLabel(method: string): string {
  return ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].includes(method)
    ? method
    : 'other';
}
