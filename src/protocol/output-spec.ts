/** What an output of a streamer is, as REST takes it, the child gets it and the disk keeps it. */
import * as t from 'io-ts';
import { Integer } from '../codec/integer.js';
import { canonicalHost, type Target } from '../core/allowed-targets.js';
import { MoonteeError } from '../core/errors.js';
import { ErrorCode } from './outcome-codes.js';
import { OutputState } from './output-state.js';
import type { PutOutputRequest } from './rest-models.js';

const nullable = <C extends t.Mixed>(codec: C): t.UnionC<[C, t.NullC]> => t.union([codec, t.null]);

export const OutputSpec = t.type(
  {
    type: t.literal('rtp'),
    host: t.string,
    video_port: nullable(Integer),
    audio_port: nullable(Integer),
    /** Sender reports go there, and requests for key frames come back. */
    video_rtcp_port: nullable(Integer),
    keyframe_interval_ms: Integer,
  },
  'OutputSpec',
);
export type OutputSpec = t.TypeOf<typeof OutputSpec>;

export const OutputOrder = t.type({ name: t.string, spec: OutputSpec }, 'OutputOrder');
export type OutputOrder = t.TypeOf<typeof OutputOrder>;

/** What became of an output. */
export const OutputStatus = t.type(
  {
    name: t.string,
    state: OutputState,
    /** Why it does not run. */
    code: nullable(ErrorCode),
    reason: nullable(t.string),
  },
  'OutputStatus',
);
export type OutputStatus = t.TypeOf<typeof OutputStatus>;

const NAME = /^(?!\.{1,2}$)[\w.~-]{1,64}$/;
const DEFAULT_KEYFRAME_INTERVAL_MS = 10_000;
const KEYFRAME_INTERVALS_MS = [1_000, 3_600_000] as const;

/** @throws BAD_REQUEST */
export function outputName(name: string): string {
  if (NAME.test(name)) return name;
  throw new MoonteeError('BAD_REQUEST', 'The name has 1 to 64 of A-Z a-z 0-9 _ . ~ -');
}

/** Checked, with all defaults. @throws BAD_REQUEST naming what is wrong */
export function outputSpec(request: PutOutputRequest): OutputSpec {
  const host = canonicalHost(request.host);
  if (host === null) throw new MoonteeError('BAD_REQUEST', 'host must be a name or an address');
  const spec = {
    type: 'rtp',
    host,
    video_port: port(request, 'video_port'),
    audio_port: port(request, 'audio_port'),
    video_rtcp_port: port(request, 'video_rtcp_port'),
    keyframe_interval_ms: keyframeInterval(request.keyframe_interval_ms),
  } as const;
  if (spec.video_port === null && spec.audio_port === null) {
    throw new MoonteeError('BAD_REQUEST', 'video_port, audio_port or both are needed');
  }
  if (spec.video_rtcp_port !== null && spec.video_port === null) {
    throw new MoonteeError('BAD_REQUEST', 'video_rtcp_port needs video_port');
  }
  return spec;
}

/** Where an output sends to. */
export function outputTargets(spec: OutputSpec): [Target, ...Target[]] {
  const { host, video_port, audio_port, video_rtcp_port } = spec;
  const ports = [video_port, audio_port, video_rtcp_port].filter((each) => each !== null);
  const [first = 0, ...more] = ports;
  const target = (each: number): Target => ({ scheme: 'rtp', host, port: each, path: '/' });
  return [target(first), ...more.map(target)];
}

function port(
  request: PutOutputRequest,
  key: 'video_port' | 'audio_port' | 'video_rtcp_port',
): number | null {
  const value = request[key] ?? null;
  if (value === null || (value >= 1 && value <= 65_535)) return value;
  throw new MoonteeError('BAD_REQUEST', `${key} must be from 1 to 65535`);
}

function keyframeInterval(value: number | null | undefined): number {
  const interval = value ?? DEFAULT_KEYFRAME_INTERVAL_MS;
  const [min, max] = KEYFRAME_INTERVALS_MS;
  if (interval >= min && interval <= max) return interval;
  throw new MoonteeError('BAD_REQUEST', `keyframe_interval_ms must be from ${min} to ${max}`);
}
