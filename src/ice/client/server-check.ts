import { isIP } from 'node:net';
import type { IceServer } from '../types.js';
import { isRelay, parseIceUrl, type IceUrl } from '../ice-url.js';
import { LinkError, StunConnection, type LinkFault } from './stun-connection.js';
import { Allocation, bindingOf, StunError } from './turn-client.js';
import type { Endpoint } from './stun-message.js';

/** What became of one URL. */
export type ServerOutcome =
  | 'ok'
  | LinkFault
  /** TURN without a user name or a password. */
  | 'no-credentials'
  /** 401: the server does not take these credentials. */
  | 'wrong-credentials'
  /** Any other error answer. */
  | 'refused'
  /** It gave a relay that nothing comes through. */
  | 'relay-blocked'
  | 'no-url';

export interface ServerReport {
  readonly url: string;
  readonly relay: boolean;
  readonly outcome: ServerOutcome;
  /** Our address as the server sees it. */
  readonly mapped: Endpoint | null;
  readonly relayed: Endpoint | null;
  /** Whether a datagram came through the relay; null if that was not or could not be tried. */
  readonly echoed: boolean | null;
  /** The answer of the server or the error of the system. */
  readonly detail: string;
}

/** Milliseconds for each step. */
export const STEP_DEADLINE_MS = 5_000;
const ECHO_DEADLINE_MS = 2_000;

/** Uses every URL of a server as a browser would. Never rejects. */
export function checkServer(
  server: IceServer,
  deadline = STEP_DEADLINE_MS,
): Promise<ServerReport[]> {
  return Promise.all(server.urls.map((text) => checkUrl(text, server, deadline)));
}

async function checkUrl(text: string, server: IceServer, deadline: number): Promise<ServerReport> {
  const url = parseIceUrl(text);
  const report = {
    url: text,
    relay: url !== null && isRelay(url),
    mapped: null,
    relayed: null,
    echoed: null,
    detail: '',
  };
  if (!url) return { ...report, outcome: 'no-url' };
  try {
    return { ...report, ...(await use(url, server, deadline)) };
  } catch (error) {
    if (error instanceof LinkError) {
      return { ...report, outcome: error.fault, detail: error.message };
    }
    if (error instanceof StunError) {
      const outcome = error.code === 401 ? 'wrong-credentials' : 'refused';
      return { ...report, outcome, detail: error.message };
    }
    throw error;
  }
}

async function use(
  url: IceUrl,
  { username = '', credential = '' }: IceServer,
  deadline: number,
): Promise<Pick<ServerReport, 'outcome'> & Partial<ServerReport>> {
  if (isRelay(url) && (username === '' || credential === '')) return { outcome: 'no-credentials' };
  const connection = await StunConnection.open(url, deadline);
  try {
    if (!isRelay(url)) return { outcome: 'ok', mapped: await bindingOf(connection) };
    const allocation = await Allocation.request(connection, { username, credential });
    try {
      const echo = await allocation.echo(Math.min(deadline, ECHO_DEADLINE_MS));
      return {
        outcome: echo === 'lost' ? 'relay-blocked' : 'ok',
        mapped: allocation.mapped,
        relayed: allocation.relayed,
        echoed: echo === 'unknown' ? null : echo === 'ok',
      };
    } finally {
      await allocation.close();
    }
  } finally {
    connection.close();
  }
}

/** Whether an address means nothing outside of its own network (RFC 6890). */
export function isPrivate(address: string): boolean {
  if (isIP(address) === 6) return /^(::1$|f[cd]|fe[89ab])/i.test(address);
  const [first = 0, second = 0] = address.split('.').map(Number);
  return (
    first === 10 ||
    first === 127 ||
    (first === 172 && second >= 16 && second <= 31) ||
    (first === 192 && second === 168) ||
    (first === 169 && second === 254) ||
    (first === 100 && second >= 64 && second <= 127)
  );
}
