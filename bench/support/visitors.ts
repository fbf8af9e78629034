/** Viewers of a whole server, one kind for each way in. */
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { DesktopClient } from '../../test/support/desktop-client.js';
import { PATIENCE_MS, type ReceiverProcess } from './receiver.js';
import { DESKTOP_PATH, type BenchServer } from './server.js';

export const WAYS = ['webrtc', 'websocket', 'whep', 'desktop'] as const;
export type Way = (typeof WAYS)[number];

export interface Visitor {
  untilPicture(): Promise<void>;
  /** @param isAbrupt without a word */
  leave(isAbrupt: boolean): Promise<void>;
}

type Opening = Readonly<Record<Way, (id: string) => Visitor>>;

const POLL_MS = 10;
const SDP = { 'content-type': 'application/sdp' };

export function visitors(server: BenchServer, receivers: ReceiverProcess): Opening {
  return {
    webrtc: (id) => {
      const { receiver, socket } = server.open(id, receivers);
      return {
        untilPicture: () => receiver.untilMedia(),
        leave: (isAbrupt) => {
          if (isAbrupt) socket.terminate();
          else socket.close();
          receiver.close();
          return Promise.resolve();
        },
      };
    },
    websocket: (id) => {
      const receiver = receivers.watch(id, server.peerUrl);
      return {
        untilPicture: () => receiver.untilMedia(),
        leave: () => {
          receiver.close();
          return Promise.resolve();
        },
      };
    },
    whep: (id) => watchByWhep(id, server, receivers),
    desktop: (id) => {
      const url = new URL(`${DESKTOP_PATH}?session_id=bench&client_id=${id}`, server.pageUrl);
      const client = new DesktopClient(url.href.replace(/^http/, 'ws'));
      client.socket.on('open', () => client.init());
      return {
        untilPicture: () => until('a frame', () => client.frames.length > 0),
        leave: (isAbrupt) => {
          const { socket } = client;
          if (isAbrupt || socket.readyState === WebSocket.CONNECTING) socket.terminate();
          else socket.close();
          return Promise.resolve();
        },
      };
    },
  };
}

/** A player that asks for the server's offer, and whose end is a request as well. */
function watchByWhep(id: string, server: BenchServer, receivers: ReceiverProcess): Visitor {
  const receiver = receivers.open(id);
  const base = new URL('api/streamers/bench/whep', server.pageUrl);
  const signaled = (async () => {
    const offered = await request(new URL('?offer=server', base), 'POST');
    const session = new URL(offered.headers.get('location') ?? '', base);
    const answered = new Promise<string>((resolve, reject) => {
      receiver.once('answer', ({ sdp, candidate }) => {
        resolve(sdp.replace(/^(a=mid:.*\r\n)/m, `$1a=${candidate}\r\n`));
      });
      receiver.once('failed', reject);
    });
    receiver.offer(await offered.text());
    await request(session, 'PATCH', await answered);
    return session;
  })();
  signaled.catch(() => undefined);
  return {
    untilPicture: async () => {
      await signaled;
      await receiver.untilMedia();
    },
    // A player that dies is found out by its silence, after 30 seconds: too long for a visit.
    leave: async () => {
      const session = await signaled;
      await request(session, 'DELETE');
      receiver.close();
    },
  };
}

async function request(url: URL, method: string, body?: string): Promise<Response> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  return fetch(url, { method, headers: SDP, signal, ...(body === undefined ? {} : { body }) });
}

async function until(what: string, isDone: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!isDone()) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
    await delay(POLL_MS);
  }
}
