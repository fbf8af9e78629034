import { isRight } from 'fp-ts/lib/Either.js';
import { describeIssues } from '../codec/issues.js';
import { loadConfig } from '../config/load.js';
import { CreateStreamerRequest } from '../protocol/create-models.js';
import type { StreamerInfo } from '../protocol/rest-models.js';
import { askRunningServer } from './data-folder.js';
import type { Invocation } from './invocation.js';
import { note, print, printJson, printTable } from './output.js';
import { CREATE_OPTIONS } from './streamer-options.js';
import { UsageError } from './usage.js';

/** `moontee streamers list`: a line each. */
export async function list(call: Invocation): Promise<number> {
  const { config } = loadConfig(call.settings);
  const found: StreamerInfo[] = [];
  await askRunningServer(config, { command: 'streamers' }, (item) => {
    if ('streamer' in item) found.push(item.streamer);
  });
  if (call.flag('json')) {
    printJson({ streamers: found });
    return 0;
  }
  printTable(found.map(cellsOf));
  if (found.length === 0)
    note("There is none. 'moontee streamers create HOST_ID APP_ID' makes one.");
  return 0;
}

/** `moontee streamers create HOST_ID APP_ID [--id ID] [--bitrate …] …`. */
export async function create(call: Invocation): Promise<number> {
  const { config } = loadConfig(call.settings);
  const given: Record<string, unknown> = {
    host_id: Number(call.argument(0)),
    app_id: Number(call.argument(1)),
  };
  for (const { name, key } of CREATE_OPTIONS) {
    const value = call.number(name) ?? call.text(name) ?? (call.flag(name) ? true : undefined);
    if (value !== undefined) given[key] = value;
  }
  const request = CreateStreamerRequest.decode(given);
  if (!isRight(request)) {
    throw new UsageError(describeIssues(request.left), 'streamers create');
  }
  const made: StreamerInfo[] = [];
  await askRunningServer(config, { command: 'create_streamer', request: request.right }, (item) => {
    if ('streamer' in item) made.push(item.streamer);
  });
  for (const streamer of made) {
    if (call.flag('json')) printJson(streamer);
    else print(`Streamer ${streamer.streamer_id} is ${streamer.status}: ${pictureOf(streamer)}.`);
  }
  return 0;
}

/** `moontee streamers delete ID [--keep-app]`. */
export async function remove(call: Invocation): Promise<number> {
  const { config } = loadConfig(call.settings);
  const streamer_id = call.argument(0);
  const quit_app = call.flag('keep-app') ? false : null;
  const command = { command: 'delete_streamer', streamer_id, quit_app } as const;
  await askRunningServer(config, command, () => undefined);
  if (call.flag('json')) printJson({ streamer_id });
  else print(`Streamer ${streamer_id} is deleted.`);
  return 0;
}

function cellsOf(streamer: StreamerInfo): string[] {
  const { streamer_id: id, status, host_id, app_id, connected_peers: viewers } = streamer;
  return [
    id,
    status,
    `host ${host_id}, app ${app_id}`,
    pictureOf(streamer),
    `${viewers} ${viewers === 1 ? 'viewer' : 'viewers'}`,
    streamer.failure === null ? '' : `${streamer.failure.reason} (${streamer.failure.code})`,
  ];
}

function pictureOf({ width, height, fps, codec }: StreamerInfo): string {
  return `${width}x${height} at ${fps}${codec === null ? '' : `, ${codec}`}`;
}
