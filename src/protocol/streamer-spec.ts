import * as t from 'io-ts';
import { Integer } from '../codec/integer.js';
import type { ParentMessage } from './ipc.js';
import { Settings } from './ipc.js';

/** What a streamer was asked to be: enough to start it again. */
export const StreamerSpec = t.type(
  {
    streamer_id: t.string,
    /** Names the identity that is used towards the host; null is the host's own pairing. */
    client_unique_id: t.union([t.string, t.null]),
    host_id: Integer,
    app_id: Integer,
    settings: Settings,
  },
  'StreamerSpec',
);
export type StreamerSpec = t.TypeOf<typeof StreamerSpec>;

/** The first message to a child. */
export type InitMessage = Extract<ParentMessage, { Init: unknown }>['Init'];

/**
 * The host, the app and the identity of a session: the part of `Init` that comes from hosts and
 * pairings.
 */
export type SessionTarget = Pick<
  InitMessage,
  | 'host_address'
  | 'host_http_port'
  | 'host_unique_id'
  | 'client_private_key_pem'
  | 'client_certificate_pem'
  | 'server_certificate_pem'
>;
