/** What may be left out is left out for a browser that does not read; it is not closed for that. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { WebSocket, WebSocketServer } from 'ws';
import { RefusalLog } from '../../src/access/refusal-log.js';
import { silentLog } from '../../src/core/log.js';
import { ViewerSocket, type BrowserSocket } from '../../src/signaling/viewer-socket.js';

test('others’ pointers do not pile up', async (t) => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  t.teardown(() => server.close());
  await once(server, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.teardown(() => client.terminate());
  const [end] = (await once(server, 'connection')) as [BrowserSocket];
  const closed: string[] = [];
  const socket = new ViewerSocket(
    end,
    {
      ...{ maxMessagesPerSecond: 100, pingInterval: 60_000, pingTimeout: 60_000 },
      ...{ log: silentLog(), address: '', stranger: false },
      refusals: new RefusalLog(silentLog()),
    },
    {
      onMessage: () => undefined,
      onChannel: () => undefined,
      onStray: () => undefined,
      onClosed: (code) => closed.push(code),
    },
  );
  t.teardown(() => socket.end('LEFT', ''));
  client.pause();
  const pointers = Array.from({ length: 64 }, (_, index) => ({
    ...{ peer_id: `viewer ${index}`, x: 0.5, y: 0.5 },
  }));
  for (let times = 0; times < 20; times += 1) {
    for (let each = 0; each < 200; each += 1) socket.send({ Pointers: { pointers } }, true);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.true(end.bufferedAmount < 32 * 1024, `${end.bufferedAmount} bytes wait`);
  t.deepEqual(closed, []);
});
