/** What the REST interface sends and takes, by the names of the OpenAPI document. */
import type { components } from './openapi.js';

type Schemas = components['schemas'];

export type StreamerInfo = Schemas['StreamerInfo'];
/** `starting` and the like are true at any time; show a word that you do not know as it is. */
export type StreamerStatus = StreamerInfo['status'];
/** Everything that a streamer is made of. */
export type CreateStreamer = Schemas['FlatCreateRequest'];
export type HostInfo = Schemas['UndetailedHost'];
export type DetailedHost = Schemas['DetailedHost'];
export type AddHost = Schemas['AddHostRequest'];
export type AppInfo = Schemas['App'];
export type OutputInfo = Schemas['OutputInfo'];
export type PutOutput = Schemas['PutOutputRequest'];
export type RecordingInfo = Schemas['RecordingInfo'];
export type SessionInfo = Schemas['Session'];
/** Who steers a streamer, and whose its pads are. */
export type ControlInfo = Schemas['ControlInfo'];
export type ControlChange = Schemas['ControlRequest'];
export type ControlOrder = Schemas['ControlOrder'];
/** A viewer as the others see it. */
export type PresentViewer = Schemas['PresentViewer'];
export type PointerPlace = Schemas['PointerPlace'];
/** What a viewer holds at the host. */
export type HeldInput = Schemas['HeldInput'];
/** What an agent may do; see docs/agents.md. */
export type AgentEvent = Schemas['AgentEvent'];
export type AgentInputAnswer = Schemas['AgentInputAnswer'];
export type AdminStatus = Schemas['AdminStatus'];
/** An event of the life of streamers and viewers. */
export type FeedEvent = Schemas['Event'];
/** A code of docs/errors.md. */
export type ErrorCode = Schemas['Error']['code'];
/** What somebody may do with a streamer. */
export type Right = Schemas['TokenInfo']['rights'][number];
export type CreateToken = Schemas['CreateTokenRequest'];
export type TokenInfo = Schemas['TokenInfo'];
/** A token with its text, which is told once. */
export type NewToken = Schemas['NewToken'];
export type CreateShare = Schemas['CreateShareRequest'];
export type ShareInfo = Schemas['ShareInfo'];
/** A link with its address, which is told once. */
export type NewShare = Schemas['NewShare'];
export type RedeemShare = Schemas['RedeemShareRequest'];
