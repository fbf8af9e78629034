/** The tools of an agent that looks at a streamer and acts on it, for the Model Context Protocol. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { AgentEvent } from '../protocol/agent-input.js';
import { AgentRest, Refusal } from './rest.js';

const MAX_WAIT_MS = 10_000;
const MAX_TEXT = 4_000;

export interface McpOptions {
  readonly rest: AgentRest;
  /** What tools mean that name no streamer; null: the only one that there is. */
  readonly streamer: string | null;
  readonly version: string;
}

const streamer = z
  .string()
  .optional()
  .describe('Id of the streamer; may be left out if it is clear');
const x = z.number().int().min(0).describe('Pixels of the stream from its left edge');
const y = z.number().int().min(0).describe('Pixels of the stream from its upper edge');
const button = z.enum(['left', 'middle', 'right', 'back', 'forward']).optional();

const DIRECTIONS = {
  up: { dx: 0, dy: 1 },
  down: { dx: 0, dy: -1 },
  left: { dx: -1, dy: 0 },
  right: { dx: 1, dy: 0 },
} as const;

export function mcpServer(options: McpOptions): McpServer {
  const server = new McpServer({ name: 'moontee', version: options.version });
  const tools = new Tools(options);
  lookingTools(server, tools);
  pointerTools(server, tools);
  keyboardTools(server, tools);
  return server;
}

function lookingTools(server: McpServer, tools: Tools): void {
  server.registerTool(
    'list',
    { description: 'Lists the streamers: what can be looked at and acted on.', inputSchema: {} },
    () => tools.list(),
  );
  server.registerTool(
    'look',
    {
      description:
        'Shows the picture of a streamer as it is now. Coordinates of the other tools are pixels of the stream: if the picture is smaller, scale them.',
      inputSchema: {
        streamer,
        width: z.number().int().min(16).max(8_192).optional().describe('Makes the picture smaller'),
        format: z.enum(['png', 'jpg']).optional(),
      },
    },
    (wish) => tools.look(wish.streamer, wish.format ?? 'png', wish.width ?? null),
  );
  server.registerTool(
    'wait',
    {
      description: 'Waits, for what takes a while to happen.',
      inputSchema: { ms: z.number().int().min(0).max(MAX_WAIT_MS) },
    },
    async ({ ms }) => {
      await sleep(ms);
      return said(`Waited ${ms} ms`);
    },
  );
}

function pointerTools(server: McpServer, tools: Tools): void {
  server.registerTool(
    'click',
    {
      description: 'Moves the pointer and clicks. A count of 2 is a double click.',
      inputSchema: { streamer, x, y, button, count: z.number().int().min(1).max(3).optional() },
    },
    ({ streamer: id, ...click }) => tools.act(id, [{ type: 'click', ...given(click) }]),
  );
  server.registerTool(
    'move',
    { description: 'Moves the pointer.', inputSchema: { streamer, x, y } },
    ({ streamer: id, ...place }) => tools.act(id, [{ type: 'move', ...place }]),
  );
  server.registerTool(
    'drag',
    {
      description: 'Drags from one place to another.',
      inputSchema: { streamer, from_x: x, from_y: y, to_x: x, to_y: y, button },
    },
    ({ streamer: id, from_x, from_y, to_x, to_y, ...rest }) => {
      const [from, to] = [
        { x: from_x, y: from_y },
        { x: to_x, y: to_y },
      ];
      return tools.act(id, [{ type: 'drag', from, to, ...given(rest) }]);
    },
  );
  server.registerTool(
    'scroll',
    {
      description: 'Turns the wheel at a place.',
      inputSchema: {
        streamer,
        x,
        y,
        direction: z.enum(['up', 'down', 'left', 'right']),
        amount: z.number().int().min(1).max(100).optional().describe('Notches; default 3'),
      },
    },
    ({ streamer: id, direction, amount = 3, ...place }) => {
      const { dx, dy } = DIRECTIONS[direction];
      return tools.act(id, [{ type: 'scroll', ...place, dx: dx * amount, dy: dy * amount }]);
    },
  );
}

function keyboardTools(server: McpServer, tools: Tools): void {
  server.registerTool(
    'type',
    {
      description: 'Types text where the focus is. A line end is Enter.',
      inputSchema: { streamer, text: z.string().min(1).max(MAX_TEXT) },
    },
    ({ streamer: id, text }) => tools.act(id, [{ type: 'text', text }]),
  );
  server.registerTool(
    'key',
    {
      description:
        'Presses a key, or several at once: ["Enter"], ["Control", "c"], ["Alt", "F4"]. Names are those of KeyboardEvent.key or code.',
      inputSchema: { streamer, keys: z.array(z.string().min(1)).min(1).max(6) },
    },
    ({ streamer: id, keys }) => tools.act(id, [{ type: 'key', key: keys }]),
  );
}

/** What tools do; what fails is said to the agent, which may try something else. */
class Tools {
  readonly #options: McpOptions;

  constructor(options: McpOptions) {
    this.#options = options;
  }

  list(): Promise<CallToolResult> {
    return answering(async () => {
      const streamers = await this.#options.rest.streamers();
      const lines = streamers.map(
        ({ streamer_id, status, width, height }) =>
          `${streamer_id}: ${status}, ${width}x${height} pixels`,
      );
      return said(lines.length === 0 ? 'There are no streamers' : lines.join('\n'));
    });
  }

  look(
    id: string | undefined,
    format: 'png' | 'jpg',
    width: number | null,
  ): Promise<CallToolResult> {
    return answering(async () => {
      const { data, type, age } = await this.#options.rest.picture(
        await this.#streamer(id),
        format,
        width,
      );
      return {
        content: [
          { type: 'image', data: data.toString('base64'), mimeType: type },
          { type: 'text', text: `${age} ms old` },
        ],
      };
    });
  }

  act(id: string | undefined, events: readonly AgentEvent[]): Promise<CallToolResult> {
    return answering(async () => {
      await this.#options.rest.input(await this.#streamer(id), 'mcp', events);
      return said('Done');
    });
  }

  async #streamer(id: string | undefined): Promise<string> {
    const known = id ?? this.#options.streamer;
    if (known !== null) return known;
    const [only, ...others] = await this.#options.rest.streamers();
    if (only === undefined) throw new Refusal('There are no streamers');
    if (others.length > 0) throw new Refusal('There are several streamers: name one');
    return only.streamer_id;
  }
}

async function answering(work: () => Promise<CallToolResult>): Promise<CallToolResult> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ...said(error.message), isError: true };
  }
}

function said(text: string): CallToolResult {
  return { content: [{ type: 'text', text }] };
}

/** Without what is undefined. */
function given<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
