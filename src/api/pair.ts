import type { Routes } from '../http/routes.js';
import { randomInt } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { MoonteeError } from '../core/errors.js';
import type { Host } from '../hosts/host.js';
import type { ApiContext } from './context.js';
import { detailedHost, isPaired } from './host-dto.js';
import { HostId } from '../protocol/rest-models.js';
import { bodyOf } from './request.js';

export function pairRoutes(routes: Routes, api: ApiContext): void {
  const { hosts, identities, config, creations, addresses, log } = api;

  routes.post('/api/pair', 'administrator', async (context) => {
    const host = hosts.require(bodyOf(context, HostId).host_id);
    creations.take(addresses.of(context.req));
    if (await alreadyPaired(host)) {
      context.status = 304;
      return;
    }
    const pin = config.pairing_pin ?? String(randomInt(10_000)).padStart(4, '0');
    const gone = new AbortController();
    context.res.once('close', () => gone.abort(new MoonteeError('CLOSED', 'The caller left')));

    // Clients parse each chunk as a whole: the parts must never travel as one (a.4).
    const stream = new PassThrough();
    context.status = 200;
    context.type = 'application/x-ndjson';
    context.body = stream;
    stream.write(JSON.stringify({ Pin: pin }));
    context.res.once('pipe', () => {
      // The first part is flushed before anything can follow it.
      setImmediate(() => {
        void pairAndTell(host, pin, stream, gone.signal);
      });
    });
  });

  async function pairAndTell(
    host: Host,
    pin: string,
    stream: PassThrough,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await hosts.pair(host, pin, signal);
      await identities.forgetOutdated(host);
    } catch (thrown) {
      const { code, message } = MoonteeError.from(thrown, 'PAIRING_FAILED');
      log.warn({ host_id: host.id, code, reason: message }, 'pairing failed');
      stream.end('"PairError"');
      return;
    }
    try {
      const answer = await detailedHost(host);
      stream.end(`\n${JSON.stringify({ Paired: answer })}`);
    } catch (error) {
      log.warn({ host_id: host.id, err: error }, 'paired host sends no info');
      stream.end();
    }
  }
}

/** A host that cannot be asked counts as what is stored of it. */
async function alreadyPaired(host: Host): Promise<boolean> {
  if (!host.paired) return false;
  host.clearCache();
  const info = await host.info().catch(() => null);
  return info === null || isPaired(host, info);
}
