import type * as t from 'io-ts';
import type { Access } from '../access/gate.js';
import { ControlInfo, ControlRequest, HeldInputList } from '../protocol/company-messages.js';
import { AgentInputAnswer, AgentInputRequest } from '../protocol/agent-input.js';
import {
  CreateShareRequest,
  CreateTokenRequest,
  NewShare,
  NewToken,
  PatchViewerRequest,
  RedeemShareRequest,
  ShareList,
  TokenList,
} from '../protocol/access-models.js';
import { CreateStreamerRequest } from '../protocol/create-models.js';
import {
  AddHostRequest,
  AdminStatus,
  AppList,
  ErrorAnswer,
  Health,
  HostAnswer,
  HostId,
  HostList,
  OutputInfo,
  OutputList,
  PutOutputRequest,
  Readiness,
  RecordingInfo,
  RecordingList,
  SessionList,
  StreamerInfo,
  StreamerList,
  Success,
} from '../protocol/rest-models.js';

export interface Answer {
  readonly doc: string;
  /** Of a JSON body. */
  readonly codec?: t.Mixed;
  /** Of any other body. */
  readonly type?: string;
}

export interface Operation {
  readonly method: 'get' | 'head' | 'options' | 'put' | 'post' | 'patch' | 'delete';
  /** With parameters in braces. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly query?: Readonly<
    Record<string, { type: 'integer' | 'boolean' | 'string'; required?: boolean }>
  >;
  readonly body?: t.Mixed;
  /** Media type of a body that is not JSON. */
  readonly bodyType?: string;
  readonly answers: Readonly<Record<number, Answer>>;
  /** Requires an administrator unless stated otherwise. */
  readonly access?: Access;
}

const failed = (doc: string): Answer => ({ doc, codec: ErrorAnswer });
const done: Answer = { doc: 'Done' };

const hostId = { host_id: { type: 'integer', required: true } } as const;
const refresh = { force_refresh: { type: 'boolean' } } as const;
const noHost = failed('No such host');
const noStreamer = failed('No such streamer');
const noViewer = failed('No such streamer or viewer');
const mayNot = failed('The caller does not have the right');
const noOutput = failed('No such streamer or output');
const noRecording = failed('No such recording, or recording is off');

/** Every operation of the REST interface. The routes are compared with it in a test. */
export const OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/healthz',
    summary: 'Whether the process is alive',
    description: 'For supervisors: one that does not get this answer may restart the server.',
    answers: { 200: { doc: 'It is', codec: Health } },
    access: 'open',
  },
  {
    method: 'get',
    path: '/readyz',
    summary: 'Whether the server can serve whoever comes now',
    description:
      'For load balancers. The server is not ready while it drains, if it has lost its data folder, or if streamer processes cannot be started. The last is found out by starting one; the result counts for five minutes, a failure for ten seconds.',
    answers: {
      200: { doc: 'It is ready', codec: Readiness },
      503: { doc: 'It is not, for the reasons named', codec: Readiness },
    },
    access: 'open',
  },
  {
    method: 'get',
    path: '/config.js',
    summary: 'Settings of the page, as a module',
    answers: { 200: { doc: 'An ES module', type: 'text/javascript' } },
    access: 'open',
  },
  {
    method: 'get',
    path: '/api/authenticate',
    summary: 'Whether the credentials are right',
    answers: { 200: done },
    access: 'known',
  },
  {
    method: 'get',
    path: '/api/hosts',
    summary: 'All hosts, in short',
    answers: { 200: { doc: 'Hosts', codec: HostList } },
  },
  {
    method: 'get',
    path: '/api/host',
    summary: 'One host',
    query: { ...hostId, ...refresh },
    answers: {
      200: { doc: 'The host', codec: HostAnswer },
      404: noHost,
      500: failed('It does not answer'),
    },
  },
  {
    method: 'put',
    path: '/api/host',
    summary: 'Adds a host',
    description: 'A host of that address and port that is known already is answered as it is.',
    body: AddHostRequest,
    answers: {
      200: { doc: 'The host', codec: HostAnswer },
      400: failed('It answers something else than a host does'),
      404: failed('It does not answer'),
      500: failed('It stopped answering'),
    },
  },
  {
    method: 'delete',
    path: '/api/host',
    summary: 'Forgets a host and its pairing',
    query: hostId,
    answers: { 200: done, 404: noHost },
  },
  {
    method: 'post',
    path: '/api/pair',
    summary: 'Pairs with a host',
    description:
      'Two JSON texts in one answer, each a chunk of its own: `{"Pin":"1234"}` at once, then `{"Paired":DetailedHost}` or `"PairError"` when the PIN was entered at the host.',
    body: HostId,
    answers: {
      200: { doc: 'The two parts', type: 'application/x-ndjson' },
      304: { doc: 'It is paired already' },
      404: noHost,
      429: failed('Too many in a minute'),
    },
  },
  {
    method: 'post',
    path: '/api/host/wake',
    summary: 'Wakes a host by its MAC address',
    body: HostId,
    answers: { 200: done, 404: noHost, 500: failed('No MAC known, or not sent') },
  },
  {
    method: 'post',
    path: '/api/host/unpair',
    summary: 'Forgets the pairing with a host',
    description:
      'Hosts have no way to be told: they keep the certificate until it is removed there.',
    body: HostId,
    answers: { 200: done, 404: noHost },
  },
  {
    method: 'post',
    path: '/api/host/cancel',
    summary: 'Quits the app that runs on a host',
    body: HostId,
    answers: {
      200: { doc: 'Done', codec: Success },
      404: noHost,
      500: failed('The host did not do it'),
    },
  },
  {
    method: 'get',
    path: '/api/apps',
    summary: 'Apps of a host',
    query: { ...hostId, ...refresh },
    answers: {
      200: { doc: 'Apps', codec: AppList },
      404: noHost,
      500: failed('Unpaired or unreachable'),
    },
  },
  {
    method: 'get',
    path: '/api/app/image',
    summary: 'The picture of an app',
    query: { ...hostId, app_id: { type: 'integer', required: true }, ...refresh },
    answers: {
      200: { doc: 'An image, usually PNG', type: 'application/octet-stream' },
      404: failed('No such host, or the app has no picture'),
      500: failed('Unpaired or unreachable'),
    },
  },
  {
    method: 'post',
    path: '/api/streamers',
    summary: 'Makes a streamer and starts its session',
    description:
      'Answers when the session with the host is connected, or after some 25 seconds with an error; `wait=false` answers at once. Of several requests with one `streamer_id` exactly one succeeds, the others get 409 and change nothing, so that a retry is always safe: after a 409 GET tells what there is. A request with the header `Idempotency-Key` that is repeated with the same settings is answered with the streamer that the first one made, and waits for it as the first did. A streamer that has failed gives its id up; one that is being deleted is waited for. Settings may stand in the body itself or in `settings`.',
    query: { wait: { type: 'boolean' } },
    body: CreateStreamerRequest,
    answers: {
      200: { doc: 'The streamer', codec: StreamerInfo },
      400: failed('Bad request, or the host is not paired'),
      404: failed('No such host or app'),
      409: failed('There is a streamer of that id, or the host is busy'),
      429: failed('Too many in a minute'),
      500: failed('The streamer could not be started'),
      502: failed('The host refused'),
      503: failed('A limit is reached'),
      504: failed('Not connected in time'),
    },
  },
  {
    method: 'get',
    path: '/api/streamers',
    summary: 'All streamers, oldest first',
    description:
      'Failed ones stay in the list for a while, so that they can be asked why. A viewer gets those that are its own, without what is of others.',
    answers: { 200: { doc: 'Streamers', codec: StreamerList } },
    access: 'known',
  },
  {
    method: 'get',
    path: '/api/streamers/{id}',
    summary: 'One streamer',
    description:
      'A viewer gets it without outputs, client and reasons for operators; `peers` are for those who manage it.',
    answers: { 200: { doc: 'The streamer', codec: StreamerInfo }, 404: noStreamer },
    access: 'member',
  },
  {
    method: 'delete',
    path: '/api/streamers/{id}',
    summary: 'Ends a streamer: viewers are told and closed, the session ends, the process exits',
    description:
      '`quit_app=false` leaves the app running on the host; `quit_app=true` quits it even if other streamers use it, which start it again. By default it is quit with the last streamer that uses it.',
    query: { quit_app: { type: 'boolean' } },
    answers: { 204: done, 404: noStreamer },
  },
  {
    method: 'get',
    path: '/api/streamers/{id}/stats',
    summary: 'Statistics of session, pipeline and peers',
    answers: {
      200: { doc: '`{"stats": …}`', type: 'application/json' },
      404: noStreamer,
      409: failed('It has no session now'),
      504: failed('It did not answer in time'),
    },
  },
  {
    method: 'get',
    path: '/api/streamers/{id}/dot',
    summary: 'The media graph in Graphviz’s language',
    answers: {
      200: { doc: 'A digraph', type: 'text/vnd.graphviz' },
      404: noStreamer,
      409: failed('It has no session now'),
      504: failed('It did not answer in time'),
    },
  },
  {
    method: 'get',
    path: '/api/streamers/{id}/control',
    summary: 'Who steers, and whose the pads are',
    answers: { 200: { doc: 'Control', codec: ControlInfo }, 404: noStreamer },
    access: 'watch',
  },
  {
    method: 'put',
    path: '/api/streamers/{id}/control',
    summary: 'Changes who steers, and whose the pads are',
    description:
      'What is left out stays as it is. In the mode `single` one viewer has pointer, keyboard and touch, and every viewer its own pads; in the mode `locked` nobody has any of them. What a viewer loses the right to is released at once, and all viewers are told. It lasts as long as the streamer, whatever becomes of its session.',
    body: ControlRequest,
    answers: {
      200: { doc: 'Control', codec: ControlInfo },
      400: failed('Bad request, or a holder in a mode that has none'),
      403: failed('The holder has no right to steer, or the caller none to manage'),
      404: failed('No such streamer or viewer'),
    },
    access: 'manage',
  },
  {
    method: 'get',
    path: '/api/streamers/{id}/input',
    summary: 'What is held at the host, and by whom',
    answers: {
      200: { doc: 'Viewers who hold something, or have a pad', codec: HeldInputList },
      403: mayNot,
      404: noStreamer,
      409: failed('It has no session now'),
      504: failed('It did not answer in time'),
    },
    access: 'manage',
  },
  {
    method: 'delete',
    path: '/api/streamers/{id}/input',
    summary: 'Lets go of what is held',
    description:
      'Of everything, or of what the viewer `peer_id` holds. It stays so until it is pressed anew.',
    query: { peer_id: { type: 'string' } },
    answers: {
      204: done,
      403: mayNot,
      404: failed('No such streamer or viewer'),
      409: failed('It has no session now'),
      504: failed('It did not answer in time'),
    },
    access: 'manage',
  },
  {
    method: 'post',
    path: '/api/streamers/{id}/recordings',
    summary: 'Starts a recording',
    description:
      'It begins with the next key frame and goes on until it is stopped, its streamer ends or a limit is reached. Without `recordings_path` in the configuration, recording is off.',
    answers: {
      201: { doc: 'The recording', codec: RecordingInfo },
      404: failed('No such streamer, or recording is off'),
      409: failed('The streamer has no session now'),
      500: failed('The recording could not be started'),
      503: failed('A limit is reached'),
      504: failed('The streamer did not answer in time'),
    },
  },
  {
    method: 'get',
    path: '/api/streamers/{id}/recordings',
    summary: 'All recordings of a streamer, oldest first',
    description: 'Recordings outlive their streamer.',
    answers: { 200: { doc: 'Recordings', codec: RecordingList }, 404: noRecording },
  },
  {
    method: 'get',
    path: '/api/streamers/{id}/recordings/{recording}',
    summary: 'One recording',
    answers: { 200: { doc: 'The recording', codec: RecordingInfo }, 404: noRecording },
  },
  {
    method: 'delete',
    path: '/api/streamers/{id}/recordings/{recording}',
    summary: 'Stops a recording',
    description:
      'Its files stay and are complete when this is answered. `files=true` removes them too.',
    query: { files: { type: 'boolean' } },
    answers: {
      204: done,
      404: noRecording,
      409: failed('The streamer has no session now'),
      504: failed('The streamer did not answer in time'),
    },
  },
  {
    method: 'get',
    path: '/api/streamers/{id}/recordings/{recording}/files/{number}',
    summary: 'A file of a recording, from 1',
    description: 'One range may be asked for. The file of a running recording grows.',
    answers: {
      200: { doc: 'The file', type: 'video/x-matroska' },
      206: { doc: 'A range of it', type: 'video/x-matroska' },
      404: noRecording,
      416: { doc: 'No such range' },
    },
  },
  {
    method: 'get',
    path: '/api/streamers/{id}/outputs',
    summary: 'All outputs of a streamer',
    answers: { 200: { doc: 'Outputs', codec: OutputList }, 404: noStreamer },
  },
  {
    method: 'get',
    path: '/api/streamers/{id}/outputs/{name}',
    summary: 'One output',
    answers: { 200: { doc: 'The output', codec: OutputInfo }, 404: noOutput },
  },
  {
    method: 'put',
    path: '/api/streamers/{id}/outputs/{name}',
    summary: 'Sends the media of a streamer to another server as well',
    description:
      'Takes the place of an output of that name; one that is the same goes on, unless it has failed. The target must be listed in `outputs_allowed`. An output belongs to its streamer: it begins again with each process, and is restored with it. While its receiver is not reached it tries again by itself.',
    body: PutOutputRequest,
    answers: {
      200: { doc: 'The output, which was there', codec: OutputInfo },
      201: { doc: 'The output', codec: OutputInfo },
      400: failed('Bad request'),
      403: failed('The target is not listed'),
      404: noStreamer,
      409: failed('The streamer is stopping'),
      502: failed('The name of the target cannot be resolved'),
      503: failed('A limit is reached'),
    },
  },
  {
    method: 'delete',
    path: '/api/streamers/{id}/outputs/{name}',
    summary: 'Ends an output',
    answers: { 204: done, 404: noOutput },
  },
  {
    method: 'post',
    path: '/api/streamers/{id}/input',
    summary: 'Executes a list of input events',
    description:
      'Everything is checked before anything is sent; a refusal names the event by its index. The events are executed in order, as a viewer of its own, and the answer comes when the last one has gone to the host; then everything that is still held is released. Lists of one streamer wait for each other. A person who does something pauses a list between two events (`agent_pause_ms`), and ends it in the midst of one or while it holds something. A caller that leaves ends its list. See docs/agents.md.',
    body: AgentInputRequest,
    answers: {
      200: { doc: 'All of them have gone to the host', codec: AgentInputAnswer },
      400: failed('An event is wrong'),
      403: failed('An event needs a right that the caller does not have now'),
      404: noStreamer,
      409: failed('The streamer has no session now, or a person has taken over'),
      503: failed('A limit is reached'),
      504: failed('Not executed in time'),
    },
    access: 'member',
  },
  ...(['png', 'jpg'] as const).map((ending): Operation => ({
    method: 'get',
    access: 'watch',
    path: `/api/streamers/{id}/snapshot.${ending}`,
    summary: `The picture of a streamer as ${ending === 'png' ? 'PNG' : 'JPEG'}`,
    description:
      'The first one waits for a key frame of the host. It is `max_age_ms` old at most (default 250), unless nothing has come from the host since. `width` makes it smaller. `Moontee-Picture-Age` tells its age in milliseconds.',
    query: { width: { type: 'integer' }, max_age_ms: { type: 'integer' } },
    answers: {
      200: { doc: 'The picture', type: ending === 'png' ? 'image/png' : 'image/jpeg' },
      304: { doc: 'It is the one of `If-None-Match`' },
      400: failed('Bad request'),
      404: noStreamer,
      409: failed('The streamer has no session now'),
      429: failed('Too many in a second'),
      500: failed('There is no decoder for the codec of the stream, or it failed'),
      503: failed('A limit is reached'),
      504: failed('No picture came in time'),
    },
  })),
  {
    method: 'get',
    path: '/api/streamers/{id}/peer',
    summary: 'WebSocket of a viewer',
    description:
      'Messages: see `x-websocket-messages`. Credentials by header or first message; without those in the header, whether the streamer exists is told after the first message.',
    answers: {
      101: { doc: 'A WebSocket' },
      400: failed('No upgrade'),
      403: failed('A page of another site'),
      404: noStreamer,
      429: failed('Too many wrong credentials'),
      503: failed('Too many sockets that have not authenticated'),
    },
    access: 'watch',
  },
  {
    method: 'get',
    path: '/api/streamers/{id}/media',
    summary: 'WebSocket of a viewer’s media',
    description:
      'Binary messages of the subprotocol `moontee.media.v1`, see docs/protocol/signaling.md, section d. `t` is a ticket that the viewer was given on its viewer socket; other credentials are not needed.',
    query: { t: { type: 'string', required: true } },
    answers: {
      101: { doc: 'A WebSocket' },
      400: failed('No upgrade, or another subprotocol'),
      403: failed('The ticket is unknown, used, too old or of another streamer'),
      404: noStreamer,
      409: failed('The viewer has no session now'),
    },
    access: 'watch',
  },
  {
    method: 'head',
    path: '/api/streamers/{id}/whep',
    summary: 'Whether a player can join here',
    answers: {
      200: { doc: 'It can', type: 'application/sdp' },
      403: { doc: 'This server sends no media over WebRTC' },
      404: { doc: 'No such streamer' },
    },
    access: 'watch',
  },
  {
    method: 'options',
    path: '/api/streamers/{id}/whep',
    summary: 'What a player may send, and its ICE servers',
    description:
      'The ICE servers stand in `Link`, and only in an answer to a request with credentials.',
    answers: { 204: { doc: '`Accept-Post`, and `Link` for each ICE server' }, 404: noStreamer },
    access: 'open',
  },
  {
    method: 'post',
    path: '/api/streamers/{id}/whep',
    summary: 'Joins a streamer by WHEP',
    description:
      'The body is an offer that receives video, and perhaps sound. The answer has all candidates of the server. `Location` names the session, `ETag` its ICE session, and each `Link` an ICE server. A streamer that has no session with its host is waited for, five seconds at most. With `offer=server` the body is ignored: the answer is 406 with an offer of the server, and `Location`.',
    query: { offer: { type: 'string' } },
    bodyType: 'application/sdp',
    answers: {
      201: { doc: 'The answer', type: 'application/sdp' },
      400: failed('The offer is invalid'),
      403: failed('This server sends no media over WebRTC'),
      404: noStreamer,
      406: failed('The player does not take the codec of the stream; or the offer of the server'),
      409: failed('The streamer has no session now; see `Retry-After`'),
      413: failed('The offer is too large'),
      415: failed('The body is no SDP'),
      429: failed('Too many in a minute'),
      500: failed('The streamer has failed'),
      503: failed('A limit is reached; see `Retry-After`'),
      504: failed('The streamer did not answer in time'),
    },
    access: 'watch',
  },
  {
    method: 'patch',
    path: '/api/streamers/{id}/whep/{session}',
    summary: 'Candidates of a player, or its restart of ICE',
    description:
      'A fragment with a user fragment that is not known yet restarts ICE, which needs `If-Match`: `"*"` or the `ETag`. Otherwise `If-Match` may be missing. The answer to an offer of the server comes as `application/sdp`.',
    bodyType: 'application/trickle-ice-sdpfrag',
    answers: {
      200: {
        doc: 'ICE is restarted: credentials and candidates of the server, and another `ETag`',
        type: 'application/trickle-ice-sdpfrag',
      },
      204: { doc: 'The candidates are taken' },
      404: failed('No such session, or it is over'),
      412: failed('`If-Match` names another ICE session'),
      413: failed('The fragment is too large'),
      415: failed('The body is neither a fragment nor SDP'),
      422: failed('The fragment, or the answer, cannot be applied'),
      428: failed('A restart without `If-Match`'),
    },
    access: 'watch',
  },
  {
    method: 'delete',
    path: '/api/streamers/{id}/whep/{session}',
    summary: 'Ends the session of a player',
    answers: { 204: done, 404: failed('No such session, or it is over') },
    access: 'watch',
  },
  {
    method: 'patch',
    path: '/api/streamers/{id}/viewers/{viewer}',
    summary: 'Changes what a viewer may do, from now on',
    description:
      'Until it leaves: who comes back has what its token gives. What it holds without the right is released. Without `watch` it is ended. Nobody gives rights that they do not have.',
    body: PatchViewerRequest,
    answers: { 204: done, 400: failed('Bad request'), 403: mayNot, 404: noViewer },
    access: 'manage',
  },
  {
    method: 'delete',
    path: '/api/streamers/{id}/viewers/{viewer}',
    summary: 'Ends a viewer',
    description:
      'It is told so, and does not come back by itself. To keep it out, delete its token as well.',
    answers: { 204: done, 403: mayNot, 404: noViewer },
    access: 'manage',
  },
  {
    method: 'post',
    path: '/api/streamers/{id}/tokens',
    summary: 'Makes a token for a viewer',
    description:
      'It is good for this streamer, as `Authorization: Bearer`, as `credentials` of the first message of a viewer socket, and as `?token=`. It gives no more than its giver has, and ends with its giver’s token at the latest.',
    body: CreateTokenRequest,
    answers: {
      201: { doc: 'The token', codec: NewToken },
      400: failed('Bad request'),
      403: mayNot,
      404: noStreamer,
      503: failed('A limit is reached'),
    },
    access: 'manage',
  },
  {
    method: 'get',
    path: '/api/streamers/{id}/tokens',
    summary: 'Tokens of a streamer that are good, without the tokens themselves',
    answers: { 200: { doc: 'Tokens', codec: TokenList }, 403: mayNot, 404: noStreamer },
    access: 'manage',
  },
  {
    method: 'delete',
    path: '/api/streamers/{id}/tokens/{token}',
    summary: 'Takes a token back, by its id',
    description:
      'Everything that is open by it ends at once, viewers with close code 4003. So does what its holder has given to others.',
    answers: { 204: done, 403: mayNot, 404: failed('No such streamer or token') },
    access: 'manage',
  },
  {
    method: 'post',
    path: '/api/streamers/{id}/shares',
    summary: 'Makes a link by which people come to a streamer',
    description:
      'Who comes by it gets a token with its rights, which ends when the link does. `pin` has 4 to 64 characters; after ten wrong ones the link lets nobody in.',
    body: CreateShareRequest,
    answers: {
      201: { doc: 'The link', codec: NewShare },
      400: failed('Bad request'),
      403: mayNot,
      404: noStreamer,
      503: failed('A limit is reached'),
    },
    access: 'share',
  },
  {
    method: 'get',
    path: '/api/streamers/{id}/shares',
    summary: 'Links of a streamer, and who came by them',
    description: 'Who does not manage the streamer sees the links that it has made itself.',
    answers: { 200: { doc: 'Links', codec: ShareList }, 403: mayNot, 404: noStreamer },
    access: 'share',
  },
  {
    method: 'delete',
    path: '/api/streamers/{id}/shares/{share}',
    summary: 'Takes a link back',
    description: 'Who came by it is ended as well, unless `keep_viewers=true`.',
    query: { keep_viewers: { type: 'boolean' } },
    answers: { 204: done, 403: mayNot, 404: failed('No such streamer or link') },
    access: 'share',
  },
  {
    method: 'post',
    path: '/api/shares/redeem',
    summary: 'Comes by a link',
    body: RedeemShareRequest,
    answers: {
      200: { doc: 'A token', codec: NewToken },
      400: failed('Bad request'),
      403: failed('The link needs a PIN, or it is wrong'),
      404: failed('The link does not exist, or is not good any more'),
      429: failed('Too many in a minute'),
      503: failed('A limit is reached'),
    },
    access: 'open',
  },
  {
    method: 'get',
    path: '/api/sessions',
    summary: 'Streamers as sessions',
    answers: { 200: { doc: 'Sessions', codec: SessionList } },
  },
  {
    method: 'get',
    path: '/api/admin/status',
    summary: 'Sessions and client identities',
    answers: { 200: { doc: 'Status', codec: AdminStatus } },
  },
  {
    method: 'get',
    path: '/api/events',
    summary: 'Events of streamers, peers, recordings and outputs',
    description:
      'Server-sent events, each an `Event`; `Last-Event-ID` resumes. An event `reset` says that the gap is too long: read the lists again. A viewer reads of the streamers that it may watch and of their peers, and the stream ends with its token.',
    answers: {
      200: { doc: 'A stream of events', type: 'text/event-stream' },
      503: failed('Too many readers'),
    },
    access: 'known',
  },
  {
    method: 'get',
    path: '/api/openapi.json',
    summary: 'This document',
    answers: { 200: { doc: 'OpenAPI 3.1', type: 'application/json' } },
  },
  {
    method: 'get',
    path: '/metrics',
    summary: 'Prometheus metrics',
    answers: { 200: { doc: 'Metrics', type: 'text/plain' } },
  },
];
