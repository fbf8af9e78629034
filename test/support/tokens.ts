/** Tokens and links of a test server, by its own REST interface. */
import type { Right } from '../../src/core/rights.js';
import type { NewShare, NewToken } from '../../src/protocol/access-models.js';
import type { Answer, TestServer } from './server.js';

export function bearer(token: string): { Authorization: string } {
  return { Authorization: `Bearer ${token}` };
}

/** @throws if the server does not make one */
export async function makeToken(
  server: TestServer,
  streamerId: string,
  rights: readonly Right[],
  more: { name?: string; expires_in_s?: number } = {},
): Promise<NewToken> {
  const path = `/api/streamers/${streamerId}/tokens`;
  return made(await server.ask('POST', path, { body: { rights, ...more } })) as NewToken;
}

export async function makeShare(
  server: TestServer,
  streamerId: string,
  rights: readonly Right[],
  more: { expires_in_s?: number; max_uses?: number; pin?: string } = {},
): Promise<NewShare> {
  const path = `/api/streamers/${streamerId}/shares`;
  return made(await server.ask('POST', path, { body: { rights, ...more } })) as NewShare;
}

export function redeem(server: TestServer, body: unknown): Promise<Answer> {
  return server.ask('POST', '/api/shares/redeem', { body, headers: { Authorization: '' } });
}

function made({ status, text, json }: Answer): unknown {
  if (status !== 201) throw new Error(`${status}: ${text}`);
  return json;
}
