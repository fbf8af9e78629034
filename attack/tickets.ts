/** Whether a media socket opens without a ticket of its own, or twice with one. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { MEDIA_PROTOCOL } from '../src/protocol/media-socket.js';
import { PATIENCE, until } from '../test/support/until.js';
import { ViewerSocketClient, type Ticket } from '../test/support/media-viewer.js';
import { Findings, type Attack } from './attack.js';
import { below, inParallel, sendRaw, someAddress, StatusCounts } from './support/requests.js';
import type { Scene } from './support/scene.js';
import { STREAMER } from './support/terms.js';

/** Tickets that are tried to death at full size, and guesses at each. */
const TICKETS = 200;
const GUESSES = 20;
const WORKERS = 16;
/** Attempts with one ticket at the same time. */
const RACERS = 8;

export const tickets: Attack = {
  name: 'tickets: guesses, other streamers, races for one',
  async run(scene, { random, share }) {
    const findings = new Findings();
    const counts = new StatusCounts();
    let tried = 0;
    const attempt = async (target: string): Promise<number> => {
      tried += 1;
      const { status } = await sendRaw(scene.port, someAddress(random), upgradeTo(target));
      counts.add(status);
      return status;
    };
    const viewer = await viewerOf(scene);
    for (let made = 0; made < Math.max(1, TICKETS * share) && scene.running; made += 1) {
      const { path, ticket } = await viewer.ticket();
      const wrong = Array.from({ length: GUESSES }, () => {
        const at = below(random, ticket.length);
        const letter = String.fromCharCode(97 + below(random, 26));
        return `${path}?t=${ticket.slice(0, at)}${letter}${ticket.slice(at + 1)}`;
      }).filter((target) => !target.endsWith(ticket));
      wrong.push(`${path}?t=${ticket}x`, `${path}?T=${ticket}`, `${path}?t=${ticket}&t=${ticket}`);
      await inParallel(wrong, WORKERS, async (target) => {
        if ((await attempt(target)) === 101) findings.add(`a guess opens a socket: ${target}`);
      });
      const targets = new Array<string>(RACERS).fill(`${path}?t=${ticket}`);
      const opened = await Promise.all(targets.map(attempt));
      const count = opened.filter((status) => status === 101).length;
      if (count !== 1) findings.add(`one ticket opens ${count} sockets`);
      const foreign = await viewer.ticket();
      const other = `/api/streamers/nothing/media?t=${foreign.ticket}`;
      if ((await attempt(other)) === 101) findings.add('a ticket opens another streamer');
      const again = `${foreign.path}?t=${foreign.ticket}`;
      if ((await attempt(again)) === 101) findings.add('a ticket is good after it was misused');
    }
    const last: Ticket = await viewer.ticket();
    viewer.socket.close();
    await once(viewer.socket, 'close', { signal: AbortSignal.timeout(PATIENCE) });
    const late = `${last.path}?t=${last.ticket}`;
    if ((await attempt(late)) === 101) findings.add('a ticket outlives its viewer');
    return { attack: tickets.name, tried, findings: findings.list(), note: String(counts) };
  },
};

/** A viewer with the right credentials. */
async function viewerOf(scene: Scene): Promise<ViewerSocketClient> {
  const url = `ws://127.0.0.1:${scene.port}/api/streamers/${STREAMER}/peer?transport=websocket`;
  const viewer = new ViewerSocketClient(url);
  await until('it is open', () => viewer.socket.readyState === WebSocket.OPEN);
  viewer.say({ AuthenticateAndInit: { credentials: scene.password } });
  return viewer;
}

function upgradeTo(target: string): string {
  return [
    `GET ${target} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    `Sec-WebSocket-Protocol: ${MEDIA_PROTOCOL}`,
    '',
    '',
  ].join('\r\n');
}
