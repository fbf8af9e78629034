import test from 'ava';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PictureCache } from '../../src/hosts/picture-cache.js';
import { APP } from '../support/fake-apps.js';
import { addHost, serve } from '../support/server.js';
import { until } from '../support/until.js';

interface List {
  readonly hosts: readonly { name: string; server_state: string | null }[];
}

test.serial(
  'a host that is switched off is offline in lists within seconds, and comes back',
  async (t) => {
    const server = await serve(t);
    const host = await addHost(t, server);
    const state = async (): Promise<string | null | undefined> => {
      const { json } = await server.ask('GET', '/api/hosts');
      return (json as List).hosts[0]?.server_state;
    };
    t.is(await state(), 'Free');
    const { port } = host;
    await host.close();
    await until('offline', async () => (await state()) === null);
    t.is((await server.ask('GET', '/api/host?host_id=0')).status, 500);

    const info =
      '<hostname>Back</hostname><appversion>7.1.431.-1</appversion><state>X_SERVER_BUSY</state>';
    const back: Server = createServer((_request, response) => {
      response.end(`<root status_code="200">${info}</root>`);
    });
    await new Promise<void>((resolve) => back.listen(port, '127.0.0.1', resolve));
    t.teardown(() => back.close());
    t.is((back.address() as AddressInfo).port, port);
    // TLS is not there, so it does not count as back for one that is paired; unpaired it is.
    await server.ask('POST', '/api/host/unpair', { body: { host_id: 0 } });
    await until('online', async () => (await state()) === 'Busy');
  },
);

test.serial('apps of the list have pictures, others are not even asked for', async (t) => {
  const server = await serve(t);
  const host = await addHost(t, server);
  const ask = async (app: number): Promise<number> =>
    (await server.ask('GET', `/api/app/image?host_id=0&app_id=${app}`)).status;
  t.is(await ask(APP.GOOD), 200);
  t.is(await ask(123_456), 404);
  const asked = (): number => host.asked.filter((verb) => verb === 'appasset').length;
  t.is(asked(), 1);
  // Many at once are one download.
  const { length } = host.asked;
  const statuses = await Promise.all(Array.from({ length: 20 }, () => ask(APP.HOST_BUSY)));
  t.deepEqual(new Set(statuses), new Set([200]));
  t.is(asked(), 2, host.asked.slice(length).join(' '));
});

test('pictures are kept by their bytes in all, and for a time', (t) => {
  const cache = new PictureCache(1_000);
  for (let index = 0; index < 100; index += 1) cache.set(`a/${index}`, Buffer.alloc(300));
  t.is(cache.bytes, 900);
  t.truthy(cache.get('a/97'));
  cache.set('b/1', Buffer.alloc(300));
  // What was used last stays.
  t.truthy(cache.get('a/97'));
  t.is(cache.get('a/98'), undefined);
  cache.set('b/2', Buffer.alloc(1_001));
  t.is(cache.get('b/2'), undefined);
  cache.set('a/97', Buffer.alloc(100));
  t.is(cache.bytes, 700);
  cache.deleteAll('a/');
  t.is(cache.bytes, 300);
  t.is(new PictureCache(1_000, -1).bytes, 0);
  const brief = new PictureCache(1_000, -1);
  brief.set('x', Buffer.alloc(10));
  t.is(brief.get('x'), undefined);
  t.is(brief.bytes, 0);
});
