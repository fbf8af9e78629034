/** What the command line asks of a running server over its socket in the data folder, and gets. */
import * as t from 'io-ts';
import { Integer } from '../codec/integer.js';
import { CreateStreamerRequest } from './create-models.js';
import { PairStatus, ServerState, StreamerInfo } from './rest-models.js';
import { AppMessage } from './viewer-messages.js';

const hostId = { host_id: Integer };

/** These need no server: who owns the data folder can do them. */
export const HostCommand = t.union(
  [
    t.type({
      command: t.literal('pair'),
      address: t.string,
      http_port: Integer,
      /** Four digits; null: the configured one, else a random one. */
      pin: t.union([t.string, t.null]),
    }),
    t.type({ command: t.literal('unpair'), ...hostId }),
    t.type({ command: t.literal('forget'), ...hostId }),
    t.type({ command: t.literal('hosts') }),
    t.type({ command: t.literal('apps'), ...hostId }),
    t.type({ command: t.literal('wake'), ...hostId }),
  ],
  'HostCommand',
);
export type HostCommand = t.TypeOf<typeof HostCommand>;

/** Of the process that serves. */
const ServerCommand = t.union([
  t.type({ command: t.literal('streamers') }),
  t.type({ command: t.literal('create_streamer'), request: CreateStreamerRequest }),
  t.type({
    command: t.literal('delete_streamer'),
    streamer_id: t.string,
    /** null: as the server is configured. */
    quit_app: t.union([t.boolean, t.null]),
  }),
  t.type({
    command: t.literal('drain'),
    /** Milliseconds after which viewers are not waited for any more; null: no end. */
    timeout: t.union([Integer, t.null]),
  }),
  t.type({ command: t.literal('backup') }),
]);

export const ControlCommand = t.union([HostCommand, ServerCommand], 'ControlCommand');
export type ControlCommand = t.TypeOf<typeof ControlCommand>;
export type ServerCommand = t.TypeOf<typeof ServerCommand>;

/** A host in a list. */
const ListedHost = t.type({
  host_id: Integer,
  name: t.string,
  address: t.string,
  http_port: Integer,
  paired: PairStatus,
  /** null: it does not answer. */
  server_state: t.union([ServerState, t.null]),
});
export type ListedHost = t.TypeOf<typeof ListedHost>;

/** One thing that a command answers or reports; how many come depends on the command. */
export const ControlItem = t.union(
  [
    /** To be entered on the host now. */
    t.type({ pin: t.string }),
    t.type({ host: ListedHost }),
    t.type({ app: AppMessage }),
    t.type({ streamer: StreamerInfo }),
    /** How many are left while the server drains. */
    t.type({ viewers: Integer }),
    t.type({ file: t.type({ name: t.string, content: t.string }) }),
  ],
  'ControlItem',
);
export type ControlItem = t.TypeOf<typeof ControlItem>;
