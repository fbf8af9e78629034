import test from 'ava';
import { AddressList } from '../../src/access/address-list.js';
import type { Access, Gate } from '../../src/access/gate.js';
import { apiRoutes } from '../../src/api/app.js';
import type { ApiContext } from '../../src/api/context.js';
import { OPERATIONS } from '../../src/api/operations.js';
import { Routes } from '../../src/http/routes.js';
import { whepRoutes, type WhepRoutesOptions } from '../../src/signaling/whep-routes.js';
import { socketRoutes, type SocketGrant } from '../../src/signaling/upgrade.js';

function emptyRoutes(): Routes<SocketGrant['endpoint']> {
  return new Routes({} as unknown as Gate, (_context, next) => next());
}

test('a route that does not say who may use it cannot be made', (t) => {
  const routes = emptyRoutes();
  for (const access of [undefined, null, '', 'Open', 'everybody', 'toString']) {
    const undeclared = access as unknown as Access;
    for (const method of ['get', 'head', 'options', 'put', 'post', 'patch', 'delete'] as const) {
      t.throws(() => routes[method]('/api/x', undeclared, () => undefined), {
        message: /Missing access of the route .*\/api\/x/,
      });
    }
    t.throws(() => routes.socket('/api/y', undeclared, 'peer'), {
      message: /Missing access of the route .*\/api\/y/,
    });
  }
  t.deepEqual(routes.declared, []);
});

test('a route that asks for a right names the streamer', (t) => {
  const routes = emptyRoutes();
  for (const access of ['member', 'watch', 'keyboard', 'manage'] as const) {
    t.throws(() => routes.get('/api/x', access, () => undefined), {
      message: /No streamer in the route get \/api\/x/,
    });
    routes.get(`/api/streamers/:id/${access}`, access, () => undefined);
  }
  t.is(routes.declared.length, 4);
});

test('every route is described, with what it asks of its caller', (t) => {
  const routes = emptyRoutes();
  const api = { config: { max_body_bytes: 1, outputs_allowed: [] } } as unknown as ApiContext;
  apiRoutes(routes, api);
  whepRoutes(routes, {} as unknown as WhepRoutesOptions);
  const described = OPERATIONS.map(
    ({ method, path, access = 'administrator' }) =>
      `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')} ${access}`,
  );
  const declared = routes.declared.map(({ method, path, access }) => `${method} ${path} ${access}`);
  t.deepEqual(declared.sort(), described.sort());
  t.deepEqual(
    routes.declared.filter(({ access }) => access === 'open').map(({ path }) => path),
    // Nor has a preflight credentials, nor who watches over the server.
    ['/config.js', '/healthz', '/readyz', '/api/shares/redeem', '/api/streamers/:id/whep'],
  );
});

test('sockets: exact paths, and parameters that are not empty', (t) => {
  const routes = emptyRoutes();
  socketRoutes(routes, { path: '/ws/stream', streamer: null, openTo: new AddressList([]) });
  t.like(routes.matchSocket('/api/streamers/a:b/peer'), {
    endpoint: 'peer',
    access: 'watch',
    parameters: { id: 'a:b' },
  });
  t.like(routes.matchSocket('/api/host/stream'), { endpoint: 'legacy', parameters: {} });
  t.like(routes.matchSocket('/ws/stream'), { endpoint: 'desktop', access: 'watch' });
  for (const path of [
    '/',
    '*',
    '/api/streamers//peer',
    '/api/streamers/a/peer/',
    '/api/streamers/a/Peer',
    '/api/streamers/a',
    '/api/host/stream/',
    '/API/host/stream',
    '/api/hosts',
    '/api/streamers/a/b/peer',
  ]) {
    t.is(routes.matchSocket(path), null, path);
  }
});
