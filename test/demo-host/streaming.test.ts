import test from 'ava';
import { pairedIdentity, startHost, until } from './support.js';
import { StreamClient } from './stream-client.js';

test('frames, sound and input go through, and an IDR comes on request', async (t) => {
  const host = await startHost(t);
  const inputs: unknown[] = [];
  host.on('input', ({ input }) => inputs.push(input));
  const client = await StreamClient.start(t, host, await pairedIdentity(host));

  await client.frames(30);
  t.true(client.units[0]?.idr);
  t.is(client.units[0]?.frameNumber, 1);
  t.deepEqual(
    client.units.map(({ frameNumber }) => frameNumber),
    client.units.map((_, index) => index + 1),
  );
  const known = client.units.length;
  client.send({ type: 'request-idr' });
  await until('an IDR', () => client.units.slice(known).some(({ idr }) => idr));
  await client.sound(50);
  t.true(client.packets.every(({ data }) => data.length > 0));

  client.input({ type: 'key', down: true, keyCode: 0x41, modifiers: 0 });
  client.input({ type: 'mouse-button', down: true, button: 1 });
  await until('the input', () => inputs.length >= 2);
  t.like(inputs[0], { type: 'key', down: true, keyCode: 0x41 });
  t.like(inputs[1], { type: 'mouse-button', down: true, button: 1 });

  const [session] = host.sessions;
  client.close();
  await until('the end of the session', () => session?.state === 'closed');
});
