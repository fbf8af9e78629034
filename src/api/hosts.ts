import type { Routes } from '../http/routes.js';
import { isIP } from 'node:net';
import { MoonteeError } from '../core/errors.js';
import { wakeHost } from '../hosts/host-commands.js';
import type { ApiContext } from './context.js';
import { detailedHost, undetailedHost } from './host-dto.js';
import { failingWith } from '../http/error-answers.js';
import { AddHostRequest, HostId } from '../protocol/rest-models.js';
import { bodyOf, queryFlag, queryInteger } from './request.js';

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?$/i;

export function hostRoutes(
  routes: Routes,
  { hosts, identities, apps, config, log }: ApiContext,
): void {
  routes.get('/api/hosts', 'administrator', async (context) => {
    const answers = await Promise.all(hosts.list().map(undetailedHost));
    context.body = { hosts: answers };
    // The answer may have brought a name or a MAC.
    hosts.save().catch((error: unknown) => log.error({ err: error }, 'hosts not saved'));
  });

  routes.get('/api/host', 'administrator', async (context) => {
    const host = hosts.require(queryInteger(context, 'host_id'));
    if (queryFlag(context, 'force_refresh', false)) host.clearCache();
    context.body = { host: await failingWith(500, () => detailedHost(host)) };
    await hosts.save();
  });

  routes.put('/api/host', 'administrator', async (context) => {
    const { address, http_port } = bodyOf(context, AddHostRequest);
    const port = http_port ?? config.moonlight_default_http_port;
    if ((isIP(address) === 0 && !HOST_NAME.test(address)) || port < 1 || port > 65_535) {
      throw new MoonteeError('BAD_REQUEST', 'Invalid host address or port');
    }
    const host = await failingWith(
      ({ code }) => (code === 'HOST_UNREACHABLE' || code === 'TIMEOUT' ? 404 : 400),
      () => hosts.add(address, port),
    );
    context.body = { host: await failingWith(500, () => detailedHost(host)) };
  });

  routes.delete('/api/host', 'administrator', async (context) => {
    const host = hosts.require(queryInteger(context, 'host_id'));
    await hosts.remove(host.id);
    apps.forget(host);
    await identities.forgetHost(host);
    empty(context);
  });

  routes.post('/api/host/wake', 'administrator', async (context) => {
    const host = hosts.require(bodyOf(context, HostId).host_id);
    await failingWith(500, () => wakeHost(host));
    empty(context);
  });

  routes.post('/api/host/unpair', 'administrator', async (context) => {
    await hosts.unpair(hosts.require(bodyOf(context, HostId).host_id));
    empty(context);
  });

  routes.post('/api/host/cancel', 'administrator', async (context) => {
    const host = hosts.require(bodyOf(context, HostId).host_id);
    apps.ordered(host);
    await failingWith(500, () => host.cancel());
    context.body = { success: true };
  });
}

/** 200 with no body. */
export function empty(context: { status: number; body: unknown }): void {
  context.body = '';
  context.status = 200;
}
