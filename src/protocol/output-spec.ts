/** What an output of a streamer is, as REST takes it, the child gets it and the disk keeps it. */
import * as t from 'io-ts';
import { Integer } from '../codec/integer.js';
import { canonicalHost, type Target } from '../core/allowed-targets.js';
import { MoonteeError } from '../core/errors.js';
import { ErrorCode } from './outcome-codes.js';
import { OutputState } from './output-state.js';
import type { PutOutputRequest, PutRtpOutput, PutWhipOutput } from './rest-models.js';

const nullable = <C extends t.Mixed>(codec: C): t.UnionC<[C, t.NullC]> => t.union([codec, t.null]);

const RtpSpec = t.type(
  {
    type: t.literal('rtp'),
    host: t.string,
    video_port: nullable(Integer),
    audio_port: nullable(Integer),
    /** Sender reports go there, and requests for key frames come back. */
    video_rtcp_port: nullable(Integer),
    keyframe_interval_ms: Integer,
  },
  'RtpSpec',
);
export type RtpSpec = t.TypeOf<typeof RtpSpec>;

const WhipSpec = t.type(
  {
    type: t.literal('whip'),
    url: t.string,
    /** Of a bearer. It is in no answer and in no log. */
    token: nullable(t.string),
    keyframe_interval_ms: Integer,
  },
  'WhipSpec',
);
export type WhipSpec = t.TypeOf<typeof WhipSpec>;

export const OutputSpec = t.union([RtpSpec, WhipSpec], 'OutputSpec');
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
/** What a header takes (RFC 9110 §11.4). */
const TOKEN = /^[\x21-\x7e]{1,4096}$/;
const MAX_URL_CHARACTERS = 2_048;
const DEFAULT_KEYFRAME_INTERVAL_MS = 10_000;
const KEYFRAME_INTERVALS_MS = [1_000, 3_600_000] as const;

/** @throws BAD_REQUEST */
export function outputName(name: string): string {
  if (NAME.test(name)) return name;
  throw new MoonteeError('BAD_REQUEST', 'The name has 1 to 64 of A-Z a-z 0-9 _ . ~ -');
}

/** Checked, with all defaults. @throws BAD_REQUEST naming what is wrong */
export function outputSpec(request: PutOutputRequest): OutputSpec {
  return request.type === 'whip' ? whipSpec(request) : rtpSpec(request);
}

function rtpSpec(request: PutRtpOutput): RtpSpec {
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

function whipSpec(request: PutWhipOutput): WhipSpec {
  const token = request.token ?? null;
  if (token !== null && !TOKEN.test(token)) {
    throw new MoonteeError('BAD_REQUEST', 'token has 1 to 4096 printable characters, no spaces');
  }
  return {
    type: 'whip',
    url: endpoint(request.url).href,
    token,
    keyframe_interval_ms: keyframeInterval(request.keyframe_interval_ms),
  };
}

/** Without a fragment. @throws BAD_REQUEST */
function endpoint(text: string): URL {
  if (text.length <= MAX_URL_CHARACTERS && URL.canParse(text)) {
    const url = new URL(text);
    const isPlain = url.username === '' && url.password === '';
    url.hash = '';
    if (/^https?:$/.test(url.protocol) && isPlain && canonicalHost(url.hostname) !== null) {
      return url;
    }
  }
  throw new MoonteeError('BAD_REQUEST', 'url must be an http: or https: URL without credentials');
}

/** Where an output sends to first. */
export function outputTargets(spec: OutputSpec): [Target, ...Target[]] {
  if (spec.type === 'whip') return [urlTarget(new URL(spec.url))];
  const { host, video_port, audio_port, video_rtcp_port } = spec;
  const ports = [video_port, audio_port, video_rtcp_port].filter((each) => each !== null);
  const [first = 0, ...more] = ports;
  const target = (each: number): Target => ({ scheme: 'rtp', host, port: each, path: '/' });
  return [target(first), ...more.map(target)];
}

/** @throws OUTPUT_FORBIDDEN for a host that could be read in more than one way */
export function urlTarget({ protocol, hostname, port: written, pathname }: URL): Target {
  const scheme = protocol === 'https:' ? 'https' : 'http';
  const host = canonicalHost(hostname);
  if (host === null) throw new MoonteeError('OUTPUT_FORBIDDEN');
  const usual = scheme === 'https' ? 443 : 80;
  return { scheme, host, port: written === '' ? usual : Number(written), path: pathname };
}

function port(
  request: PutRtpOutput,
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
