/** Floods of those who have no credentials: connections, requests, sockets. */
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import { inParallel, sendRaw, someAddress } from '../support/requests.js';
import { STREAMER } from '../support/terms.js';
import type { Flood, FloodContext } from './flood.js';

const SINGLE = '127.66.66.66';
/** Milliseconds. */
const DRIP = 200;
const UPGRADE = [
  ...[`GET /api/streamers/${STREAMER}/peer HTTP/1.1`, 'Host: 127.0.0.1', 'Connection: Upgrade'],
  ...['Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
  ...['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '', ''],
].join('\r\n');

/** Many connections, of one address or of many, that `feed` feeds until the end. */
function connections(
  name: string,
  count: number,
  from: (context: FloodContext) => string,
  feed: (socket: Socket, turn: number) => string | null,
): Flood {
  return {
    name,
    async run(context) {
      const { scene, signal } = context;
      const sockets = Array.from({ length: count }, () => {
        const socket = connect({
          host: '127.0.0.1',
          port: scene.port,
          localAddress: from(context),
        });
        socket.on('error', () => undefined);
        socket.resume();
        return socket;
      });
      let turn = 0;
      const timer = setInterval(() => {
        for (const socket of sockets) {
          if (socket.destroyed || socket.connecting) continue;
          const text = feed(socket, turn);
          if (text !== null) socket.write(text);
        }
        turn += 1;
      }, DRIP);
      await aborted(signal);
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
      return count;
    },
  };
}

/** Requests one after another on many connections, as fast as they are answered. */
function requests(name: string, make: (context: FloodContext, number: number) => string): Flood {
  return {
    name,
    async run(context) {
      const { scene, random, signal } = context;
      let sent = 0;
      function* numbers(): Generator<number> {
        while (!signal.aborted && scene.running) yield (sent += 1);
      }
      await inParallel(numbers(), 8, async (number) => {
        await sendRaw(scene.port, someAddress(random), make(context, number));
      });
      return sent;
    },
  };
}

/** Sockets that are opened without credentials, and send the messages of `say`. */
function sockets(name: string, count: number, say: (socket: WebSocket) => void): Flood {
  return {
    name,
    async run({ scene, random, signal }) {
      let opened = 0;
      function* numbers(): Generator<number> {
        while (!signal.aborted && scene.running) yield (opened += 1);
      }
      await inParallel(numbers(), count, async () => {
        const socket = new WebSocket(
          `ws://127.0.0.1:${scene.port}/api/streamers/${STREAMER}/peer`,
          { localAddress: someAddress(random), perMessageDeflate: false },
        );
        const end = (): void => socket.terminate();
        signal.addEventListener('abort', end, { once: true });
        socket.on('error', () => undefined);
        socket.on('open', () => say(socket));
        await new Promise((resolve) => socket.on('close', resolve));
        signal.removeEventListener('abort', end);
      });
      return opened;
    },
  };
}

function nested(bytes: number): string {
  return '['.repeat(bytes / 2) + ']'.repeat(bytes / 2);
}

const one = (): string => SINGLE;
const many = ({ random }: FloodContext): string => someAddress(random);

export const STRANGERS: readonly Flood[] = [
  { name: 'nothing, for comparison', run: ({ signal }) => aborted(signal).then(() => 0) },
  connections('silent connections of one address', 600, one, () => null),
  connections('silent connections of many addresses', 400, many, () => null),
  connections('headers that trickle', 200, many, (_socket, turn) =>
    turn === 0 ? 'GET / HTTP/1.1\r\nHost: x\r\n' : `X-${turn}: y\r\n`,
  ),
  connections('bodies that trickle', 100, many, (_socket, turn) =>
    turn === 0
      ? 'POST /api/streamers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{'
      : ' ',
  ),
  connections('handshakes of a protocol that is not spoken', 100, many, (_socket, turn) =>
    turn === 0 ? '\u0016\u0003\u0001\u0002\u0000\u0001' : null,
  ),
  connections('sockets that never authenticate, of one address', 600, one, (_socket, turn) =>
    turn === 0 ? UPGRADE : null,
  ),
  requests('large bodies', () => {
    const body = JSON.stringify({ x: 'y'.repeat(1_000_000) });
    return `POST /api/streamers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  }),
  requests('nested JSON in bodies', () => {
    const body = nested(200_000);
    return `POST /api/streamers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  }),
  requests('refused upgrades with long targets', (_context, number) =>
    UPGRADE.replace(/^GET \S+/, `GET /${'a'.repeat(3_900)}/${number}`),
  ),
  requests(
    'wrong passwords in the header',
    (_context, number) =>
      `GET /api/hosts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wrong-${number}\r\n\r\n`,
  ),
  sockets('wrong passwords in the first message', 20, (socket) =>
    socket.send(JSON.stringify({ AuthenticateAndInit: { credentials: 'wrong' } })),
  ),
  sockets('nested JSON before authentication', 20, (socket) => {
    for (let i = 0; i < 20; i += 1) socket.send(nested(250_000));
  }),
  sockets('messages of a megabyte before authentication', 10, (socket) =>
    socket.send(Buffer.alloc(1_000_000, 'x')),
  ),
  sockets('small messages before authentication', 20, (socket) => {
    for (let i = 0; i < 500; i += 1) socket.send('{"RestartIce":{}}');
  }),
];

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
