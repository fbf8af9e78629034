import type { Routes } from '../http/routes.js';
import type { ApiContext } from './context.js';
import { failingWith } from '../http/error-answers.js';
import { queryFlag, queryInteger } from './request.js';

export function appRoutes(routes: Routes, { hosts }: ApiContext): void {
  routes.get('/api/apps', 'administrator', async (context) => {
    const host = hosts.require(queryInteger(context, 'host_id'));
    const refresh = queryFlag(context, 'force_refresh', false);
    const apps = await failingWith(500, () => (refresh ? host.freshApps() : host.apps()));
    context.body = {
      apps: apps.map(({ id, title, hdrSupported }) => ({
        app_id: id,
        title,
        is_hdr_supported: hdrSupported,
      })),
    };
  });

  routes.get('/api/app/image', 'administrator', async (context) => {
    const host = hosts.require(queryInteger(context, 'host_id'));
    const appId = queryInteger(context, 'app_id');
    const refresh = queryFlag(context, 'force_refresh', false);
    const image = await failingWith(
      ({ code }) => (code === 'NOT_FOUND' ? 404 : 500),
      () => host.appImage(appId, refresh),
    );
    context.type = 'application/octet-stream';
    context.body = image;
  });
}
