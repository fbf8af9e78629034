import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { AgentRest } from '../mcp/rest.js';
import { mcpServer } from '../mcp/server.js';
import { packageVersion } from '../core/package-version.js';
import type { Invocation } from './invocation.js';
import { UsageError } from './usage.js';

/**
 * `moontee mcp --url URL [--token TOKEN | --token-file FILE] [--streamer ID]`: tools for an agent, over
 * standard input and output. It ends with its input.
 */
export async function mcp(call: Invocation): Promise<number> {
  const given = call.text('token');
  // Takes the place of the arguments, which other users can read.
  if (given !== undefined) process.title = 'moontee mcp';
  const token = given ?? tokenOf(call.text('token-file'));
  const server = mcpServer({
    rest: new AgentRest(call.text('url') ?? '', token),
    streamer: call.text('streamer') ?? null,
    version: packageVersion(),
  });
  const ended = once(process.stdin, 'close');
  await server.connect(new StdioServerTransport());
  await ended;
  await server.close();
  return 0;
}

function tokenOf(file: string | undefined): string | null {
  if (file === undefined) return process.env['MOONTEE_TOKEN'] ?? null;
  try {
    return readFileSync(file, 'utf8').split('\n', 1)[0]?.trim() ?? null;
  } catch (cause) {
    throw new UsageError(`${file} cannot be read`, 'mcp', { cause });
  }
}
