/**
 * Every key of the configuration: one schema for file, environment and flags. The keys of
 * the first block are those of the reference's `config.json` (signaling.md e.5), which is
 * accepted as it is.
 */
import * as t from 'io-ts';
import { RIGHTS } from '../core/rights.js';
import {
  argv,
  bindAddress,
  certificate,
  choice,
  desktopSocket,
  flag,
  headerName,
  httpUrl,
  iceServer,
  identity,
  integer,
  ipAddress,
  list,
  nat1to1,
  network,
  nullable,
  origin,
  outputTarget,
  pathPrefix,
  pin,
  portRange,
  text,
  transports,
  turnRest,
} from './codecs.js';

export interface Key<T> {
  readonly codec: t.Type<T>;
  readonly fallback: T;
  readonly doc: string;
  /** Environment variables that mean the same, besides `MOONTEE_<KEY>`. */
  readonly aliases: readonly string[];
  /** Never printed. */
  readonly secret: boolean;
}

function key<T>(
  codec: t.Type<T>,
  fallback: NoInfer<T>,
  doc: string,
  extra: { aliases?: readonly string[]; secret?: boolean } = {},
): Key<T> {
  return { codec, fallback, doc, aliases: extra.aliases ?? [], secret: extra.secret ?? false };
}

const milliseconds = integer(1, 86_400_000);

export const KEYS = {
  credentials: key(
    nullable(text),
    null,
    'The password of the REST interface and of viewers. Needed on every address but loopback.',
    { aliases: ['MOONLIGHT_CREDENTIALS'], secret: true },
  ),
  credentials_file: key(
    nullable(text),
    null,
    'File whose first line is the password, instead of `credentials`. What stands on a command line can be read by every user of the machine.',
  ),
  data_path: key(text, 'server/data.json', 'File of the hosts and their pairings.'),
  bind_address: key(bindAddress, '127.0.0.1:8080', 'Address and port of the HTTP server.'),
  moonlight_default_http_port: key(
    integer(1, 65_535),
    47_989,
    'HTTP port of a host that is added without one.',
  ),
  pair_device_name: key(
    text,
    'roth',
    'Accepted from configurations of the reference; hosts take no notice of it.',
  ),
  webrtc_ice_servers: key(
    nullable(list(iceServer)),
    null,
    'STUN and TURN servers for viewers and for our own side. null: Google’s public STUN servers, or none where the server is bound to loopback.',
    { secret: true },
  ),
  webrtc_port_range: key(
    nullable(portRange),
    null,
    'UDP ports of viewers’ media, one a viewer. null: any.',
  ),
  webrtc_nat_1to1: key(
    nullable(nat1to1),
    null,
    'Public addresses in front of this machine: `host` replaces ours in candidates, `srflx` adds them.',
  ),
  webrtc_network_types: key(
    list(choice('udp4', 'udp6', 'tcp4', 'tcp6')),
    ['udp4', 'udp6'],
    'Kinds of candidates that are offered.',
  ),
  web_path_prefix: key(pathPrefix, '', 'Path in front of everything, as browsers see it.'),
  certificate: key(
    nullable(certificate),
    null,
    'Key and certificate for HTTPS. Renewed files are used within seconds, or at SIGHUP, without a restart. null: HTTP.',
  ),
  streamer_path: key(
    nullable(t.string),
    null,
    'Accepted from configurations of the reference; not used.',
  ),

  log_level: key(
    choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    'info',
    'The least important lines that are logged.',
    { aliases: ['MOONTEE_LOG', 'RUST_LOG'] },
  ),
  log_format: key(
    choice('auto', 'text', 'json'),
    'auto',
    'How lines are logged: `text` for people, `json` for programs, one line each. `auto`: text on a terminal, JSON elsewhere.',
  ),
  pairing_pin: key(
    nullable(pin),
    null,
    'PIN for pairings without a person: the host must accept the same one.',
    { aliases: ['MOONLIGHT_INTERNAL_PAIRING_PIN'], secret: true },
  ),
  trusted_proxies: key(
    list(network),
    [],
    'Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.',
  ),
  identity: key(
    nullable(identity),
    null,
    'An identity provider whose tokens (JWT) are good here too. Its keys are at `jwks_url`, or in the file `jwks_path`. `claims` names the claims that hold `name` (default: `name`), `rights` (`moontee_rights`) and `streamers` (`moontee_streamers`, `*` for all); `a.b` is the `b` in `a`.',
  ),
  user_header: key(
    nullable(headerName),
    null,
    'Header in which `trusted_proxies` name the user that they have signed in. They must remove it from what clients send. From anybody else it is ignored.',
  ),
  proxy_user_rights: key(
    list(choice(...RIGHTS)),
    ['watch', 'pointer', 'keyboard', 'touch', 'gamepad'],
    'What users whom `user_header` names may do with every streamer.',
  ),
  allowed_origins: key(
    list(origin),
    [],
    'Origins of other sites that may use the interface from a browser (CORS and WebSocket). Empty: the same origin only.',
  ),
  peer_credentials: key(
    choice('required', 'optional'),
    'required',
    'Whether viewers of streamers that exist (`/api/streamers/ID/peer`) must show credentials. `optional` is for clients that send none, in a closed network: anyone who reaches the server can watch and steer every streamer. REST, and the socket that makes streamers, are not concerned. A page that is reached by a name, not an address, must be among `allowed_origins`.',
  ),
  viewer_transports: key(
    transports,
    ['webrtc', 'websocket'],
    'What the media of viewers may come over: `webrtc`, `websocket` (for networks that only let HTTPS through), or both.',
  ),
  desktop_socket: key(
    nullable(desktopSocket),
    null,
    'The socket that Helix’s own desktop bridge has, at `path`, with pictures and input on one connection. `streamer` is what it shows. Left out or null: the streamer whose id is the `session_id` of the query, or else of the first message. Clients show credentials in the `Authorization` of the upgrade, unless they connect from an address of `open_to` (default: none): there, anyone can watch and steer. null: off.',
  ),
  static_path: key(
    nullable(text),
    null,
    'Folder of another client’s static files, served beside the page and without credentials; the page’s own files come first. Read at the start; files and folders whose names begin with a dot, and links that lead out of it, are left out.',
  ),
  webrtc_local_addresses: key(
    list(ipAddress),
    [],
    'Addresses of this machine that candidates may use. Empty: all.',
  ),
  webrtc_interfaces: key(
    list(text),
    [],
    'Names of network interfaces whose addresses candidates may use. Empty: all.',
  ),
  webrtc_relay_only: key(flag, false, 'Use TURN relays only.'),
  webrtc_turn_rest: key(
    nullable(turnRest),
    null,
    'TURN servers that check credentials with a shared secret (coturn: use-auth-secret). Every viewer gets its own, good for `ttl` seconds.',
    { secret: true },
  ),
  webrtc_ice_servers_command: key(
    nullable(argv),
    null,
    'A program that prints more ICE servers as JSON; run without a shell whenever its last answer is used up.',
    { secret: true },
  ),
  webrtc_ice_servers_url: key(
    nullable(httpUrl),
    null,
    'Where more ICE servers are fetched as JSON whenever the last answer is used up. A user and a password in it are sent as basic authentication.',
    { secret: true },
  ),

  webrtc_mtu: key(
    integer(576, 1_400),
    1_200,
    'Bytes of an RTP packet of video at most. Less is for paths that carry less, as some tunnels do.',
  ),
  pipelines_path: key(
    nullable(text),
    null,
    'Folder of own templates (`NAME.launch`), which take the place of those in `pipelines/`. They are validated at the start: names, placeholders and named elements of the shipped template must be there, and no element may reach files, sockets or programs.',
  ),
  failure_graphs: key(
    integer(0, 1_000),
    20,
    'Graphs of failed pipelines that are kept as `failed-pipelines/*.dot` beside `data_path`; the oldest go. 0: none.',
  ),

  max_streamers: key(integer(1, 1_000), 16, 'Streamers at a time.'),
  max_viewers: key(integer(1, 1_000), 50, 'Viewers of one streamer.'),
  max_pads_per_viewer: key(
    integer(1, 16),
    4,
    'Gamepads of one viewer; a host has 16 for all of them.',
  ),
  max_connections: key(
    integer(10, 100_000),
    2_000,
    'TCP connections at a time. Where all are taken, the oldest of the address that has the most ends for a newcomer, unless it has shown credentials.',
  ),
  max_connections_per_address: key(
    integer(1, 100_000),
    1_000,
    'TCP connections of one address (IPv6: of one /64) that have not shown credentials. Those of `trusted_proxies` are not counted.',
  ),
  max_requests_per_address: key(
    integer(1, 100_000),
    250,
    'Requests of one address without credentials that are being answered at a time. Behind `trusted_proxies` it is the address of the client.',
  ),
  max_pending_sockets: key(
    integer(1, 100_000),
    500,
    'Viewer sockets that have not authenticated yet. Where all are taken, the address that has the most loses its oldest to a newcomer of another.',
  ),
  max_pending_sockets_per_address: key(
    integer(1, 100_000),
    250,
    'Of these, those of one address (IPv6: of one /64). Behind `trusted_proxies` it is the address of the client.',
  ),
  max_body_bytes: key(integer(1_024, 67_108_864), 16_384, 'Bytes of a request body.'),
  max_message_bytes: key(
    integer(1_024, 16_777_216),
    65_536,
    'Bytes of a WebSocket message; each kind of message has its own limit below it (the first one 16 384, a description 32 768).',
  ),
  max_messages_per_second: key(
    integer(1, 100_000),
    200,
    'Messages of one viewer socket in a second.',
  ),
  auth_failures_per_minute: key(
    integer(1, 1_000_000),
    60,
    'Wrong credentials of one address (IPv6: of one /64) in a minute before it is told to wait. The right ones are always let in.',
  ),
  creations_per_minute: key(
    integer(1, 1_000_000),
    300,
    'Streamers and pairings that one address (IPv6: one /64) may ask for in a minute.',
  ),

  redemptions_per_minute: key(
    integer(1, 1_000_000),
    30,
    'Tries to come by a link that one address (IPv6: one /64) has in a minute.',
  ),
  max_tokens: key(
    integer(1, 10_000),
    1_000,
    'Tokens of one streamer that have not expired, and as many links.',
  ),

  agent_pause_ms: key(
    integer(0, 60_000),
    2_000,
    'Time without input of persons after which the input of an agent goes on. 0: persons do not pause agents.',
  ),
  auth_timeout_ms: key(milliseconds, 5_000, 'Time a viewer has to authenticate.'),
  ping_interval_ms: key(milliseconds, 5_000, 'Time between pings to viewers.'),
  ping_timeout_ms: key(
    milliseconds,
    12_000,
    'Silence after which a viewer is gone: nothing received and no ping answered.',
  ),
  request_timeout_ms: key(
    milliseconds,
    10_000,
    'Time a client has to send a whole request, and before that for the handshake of TLS.',
  ),
  create_timeout_ms: key(
    milliseconds,
    25_000,
    'Time from the creation of a streamer to its connection with the host.',
  ),
  app_wait_ms: key(
    integer(0, 86_400_000),
    20_000,
    'Time that a creation waits for an app that the host does not list yet.',
  ),
  stop_timeout_ms: key(
    integer(100, 60_000),
    3_000,
    'Time a streamer has to end its session before it is killed.',
  ),
  heartbeat_interval_ms: key(
    integer(50, 10_000),
    500,
    'Time between signs of life of a streamer process.',
  ),
  heartbeat_timeout_ms: key(
    integer(500, 60_000),
    4_000,
    'Silence after which a streamer process counts as hung; time in which the machine did not let it run is left out, up to eight times as much.',
  ),
  streamer_memory_mib: key(
    integer(256, 1_048_576),
    2_048,
    'Memory (resident) that a streamer process may take. One that takes more is ended, and started again as `end_policy` says.',
  ),
  streamer_niceness: key(
    integer(-20, 19),
    -5,
    'Priority of streamer processes, as of nice(2): media goes before REST. Without the right to it (root, CAP_SYS_NICE, LimitNICE=) they stay as the server is. As a flag in one word: `--streamer-niceness=-5`.',
  ),

  end_policy: key(
    choice('keep', 'restart', 'end'),
    'restart',
    'When a session ends by itself. end: so does the streamer. restart: try again, unless the host said that it is over. keep: try again, always.',
  ),
  restart_backoff_min_ms: key(milliseconds, 1_000, 'Wait before the first restart; doubles.'),
  restart_backoff_max_ms: key(milliseconds, 30_000, 'Longest wait between restarts.'),
  restart_max_attempts: key(
    integer(0, 1_000),
    5,
    'Restarts, of sessions as well as of streamer processes, without a stable one in between before a streamer fails (policy restart). A host that does not answer is waited for and not counted.',
  ),
  restart_stable_ms: key(
    milliseconds,
    60_000,
    'A session that showed pictures for as long is stable: the count of restarts starts again.',
  ),
  failure_retention_ms: key(
    milliseconds,
    300_000,
    'Time that a failed streamer can still be asked why (policy keep: until it is deleted).',
  ),
  legacy_grace_ms: key(
    integer(0, 86_400_000),
    60_000,
    'Time that a streamer of /api/host/stream outlives its last viewer.',
  ),
  recordings_path: key(
    nullable(text),
    null,
    'Folder of the recordings, each in a folder of its own. null: recording is off.',
  ),
  max_recordings: key(integer(1, 1_000), 4, 'Recordings at a time, of all streamers.'),
  recording_file_mib: key(
    integer(1, 1_048_576),
    1_024,
    'Size at which a recording goes on in another file, from the next key frame on.',
  ),
  recording_file_ms: key(
    integer(1_000, 86_400_000),
    3_600_000,
    'Duration at which a recording goes on in another file.',
  ),
  recording_duration_ms: key(
    integer(1_000, 2_592_000_000),
    14_400_000,
    'Duration at which a recording ends.',
  ),
  recordings_mib: key(
    integer(1, 1_073_741_824),
    51_200,
    'Size of all recordings. A recording that is started gets an equal share of what is left, and ends when it has used it.',
  ),
  recordings_retention_ms: key(
    integer(0, 31_536_000_000),
    0,
    'Time after which an ended recording is removed. 0: never.',
  ),
  outputs_allowed: key(
    list(outputTarget),
    [],
    'What outputs may send to: `https://HOST:PORT/PATH` and what is below that path, `rtp://HOST:PORT` or `rtp://HOST:PORT-PORT`; in the place of HOST also a network with a port (`rtp://10.0.0.0/24:5004`, `http://[fd00::]/8:8889/`). Empty: nothing. Loopback has to be listed too.',
  ),
  max_outputs: key(integer(1, 100), 4, 'Outputs of one streamer.'),
  restore_streamers: key(flag, false, 'Start the streamers of before again after a restart.'),
  unpair_on_delete: key(
    flag,
    true,
    'Deleting a streamer has the host forget its identity if nothing else uses it, as far as the host can. It is paired again with pairing_pin when it is wanted again.',
  ),
  quit_app_on_delete: key(
    flag,
    true,
    'Deleting a streamer quits its app on the host, unless other streamers use it too.',
  ),
} as const;

export type ConfigKey = keyof typeof KEYS;

type ValueOf<K> = K extends Key<infer T> ? T : never;

/** The whole configuration, every key with its value. */
export type Config = { readonly [K in ConfigKey]: ValueOf<(typeof KEYS)[K]> };

export const CONFIG_KEYS = Object.keys(KEYS) as ConfigKey[];

/** `bind_address` → `MOONTEE_BIND_ADDRESS`. */
export function environmentName(name: ConfigKey): string {
  return `MOONTEE_${name.toUpperCase()}`;
}

/** `bind_address` → `bind-address`. */
export function flagName(name: ConfigKey): string {
  return name.replaceAll('_', '-');
}
